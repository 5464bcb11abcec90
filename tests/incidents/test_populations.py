"""Incidents as populations: what the numbers are that are no incident, and that an empty period is proved (R7.3)."""

import datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from evidence import actions as evidence
from evidence.coverage.tiles import Days
from evidence.models import Population
from evidence.sampling.actions import freeze, frozen_keys
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from incidents.models import Incident, State
from incidents.populations import SOURCES
from tests.factories.incidents import HOUR, an_event, an_incident

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 7, 31, 12, tzinfo=datetime.UTC)
JULY = Days(datetime.date(2026, 7, 1), datetime.date(2026, 7, 31))


@pytest.fixture(autouse=True)
def end_of_july():
    with time_machine.travel(NOW):
        yield


def frozen(key: str, user: User, period: Days = JULY) -> Population:
    source = SOURCES[key]
    return freeze(
        source.listed(user, period.first, period.last), actor=user, title=source.words, kind=source.kind,
        period=period, source=evidence.Source(system="Countersign", connector=key, stamped=True), origin=key,
    )  # fmt: skip


def declared(day: int, month: int = 7, **values: Any) -> Incident:
    at = datetime.datetime(2026, month, day, 9, tzinfo=datetime.UTC)
    return an_incident(reported_at=at - HOUR, declared_at=at, **values)


def dismissed(user: User) -> Incident:
    return an_event(
        state=State.DISMISSED, dismissed_at=timezone.now(), dismissed_by=user, dismissed_reason="A test alert."
    )


def test_numbers_that_are_no_incident_of_the_period_are_said_to_be_what_they_are(client: Client, compliance: User):
    first = declared(2)
    dismissed(compliance), an_event(), declared(30, 6), dismissed(compliance)
    last = declared(20)
    an_event()  # beyond the last: no number between
    made = frozen("incidents", compliance)
    assert made.gaps["numbers"] == [["INC-", first.pk + 1, last.pk - 1]]
    assert made.gaps["missing"] == 4
    assert made.gaps["known"] == [["declared outside the period", 1], ["dismissed", 2], ["not declared", 1]]
    assert made.gaps["unknown"] == 0
    client.force_login(compliance)
    shown = client.get(made.get_absolute_url()).content.decode()
    assert "not among the rows: 1 declared outside the period, 2 dismissed, 1 not declared." in shown
    assert "missing between the keys" not in shown


def test_days_without_an_incident_are_a_count_and_the_longest_stretch(client: Client, compliance: User):
    declared(2), declared(20)
    made = frozen("incidents", compliance)
    assert (made.gaps["empty_days"], made.gaps["longest"]) == (21, ["2026-07-03", "2026-07-17", 11])
    client.force_login(compliance)
    shown = client.get(made.get_absolute_url()).content.decode()
    assert "the longest stretch has 11, 2026-07-03 to 2026-07-17" in shown
    assert "Each stretch" in shown  # with every one of them
    assert "2026-07-21 to 2026-07-31" in shown


def test_what_is_said_of_the_numbers_stays_as_it_was_and_the_proof_holds(compliance: User):
    declared(2)
    event = an_event()
    declared(20)
    made = frozen("incidents", compliance)
    event.state, event.dismissed_at, event.dismissed_by = State.DISMISSED, timezone.now(), compliance
    event.dismissed_reason = "Nothing."
    save(event, actor=SYSTEM, verb="incident.dismissed")
    made = Population.objects.get(pk=made.pk)
    assert made.gaps["known"] == [["not declared", 1]]
    assert len(frozen_keys(made)) == 2  # it computes the hash over the rows again
    assert frozen("incidents", compliance).gaps["known"] == [["dismissed", 1]]


def test_every_event_of_a_period_leaves_no_number_unsaid(compliance: User):
    declared(2), dismissed(compliance), declared(3)
    made = frozen("events", compliance)
    assert (made.row_count, made.gaps["missing"], made.gaps["known"]) == (3, 0, [])


def test_a_period_without_incidents_is_proved_by_its_query(client: Client, compliance: User):
    declared(2)
    made = frozen("incidents", compliance, Days(datetime.date(2026, 7, 3), datetime.date(2026, 7, 31)))
    assert (made.row_count, made.source_total) == (0, 0)
    client.force_login(compliance)
    assert "The query found nothing in this period" in client.get(made.get_absolute_url()).content.decode()
