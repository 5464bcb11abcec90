"""Who is told that a clock presses: once when it is near, once when it has passed, and in My work all the while."""

import datetime
from typing import Any

import pytest
import time_machine
from django.core import mail

from foundation.accounts.models import User
from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from incidents import actions
from incidents.clocks import running
from incidents.clocks.jobs import warn, warn_of_clocks
from incidents.clocks.work import clocks_work
from incidents.models import Clock, Incident, TimelineEntry
from tests.factories.incidents import a_clock, a_rule, an_incident, named
from tests.factories.mails import words_of_all
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db

HOUR = datetime.timedelta(hours=1)
NOW = datetime.datetime(2026, 3, 3, 12, tzinfo=datetime.UTC)


def at(hours: float) -> Any:
    return time_machine.travel(NOW + hours * HOUR, tick=False)


def ran() -> list[tuple[str, str]]:
    """The job and its mails, done; whom it mailed, with the first word of the subject."""
    mail.outbox.clear()
    warn_of_clocks.enqueue(actor=SYSTEM, title="Warn of clocks")
    run_all()
    assert not Job.objects.exclude(state="done").exists()
    return sorted((one.to[0], one.subject.split(":")[0]) for one in mail.outbox)


def clock_of(commander: User, **values: Any) -> Clock:
    """72 hours from NOW, warned of 24 hours before."""
    incident = an_incident(commander=commander, reported_at=NOW, declared_at=NOW)
    return a_clock(incident, a_rule(), **values)


def said(clock: Clock) -> list[str]:
    return [one.text.split(":")[0] for one in TimelineEntry.objects.filter(incident=clock.incident_id).order_by("id")]


def test_people_are_told_twice_however_often_it_runs(compliance: User, owner: User, manager: User, employee: User):
    UserFactory(role="compliance_manager", is_active=False)
    with at(0):
        clock = clock_of(owner)
        named(clock.incident, manager)
    both = [("compliance@example.com", "Due soon"), ("owner@example.com", "Due soon")]
    with at(47.9):
        assert ran() == []
    with at(48):
        assert ran() == both
        assert ran() == []
    with at(60):
        assert ran() == []
    clock.refresh_from_db()
    assert clock.warned_at == NOW + 48 * HOUR
    with at(72):
        assert ran() == []
    with at(73):
        assert ran() == [(whom, "Overdue") for whom, _ in both]
        assert "OVERDUE since 2026-03-06 12:00 UTC. Overdue by 1 hour." in mail.outbox[0].body
        assert ran() == []
    assert said(clock) == ["Clock runs out soon", "Clock overdue"]
    entries = Entry.objects.filter(object_type="incidents.clock", actor_kind="system").exclude(verb="mail.sent")
    assert list(entries.order_by("id").values_list("verb", flat=True)) == [
        "clock.created", "clock.warned", "clock.overdue",
    ]  # fmt: skip


def test_what_came_up_too_late_to_warn_of_is_told_once(compliance: User, owner: User):
    with at(0):
        clock = clock_of(owner)
    with at(100):
        assert [word for _, word in ran()] == ["Overdue", "Overdue"]
        assert ran() == []
    assert said(clock) == ["Clock overdue"]


def test_nobody_is_told_of_what_stands_still_has_ended_or_has_no_deadline(compliance: User, owner: User):
    with at(0):
        paused, met = clock_of(owner), a_clock(an_incident(reported_at=NOW, declared_at=NOW), a_rule(key="met"))
        a_clock(an_incident(reported_at=NOW, declared_at=NOW), a_rule(key="open", amount=None))
        running.pause(paused, actor=compliance, reason="The police asked.")
        running.dismiss(met, actor=compliance, reason="Encrypted.")
    with at(100):
        assert ran() == []
        paused.refresh_from_db()
        running.resume(paused, actor=compliance, reason="Done.")
    with at(147):
        assert ran() == []  # 72 hours from then on
    with at(149):
        assert [word for _, word in ran()] == ["Due soon", "Due soon"]


def test_a_clock_that_a_pause_moved_away_is_warned_of_anew(compliance: User, owner: User):
    with at(0):
        clock = clock_of(owner)
    with at(50):
        assert len(ran()) == 2
        clock.refresh_from_db()
        running.pause(clock, actor=compliance, reason="The police asked.")
    with at(80):
        clock.refresh_from_db()
        running.resume(clock, actor=compliance, reason="Done.")
        assert ran() == []  # as near as it was when they were told
    clock.refresh_from_db()
    assert clock.warned_at == NOW + 50 * HOUR


def test_a_mail_that_waited_until_the_clock_had_ended_says_nothing(compliance: User, owner: User):
    with at(0):
        clock = clock_of(owner)
    with at(50):
        warn(clock.pk)
        assert Job.objects.filter(state="waiting").count() == 2
        clock.refresh_from_db()
        running.dismiss(clock, actor=compliance, reason="Encrypted.")
        run_all()
    assert mail.outbox == []


def test_a_mail_that_waited_until_another_commands_is_not_sent_to_who_did(compliance: User, owner: User, manager: User):
    with at(0):
        clock = clock_of(owner)
    with at(50):
        warn(clock.pk)
        incident = Incident.objects.get(pk=clock.incident_id)
        actions.assign_commander(incident, actor=owner, commander=manager, reason="Rest.")
        run_all()
    assert [message.to for message in mail.outbox if "Due soon" in message.subject] == [[compliance.email]]


def test_the_mail_about_a_restricted_incident_says_neither_whom_to_tell_nor_by_which_law(compliance: User, owner: User):
    with at(0):
        clock = clock_of(owner)
    actions.restrict(Incident.objects.get(pk=clock.incident_id), actor=owner, reason="A person.")
    with at(73):
        assert ran() == [("compliance@example.com", "Overdue"), ("owner@example.com", "Overdue")]
    words = words_of_all()
    assert f"Overdue: {clock.ref}, {clock.incident.ref}" in words
    assert "OVERDUE since 2026-03-06 12:00 UTC" in words
    assert clock.get_absolute_url() in words
    assert not [word for word in (clock.whom, clock.regime, clock.incident.title) if word in words]


def test_my_work_shows_what_presses_to_whom_it_concerns(
    compliance: User, owner: User, manager: User, employee: User, admin: User
):
    with at(0):
        clock = clock_of(owner)
        named(clock.incident, manager)
    people = (compliance, owner, manager, employee, admin)
    with at(47):
        assert [len(clocks_work(one)) for one in people] == [0] * 5
    with at(60):
        assert [len(clocks_work(one)) for one in people] == [1, 1, 0, 0, 0]
        [item] = clocks_work(owner)
        assert (item.kind, str(item.due), item.ref) == ("Due soon. 12 hours left.", "2026-03-06", clock.ref)
    with at(80):
        assert clocks_work(owner)[0].kind == "Overdue. Overdue by 8 hours."
