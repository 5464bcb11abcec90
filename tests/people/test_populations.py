"""Joiners, leavers and movers as populations: counted by hand, whole for who sees everybody, dated in our time zone."""

import datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evidence.actions import Source
from evidence.coverage.tiles import Days
from evidence.sampling.actions import freeze
from foundation.accounts.models import User
from foundation.organisation.actions import found
from foundation.trail.record import SYSTEM
from people.populations import SOURCES, joined, left, moved
from tests.factories.roster import a_person, changed

FIRST, LAST = datetime.date(2026, 7, 1), datetime.date(2026, 9, 30)


def on(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.fixture
def staff(compliance: User, manager: User) -> None:
    lead = a_person(name="Lead", email="manager@example.com")
    for name, first, last in (
        ("before", "2026-06-30", "2026-06-30"),
        ("first", "2026-07-01", "2026-07-01"),
        ("last", "2026-09-30", "2026-09-30"),
        ("after", "2026-10-01", None),
        ("stays", "2026-08-03", None),
        ("long gone", "2020-01-01", "2026-08-31"),
    ):
        led = lead if name == "stays" else None
        a_person(name=name, starts_on=on(first), ends_on=on(last) if last else None, manager=led)
    a_person(name="mistake", starts_on=FIRST, archived_at=lead.created_at)


@pytest.mark.parametrize(
    ("find", "names"), [(joined, ["first", "last", "stays"]), (left, ["first", "last", "long gone"])]
)
def test_joiners_and_leavers_by_their_days(staff: None, compliance: User, find: object, names: list[str]):
    listing = find(compliance, FIRST, LAST)
    assert [line.data[0] for line in listing.lines] == names
    assert listing.total == len(names)
    assert all(FIRST <= line.day <= LAST for line in listing.lines)


def test_who_sees_a_part_cannot_freeze_it_as_the_whole(staff: None, manager: User, compliance: User):
    part = joined(manager, FIRST, LAST)
    assert ([line.data[0] for line in part.lines], part.total) == (["stays"], 3)
    said = {"title": "Joiners", "kind": SOURCES["joiners"].kind, "period": Days(FIRST, LAST), "origin": "joiners"}
    with pytest.raises(Exception, match="3"):
        freeze(part, actor=manager, source=Source(system="Countersign"), **said)
    whole = freeze(joined(compliance, FIRST, LAST), actor=compliance, source=Source(system="Countersign"), **said)
    assert (whole.row_count, whole.source_total) == (3, 3)


def at(text: str) -> time_machine.travel:
    return time_machine.travel(datetime.datetime.fromisoformat(text), tick=False)


def test_movers_are_dated_by_the_day_of_the_change_in_our_time_zone(compliance: User):
    found(name="Fernwood", actor=SYSTEM, time_zone="Europe/Stockholm")
    with at("2026-05-01T12:00Z"):
        lead, person, other = a_person(name="Lead"), a_person(name="Ada", title="Engineer"), a_person(name="Bo")
    with at("2026-06-30T21:59Z"):
        changed(person, department="Too early")
    with at("2026-06-30T22:00Z"):  # midnight in Stockholm: the first of July
        changed(person, department="Support", manager=lead)
    with at("2026-08-01T12:00Z"):
        changed(person, aliases="ada@corp.example.com")  # moves nobody
        changed(other, kind="contractor")
    with at("2026-09-30T21:59Z"):
        changed(person, title="Lead engineer")
    with at("2026-09-30T22:00Z"):
        changed(person, title="Too late")
    listing = moved(compliance, FIRST, LAST)
    assert [(line.key, line.day, *line.data) for line in listing.lines] == [
        (f"{person.ref}.3", FIRST, "Ada", "department: Too early → Support; manager: none → Lead"),
        (f"{person.ref}.5", LAST, "Ada", "job title: Engineer → Lead engineer"),
        (f"{other.ref}.2", on("2026-08-01"), "Bo", "kind: employee → contractor"),
    ]
    assert listing.total == 3
    assert moved(compliance, on("2026-10-01"), on("2026-10-01")).total == 1


def test_the_lists_cost_the_same_for_many(staff: None, compliance: User):
    counts = []
    for size in (3, 30):
        for _ in range(size):
            changed(a_person(starts_on=FIRST), title="Moved")
        with CaptureQueriesContext(connection) as asked:
            for source in SOURCES.values():
                source.find(compliance, FIRST, datetime.date(2999, 1, 1))
        counts.append(len(asked))
    assert counts[0] == counts[1]
