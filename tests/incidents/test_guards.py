"""What the database itself refuses of incidents: raw SQL on whichever database the suite runs."""

import datetime
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from incidents import guards, timeline
from incidents.models import (
    ClockPause,
    CustodyTransfer,
    EntryKind,
    ExerciseAttendee,
    ExerciseDecision,
    HashCheck,
    Incident,
    Inject,
    PlanContact,
    PlanReview,
    PlanRole,
    PlanSeverity,
    Playbook,
    State,
    TimelineEntry,
)
from tests.factories.incidents import (
    HOUR,
    a_clock,
    a_notification,
    a_plan,
    a_rule,
    a_thing,
    a_version,
    an_event,
    an_exercise,
    an_incident,
    approved_review,
)

pytestmark = pytest.mark.django_db


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def refused(sql: str, message: str) -> None:
    with pytest.raises(DatabaseError, match=message):
        run(sql)


def columns(row: Any) -> str:
    return ", ".join(f'"{field.column}"' for field in row._meta.concrete_fields if not field.primary_key)


def written_once(row: Any, change: str, message: str) -> None:
    """Neither rewritten nor deleted; another one may still be added."""
    table = row._meta.db_table
    refused(f"UPDATE {table} SET {change}", message)
    refused(f"DELETE FROM {table}", message)
    run(f"INSERT INTO {table} ({columns(row)}) SELECT {columns(row)} FROM {table} WHERE id = {row.pk}")


def test_a_timeline_is_only_added_to(owner: User):
    incident = an_incident()
    entry = timeline.add(incident, EntryKind.NOTE, "We saw it.", actor=owner, facts={"a": 1})
    written_once(entry, "text = 'x'", guards.TIMELINE)
    entry.text = "Something else."
    with pytest.raises(DatabaseError, match=guards.TIMELINE), transaction.atomic():
        save(entry, actor=owner, verb="timelineentry.created")
    other = TimelineEntry(
        incident=an_incident(), kind="note", happened_at=timezone.now(), at=timezone.now(), text="x", corrects=entry
    )
    with pytest.raises(DatabaseError, match=guards.TIMELINE), transaction.atomic():
        save(other, actor=owner, verb="timelineentry.corrected")


def test_custody_and_what_was_sent_are_written_once(owner: User):
    incident = an_incident()
    thing = a_thing(incident, owner)
    now = timezone.now()
    moved = save(
        CustodyTransfer(item=thing, giver=owner, receiver_name="Police", happened_at=now, purpose="Asked.",
                        storage="Police", at=now, by=owner),
        actor=owner, verb="custodytransfer.created",
    )  # fmt: skip
    checked = save(
        HashCheck(item=thing, at=now, by=owner, expected="a", found="a", matches=True),
        actor=owner, verb="hashcheck.created",
    )  # fmt: skip
    written_once(moved, "purpose = 'x'", guards.CUSTODY)
    written_once(checked, "note = 'x'", guards.CUSTODY)
    written_once(thing, "description = 'x'", guards.CUSTODY)
    written_once(a_notification(incident), "told = 'x'", guards.SENT)
    refused("UPDATE incidents_custodyitem SET archived_at = created_at", guards.CUSTODY)


