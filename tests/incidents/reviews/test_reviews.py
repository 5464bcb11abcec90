"""Post-incident reviews: what blocks them, who signs, what outlives them, and that nothing is rewritten (R7.2)."""

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from controls.models import Control
from findings.models import Finding, FindingControl
from foundation.accounts.access import can
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.leaf import canonical, sha256
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from incidents.actions import name_person
from incidents.command import responds
from incidents.models import (
    Incident,
    IncidentControlLink,
    IncidentFinding,
    IncidentPerson,
    Part,
    PostIncidentReview,
    ReviewControl,
    TimelineEntry,
)
from incidents.proofs import link_control as operates
from incidents.reviews import actions
from incidents.reviews.blocks import blocks, warnings
from incidents.reviews.panel import incident_reviews_work
from incidents.reviews.result import result_of
from tests.factories.controls import ControlFactory, trust_services
from tests.factories.incidents import an_event, an_incident, named
from tests.factories.people import ExceptionFactory

pytestmark = pytest.mark.django_db
SAID = {
    "facts": "A token was in a public repository.", "impact": "One customer, two hours.",
    "root_cause": "No scan before the push.", "worked": "The alert.", "lessons": "Scan every push.",
}  # fmt: skip


@pytest.fixture
def control(db: None, owner: User) -> Control:
    trust_services()
    return ControlFactory(ref="IR-04", name="Incidents are reviewed", owner=owner)


@pytest.fixture
def incident(owner: User) -> Incident:
    return an_incident(commander=owner, review_due_on=today())


@pytest.fixture
def review(incident: Incident, owner: User, manager: User) -> PostIncidentReview:
    return actions.begin(incident, actor=owner, approver=manager)


def fresh(review: PostIncidentReview) -> PostIncidentReview:
    return PostIncidentReview.objects.get(pk=review.pk)


def whole(review: PostIncidentReview, actor: User, **said: Any) -> PostIncidentReview:
    review = fresh(review)
    for name, value in {**SAID, "no_control_failed": True, **said}.items():
        setattr(review, name, value)
    return actions.change(review, actor=actor)


def submitted(review: PostIncidentReview, actor: User) -> PostIncidentReview:
    return actions.submit(whole(review, actor), actor=actor)


def test_it_is_begun_on_an_incident_by_who_responds_with_another_approver(
    incident: Incident, owner: User, manager: User, colleague: User, employee: User
):
    with pytest.raises(ValidationError, match="only an incident"):
        actions.begin(an_event(commander=owner), actor=owner, approver=manager)
    with pytest.raises(PermissionDenied):
        actions.begin(incident, actor=colleague, approver=manager)
    for approver in (owner, colleague, employee):
        with pytest.raises(ValidationError):
            actions.begin(incident, actor=owner, approver=approver)
    actions.begin(incident, actor=owner, approver=manager)
    with pytest.raises(ValidationError, match="being written already"):
        actions.begin(Incident.objects.get(pk=incident.pk), actor=owner, approver=manager)
    assert TimelineEntry.objects.filter(kind="review").count() == 1


def test_the_tab_says_who_begins_it_to_who_may_not(client: Client, owner: User, manager: User, employee: User):
    incident = an_incident(commander=owner, reporter=employee)
    page, words = f"{incident.get_absolute_url()}review/", f"begun by {owner}, who commands it"
    for person, offered, told in ((owner, True, False), (employee, False, True)):
        client.force_login(person)
        html = client.get(page).content.decode()
        assert ("Begin review" in html, words in html) == (offered, told), person
    actions.begin(incident, actor=owner, approver=manager)
    assert words not in client.get(page).content.decode()


def test_of_a_restricted_incident_only_who_sees_it_approves(owner: User, manager: User):
    incident = an_incident(commander=owner, restricted=True)
    with pytest.raises(ValidationError, match="named in this restricted incident"):
        actions.begin(incident, actor=owner, approver=manager)
    named(incident, manager)
    assert actions.begin(incident, actor=owner, approver=manager).approver == manager


