"""Who owes which acknowledgement by when: on joining, after a material change, yearly; at the boundary days."""

import datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from foundation.organisation.models import today
from foundation.trail.record import SYSTEM
from people.models import Kind, Person
from policies import actions
from policies.acknowledging.giving import acknowledge
from policies.acknowledging.owed import (
    DONE,
    DUE,
    LATE,
    Asked,
    Days,
    Last,
    Owed,
    Somebody,
    counted,
    of_person,
    owed,
    stand,
)
from policies.acknowledging.reach import EVER, EVERYBODY, NOBODY, since
from policies.models import Audience, PolicyVersion
from tests.factories.people import UserFactory
from tests.factories.policies import amended, in_force
from tests.factories.roster import a_person, changed

DAY = datetime.timedelta(days=1)
START = datetime.date(2026, 1, 5)
DAYS = Days(joining=30, change=14, again=365, soon=30)
ALL = frozenset({EVERYBODY})


def plus(days: int) -> datetime.date:
    """A day of the story, counted from its first."""
    return START + days * DAY


def on(days: int) -> Any:
    """The clock at noon of such a day."""
    return time_machine.travel(datetime.datetime.combine(plus(days), datetime.time(12), datetime.UTC), tick=False)


def one(person: Person, day: datetime.date | None = None) -> Owed:
    """The one thing that a person is asked."""
    (found,) = of_person(person, day)
    return found


def said(person: Person, version: PolicyVersion) -> None:
    """The person acknowledges a version, with an account of their own."""
    person.refresh_from_db()
    if person.user is None:
        person = changed(person, user=UserFactory(email=person.email))
    acknowledge(version, actor=person.user, sha256=version.sha256)


# ---- the rule, without a database ------------------------------------------------------------------------------------


def asked(majors: dict[int, datetime.date]) -> Asked:
    """A policy for everybody with these major versions, the last of them in force."""
    major = max(majors)
    first = min(majors.values())
    return Asked(1, major, "Rules", major, 0, majors[major], majors, {n: (n, 0) for n in majors}, ((first, ALL),))


def somebody(starts_on: datetime.date) -> Somebody:
    return Somebody(1, "Ines Roth", "employee", "", starts_on, None, None)


DATES = st.integers(0, 2000).map(plus)


@given(began=DATES, starts=DATES, gaps=st.lists(st.integers(1, 400), max_size=3), last=st.none() | DATES, day=DATES)
def test_what_is_owed_is_never_due_before_its_days_have_passed(
    began: datetime.date, starts: datetime.date, gaps: list[int], last: datetime.date | None, day: datetime.date
) -> None:
    majors, at = {1: began}, began
    for number, gap in enumerate(gaps, 2):
        at += gap * DAY
        majors[number] = at
    policy, person = asked(majors), somebody(starts)
    given_on = Last(1, 1, last) if last is not None and last >= began else None
    found = stand(policy, person, (began, False), given_on, day, DAYS)
    assert found.due_on >= found.entered_on + min(DAYS.joining, DAYS.change) * DAY or given_on is not None
    assert (found.standing == LATE) == (found.due_on < day)
    if found.standing == DONE:
        assert given_on is not None
        assert policy.major == 1
    if given_on is not None and given_on.day >= found.entered_on:
        assert found.due_on <= given_on.day + DAYS.again * DAY
        if policy.major > 1:
            assert found.due_on <= majors[2] + DAYS.change * DAY


@given(first=DATES, gaps=st.lists(st.integers(1, 400), min_size=1, max_size=3), last=DATES)
def test_a_further_change_moves_no_deadline_that_stands(
    first: datetime.date, gaps: list[int], last: datetime.date
) -> None:
    before, at = {1: first}, first
    for number, gap in enumerate(gaps, 2):
        at += gap * DAY
        before[number] = at
    more = before | {max(before) + 1: at + DAY}
    given_on, person = Last(1, 1, max(first, last)), somebody(START - DAY)
    dues = [stand(asked(majors), person, (first, False), given_on, at, DAYS).due_on for majors in (before, more)]
    assert dues[0] == dues[1]


@pytest.mark.parametrize(("after", "standing"), [(29, DUE), (30, DUE), (31, LATE)])
def test_whoever_joins_has_the_days_of_the_setting_and_the_last_of_them_is_in_time(after: int, standing: str) -> None:
    found = stand(asked({1: START - 100 * DAY}), somebody(START), (START - 100 * DAY, False), None, plus(after), DAYS)
    assert (found.due_on, found.standing) == (plus(30), standing)


@pytest.mark.parametrize(("after", "standing"), [(13, DUE), (14, DUE), (15, LATE)])
def test_a_policy_that_is_new_to_all_has_the_days_of_a_change(after: int, standing: str) -> None:
    found = stand(asked({1: START}), somebody(START - 400 * DAY), (START, False), None, plus(after), DAYS)
    assert (found.due_on, found.standing) == (plus(14), standing)


@pytest.mark.parametrize(
    ("after", "standing", "again"), [(334, DONE, False), (335, DONE, True), (365, DONE, True), (366, LATE, False)]
)
def test_it_is_due_anew_after_a_year_and_can_be_given_a_month_before(after: int, standing: str, again: bool) -> None:
    found = stand(asked({1: START}), somebody(START), (START, False), Last(1, 1, START), plus(after), DAYS)
    assert (found.due_on, found.standing, found.again) == (plus(365), standing, again)


