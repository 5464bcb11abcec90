"""A finding's clock starts at its first detection (R9.1); closing and accepting it take two people."""

import datetime

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from evidence.models import State
from findings import actions, follow_up
from findings.deadlines import due_on
from findings.models import (
    MOVES,
    CorrectiveAction,
    Finding,
    FindingControl,
    FindingEvidence,
    Status,
    overdue,
    unresolved,
)
from foundation.accounts.access import visible
from foundation.accounts.duties import FINDING_ACCEPTANCE, FINDING_VERIFICATION
from foundation.accounts.models import DutyException, User
from foundation.organisation.actions import change_setting
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry
from tests.factories.controls import ControlFactory, link, small_framework
from tests.factories.evidence import evidence, operating
from tests.factories.findings import day, finding
from tests.factories.people import ExceptionFactory, UserFactory, WindowFactory

KEY = {"source_name": "Trivy", "key": "CVE-2026-1"}


def verbs() -> list[str]:
    return list(Entry.objects.filter(object_type="findings.finding").order_by("id").values_list("verb", flat=True))


def fixed(by: User, **values: object) -> Finding:
    found = finding(days_ago=5, **values)
    return actions.fix(found, actor=by, root_cause="Nobody watched it.", note="Upgraded.")


# ---- deadlines -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "exposed", "exploited", "days"),
    [
        ("critical", False, False, 7),
        ("critical", True, False, 7),
        ("critical", False, True, 7),
        ("critical", True, True, 3),
        ("high", False, False, 30),
        ("high", True, False, 15),
        ("high", False, True, 7),
        ("high", True, True, 3),
        ("medium", False, False, 90),
        ("medium", True, False, 60),
        ("low", False, False, 180),
        ("low", True, False, 180),
        ("low", False, True, 7),
        ("low", True, True, 3),
    ],
)
def test_the_deadline_follows_severity_exposure_and_exploitation(db, severity, exposed, exploited, days):
    start = datetime.date(2026, 1, 1)
    due = due_on(start, severity, exposed=exposed, exploited=exploited)
    assert due - start == datetime.timedelta(days=days)


def test_the_clock_starts_at_the_first_detection_not_when_it_is_written_down(db):
    found = finding(days_ago=40)
    assert found.due_on == day(-10)
    assert found.is_overdue(day(0))
    assert set(Finding.objects.filter(overdue(day(0)))) == {found}
    assert not Finding.objects.filter(overdue(day(-10))).exists()


def test_a_changed_setting_moves_no_deadline_that_stands(compliance: User):
    old = finding()
    change_setting("sla_high_days", 10, actor=compliance, reason="New policy")
    old.refresh_from_db()
    assert old.due_on == day(30)
    assert finding().due_on == day(10)


def test_nothing_is_detected_tomorrow(db):
    with pytest.raises(ValidationError):
        finding(days_ago=-1)
    assert not Finding.objects.exists()


# ---- detected again ------------------------------------------------------------------------------------------------


def test_raised_again_for_the_same_day_it_changes_nothing(db):
    first = finding(**KEY)
    again = finding(**KEY, title="Another title")
    assert (again.pk, again.title, again.version) == (first.pk, "Old library", first.version)
    assert verbs() == ["finding.raised"]


def test_the_same_key_of_another_source_is_another_finding(db):
    assert finding(**KEY).pk != finding(source_name="Grype", key="CVE-2026-1").pk


def test_a_key_needs_its_source(db):
    with pytest.raises(ValidationError):
        finding(key="CVE-2026-1")


def test_an_earlier_detection_moves_the_deadline_back(db):
    finding(**KEY, days_ago=3)
    again = finding(**KEY, days_ago=10)
    assert (again.first_detected_on, again.last_detected_on, again.due_on) == (day(-10), day(-3), day(20))


def test_exposure_and_exploitation_are_only_added(db):
    finding(**KEY, days_ago=2, exposed=True)
    again = finding(**KEY, exploited=True)
    assert (again.exposed, again.exploited, again.due_on) == (True, True, day(1))