def test_no_word_of_a_restricted_review_goes_to_those_who_read_evidence_and_findings(
    client: Client, owner: User, manager: User, control: Control
):
    incident = an_incident(commander=owner, restricted=True, title="Xunknown mailbox")
    named(incident, manager)
    operates(IncidentControlLink(part="review", control=control, reason="It is the review."), actor=SYSTEM)
    review = actions.begin(incident, actor=owner, approver=manager)
    actions.link_control(review, actor=owner, control=control.ref, reason="Xunknown sender.")
    client.force_login(owner)
    assert "readers of its own" in client.get(f"{review.get_absolute_url()}findings/new/").content.decode()
    finding = actions.raise_finding(review, actor=owner, title="Scan", reason="So.", severity="low", owner=None)
    linked = FindingControl.objects.get(finding=finding)
    assert (linked.control, "Xunknown" in linked.reason) == (control, False)
    said = dict.fromkeys(SAID, "Xunknown person.") | {"no_control_failed": False}
    review = actions.submit(whole(review, owner, **said), actor=owner)
    review = actions.approve(fresh(review), actor=manager, statement="Xunknown, and true.")
    evidence: Any = review.evidence
    kept = evidence.file.read().decode()
    assert "Xunknown" not in f"{kept}{evidence.title}{evidence.query}"
    assert json.loads(kept)["sha256"] == review.sha256 == sha256(canonical(result_of(review))) != evidence.sha256
    assert json.loads(kept)["incident"]["ref"] == incident.ref
    html = html_for(paper_for(review.get_absolute_url(), manager), cover_for(manager))
    assert review.sha256 in html
    assert "holds this review" not in html


def test_everything_has_to_be_said_before_it_is_submitted(review: PostIncidentReview, owner: User, control: Control):
    with pytest.raises(ValidationError) as refused:
        actions.submit(review, actor=owner)
    assert refused.value.messages == [
        "Tell what happened, in order.", "Say whom and what it hit, and for how long.", "Name the root cause.",
        "Say what worked.", "Say what changes because of it.", "Name the controls that failed, or say that none did.",
    ]  # fmt: skip
    review = whole(review, owner)
    assert blocks(review) == []
    assert warnings(review)
    actions.link_control(review, actor=owner, control=control.ref, reason="It did not run.")
    assert [block.words for block in blocks(fresh(review))] == [
        "It says that no control failed, and names some that did."
    ]
    assert blocks(whole(review, owner, no_control_failed=False)) == []


def test_another_person_approves_it_and_it_becomes_evidence(
    review: PostIncidentReview, owner: User, manager: User, control: Control, incident: Incident
):
    link = IncidentControlLink(part="review", control=control, reason="It is the review.")
    operates(link, actor=SYSTEM)
    review = submitted(review, owner)
    with pytest.raises(PermissionDenied):
        actions.approve(review, actor=owner, statement="Fine.")
    with pytest.raises(ValidationError, match="State what"):
        actions.approve(review, actor=manager, statement=" ")
    review = actions.approve(review, actor=manager, statement="Complete and true.")
    assert review.sha256 == sha256(canonical(result_of(review)))
    evidence: Any = review.evidence
    assert (evidence.state, evidence.reviewed_by, evidence.sha256) == ("accepted", manager, review.sha256)
    assert list(evidence.links.values_list("control__ref", "event")) == [("IR-04", review.ref)]
    assert Incident.objects.get(pk=incident.pk).review_due_on is None
    entry = Entry.objects.get(verb="postincidentreview.approved")
    assert entry.facts["refs"]["sha256"] == review.sha256


def test_whoever_ever_wrote_it_never_approves_it(
    review: PostIncidentReview, owner: User, manager: User, compliance: User
):
    review = whole(review, compliance)  # who writes on it, and is named as its approver afterwards
    review = fresh(review)
    review.approver = compliance
    review = actions.change(review, actor=owner)
    review = actions.submit(review, actor=owner)
    with pytest.raises(PermissionDenied, match="cannot approve"):
        actions.approve(review, actor=compliance, statement="Fine.")
    lifted = ExceptionFactory(
        beneficiary=compliance, duty="postincidentreview.approve", approver=manager, requested_by=owner,
        state="approved",
    )  # fmt: skip
    assert actions.approve(fresh(review), actor=compliance, statement="Fine.").approved_under == lifted