def test_whoever_comes_back_has_the_days_of_joining_although_the_last_is_long_ago() -> None:
    began, long_ago = START - 1000 * DAY, Last(1, 1, START - 900 * DAY)
    found = stand(asked({1: began}), somebody(START), (began, False), long_ago, plus(3), DAYS)
    assert (found.due_on, found.standing) == (plus(30), DUE)


def test_since_follows_the_person_and_the_audience() -> None:
    sales = frozenset({("", "Sales")})
    stayed = ((EVER, "employee", "Sales"),)
    moved = ((EVER, "employee", "Finance"), (plus(10), "employee", "Sales"))
    left = (*moved, (plus(20), "employee", "Finance"))
    assert since(((START, sales),), stayed) == (START, False)
    assert since(((START, sales),), moved) == (plus(10), True)
    assert since(((START, sales),), left) is None
    assert since(((START, sales), (plus(5), ALL)), stayed) == (START, False)  # wider, and they were in it already
    assert since(((START, sales), (plus(5), ALL)), left) == (plus(5), False)
    assert since(((START, ALL), (plus(5), NOBODY), (plus(9), ALL)), stayed) == (plus(9), False)
    assert since(((START, frozenset({("employee", "")})),), stayed) == (START, False)
    assert since(((START, frozenset({("contractor", "")})),), stayed) is None


# ---- from the records ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_somebody_without_an_account_is_asked_and_shown() -> None:
    with on(0):
        version, person = in_force(), a_person(starts_on=plus(-200))
    with on(1):
        found = one(person)
    assert (found.asked.version, found.person.user_id, found.standing) == (version.pk, None, DUE)
    assert found.due_on == plus(30)
    assert found.acknowledged == ""


@pytest.mark.django_db
def test_only_who_works_here_owes_from_the_first_to_the_last_day() -> None:
    with on(0):
        in_force()
        person = a_person(starts_on=plus(5), ends_on=plus(40))
    with on(41):
        assert [day for day in range(3, 43) if of_person(person, plus(day))] == list(range(5, 41))
        assert one(person, plus(35)).standing == DUE
        assert one(person, plus(36)).standing == LATE


@pytest.mark.django_db
def test_a_material_change_is_read_anew_and_another_one_is_not() -> None:
    with on(0):
        person, version = a_person(), in_force()
        said(person, version)
    with on(10):
        minor = amended(version, material=False)
        assert (one(person).standing, one(person).asked.number, one(person).acknowledged) == (DONE, "1.1", "1.0")
    with on(20):
        amended(minor)
        found = one(person)
        assert (found.standing, found.due_on, found.asked.number) == (DUE, plus(50), "2.0")
    with on(51):
        assert one(person).standing == LATE
        said(person, PolicyVersion.objects.in_force().get())
        assert (one(person).standing, one(person).due_on) == (DONE, plus(51 + 365))


@pytest.mark.django_db
def test_whoever_moves_into_the_audience_has_the_days_of_joining_from_then_on() -> None:
    with on(0):
        in_force(audience={"departments": ["Sales"]})
        person = a_person(department="Finance")
    with on(100):
        assert of_person(person) == []
        changed(person, department="Sales")
        assert (one(person).due_on, one(person).standing) == (plus(130), DUE)
    with on(131):
        assert one(person).standing == LATE
        changed(person, department="Finance")
        assert of_person(person) == []


@pytest.mark.django_db
def test_an_audience_that_grows_asks_from_then_on() -> None:
    with on(0):
        version = in_force(audience={"kinds": [Kind.CONTRACTOR]})
        person, contractor = a_person(), a_person(kind=Kind.CONTRACTOR)
    with on(100):
        assert of_person(person) == []
        policy = version.policy
        policy.refresh_from_db()
        actions.change_audience(policy, actor=SYSTEM, reason="For all.", audience=Audience.EVERYBODY, acknowledged=True)
        assert one(person).due_on == plus(130)
        assert one(contractor).due_on == plus(30)
        policy.refresh_from_db()
        actions.change_audience(policy, actor=SYSTEM, reason="No.", audience=Audience.EVERYBODY, acknowledged=False)
        assert of_person(person) == []


@pytest.mark.django_db
def test_the_past_is_told_as_it_was() -> None:
    with on(0):
        person, version = a_person(), in_force()
    with on(5):
        said(person, version)
    with on(40):
        amended(version)
        people = Person.history.filter(id=person.pk)
        moment = datetime.datetime.combine(plus(4), datetime.time(13), datetime.UTC)
        before = owed(people.filter(history_date__lte=moment), moment)
        assert [(found.standing, found.asked.number) for found in before] == [(DUE, "1.0")]
        assert one(person).standing == DUE
        assert counted(owed(Person.objects.all())) == {LATE: 0, DUE: 1, DONE: 0}


@pytest.mark.django_db
def test_it_takes_as_many_queries_for_many_as_for_few() -> None:
    counts = []
    for number in (2, 6):
        for _ in range(number):
            version = in_force(audience={"departments": ["Sales"]})
            said(a_person(department="Sales"), version)
            changed(a_person(department="Finance"), department="Sales")
        with CaptureQueriesContext(connection) as queries:
            found = owed(Person.objects.all())
        counts.append(len(queries))
    assert len(found) == 8 * 16
    assert counts[0] == counts[1] <= 10
    assert today() >= min(one.asked.from_day for one in found)
