"""Occurrences tile the time in which a control operates, whatever its frequency, wordings and calendar (R9.2)."""

import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controls.models import Frequency
from evidence.coverage.tiles import DAY, Days, Rhythm, Stretch, after, due, merged, stretches_of, tiles
from foundation.organisation.calendar import Calendar

DAYS = st.dates(datetime.date(2019, 12, 1), datetime.date(2029, 3, 1))
RHYTHMS = st.builds(
    lambda work, off, month: Rhythm(Calendar(work, off), month),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.frozensets(DAYS, max_size=30),
    st.integers(1, 12),
)
FREQUENCIES = st.sampled_from(Frequency.values)
PERIODS = st.tuples(DAYS, DAYS).map(lambda pair: Days(min(pair), max(pair)))


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def days(first: str, last: str) -> Days:
    return Days(day(first), day(last))


PLAIN = Rhythm(Calendar(range(5), frozenset()), 1)


@given(FREQUENCIES, PERIODS, RHYTHMS)
def test_they_tile_the_period(frequency: str, period: Days, rhythm: Rhythm):
    found = [tile.days for tile in tiles([Stretch(period, frequency)], rhythm)]
    assert found[0].first == period.first
    assert found[-1].last == period.last
    assert all(one.first <= one.last for one in found)
    assert all(before.last + DAY == following.first for before, following in pairwise(found))


@given(FREQUENCIES, PERIODS, RHYTHMS)
def test_whole_ones_do_not_depend_on_where_the_period_begins(frequency: str, period: Days, rhythm: Rhythm):
    found = [tile.days for tile in tiles([Stretch(period, frequency)], rhythm)]
    later = Days(found[len(found) // 2].first, period.last)
    assert [tile.days for tile in tiles([Stretch(later, frequency)], rhythm)] == found[len(found) // 2 :]


@given(
    st.lists(PERIODS, max_size=3),
    st.lists(st.tuples(DAYS, st.sampled_from(["", *Frequency.values])), max_size=5),
    FREQUENCIES,
    RHYTHMS,
)
def test_changes_of_wording_and_frequency_leave_no_gap_and_no_overlap(operating, wordings, frequency, rhythm):
    wordings.sort(key=lambda pair: pair[0])
    stretches = stretches_of(operating, wordings, frequency)
    covered = [tile.days for tile in tiles(stretches, rhythm)]
    assert merged(covered) == merged(operating)
    assert sum((one.last - one.first).days + 1 for one in covered) == sum(
        (one.last - one.first).days + 1 for one in merged(operating)
    )
    for one in stretches:
        says = frequency
        for begins, words in wordings:
            if begins <= one.days.last:
                says = words or frequency
        assert one.frequency == says


@pytest.mark.parametrize(
    ("frequency", "on", "following"),
    [
        ("daily", "2026-11-20", "2026-11-23"),  # a Friday: the weekend belongs to it
        ("daily", "2028-02-28", "2028-02-29"),  # a leap day is a Tuesday like any other
        ("weekly", "2026-11-22", "2026-11-23"),
        ("weekly", "2026-11-23", "2026-11-30"),
        ("monthly", "2028-02-29", "2028-03-01"),
        ("continuous", "2026-12-31", "2027-01-01"),
        ("quarterly", "2026-11-22", "2027-01-01"),
        ("per_event", "2026-09-30", "2026-10-01"),
        ("semiannual", "2026-06-30", "2026-07-01"),
        ("annual", "2026-01-01", "2027-01-01"),
    ],
)
def test_where_the_next_period_begins(frequency: str, on: str, following: str):
    assert after(frequency, day(on), PLAIN) == day(following)


@pytest.mark.parametrize(
    ("frequency", "on", "following"),
    [
        ("quarterly", "2026-01-31", "2026-02-01"),
        ("semiannual", "2026-02-01", "2026-08-01"),
        ("annual", "2026-01-31", "2026-02-01"),
    ],
)
def test_the_programmes_year_may_begin_in_february(frequency: str, on: str, following: str):
    assert after(frequency, day(on), Rhythm(PLAIN.calendar, 2)) == day(following)


def test_a_wording_that_changes_how_often_cuts_the_quarter():
    stretches = stretches_of(
        [days("2026-01-01", "2026-06-30")], [(day("2026-01-01"), "quarterly"), (day("2026-05-15"), "monthly")], ""
    )
    assert [tile.days for tile in tiles(stretches, PLAIN)] == [
        days("2026-01-01", "2026-03-31"), days("2026-04-01", "2026-05-14"),
        days("2026-05-15", "2026-05-31"), days("2026-06-01", "2026-06-30"),
    ]  # fmt: skip


def test_without_a_frequency_nothing_is_expected():
    assert stretches_of([days("2026-01-01", "2026-06-30")], [(day("2026-03-01"), "monthly")], "") == [
        Stretch(days("2026-03-01", "2026-06-30"), "monthly")
    ]


def test_grace_ends_on_a_business_day():
    tile = Stretch(days("2026-10-01", "2026-10-31"), "monthly")
    assert due(tile, 14, PLAIN.calendar) == day("2026-11-16")  # the 14th is a Saturday
    assert due(tile, 14, Calendar(range(5), {day("2026-11-16")})) == day("2026-11-17")
