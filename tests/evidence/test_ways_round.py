"""What counts was seen by another person for exactly what it counts for, whichever way one goes about it (R3.6)."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from controls.models import Control
from evidence import actions
from evidence.coverage.keep import refresh_stale
from evidence.models import Evidence, EvidenceLink, Occurrence
from evidence.work import evidence_work
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.models import Entry
from tests.evidence.test_submitting import push, signed_in
from tests.factories.controls import link as map_criteria
from tests.factories.controls import trust_services
from tests.factories.evidence import evidence, operating, requirement
from tests.factories.people import EngagementFactory, UserFactory, admitted
from tests.factories.populations import population
from tests.factories.tokens import caller

AUTUMN = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


@pytest.fixture
def autumn() -> Iterator[Any]:
    with time_machine.travel(AUTUMN) as clock:
        yield clock


def november(control: Control) -> str:
    return Occurrence.objects.get(control=control, starts_on="2026-11-01").outcome


def linked(item: Evidence, control: Control, by: User) -> EvidenceLink:
    return actions.link_evidence(item, actions.For(control=control, reason="It lists these, too."), actor=by)


# ---- an accepted item that is linked to more -------------------------------------------------------------------------


@pytest.fixture
def other(owner: User) -> Control:
    return operating(owner=owner)


@pytest.fixture
def item(autumn: Any, owner: User, manager: User) -> Evidence:
    found = actions.accept(evidence(operating(owner=owner), actor=owner), actor=manager)
    autumn.shift(3600)
    return found


def test_its_submitter_proves_nothing_more_by_linking_it(
    autumn: Any, item: Evidence, other: Control, owner: User, manager: User, colleague: User
):
    link = linked(item, other, owner)
    assert november(other) == "open"
    assert [(one.ref, one.action) for one in evidence_work(manager)] == [(item.ref, "Confirm")]
    assert evidence_work(owner) == []
    for somebody in (owner, colleague):
        with pytest.raises(PermissionDenied):
            actions.confirm_link(link, actor=somebody)
    assert signed_in(owner).post(f"/evidence/links/{link.pk}/confirm/", {"version": link.version}).status_code == 403
    page = signed_in(manager).get(f"/evidence/{item.pk}/").content.decode()
    assert f"/evidence/links/{link.pk}/confirm/" in page
    client, sent = signed_in(manager), {"version": link.version, "note": "Seen."}
    autumn.shift(600)  # a session left open judges nothing
    asked = client.post(f"/evidence/links/{link.pk}/confirm/", sent)
    assert (asked.status_code, asked["Location"].startswith("/account/"), november(other)) == (302, True, "open")
    answer = signed_in(manager).post(f"/evidence/links/{link.pk}/confirm/", sent)
    assert (answer.status_code, answer["Location"].startswith("/account/"), november(other)) == (302, False, "done")
    assert Entry.objects.latest("id").verb == "evidencelink.confirmed"
    assert evidence_work(manager) == []
    link.refresh_from_db()
    with pytest.raises(ValidationError, match="does not wait"):
        actions.confirm_link(link, actor=manager)


def test_who_may_judge_it_confirms_by_linking(item: Evidence, other: Control, compliance: User):
    assert linked(item, other, compliance).confirmed_by == compliance
    assert november(other) == "done"


def test_what_it_proves_is_said_anew_by_unlinking_first(item: Evidence, owner: User):
    control = item.links.get().control
    with pytest.raises(ValidationError, match="linked already"):
        linked(item, control, owner)
    actions.unlink_evidence(item.links.get(), actor=owner, reason="For another day.")
    assert november(control) == "open"
    linked(item, control, owner)
    assert november(control) == "open"  # nobody has judged what is said of it now


# ---- requirements and reviewers --------------------------------------------------------------------------------------


def test_archiving_a_requirement_mends_no_past(autumn: Any, owner: User, compliance: User):
    control = operating(owner=owner)
    need = requirement(control)
    refresh_stale()
    autumn.shift(datetime.timedelta(days=2))
    actions.accept(evidence(control, actor=owner), actor=compliance)
    assert november(control) == "open"
    answer = signed_in(compliance).post(
        f"/evidence/requirements/{need.pk}/archive/", {"version": need.version, "reason": "We do without."}
    )
    assert answer.status_code == 302
    with time_machine.travel(AUTUMN + datetime.timedelta(days=20)):
        refresh_stale()
    assert november(control) == "done"  # it is not asked for at the end of November any more
    october = Occurrence.objects.get(control=control, starts_on="2026-10-01")
    assert (october.outcome, october.why) == ("open", "nothing")


def test_a_requirement_ends_in_no_past(autumn: Any, owner: User, compliance: User):
    need = requirement(operating(owner=owner))
    sent = {"title": need.title, "effective_from": "2020-01-01", "effective_to": "2026-09-30", "version": need.version}
    answer = signed_in(compliance).post(f"/evidence/requirements/{need.pk}/edit/", sent)
    assert answer.status_code == 422
    assert "excepted by two" in answer.content.decode()


def test_nobody_takes_the_judging_to_themselves(owner: User, colleague: User, manager: User):
    item = evidence(operating(owner=owner), operating(owner=colleague), actor=owner, reviewer=manager)
    sent = {"title": "Mine to judge", "reviewer": colleague.pk, "version": item.version}
    assert signed_in(colleague).post(f"/evidence/{item.pk}/edit/", sent).status_code == 302
    item.refresh_from_db()
    assert (item.title, item.reviewer) == ("Mine to judge", manager)


def test_who_is_asked_to_judge_sees_what_it_is_for(owner: User, colleague: User):
    control = operating(owner=owner)
    item = evidence(control, actor=owner, reviewer=colleague, reason="It lists every account.")
    assert "It lists every account." in signed_in(colleague).get(f"/evidence/{item.pk}/").content.decode()


# ---- versions, pushes, downloads -------------------------------------------------------------------------------------


def test_a_version_is_sent_though_one_of_its_controls_is_archived(owner: User, manager: User):
    control, gone = operating(owner=owner), operating(owner=owner)
    item = evidence(control, gone, actor=owner)
    gone.archived_at = timezone.now()
    save(gone, actor=manager, verb="control.archived")
    later = evidence(actor=owner, supersedes=item, content=b"later")
    assert [link.control for link in later.links.all()] == [control]


def test_a_key_stands_for_the_content_and_what_it_is_for(owner: User):
    ci, one, two = caller(owner, "push:evidence").client, operating(owner=owner), operating(owner=owner)
    assert push(ci, one, "run-1").status_code == 201
    assert push(ci, two, "run-1").status_code == 409
    item = Evidence.objects.get()
    actions.withdraw(item, actor=owner, reason="The wrong job.")
    assert push(ci, one, "run-1").status_code == 409


def test_an_auditor_has_the_files_of_a_period_that_is_over(owner: User, manager: User, client: Client):
    trust_services()
    control = operating(owner=owner)
    map_criteria(control, "CC6.1")
    item = actions.accept(evidence(control, actor=owner, content=b"user,role\n"), actor=manager)
    listed = population(actor=owner, controls=[control], period=("2026-01-01", "2026-01-31"))
    later = timezone.now() + datetime.timedelta(days=60)
    with time_machine.travel(later):
        over = EngagementFactory(period_to=(later - datetime.timedelta(days=20)).date())
        auditor = admitted(over, UserFactory(role="auditor"))
        client.force_login(auditor)
        page = client.get(f"/evidence/{item.pk}/").content.decode()
        assert f"/evidence/{item.pk}/download/" in page
        answer = client.get(f"/evidence/{item.pk}/download/")
        assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"user,role\n")
        assert client.get(f"/evidence/{item.pk}/content/").status_code == 200
        assert client.get(reverse("evidence:population-download", args=[listed.pk])).status_code == 200
        unseen = evidence(operating(owner=owner), actor=owner)
        assert client.get(f"/evidence/{unseen.pk}/download/").status_code == 404
