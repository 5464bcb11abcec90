"""Clocks of incidents: what moves them and what does not, who may, and what is told of it (R7.1)."""

import datetime
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.models import Holiday
from foundation.trail.asof import rows
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from incidents.clocks import rules, running
from incidents.clocks.standing import standing
from incidents.clocks.terms import pauses_of
from incidents.models import Clock, ClockPause, ClockState, EntryKind, Incident, Notification, TimelineEntry, Unit
from tests.factories.incidents import a_clock, a_rule, an_incident, named
from tests.factories.tokens import caller
from tests.incidents.clocks.acts import signed_in

pytestmark = pytest.mark.django_db

HOUR = datetime.timedelta(hours=1)
NOW = datetime.datetime(2026, 3, 3, 12, tzinfo=datetime.UTC)  # a Tuesday
SENT: dict[str, Any] = {"told": "The authority", "channel": "Portal", "what": "What we know so far."}


def at(moment: datetime.datetime) -> Any:
    return time_machine.travel(moment, tick=False)


def started(compliance: User, incident: Incident | None = None, **rule: Any) -> Clock:
    """A clock that counts from an hour ago."""
    incident = incident or an_incident(commander=compliance)
    said = {"key": "authority-72h"} | rule
    return running.start(
        incident, actor=compliance, rule=a_rule(**said), started_at=timezone.now() - HOUR, reason="The logs show it."
    )


def stands(clock: Clock) -> str:
    clock.refresh_from_db()
    return standing(clock, pauses_of([clock])[clock.pk], timezone.now()).words


def told(incident_id: int) -> list[str]:
    found = TimelineEntry.objects.filter(incident=incident_id, kind__in=("clock", "notification"))
    return list(found.order_by("id").values_list("text", flat=True))


# ---- starting ------------------------------------------------------------------------------------------------------


@at(NOW)
def test_a_clock_copies_its_terms_and_says_when_it_runs_out(compliance: User):
    save(Holiday(day=datetime.date(2026, 3, 4), name="Founders"), actor=SYSTEM, verb="holiday.created")
    save(Holiday(day=datetime.date(2026, 1, 1), name="New year"), actor=SYSTEM, verb="holiday.created")
    clock = started(compliance, amount=2, unit=Unit.BUSINESS_DAYS, zone="Europe/Berlin")
    assert clock.due_at is not None
    assert clock.due_at.isoformat() == "2026-03-06T22:59:59.999999+00:00"  # Thursday and Friday: Wednesday is free
    assert (clock.holidays, clock.work_days, clock.zone) == (["2026-03-04"], [0, 1, 2, 3, 4], "Europe/Berlin")
    assert stands(clock) == "3 days 10 hours left."
    [words] = told(clock.incident_id)
    assert words == (
        "Clock started: Data protection law: Supervisory authority. 2 business days from 2026-03-03 11:00 UTC, "
        "12:00 in Berlin, until 2026-03-06 22:59 UTC, 23:59 in Berlin. The logs show it."
    )


@at(NOW)
def test_a_rule_and_a_calendar_that_change_move_no_clock_that_runs(compliance: User):
    rule = a_rule(amount=5, unit=Unit.BUSINESS_DAYS)
    incident = an_incident(commander=compliance)
    clock = running.start(incident, actor=compliance, rule=rule, started_at=NOW, reason="Ours.")
    before = clock.due_at
    rules.publish(rule, actor=compliance, change_note="Shorter.", amount=1, warn_hours=4)
    save(Holiday(day=datetime.date(2026, 3, 5), name="Late"), actor=SYSTEM, verb="holiday.created")
    clock.refresh_from_db()
    assert (clock.due_at, clock.amount, clock.rule) == (before, 5, rule)
    clock = running.pause(clock, actor=compliance, reason="The police asked.")
    clock = running.resume(clock, actor=compliance, reason="They are done.")
    assert clock.due_at == before  # computed anew, by its own terms
    with pytest.raises(DatabaseError, match="keeps the terms"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE incidents_clock SET amount = 99 WHERE id = %s", [clock.pk])


@at(NOW)
def test_what_cannot_start_a_clock(compliance: User):
    rule, incident = a_rule(), an_incident(commander=compliance)
    gone = rules.retire(a_rule(key="gone"), actor=compliance, reason="Not ours.")
    old = a_rule(key="old")
    rules.publish(old, actor=compliance, change_note="New.", amount=1, warn_hours=0)

    def start(**said: Any) -> Clock:
        whole = {"rule": rule, "started_at": NOW, "reason": "Because."} | said
        return running.start(Incident.objects.get(pk=incident.pk), actor=compliance, **whole)

    for wrong, words in (
        ({"reason": "  "}, "Say why"),
        ({"rule": gone}, "not in force"),
        ({"rule": old}, "not in force"),
        ({"started_at": NOW + HOUR}, "not come yet"),
        ({"started_at": datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)}, "since the year 2000"),
    ):
        with pytest.raises(ValidationError, match=words):
            start(**wrong)
    assert not Clock.objects.exists()
    start()
    with pytest.raises(ValidationError, match="runs already"):
        start()
    rules.publish(rule, actor=compliance, change_note="Longer.", amount=96)
    with pytest.raises(ValidationError, match="runs already"):  # nor by its next version
        start(rule=rules.in_force().get(key=rule.key))