def test_detected_after_its_fix_it_is_reopened_and_keeps_its_history(owner: User, compliance: User):
    found = finding(**KEY, days_ago=5)
    found = actions.fix(found, actor=owner, root_cause="Old image.", note="Upgraded.", fixed_on=day(-3))
    actions.verify(found, actor=compliance, note="Scan is clean.")
    assert finding(**KEY, days_ago=4).status == Status.VERIFIED  # a late report of the time before
    again = finding(**KEY)
    assert (again.pk, again.status, again.due_on) == (found.pk, Status.REOPENED, found.due_on)
    assert (again.fixed_by, again.verified_by, again.verified_at) == (None, None, None)
    assert list(again.history.order_by("history_id").values_list("status", flat=True)) == [
        "open", "fixed", "verified", "verified", "reopened",
    ]  # fmt: skip
    assert verbs() == [
        "finding.raised", "finding.fixed", "finding.verified", "finding.redetected", "finding.reopened",
    ]  # fmt: skip


def test_what_is_accepted_or_archived_stays_so_when_detected_again(owner: User, compliance: User):
    found = finding(**KEY, days_ago=5)
    found = actions.request_acceptance(found, actor=owner, reason="Behind the VPN.", until=day(30))
    actions.accept(found, actor=compliance)
    assert finding(**KEY).status == Status.ACCEPTED


# ---- two people ----------------------------------------------------------------------------------------------------


def test_who_fixed_it_cannot_verify_it(compliance: User, owner: User):
    found = fixed(compliance)
    with pytest.raises(PermissionDenied):
        actions.verify(found, actor=compliance, note="Looks fine.")
    found.refresh_from_db()
    assert found.status == Status.FIXED


def test_who_did_a_corrective_action_cannot_verify_the_finding(compliance: User, owner: User):
    found = finding()
    action = follow_up.plan_action(found, actor=owner, what="Watch it", owner=compliance, due_on=day(9))
    follow_up.complete(action, actor=compliance, note="Alert set.")
    found = actions.fix(found, actor=owner, root_cause="Nobody watched.", note="Upgraded.")
    with pytest.raises(PermissionDenied):
        actions.verify(found, actor=compliance, note="Looks fine.")


def test_an_exception_lifts_it_and_is_named(compliance: User, manager: User):
    exception = ExceptionFactory(
        duty=FINDING_VERIFICATION.id, beneficiary=compliance, approver=manager,
        requested_by=UserFactory(role="compliance_manager"),
        state=DutyException.State.APPROVED, decided_at=timezone.now(),
    )  # fmt: skip
    found = actions.verify(fixed(compliance), actor=compliance, note="Scan is clean.")
    assert found.verified_under == exception


def test_the_database_refuses_the_same_person_twice(compliance: User, owner: User):
    found = fixed(owner)
    found.status, found.verified_by, found.verified_at = Status.VERIFIED, owner, timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        Finding.save(found)
    found = finding(owner=owner)
    found.acceptance_reason, found.acceptance_until, found.acceptance_requested_by = "So.", day(5), compliance
    found.status, found.accepted_by, found.accepted_at = Status.ACCEPTED, owner, timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        Finding.save(found)


@pytest.mark.parametrize("who", ["requester", "owner"])
def test_neither_requester_nor_owner_accepts(who: str, compliance: User, owner: User):
    other = UserFactory(role="compliance_manager")
    found = finding(owner=compliance if who == "owner" else owner)
    asking = compliance if who == "requester" else owner
    found = actions.request_acceptance(found, actor=asking, reason="Behind the VPN.", until=day(30))
    with pytest.raises(PermissionDenied, match=FINDING_ACCEPTANCE.rule):
        actions.accept(found, actor=compliance)
    found = actions.accept(found, actor=other)
    assert (found.status, found.accepted_by) == (Status.ACCEPTED, other)