def test_its_approver_is_kept_informed_of_the_incident(owner: User, manager: User, compliance: User):
    """Nobody approves what they cannot read; and reading it is no say in the response."""
    incident = an_incident(commander=owner)
    assert not can(manager, "view", incident)
    review = actions.begin(incident, actor=owner, approver=manager)
    assert can(manager, "view", incident)
    assert not responds(manager, incident)
    last = TimelineEntry.objects.filter(incident=incident, kind="person").get()
    assert (last.about, last.text) == (manager, "Kept informed. Approves its review.")
    browser = Client()
    browser.force_login(owner)
    said = browser.get(f"{incident.get_absolute_url()}timeline/").content.decode()
    assert f"<b>{manager}.</b> Kept informed." in said  # by the account, whose name can be erased
    incident.refresh_from_db()
    name_person(incident, actor=owner, user=manager, part=Part.LEAD)  # instead of it, not beside it
    assert [one.part for one in IncidentPerson.objects.live().filter(incident=incident)] == [Part.LEAD]
    actions.cancel(review, actor=compliance, reason="Another one.")
    incident.refresh_from_db()
    actions.begin(incident, actor=owner, approver=compliance)  # who sees it anyway is not named
    assert IncidentPerson.objects.live().filter(incident=incident).count() == 1


def test_its_approver_neither_writes_nor_submits_it(review: PostIncidentReview, owner: User, manager: User):
    review.incident.refresh_from_db()
    name_person(review.incident, actor=owner, user=manager, part=Part.RESPONDER)
    with pytest.raises(PermissionDenied):
        whole(review, manager)
    with pytest.raises(PermissionDenied):
        actions.submit(whole(review, owner), actor=manager)


def test_it_is_returned_with_a_reason_and_called_off(review: PostIncidentReview, owner: User, manager: User):
    review = submitted(review, owner)
    assert [item.kind for item in incident_reviews_work(manager)] == ["Waits for your approval"]
    with pytest.raises(ValidationError, match="not being written"):
        whole(review, owner)
    review = actions.give_back(fresh(review), actor=manager, reason="Say since when.")
    assert (review.state, review.submitted_by, review.note) == ("draft", None, "Say since when.")
    assert [item.kind for item in incident_reviews_work(owner)] == ["Review to be written"]
    review = actions.cancel(review, actor=owner, reason="A duplicate.")
    with pytest.raises(ValidationError):
        actions.submit(review, actor=owner)
    assert [item.kind for item in incident_reviews_work(owner)] == ["Review to be begun"]


def test_what_follows_outlives_it(review: PostIncidentReview, owner: User, manager: User, control: Control):
    actions.link_control(review, actor=owner, control=control.ref, reason="It did not run.")
    found = actions.raise_finding(
        review, actor=owner, title="Pushes are not scanned", reason="So that it ends.", severity="high", owner=manager
    )
    assert (found.owner, found.source_name) == (manager, "Post-incident review")
    assert list(FindingControl.objects.filter(finding=found).values_list("control__ref", flat=True)) == ["IR-04"]
    assert IncidentFinding.objects.filter(incident=review.incident, finding=found).exists()
    assert not warnings(review)
    second = actions.raise_finding(review, actor=owner, title="Another", reason="Too.", severity="low", owner=None)
    assert second.pk != found.pk
    actions.cancel(fresh(review), actor=owner, reason="A duplicate.")
    assert Finding.objects.filter(archived_at=None).count() == 2