@at(NOW)
def test_the_end_of_a_year_can_lie_ahead(compliance: User):
    rule = a_rule(key="year", starts="year_end", amount=60, unit=Unit.DAYS, zone="America/New_York")
    incident = an_incident(commander=compliance)
    last = datetime.datetime(2026, 12, 31, 12, tzinfo=datetime.UTC)
    clock = running.start(incident, actor=compliance, rule=rule, started_at=last, reason="Fewer than 500.")
    assert clock.due_at is not None
    assert clock.due_at.isoformat() == "2027-03-02T04:59:59.999999+00:00"
    far = datetime.datetime(2999, 12, 31, tzinfo=datetime.UTC)
    with pytest.raises(ValidationError, match="not come yet"):
        running.check_start(rule, far)


def test_a_dismissed_event_has_no_clock_and_a_closed_incident_can(compliance: User):
    dismissed = an_incident(
        state="dismissed", declared_at=None, severity=None, severity_reason="", dismissed_by=compliance,
        dismissed_at=timezone.now(), dismissed_reason="A test.",
    )  # fmt: skip
    closed = an_incident(state="closed", recovered_at=timezone.now(), closed_at=timezone.now(), closed_by=compliance)
    with pytest.raises(ValidationError, match="dismissed"):
        started(compliance, dismissed)
    assert started(compliance, closed, key="other").state == ClockState.RUNNING


# ---- who may -------------------------------------------------------------------------------------------------------


def test_only_who_responds_runs_clocks(
    compliance: User, owner: User, colleague: User, employee: User, admin: User, auditor: User
):
    incident = an_incident(commander=owner, reporter=employee)
    named(incident, colleague)
    rule = a_rule()
    said = {"rule": rule.pk, "started_at": "2026-03-01T10:00", "reason": "The logs show it."}

    def answers(page: str, target: Any, **said: Any) -> list[int]:
        address = reverse(f"incidents:{page}", args=[target.pk])
        target.refresh_from_db()
        posts = {"version": target.version, "reason": "Because."} | said
        return [signed_in(one).post(address, posts).status_code for one in (auditor, admin, employee, colleague)]

    assert answers("incident-start-clock", incident, **said) == [403, 403, 403, 302]
    clock = Clock.objects.get()
    assert clock.started_by == colleague
    with pytest.raises(PermissionDenied):
        running.pause(clock, actor=employee, reason="I only reported it.")
    for page in ("clock-pause", "clock-resume", "clock-dismiss", "clock-notify"):
        assert answers(page, clock)[:3] == [403, 403, 403]


def test_nobody_reaches_the_clocks_of_a_restricted_incident(compliance: User, owner: User, admin: User):
    incident = an_incident(commander=owner, restricted=True)
    clock = a_clock(incident)
    for user, answer in ((owner, 200), (compliance, 200), (admin, 404)):
        client = signed_in(user)
        assert client.get(clock.get_absolute_url()).status_code == answer
        assert client.get(f"/incidents/{incident.pk}/clocks/").status_code == answer
        listed = client.get("/incidents/clocks/").content.decode()
        assert (clock.ref in listed) is (answer == 200)
        assert client.get(f"/api/v1/clocks/{clock.pk}/").status_code == answer


# ---- standing still ------------------------------------------------------------------------------------------------