def test_a_rule_stands_and_a_clock_keeps_its_terms():
    rule = a_rule()
    for change in ("amount = 96", "checked = NOT checked", "retired = NOT retired"):
        refused(f"UPDATE incidents_notificationrule SET {change}", guards.RULE)
    refused("DELETE FROM incidents_notificationrule", guards.RULE)
    clock = a_clock(an_incident(), rule)
    changes = (
        "amount = 96",
        "unit = 'days'",
        "zone = 'Asia/Tokyo'",
        "holidays = '[\"2026-01-01\"]'",
        "work_days = '[]'",
    )
    for change in changes:
        refused(f"UPDATE incidents_clock SET {change}", guards.TERMS)
    refused("DELETE FROM incidents_clock", guards.TERMS)
    run("UPDATE incidents_clock SET state = 'paused', due_at = NULL")
    pause = save(
        ClockPause(clock=clock, paused_at=timezone.now(), reason="Police."), actor=SYSTEM, verb="clockpause.created"
    )
    refused("UPDATE incidents_clockpause SET reason = 'x'", guards.PAUSE)
    pause.resumed_at, pause.resume_reason = timezone.now(), "They are done."
    save(pause, actor=SYSTEM, verb="clockpause.resumed")
    refused("UPDATE incidents_clockpause SET resume_reason = 'x'", guards.PAUSE)
    clock.refresh_from_db()
    clock.state, clock.ended_at, clock.end_reason = "dismissed", timezone.now(), "No personal data."
    save(clock, actor=SYSTEM, verb="clock.dismissed")
    refused("UPDATE incidents_clock SET state = 'running', ended_at = NULL, end_reason = ''", guards.TERMS)


def test_an_approved_plan_is_frozen_with_its_parts(compliance: User, manager: User):
    version = a_version(drafted_by=compliance)
    parts = [
        save(PlanRole(edition=version, role="Commander"), actor=compliance, verb="planrole.created"),
        save(PlanContact(edition=version, name="Kai", what="Counsel"), actor=compliance, verb="plancontact.created"),
        save(PlanSeverity(edition=version, severity=1, meaning="Bad"), actor=compliance, verb="planseverity.created"),
        save(Playbook(edition=version, title="Ransom", steps="Call."), actor=compliance, verb="playbook.created"),
    ]
    run("UPDATE incidents_planrole SET role = 'Lead'")  # a draft can be written
    version.refresh_from_db()
    version.state, version.approved_by, version.approved_at, version.sha256 = (
        "approved", manager, timezone.now(), "0" * 64
    )  # fmt: skip
    save(version, actor=manager, verb="planversion.approved")
    frozen_parts(parts, guards.PLAN, edition="edition_id")
    for change in ("purpose = 'x'", "state = 'draft'", "sha256 = 'x'", "state = 'superseded', purpose = 'x'"):
        refused(f"UPDATE incidents_planversion SET {change}", guards.PLAN)
    run("UPDATE incidents_planversion SET state = 'superseded', superseded_at = approved_at")
    refused("UPDATE incidents_planversion SET state = 'approved'", guards.PLAN)
    signed = save(
        PlanReview(plan=version.plan, edition=version, reviewed_on=datetime.date(2026, 1, 1), by=manager,
                   at=timezone.now(), statement="It holds.", next_review_on=datetime.date(2027, 1, 1)),
        actor=manager, verb="planreview.created",
    )  # fmt: skip
    refused("UPDATE incidents_planreview SET statement = 'x'", guards.SIGNED)
    refused("DELETE FROM incidents_planreview", guards.SIGNED)
    assert signed.evidence_id is None


def frozen_parts(parts: list[Any], message: str, edition: str) -> None:
    """None of the rows of something signed is changed, taken away, or added to it."""
    for part in parts:
        table = part._meta.db_table
        refused(f"UPDATE {table} SET version = version + 1", message)
        refused(f"DELETE FROM {table}", message)
        refused(
            f"INSERT INTO {table} ({columns(part)}) SELECT {columns(part)} FROM {table} WHERE id = {part.pk}", message
        )