def test_an_approved_review_refuses_every_later_write(
    client: Client, review: PostIncidentReview, owner: User, manager: User, control: Control
):
    actions.link_control(review, actor=owner, control=control.ref, reason="It did not run.")
    review = actions.submit(whole(review, owner, no_control_failed=False), actor=owner)
    review = actions.approve(review, actor=manager, statement="Complete and true.")
    link = ReviewControl.objects.get()
    for write in (
        lambda: whole(review, owner),
        lambda: actions.cancel(fresh(review), actor=owner, reason="No."),
        lambda: actions.unlink_control(link, actor=owner, reason="No."),
        lambda: actions.raise_finding(
            fresh(review), actor=owner, title="Late", reason="Late.", severity="low", owner=None
        ),
    ):
        with pytest.raises(ValidationError):
            write()
    client.force_login(owner)
    assert client.post(f"{review.get_absolute_url()}edit/", {"version": review.version, **SAID}).status_code != 302
    for sql in (
        "UPDATE incidents_postincidentreview SET facts = 'other'",
        "DELETE FROM incidents_postincidentreview",
        "UPDATE incidents_reviewcontrol SET reason = 'other'",
    ):
        with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
            connection.cursor().execute(sql)
    assert fresh(review).facts == SAID["facts"]


def test_the_pages_lead_from_the_incident_to_the_signature(
    client: Client, incident: Incident, owner: User, manager: User, control: Control
):
    client.force_login(owner)
    begin = reverse("incidents:incident-begin-review", args=[incident.pk])
    answer = client.post(begin, {"version": incident.version, "approver": manager.pk})
    review = PostIncidentReview.objects.get()
    page = review.get_absolute_url()
    assert answer.headers["Location"] == page
    assert review.ref in client.get(f"{incident.get_absolute_url()}review/").content.decode()
    assert "Tell what happened" in client.get(page).content.decode()
    said = {"version": review.version, "author": owner.pk, "approver": manager.pk, **SAID}
    assert client.post(f"{page}edit/", {**said, "held_on": "9999-12-31"}).status_code == 422
    assert client.post(f"{page}edit/", said).status_code == 302
    told = {"version": fresh(review).version, "control": control.ref, "reason": "It did not run."}
    assert client.post(f"{page}controls/new/", told).status_code == 302
    raised = {"version": fresh(review).version, "title": "Scan", "severity": "high", "owner": "", "reason": "So."}
    assert client.post(f"{page}findings/new/", raised).status_code == 302
    assert client.post(f"{page}submit/", {"version": fresh(review).version}).status_code == 302
    assert "It waits for" in client.get(page).content.decode()
    assert client.get(f"{page}approve/").status_code == 403  # it names somebody else


def test_whoever_only_reads_it_is_offered_no_form_to_change_it(
    client: Client, review: PostIncidentReview, owner: User, manager: User, colleague: User
):
    named(review.incident, colleague, "observer")
    review.incident.refresh_from_db()
    name_person(review.incident, actor=owner, user=manager, part=Part.RESPONDER)
    edit = f"{review.get_absolute_url()}edit/"
    for user, status in ((owner, 200), (colleague, 403), (manager, 403)):
        client.force_login(user)
        assert client.get(edit).status_code == status, user
        assert (edit in client.get(review.get_absolute_url()).content.decode()) == (status == 200), user


def test_its_paper_says_what_was_signed(review: PostIncidentReview, owner: User, manager: User):
    review = actions.approve(submitted(review, owner), actor=manager, statement="Complete and true.")
    html = html_for(paper_for(review.get_absolute_url(), manager), cover_for(manager))
    for words in (*SAID.values(), review.sha256, "Complete and true.", "No control failed", "holds this review"):
        assert words in html


def test_who_sees_neither_the_control_nor_the_finding_reads_no_words_of_them(
    client: Client, review: PostIncidentReview, owner: User, employee: User, control: Control
):
    named(review.incident, employee)
    actions.link_control(review, actor=owner, control="ir-04", reason="It did not run.")
    actions.raise_finding(review, actor=owner, title="Xunseen", reason="So.", severity="low", owner=owner)
    page = review.get_absolute_url()
    client.force_login(employee)
    shown = client.get(page).content.decode()
    assert "It did not run." in shown
    assert "Xunseen" not in shown
    assert control.name not in shown
    client.force_login(owner)
    assert "Xunseen" in client.get(page).content.decode()
    with pytest.raises(ValidationError, match="no control with this reference"):
        actions.link_control(fresh(review), actor=employee, control="IR-04", reason="It did not run.")