@pytest.mark.parametrize("offset", [0, -1, 366])
def test_an_acceptance_lasts_at_most_a_year_and_lies_ahead(offset: int, owner: User):
    with pytest.raises(ValidationError):
        actions.request_acceptance(finding(), actor=owner, reason="Behind the VPN.", until=day(offset))


def test_an_acceptance_that_has_expired_is_over_before_and_after_the_clock_ticks(owner: User, compliance: User):
    found = finding(days_ago=29)
    found = actions.request_acceptance(found, actor=owner, reason="Behind the VPN.", until=day(2))
    found = actions.accept(found, actor=compliance)
    last = found.acceptance_until
    assert not Finding.objects.filter(unresolved(last)).exists()
    assert actions.reopen_lapsed() == 0
    with time_machine.travel(timezone.now() + datetime.timedelta(days=3), tick=True):
        assert found.standing(day(0)) == Status.REOPENED
        assert Finding.objects.filter(overdue(day(0))).get() == found
        assert actions.reopen_lapsed() == 1
        assert actions.reopen_lapsed() == 0
        found.refresh_from_db()
        assert (found.status, found.accepted_by, found.acceptance_until) == (Status.REOPENED, None, None)
    entry = Entry.objects.order_by("id").last()
    assert (entry.verb, entry.actor_kind, entry.facts["reason"]) == (
        "finding.reopened", "system", f"The acceptance ended on {last}.",
    )  # fmt: skip


def test_a_request_can_be_declined_and_asked_again(owner: User, compliance: User):
    found = actions.request_acceptance(finding(), actor=owner, reason="Behind the VPN.", until=day(30))
    with pytest.raises(ValidationError, match="asked already"):
        actions.request_acceptance(found, actor=owner, reason="Again.", until=day(30))
    found = actions.decline_acceptance(found, actor=compliance, reason="The VPN is open to guests.")
    assert (found.status, found.acceptance_requested_by, found.acceptance_reason) == (Status.OPEN, None, "")
    actions.request_acceptance(found, actor=owner, reason="Guests are out.", until=day(30))


# ---- moves ---------------------------------------------------------------------------------------------------------


def test_every_status_has_its_moves():
    assert set(MOVES) == set(Status)
    assert {after for moves in MOVES.values() for after in moves} == set(Status) - {Status.OPEN}


def test_illegal_moves_are_refused_and_change_nothing(owner: User, compliance: User):
    found = finding()
    with pytest.raises(ValidationError, match="cannot be"):
        actions.verify(found, actor=compliance, note="Fine.")
    with pytest.raises(ValidationError, match="open as it is"):
        actions.reopen(found, actor=compliance, reason="So.")
    with pytest.raises(ValidationError):
        actions.fix(found, actor=owner, root_cause=" ", note="Done.")
    with pytest.raises(ValidationError):
        actions.fix(found, actor=owner, root_cause="Old.", note="Done.", fixed_on=day(-1))
    assert verbs() == ["finding.raised"]


def test_a_colleagues_change_is_not_overwritten(owner: User):
    found = finding()
    actions.start(found, actor=owner, note="On it.")
    with pytest.raises(Stale):
        actions.fix(found, actor=owner, root_cause="Old.", note="Done.")


def test_a_fix_that_does_not_hold_is_given_back(owner: User, compliance: User):
    found = actions.reopen(fixed(owner), actor=compliance, reason="The scan still shows it.")
    assert (found.status, found.fixed_by, found.fix_note) == (Status.REOPENED, None, "")
    assert found.root_cause == "Nobody watched it."


# ---- links and corrective actions ----------------------------------------------------------------------------------