def test_what_is_left_at_the_pause_is_left_at_the_resumption(compliance: User):
    with at(NOW):
        clock = started(compliance)
        ends = clock.due_at
        assert ends is not None
    with at(NOW + 10 * HOUR):
        clock = running.pause(clock, actor=compliance, reason="The police asked.")
        assert clock.due_at is None
        assert stands(clock) == "Paused. 2 days 13 hours left when it goes on."
        with pytest.raises(ValidationError, match="cannot be paused"):
            running.pause(clock, actor=compliance, reason="Twice.")
    with at(NOW + 40 * HOUR):
        assert stands(clock) == "Paused. 2 days 13 hours left when it goes on."
        with pytest.raises(ValidationError, match="Say why"):
            running.resume(clock, actor=compliance, reason=" ")
        clock = running.resume(clock, actor=compliance, reason="They are done.")
        assert clock.due_at == ends + 30 * HOUR
    stretch = ClockPause.objects.get()
    assert (stretch.reason, stretch.resume_reason, stretch.paused_by) == (
        "The police asked.",
        "They are done.",
        compliance,
    )
    with at(NOW + 50 * HOUR):
        clock = running.pause(clock, actor=compliance, reason="Again.")
    with at(NOW + 51 * HOUR):
        assert running.resume(clock, actor=compliance, reason="Done.").due_at == ends + 31 * HOUR
    assert [words.split(":")[0] for words in told(clock.incident_id)] == [
        "Clock started", "Clock paused", "Clock goes on", "Clock paused", "Clock goes on",
    ]  # fmt: skip


def test_pausing_saves_no_clock_that_is_overdue_nor_one_without_a_deadline(compliance: User):
    with at(NOW):
        clock, open_ended = started(compliance), started(compliance, key="open", amount=None)
    with at(NOW + 80 * HOUR):
        assert stands(clock) == "Overdue by 9 hours."
        assert stands(open_ended) == "Running for 3 days 9 hours. Without undue delay."
        with pytest.raises(ValidationError, match="has passed"):
            running.pause(clock, actor=compliance, reason="Too late.")
        with pytest.raises(ValidationError, match="nothing to pause"):
            running.pause(open_ended, actor=compliance, reason="It has none.")


# ---- ending --------------------------------------------------------------------------------------------------------


def test_a_dismissal_says_why_and_is_final(compliance: User):
    clock = started(compliance)
    with pytest.raises(ValidationError, match="Say why"):
        running.dismiss(clock, actor=compliance, reason="")
    clock = running.dismiss(clock, actor=compliance, reason="No risk to anybody: the data were encrypted.")
    assert (clock.state, clock.ended_by) == (ClockState.DISMISSED, compliance)
    for verb in (running.pause, running.resume, running.dismiss):
        with pytest.raises(ValidationError):
            verb(clock, actor=compliance, reason="Again.")
    rule = clock.rule
    again = running.start(
        Incident.objects.get(), actor=compliance, rule=rule, started_at=timezone.now(), reason="They were not."
    )
    assert again.state == ClockState.RUNNING


def test_a_notification_meets_the_clock_as_of_the_moment_at_which_it_was_sent(compliance: User, owner: User):
    with at(NOW):
        clock = started(compliance, an_incident(commander=owner))
        due = clock.due_at
    with at(NOW + 100 * HOUR):
        with pytest.raises(ValidationError, match="not come yet"):
            running.notify(clock, actor=owner, meets=True, sent_at=NOW + 101 * HOUR, **SENT)
        with pytest.raises(ValidationError, match="began later"):
            running.notify(clock, actor=owner, meets=True, sent_at=NOW - 2 * HOUR, **SENT)
        assert not Notification.objects.exists()
        running.notify(clock, actor=owner, meets=False, sent_at=NOW + HOUR, **SENT)
        clock.refresh_from_db()
        assert clock.state == ClockState.RUNNING
        notice = running.notify(
            clock, actor=owner, meets=True, sent_at=NOW + 70 * HOUR, file=ContentFile(b"%PDF-1.4 receipt", "r.pdf"),
            reference="LDA-77", people_told=12, **SENT,
        )  # fmt: skip
        assert stands(clock) == "Notified 1 hour before the deadline."
    assert (clock.state, clock.due_at, clock.ended_at) == (ClockState.MET, due, NOW + 70 * HOUR)
    assert (notice.sent_by, notice.name, notice.content_type, notice.size) == (owner, "r.pdf", "application/pdf", 16)
    entry = TimelineEntry.objects.get(kind=EntryKind.NOTIFICATION, facts__notification=notice.pk)
    assert (entry.happened_at, entry.facts["sha256"]) == (NOW + 70 * HOUR, notice.sha256)
    refs = Entry.objects.get(verb="clock.met").facts["refs"]
    assert refs == {"incident": clock.incident_id, "notification": notice.pk}
    # a later update belongs to it, and meets nothing any more
    running.notify(clock, actor=owner, meets=False, sent_at=timezone.now(), **SENT)
    with pytest.raises(ValidationError, match="cannot be notified"):
        running.notify(clock, actor=owner, meets=True, sent_at=timezone.now(), **SENT)


