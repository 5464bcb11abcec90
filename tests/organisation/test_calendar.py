"""Business days, checked against counting by hand over any calendar."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.organisation.calendar import (
    DAY,
    Calendar,
    NoBusinessDay,
    add_business_days,
    is_business_day,
    next_business_day,
)
from foundation.organisation.models import Holiday, Organisation
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM

relaxed = settings(deadline=None)  # a busy machine is no bug
days = st.dates(date(2024, 1, 1), date(2028, 12, 31))
calendars = st.builds(Calendar, st.frozensets(st.integers(0, 6), min_size=1), st.frozensets(days, max_size=40))


@relaxed
@given(calendars, days)
def test_next_business_day_is_the_first_from_here(calendar, day):
    found = calendar.next_business_day(day)
    assert calendar.is_business_day(found)
    assert not any(calendar.is_business_day(day + DAY * skipped) for skipped in range((found - day).days))


@relaxed
@given(calendars, days, st.integers(1, 40))
def test_adding_passes_exactly_that_many_business_days(calendar, start, count):
    end = calendar.add_business_days(start, count)
    passed = [start + DAY * step for step in range(1, (end - start).days + 1)]
    assert calendar.is_business_day(end)
    assert sum(calendar.is_business_day(day) for day in passed) == count


@relaxed
@given(calendars, days, st.integers(0, 20), st.integers(1, 20))
def test_adding_in_two_steps_is_adding_at_once(calendar, start, first, second):
    begin = calendar.next_business_day(start)
    assert calendar.add_business_days(calendar.add_business_days(begin, first), second) == calendar.add_business_days(
        begin, first + second
    )


@relaxed
@given(calendars, days, days, st.integers(0, 30))
def test_later_starts_never_end_earlier(calendar, one, other, count):
    early, late = sorted((one, other))
    assert calendar.add_business_days(early, count) <= calendar.add_business_days(late, count)


def test_four_business_days_over_a_weekend_and_a_holiday():
    calendar = Calendar({0, 1, 2, 3, 4}, {date(2026, 12, 25)})
    assert calendar.add_business_days(date(2026, 12, 23), 4) == date(2026, 12, 30)
    assert calendar.add_business_days(date(2026, 12, 26), 0) == date(2026, 12, 28)
    assert calendar.add_business_days(date(2026, 12, 26), 1) == date(2026, 12, 28)


def test_a_year_of_holidays_is_an_error_and_no_endless_search():
    first = date(2026, 1, 1)
    calendar = Calendar(range(7), {first + timedelta(days=number) for number in range(800)})
    with pytest.raises(NoBusinessDay):
        calendar.next_business_day(first)


def test_the_past_is_refused():
    with pytest.raises(ValueError, match="past"):
        Calendar({0}, ()).add_business_days(date(2026, 1, 1), -1)


@pytest.mark.django_db
def test_the_organisations_week_and_live_holidays_count():
    save(Organisation(name="Sun Ltd", work_week="mon,sun"), actor=SYSTEM, verb="organisation.created")
    monday = date(2026, 11, 23)
    assert is_business_day(monday)
    assert not is_business_day(date(2026, 11, 24))
    assert next_business_day(date(2026, 11, 24)) == date(2026, 11, 29)
    holiday = save(Holiday(day=date(2026, 11, 29), name="Fair"), actor=SYSTEM, verb="holiday.created")
    assert next_business_day(date(2026, 11, 24)) == date(2026, 11, 30)
    assert add_business_days(monday, 1) == date(2026, 11, 30)
    holiday.archived_at = holiday.created_at
    save(holiday, actor=SYSTEM, verb="holiday.archived")
    assert next_business_day(date(2026, 11, 24)) == date(2026, 11, 29)