def test_a_compensating_control_operates(compliance: User):
    found, planned, running = finding(), ControlFactory(ref="A-1"), operating(ref="A-2")
    said = {"actor": compliance, "part": "compensating", "reason": "It meets the same risk."}
    with pytest.raises(ValidationError, match="does not operate"):
        follow_up.link_control(found, control="A-1", **said)
    follow_up.link_control(found, control="a-2", **said)
    assert FindingControl.objects.get().control == running
    with pytest.raises(ValidationError, match="linked already"):
        follow_up.link_control(found, **(said | {"part": "affected"}), control="A-2")
    with pytest.raises(ValidationError, match="no control"):
        follow_up.link_control(found, **said, control=f"{planned.ref}0")


def test_a_link_that_was_taken_away_comes_back_as_the_same_row(compliance: User):
    found = finding(ControlFactory(ref="A-1"))
    row = follow_up.unlink(FindingControl.objects.get(), actor=compliance, reason="Wrong control.")
    assert row.archived_at
    with pytest.raises(ValidationError):
        follow_up.unlink(row, actor=compliance, reason="Again.")
    again = follow_up.link_control(found, actor=compliance, control="A-1", part="affected", reason="Right after all.")
    assert (again.pk, again.archived_at) == (row.pk, None)


def test_proof_is_evidence_that_the_person_sees(compliance: User, owner: User, colleague: User):
    found, item = finding(owner=owner), evidence(operating(owner=colleague))
    with pytest.raises(ValidationError, match="no such evidence"):
        follow_up.add_evidence(found, actor=owner, evidence=item.ref, reason="The scan is clean.")
    for wrong in ("EV-0", "EV-999999999999999999999", "x", ""):
        with pytest.raises(ValidationError):
            follow_up.add_evidence(found, actor=compliance, evidence=wrong, reason="So.")
    follow_up.add_evidence(found, actor=compliance, evidence=item.ref.lower(), reason="The scan is clean.")
    assert FindingEvidence.objects.get().evidence == item
    assert item.state != State.WITHDRAWN


def test_a_corrective_action_outlives_its_finding_and_is_verified_by_another(owner: User, compliance: User):
    found = finding()
    action = follow_up.plan_action(found, actor=compliance, what="Pin the version", owner=owner, due_on=day(20))
    found = actions.fix(found, actor=owner, root_cause="Old.", note="Done.")
    actions.verify(found, actor=compliance, note="Clean.")
    action.refresh_from_db()
    assert (action.standing(day(0)), action.standing(day(21))) == ("To do", "Overdue")
    action = follow_up.complete(action, actor=owner, note="Pinned.")
    with pytest.raises(PermissionDenied):
        follow_up.verify_action(action, actor=owner, note="Yes.")
    action = follow_up.verify_action(action, actor=compliance, note="Seen in the lock file.")
    assert action.standing(day(0)) == "Verified"
    with pytest.raises(ValidationError):
        follow_up.complete(action, actor=owner, note="Again.")


def test_an_action_that_is_not_done_is_given_back(owner: User, compliance: User):
    action = follow_up.plan_action(finding(), actor=compliance, what="Pin", owner=owner, due_on=day(20))
    action = follow_up.complete(action, actor=owner, note="Pinned.")
    action = follow_up.return_action(action, actor=compliance, reason="Only in one repository.")
    assert (action.done_by, action.done_on, action.standing(day(0))) == (None, None, "To do")


def test_nobody_plans_for_yesterday_or_with_who_has_left(compliance: User):
    gone = UserFactory(is_active=False)
    for owner, due in ((compliance, day(-1)), (gone, day(3))):
        with pytest.raises(ValidationError):
            follow_up.plan_action(finding(), actor=compliance, what="Pin", owner=owner, due_on=due)
    assert not CorrectiveAction.objects.exists()


# ---- sight ---------------------------------------------------------------------------------------------------------