def test_late_is_said_to_be_late_also_where_a_pause_had_moved_it(compliance: User):
    with at(NOW):
        clock = started(compliance)
    with at(NOW + 10 * HOUR):
        running.pause(clock, actor=compliance, reason="The police asked.")
    with at(NOW + 20 * HOUR):
        clock.refresh_from_db()
        running.resume(clock, actor=compliance, reason="They are done.")
    with at(NOW + 90 * HOUR):
        clock.refresh_from_db()
        running.notify(clock, actor=compliance, meets=True, sent_at=NOW + 82 * HOUR, **SENT)
        assert stands(clock) == "Notified 1 hour after the deadline."
    assert told(clock.incident_id)[-1].startswith("Clock ended late")


def test_a_paused_clock_can_be_met(compliance: User):
    with at(NOW):
        clock = started(compliance)
    with at(NOW + 10 * HOUR):
        clock = running.pause(clock, actor=compliance, reason="The police asked.")
    with at(NOW + 100 * HOUR):
        running.notify(clock, actor=compliance, meets=True, sent_at=timezone.now(), **SENT)
        assert stands(clock) == "Notified 2 days 13 hours before the deadline."


def test_what_was_sent_is_written_once(compliance: User):
    incident = an_incident(commander=compliance)
    notice = running.record_notification(incident, actor=compliance, sent_at=timezone.now(), **SENT)
    notice.what = "Something else."
    with pytest.raises(DatabaseError, match="stands as it was written"), transaction.atomic():
        save(notice, actor=compliance, verb="notification.recorded")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM incidents_notification")
    for page in ("edit", "archive"):
        assert signed_in(compliance).post(f"{notice.get_absolute_url()}{page}/").status_code == 404


def test_whoever_records_what_was_sent_says_which_clock_it_ends(compliance: User):
    with at(NOW):
        clock = started(compliance)
    foreign = a_clock(an_incident(commander=compliance))
    page = reverse("incidents:incident-record-notification", args=[clock.incident_id])
    client = signed_in(compliance)
    with at(NOW + HOUR):
        sent = {**SENT, "sent_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M")}
        for chosen in ("", str(foreign.pk), "99999999999999999999"):
            version = Incident.objects.get(pk=clock.incident_id).version
            refused = client.post(page, {**sent, "version": version, "clock": chosen})
            assert refused.status_code == 422, chosen
            assert not Notification.objects.exists()
        for chosen, state in (("none", ClockState.RUNNING), (str(clock.pk), ClockState.MET)):
            version = Incident.objects.get(pk=clock.incident_id).version
            assert client.post(page, {**sent, "version": version, "clock": chosen}).status_code == 302
            clock.refresh_from_db()
            assert clock.state == state
        html = client.get(page).content.decode()  # none runs any more: nothing to choose
        assert "Ends the clock" not in html
    assert list(Notification.objects.order_by("id").values_list("clock_id", "meets")) == [
        (None, False),
        (clock.pk, True),
    ]


def test_of_two_at_once_the_second_is_told(compliance: User, owner: User):
    clock = started(compliance)
    mine, yours = (Clock.objects.get(pk=clock.pk) for _ in range(2))
    running.pause(mine, actor=compliance, reason="The police asked.")
    with pytest.raises(Stale):
        running.dismiss(yours, actor=compliance, reason="It does not apply.")
    address = reverse("incidents:clock-dismiss", args=[clock.pk])
    response = signed_in(compliance).post(address, {"version": 1, "reason": "It does not apply."})
    assert response.status_code == 422
    assert "Somebody changed this clock" in response.content.decode()
    clock.refresh_from_db()
    assert clock.state == ClockState.PAUSED