def test_an_approved_review_and_an_approved_exercise_are_frozen(compliance: User, manager: User, owner: User):
    review = approved_review(an_incident(), author=compliance, approver=manager)
    assert review.is_over
    refused("UPDATE incidents_postincidentreview SET facts = 'x'", guards.REVIEW)
    refused("DELETE FROM incidents_postincidentreview", guards.REVIEW)
    exercise = an_exercise(facilitator=compliance, approver=manager)
    parts = [
        save(ExerciseAttendee(exercise=exercise, user=owner, role="Lead"), actor=SYSTEM,
             verb="exerciseattendee.created"),
        save(Inject(exercise=exercise, text="The phone rings."), actor=SYSTEM, verb="inject.created"),
        save(ExerciseDecision(exercise=exercise, what="Pull the plug."), actor=SYSTEM, verb="exercisedecision.created"),
    ]  # fmt: skip
    exercise.state, exercise.signed_by, exercise.signed_at = "approved", compliance, timezone.now()
    exercise.approved_by, exercise.approved_at, exercise.sha256 = manager, timezone.now(), "0" * 64
    save(exercise, actor=manager, verb="exercise.approved")
    frozen_parts(parts, guards.EXERCISE, edition="exercise_id")
    refused("UPDATE incidents_exercise SET title = 'x'", guards.EXERCISE)
    refused("DELETE FROM incidents_exercise", guards.EXERCISE)


# ---- constraints -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"title": ""}, "says_what"),
        ({"state": "lost", "severity": 2, "severity_reason": "x", "declared_at": timezone.now()}, "state_known"),
        ({"severity": 5, "severity_reason": "x"}, "severity_with_reason"),
        ({"severity": 2, "severity_reason": ""}, "severity_with_reason"),
        ({"state": State.DECLARED}, "declared_whole"),
        ({"declared_at": timezone.now()}, "event_not_declared"),
        ({"state": State.DISMISSED}, "dismissed_whole"),
        ({"occurred_at": timezone.now() + HOUR}, "times_in_order"),
        ({"detected_at": timezone.now() + HOUR}, "times_in_order"),
    ],
)
def test_the_database_refuses_half_an_incident(values: dict[str, Any], name: str):
    with pytest.raises(IntegrityError, match=f"incidents_{name}"), transaction.atomic():
        an_event(**values)
    assert not Incident.objects.exists()


def test_the_database_refuses_times_that_do_not_follow_and_half_a_closing(compliance: User):
    now = timezone.now()
    for values, name in (
        ({"contained_at": now - 2 * HOUR, "detected_at": now - 1.5 * HOUR}, "times_in_order"),
        ({"closed_at": now - 2 * HOUR, "state": State.CLOSED, "closed_by": compliance}, "times_in_order"),
        ({"contained_at": now, "recovered_at": now - HOUR / 4}, "times_in_order"),
        ({"state": State.CLOSED, "closed_at": now}, "closed_whole"),
        ({"closed_at": now}, "closed_whole"),
    ):
        with pytest.raises(IntegrityError, match=f"incidents_{name}"), transaction.atomic():
            an_incident(**values)
    assert an_incident(state=State.CLOSED, closed_at=now, closed_by=compliance).is_over


def test_a_clock_runs_once_and_pauses_once():
    clock = a_clock(an_incident())
    with pytest.raises(IntegrityError), transaction.atomic():
        a_clock(clock.incident, clock.rule)
    save(ClockPause(clock=clock, paused_at=timezone.now(), reason="x"), actor=SYSTEM, verb="clockpause.created")
    with pytest.raises(IntegrityError), transaction.atomic():
        save(ClockPause(clock=clock, paused_at=timezone.now(), reason="y"), actor=SYSTEM, verb="clockpause.created")


def test_a_plan_has_one_draft_and_nobody_approves_alone(compliance: User, manager: User):
    version = a_version(a_plan(), drafted_by=compliance)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_version(version.plan)
    for approver, other in ((compliance, manager),):
        version.state, version.approved_by, version.approved_at, version.sha256 = (
            "approved", approver, timezone.now(), "0" * 64
        )  # fmt: skip
        with pytest.raises(IntegrityError, match="approved_by_another"), transaction.atomic():
            save(version, actor=other, verb="planversion.approved")
    with pytest.raises(IntegrityError, match="approver_is_another"), transaction.atomic():
        an_exercise(facilitator=compliance, approver=compliance)
    with pytest.raises(IntegrityError), transaction.atomic():
        approved_review(an_incident(), author=compliance, approver=compliance)
