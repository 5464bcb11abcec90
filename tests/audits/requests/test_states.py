"""Whose turn a request is: management answers, the auditor judges, and a closed engagement stands still."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.db import DatabaseError, transaction
from django.http import Http404

from audits.models import Engagement
from audits.models.requests import Request, RequestComment, RequestEvidence, RequestState
from audits.requests import actions
from evidence.actions import Source
from evidence.models import Evidence, EvidenceLink
from foundation.accounts.access import allowed, can, get_allowed, visible
from foundation.accounts.models import AuditorWindow, User
from foundation.organisation.calendar import business_calendar
from foundation.organisation.models import today
from foundation.trail.keep import Stale
from foundation.trail.models import Entry, audited_bulk
from tests.factories.controls import ControlFactory
from tests.factories.evidence import evidence
from tests.factories.people import EngagementFactory, UserFactory, admitted
from tests.factories.requests import a_request, closed

pytestmark = pytest.mark.django_db
AWS = {"title": "Grants", "kind": "export", "source": Source(system="AWS")}


def verbs_of(request: Request) -> list[str]:
    """What the trail says of a request, in order."""
    found = Entry.objects.filter(object_type="audits.request", object_id=str(request.pk), outcome="ok")
    return list(found.order_by("id").values_list("verb", flat=True))


def test_a_request_goes_there_and_back_until_it_is_accepted(engagement: Engagement, owner: User, auditor: User):
    request = a_request(engagement, by=auditor)
    request = actions.assign(request, actor=UserFactory(role="compliance_manager"), owner=owner)
    request = actions.respond(request, actor=owner, files=[ContentFile(b"a,b\n1,2\n", "a.csv")], submit=True, **AWS)
    assert (request.state, request.submitted_by) == (RequestState.SUBMITTED, owner)
    request = actions.give_back(request, actor=auditor, reason="March is missing.")
    assert (request.state, request.judged_by, request.answer) == ("returned", auditor, "March is missing.")
    request = actions.submit(request, actor=owner, note="March is in the second file.")
    assert (request.judged_by, request.answer) == (None, "")
    request = actions.accept(request, actor=auditor, note="Whole.")
    assert (request.state, request.judged_by) == ("accepted", auditor)
    assert verbs_of(request) == [
        "request.created", "request.assigned", "request.submitted", "request.returned", "request.submitted",
        "request.accepted",
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["open", "returned", "accepted"])
def test_only_what_was_submitted_is_judged(engagement: Engagement, auditor: User, state: str):
    request = a_request(engagement, state=state, auditor=auditor)
    for judge in (actions.accept, lambda one, actor: actions.give_back(one, actor=actor, reason="No.")):
        with pytest.raises(ValidationError):
            judge(request, actor=auditor)


def test_what_is_accepted_or_withdrawn_stays(engagement: Engagement, auditor: User, compliance: User):
    accepted = a_request(engagement, state="accepted", auditor=auditor)
    withdrawn = actions.withdraw(a_request(engagement), actor=compliance, reason="Asked twice.")
    for request in (accepted, withdrawn):
        for refused in (
            lambda one=request: actions.submit(one, actor=compliance, note="More."),
            lambda one=request: actions.withdraw(one, actor=compliance, reason="No."),
            lambda one=request: actions.assign(one, actor=compliance, owner=None),
            lambda one=request: actions.remind(one, actor=compliance),
            lambda one=request: actions.change(one, actor=compliance),
        ):
            with pytest.raises(ValidationError):
                refused()


def test_management_never_judges_and_the_auditor_withdraws_his_own_alone(
    engagement: Engagement, compliance: User, auditor: User
):
    request = a_request(engagement, state="submitted")
    with pytest.raises(PermissionDenied):
        actions.accept(request, actor=compliance)
    with pytest.raises(PermissionDenied):
        actions.give_back(request, actor=compliance, reason="No.")
    with pytest.raises(PermissionDenied):
        actions.withdraw(request, actor=auditor, reason="Asked twice.")
    his = a_request(engagement, by=auditor)
    assert actions.withdraw(his, actor=auditor, reason="Asked twice.").state == "withdrawn"


@pytest.mark.parametrize("words", ["", "  \n"])
def test_what_takes_a_reason_is_refused_without(engagement: Engagement, auditor: User, compliance: User, words: str):
    request = a_request(engagement, state="submitted")
    with pytest.raises(ValidationError):
        actions.give_back(request, actor=auditor, reason=words)
    with pytest.raises(ValidationError):
        actions.withdraw(request, actor=compliance, reason=words)
    with pytest.raises(ValidationError):
        actions.comment(request, actor=compliance, text=words)


def test_an_auditor_asks_in_the_engagement_of_his_window_alone(engagement: Engagement, auditor: User, owner: User):
    request = a_request(engagement, by=auditor, owner=owner)
    assert request.owner is None, "whose work it is, the company says"
    with pytest.raises(PermissionDenied):
        actions.ask(Request(engagement=EngagementFactory(), title="Theirs"), actor=auditor)


def test_who_reaches_what(engagement: Engagement, auditor: User, compliance: User, owner: User, manager: User):
    other = EngagementFactory()
    mine, theirs = a_request(engagement, owner=owner), a_request(other)
    stranger = admitted(other, UserFactory(role="auditor"))
    assert set(visible(auditor, Request)) == {mine}
    assert set(visible(stranger, Request)) == {theirs}
    assert set(visible(compliance, Request)) == {mine, theirs}
    assert set(visible(owner, Request)) == {mine}
    assert not visible(manager, Request).exists()
    with pytest.raises(Http404):
        get_allowed(stranger, "accept", Request, mine.pk)
    his = {"view", "comment", "accept", "return", "withdraw"}
    every = {"view", "change", "assign", "remind", "link", "respond", "comment", "accept", "return", "withdraw"}
    assert {verb for verb in every if can(auditor, verb, mine)} == his
    assert {verb for verb in every if can(owner, verb, mine)} == {"view", "respond", "comment"}
    assert {verb for verb in every if can(compliance, verb, mine)} == every - {"accept", "return"}


def test_fieldwork_goes_on_after_the_period_and_ends_with_the_window(engagement: Engagement, auditor: User):
    mine = a_request(engagement)
    window = AuditorWindow.objects.get(user=auditor)
    window.period_to = today() - timedelta(days=20)
    with audited_bulk("a period that is over"):
        AuditorWindow.objects.filter(pk=window.pk).update(period_to=window.period_to)
    assert list(allowed(auditor, "comment", Request)) == [mine]
    with time_machine.travel(window.closes_at + timedelta(seconds=1)):
        assert not visible(auditor, Request).exists()
        assert not allowed(auditor, "comment", Request).exists()
        assert not can(auditor, "add", Request)
        with pytest.raises(PermissionDenied):
            actions.ask(Request(engagement=engagement, title="Late"), actor=auditor)


def test_nothing_changes_in_a_closed_engagement(engagement: Engagement, compliance: User, auditor: User, owner: User):
    request = a_request(engagement, owner=owner)
    submitted = a_request(engagement, state="submitted", owner=owner)
    closed(engagement, compliance)
    count = Entry.objects.count()
    for refused in (
        lambda: a_request(engagement, by=compliance),
        lambda: actions.respond(request, actor=owner, note="Here.", submit=True),
        lambda: actions.submit(request, actor=owner, note="Here."),
        lambda: actions.accept(submitted, actor=auditor),
        lambda: actions.give_back(submitted, actor=auditor, reason="No."),
        lambda: actions.withdraw(request, actor=compliance, reason="No."),
        lambda: actions.comment(request, actor=owner, text="Hello."),
        lambda: actions.assign(request, actor=compliance, owner=None),
        lambda: actions.change(request, actor=compliance),
    ):
        with pytest.raises(ValidationError), transaction.atomic():
            refused()
    assert Entry.objects.count() == count


def test_two_at_once_the_second_is_told(engagement: Engagement, auditor: User):
    request = a_request(engagement, state="submitted")
    second = Request.objects.get(pk=request.pk)
    actions.accept(request, actor=auditor)
    with pytest.raises(Stale):
        actions.give_back(second, actor=auditor, reason="No.")


def test_the_day_follows_the_settings_and_the_calendar(engagement: Engagement):
    request = a_request(engagement, due_on=None)
    assert request.due_on == business_calendar().add_business_days(today(), 2)


# ---- answering -----------------------------------------------------------------------------------------------------


def test_files_evidence_and_a_note_in_one_move(engagement: Engagement, owner: User, auditor: User, compliance: User):
    mine, other = ControlFactory(ref="IAM-01", owner=owner), ControlFactory(ref="IAM-02")
    known = evidence(mine, actor=owner)
    request = a_request(engagement, by=compliance, owner=owner, controls="IAM-01, iam-02")
    files = [ContentFile(b"one", "one.txt"), ContentFile(b"two", "two.txt")]
    request = actions.respond(request, actor=owner, files=files, evidence=known.ref, note="All.", submit=True, **AWS)
    links = RequestEvidence.objects.filter(request=request)
    assert links.count() == 3
    made = Evidence.objects.filter(request_links__in=links).exclude(pk=known.pk)
    assert {(one.submitted_by, one.collected_by, one.source_system) for one in made} == {(owner, owner, "AWS")}
    linked = EvidenceLink.objects.filter(evidence__in=made)
    assert {link.control for link in linked} == {mine}, f"not to {other}, which is not theirs"
    assert RequestComment.objects.get(request=request).text == "All."
    assert request.state == "submitted"
    assert set(visible(auditor, RequestEvidence)) == set(links)


@pytest.mark.parametrize(
    "evidence_refs", ["EV-999999", "nonsense", "EV-99999999999999999999", ", ".join(map(str, range(200)))]
)
def test_one_wrong_reference_and_nothing_is_kept(engagement: Engagement, owner: User, evidence_refs: str):
    request = a_request(engagement, owner=owner)
    files = [ContentFile(b"one", "one.txt")]
    with pytest.raises(ValidationError):
        actions.respond(request, actor=owner, files=files, evidence=evidence_refs, note="x", submit=True, **AWS)
    request.refresh_from_db()
    assert (request.state, Evidence.objects.count(), RequestComment.objects.count()) == ("open", 0, 0)


def test_somebody_elses_evidence_is_no_choice(engagement: Engagement, owner: User):
    request, theirs = a_request(engagement, owner=owner), evidence(ControlFactory())
    with pytest.raises(ValidationError):
        actions.submit(request, actor=owner, evidence=theirs.ref)


def test_known_bytes_are_named_to_who_sees_them_and_kept_apart_for_others(engagement: Engagement, owner: User):
    evidence(ControlFactory(), content=b"the same")
    request = a_request(engagement, owner=owner)
    actions.respond(request, actor=owner, files=[ContentFile(b"the same", "a.txt")], **AWS)
    assert RequestEvidence.objects.count() == 1
    request.refresh_from_db()
    evidence(ControlFactory(owner=owner), actor=owner, content=b"mine")
    with pytest.raises(ValidationError, match="has the same bytes"):
        actions.respond(request, actor=owner, files=[ContentFile(b"mine", "a.txt")], **AWS)


def test_an_answer_says_something(engagement: Engagement, owner: User):
    request = a_request(engagement, owner=owner)
    with pytest.raises(ValidationError):
        actions.submit(request, actor=owner)
    with pytest.raises(ValidationError):
        actions.respond(request, actor=owner)
    with pytest.raises(ValidationError):
        actions.respond(request, actor=owner, submit=True)
    with pytest.raises(ValidationError):
        actions.respond(request, actor=owner, files=[ContentFile(b"", "empty.txt")], **AWS)
    assert Evidence.objects.count() == 0


def test_what_the_auditor_looks_at_is_not_taken_back(engagement: Engagement, owner: User, auditor: User):
    request = a_request(engagement, owner=owner)
    item = evidence(ControlFactory(owner=owner), actor=owner)
    request = actions.submit(request, actor=owner, evidence=item.ref)
    link = RequestEvidence.objects.get()
    with pytest.raises(ValidationError):
        actions.unlink(link, actor=owner, reason="Wrong file.")
    request = actions.give_back(request, actor=auditor, reason="Another quarter.")
    actions.unlink(link, actor=owner, reason="Wrong file.")
    assert not RequestEvidence.objects.live().exists()


# ---- comments ------------------------------------------------------------------------------------------------------


def test_comments_are_answered_one_level_deep_and_never_rewritten(
    engagement: Engagement, owner: User, auditor: User, compliance: User
):
    request, other = a_request(engagement, owner=owner), a_request(engagement)
    first = actions.comment(request, actor=auditor, text="Which tenant?")
    answer = actions.comment(request, actor=owner, text="Production.", answers=first.pk)
    for about, number in ((request, answer.pk), (other, first.pk), (request, 10**15)):
        with pytest.raises(ValidationError):
            actions.comment(about, actor=owner, text="No.", answers=number)
    with pytest.raises(DatabaseError), transaction.atomic(), audited_bulk("what the database refuses"):
        RequestComment.objects.filter(pk=first.pk).update(text="Another")
    assert set(visible(owner, RequestComment)) == {first, answer}


def raised(work: Any, *args: Any, **kwargs: Any) -> str:
    """What is said where it is refused."""
    with pytest.raises(ValidationError) as refused:
        work(*args, **kwargs)
    return " ".join(refused.value.messages)


def test_links_are_made_and_unmade_with_reasons(engagement: Engagement, compliance: User):
    control = ControlFactory(ref="IAM-01")
    request = a_request(engagement, by=compliance)
    link = actions.link_control(request, actor=compliance, control="iam-01", reason="Its operation.")
    assert "already" in raised(actions.link_control, request, actor=compliance, control="IAM-01", reason="Again.")
    assert "no control" in raised(actions.link_control, request, actor=compliance, control="X-1", reason="No.")
    assert "no criterion" in raised(actions.link_criterion, request, actor=compliance, criterion="CC99", reason="No.")
    actions.unlink(link, actor=compliance, reason="Another one.")
    link = actions.link_control(request, actor=compliance, control=control.ref, reason="After all.")
    assert link.archived_at is None