# ---- on pages ------------------------------------------------------------------------------------------------------

SLIPS = [
    {"started_at": "9999-12-31T23:59"},
    {"started_at": "0001-01-01T00:00"},
    {"started_at": "-1"},
    {"started_at": ""},
    {"rule": "0"},
    {"rule": "99999999999999999999"},
    {"rule": "x"},
    {"reason": ""},
    {"reason": "a\0b"},
    {"version": "0"},
]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_the_pen_starts_nothing(compliance: User, slip: dict[str, str]):
    incident, rule = an_incident(), a_rule()
    said = {"version": incident.version, "rule": rule.pk, "started_at": "2026-03-01T10:00", "reason": "Because."}
    address = reverse("incidents:incident-start-clock", args=[incident.pk])
    assert signed_in(compliance).post(address, said | slip).status_code == 422
    assert not Clock.objects.exists()


@pytest.mark.parametrize(
    "slip",
    [{"sent_at": "9999-12-31T23:59"}, {"people_told": "-1"}, {"people_told": "1" * 30}, {"told": ""}, {"sent_by": "0"}],
)
def test_a_slip_of_the_pen_records_nothing(compliance: User, slip: dict[str, str]):
    clock = a_clock(an_incident())
    said = {"version": clock.version, "sent_at": "2026-03-01T10:00", "meets": "on"} | SENT
    assert (
        signed_in(compliance).post(reverse("incidents:clock-notify", args=[clock.pk]), said | slip).status_code == 422
    )
    assert not Notification.objects.exists()


def test_a_suggested_clock_starts_from_what_is_known(compliance: User):
    incident, rule = an_incident(detected_at=NOW - HOUR, reported_at=NOW, declared_at=NOW + HOUR), a_rule()
    address = reverse("incidents:clock-start-by", args=[incident.pk, rule.pk])
    client = signed_in(compliance)
    tab = client.get(f"/incidents/{incident.pk}/clocks/").content.decode()
    assert address in tab
    form = client.get(address).context["form"]
    assert (form["rule"].value(), form["started_at"].value()) == (rule.pk, datetime.datetime(2026, 3, 3, 11))  # noqa: DTZ001 as a form shows it
    said = {"version": incident.version, "rule": rule.pk, "started_at": "2026-03-03T11:00", "reason": "The alert."}
    assert client.post(address, said).status_code == 302
    assert Clock.objects.get().started_at == NOW - HOUR
    assert address not in client.get(f"/incidents/{incident.pk}/clocks/").content.decode()
    rules.retire(rule, actor=compliance, reason="Gone.")
    assert client.get(address).status_code == 404


def test_overdue_is_said_in_red_words_where_people_look(compliance: User):
    with at(NOW):
        clock = started(compliance)
    with at(NOW + 80 * HOUR):
        client = signed_in(compliance)
        assert "Overdue by 9 hours." in client.get(f"/incidents/{clock.incident_id}/clocks/").content.decode()
        page = client.get(clock.get_absolute_url()).content.decode()
        assert "Overdue by 9 hours." in page
        assert "To be told: Supervisory authority." in page
        assert "2026-03-06 11:00 UTC" in page
        assert "Clock overdue" in client.get("/incidents/").content.decode()
        listed = client.get("/incidents/clocks/?show=overdue").content.decode()
        assert clock.ref in listed
        assert client.get("/api/v1/clocks/").json()["results"][0]["standing"] == "overdue"
    with at(NOW + HOUR):
        past = rows(Clock, timezone.now()).get(id=clock.pk)
        assert past.state == ClockState.RUNNING


def test_the_api_pauses_resumes_and_records(compliance: User):
    clock = a_clock(an_incident())
    call = caller(compliance)
    address = f"/api/v1/clocks/{clock.pk}/"
    version = call.get(address).json()["version"]
    assert call.post(f"{address}pause/", {"reason": "The police asked."}, version).status_code == 200
    assert call.post(f"{address}resume/", {"reason": "Done."}, version).status_code == 412
    assert call.post(f"{address}resume/", {"reason": "Done."}, version + 1).status_code == 200
    said = SENT | {"sent_at": timezone.now().isoformat(), "meets": True}
    response = call.post(f"{address}notifications/", said, version + 2)
    assert (response.status_code, response.json()["standing"]) == (200, "in_time")