def test_who_sees_which_findings(
    owner: User, manager: User, colleague: User, employee: User, compliance: User, tmp_path
):
    small_framework(tmp_path)
    security, privacy = ControlFactory(), ControlFactory()
    link(security, "CC1.1")
    link(privacy, "P1.1")
    mine, other, loose = finding(security, owner=owner), finding(privacy, owner=colleague), finding()
    auditor = UserFactory(role="auditor")
    WindowFactory(user=auditor, category_codes=["security"])
    follow_up.plan_action(mine, actor=compliance, what="Pin", owner=employee, due_on=day(3))
    follow_up.plan_action(other, actor=compliance, what="Pin", owner=compliance, due_on=day(3))
    seen = {who: set(visible(who, Finding)) for who in (owner, manager, colleague, employee, auditor, compliance)}
    assert seen == {
        owner: {mine}, manager: {mine}, colleague: {other}, employee: set(), auditor: {mine},
        compliance: {mine, other, loose},
    }  # fmt: skip
    found = {who: visible(who, CorrectiveAction).count() for who in (owner, manager, colleague, employee, auditor)}
    assert found == {owner: 1, manager: 1, colleague: 1, employee: 1, auditor: 1}


# ---- ways round ------------------------------------------------------------------------------------------------------


def test_who_had_a_hand_in_it_never_verifies_it(owner: User, colleague: User, compliance: User):
    found = actions.return_fix(fixed(owner), actor=compliance, reason="It is still there.")
    found = actions.fix(found, actor=colleague, root_cause="Nobody watched it.", note="Upgraded, really.")
    with pytest.raises(PermissionDenied, match=FINDING_VERIFICATION.rule):
        actions.verify(found, actor=owner, note="Seen.")
    planned = follow_up.plan_action(found, actor=compliance, what="Watch it", owner=owner, due_on=day(5))
    found.refresh_from_db()
    done = follow_up.complete(planned, actor=compliance, note="Watched.")
    follow_up.return_action(done, actor=compliance, reason="Not I.")
    with pytest.raises(PermissionDenied, match=FINDING_VERIFICATION.rule):
        actions.verify(found, actor=compliance, note="Seen.")


def test_returning_a_fix_takes_no_acceptance_back(owner: User, manager: User, compliance: User, client):
    found = actions.request_acceptance(finding(owner=owner), actor=owner, reason="Behind a wall.", until=day(30))
    found = actions.accept(found, actor=compliance)
    with pytest.raises(ValidationError, match="does not wait"):
        actions.return_fix(found, actor=compliance, reason="I do not like it.")
    client.force_login(manager)
    sent = {"version": found.version, "reason": "I do not like it."}
    assert client.post(f"/findings/{found.pk}/return/", sent).status_code == 422
    found.refresh_from_db()
    assert found.status == Status.ACCEPTED


def test_giving_it_away_makes_no_owner_another_person(compliance: User, colleague: User):
    found = actions.request_acceptance(finding(owner=compliance), actor=colleague, reason="A wall.", until=day(30))
    found.owner = None
    save(found, actor=compliance, verb="finding.updated")
    with pytest.raises(PermissionDenied, match=FINDING_ACCEPTANCE.rule):
        actions.accept(found, actor=compliance)


def test_a_changed_setting_moves_no_deadline_that_nobody_rated_anew(admin: User, compliance: User, client):
    found = finding(days_ago=10, **KEY)
    due = found.due_on
    change_setting("sla_high_days", 60, actor=admin, reason="We are slower.")
    finding(days_ago=0, **KEY)
    found.refresh_from_db()
    assert (found.due_on, found.last_detected_on) == (due, day(0))
    client.force_login(compliance)
    shown = client.get(f"/findings/{found.pk}/edit/").context["form"]
    sent = {name: value for name in shown.fields if (value := shown[name].value()) not in (None, False)}
    assert client.post(f"/findings/{found.pk}/edit/", sent | {"title": "Renamed"}).status_code == 302
    found.refresh_from_db()
    assert (found.title, found.due_on) == ("Renamed", due)
    assert (
        client.post(
            f"/findings/{found.pk}/edit/", sent | {"title": "Renamed", "severity": "medium", "version": found.version}
        ).status_code
        == 302
    )
    found.refresh_from_db()
    assert found.due_on > due
