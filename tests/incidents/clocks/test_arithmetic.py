"""When a period ends: examples worked out by hand, and what must hold in every zone."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foundation.organisation.calendar import DAY, Calendar
from incidents.clocks.arithmetic import (
    MOST,
    NO_TIME,
    BadPeriod,
    Pause,
    State,
    Terms,
    Unit,
    deadline,
    end_of_day,
    exists,
    is_late,
    remaining,
    state_at,
)

pytestmark = pytest.mark.any_database

WEEK = range(5)
PLAIN = Calendar(WEEK, frozenset())
CHRISTMAS = Calendar(WEEK, {date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1)})
GULF = Calendar((6, 0, 1, 2, 3), frozenset())  # Sunday to Thursday
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
A_HAIR = timedelta(microseconds=1)
HOURS, DAYS, BUSINESS, MONTHS = Unit.HOURS, Unit.DAYS, Unit.BUSINESS_DAYS, Unit.MONTHS

# Daylight saving both ways and in both hemispheres, half and quarter hours, half an hour of daylight saving, skipped
# days, changes at midnight, a minute past it and over it, and the ends of the world.
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "Asia/Kathmandu",
    "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo", "America/Havana", "America/St_Johns", "Africa/Cairo",
    "America/Nuuk", "America/Toronto", "Africa/Casablanca", "Pacific/Kiritimati", "Pacific/Chatham",
    "Pacific/Kwajalein",
)  # fmt: skip


def wall(zone: str, *when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo(zone))  # type: ignore[misc]  # a date and a time, spelt out


def said(terms: Terms, *pauses: Pause) -> str:
    """Return the deadline as the wall of its zone shows it."""
    return deadline(terms, pauses).astimezone(terms.zone).strftime("%Y-%m-%d %H:%M")


def terms_of(zone: str, start: tuple[int, ...], amount: int, unit: Unit, calendar: Calendar = PLAIN) -> Terms:
    return Terms(wall(zone, *start), amount, unit, ZoneInfo(zone), calendar)


# zone, start on its wall, amount, unit, calendar, deadline on its wall
BY_HAND = [
    ("UTC", (2026, 3, 2, 9, 15), 72, HOURS, PLAIN, "2026-03-05 09:15"),
    ("UTC", (2024, 2, 28, 9, 0), 24, HOURS, PLAIN, "2024-02-29 09:00"),
    # clocks forward on 29 March 2026 at 02:00, back on 25 October at 03:00
    ("Europe/Berlin", (2026, 3, 27, 12, 0), 72, HOURS, PLAIN, "2026-03-30 13:00"),
    ("Europe/Berlin", (2026, 10, 23, 12, 0), 72, HOURS, PLAIN, "2026-10-26 11:00"),
    ("Australia/Lord_Howe", (2026, 4, 4, 12, 0), 24, HOURS, PLAIN, "2026-04-05 11:30"),
    ("Australia/Lord_Howe", (2026, 10, 3, 12, 0), 24, HOURS, PLAIN, "2026-10-04 12:30"),
    ("Pacific/Apia", (2011, 12, 29, 12, 0), 24, HOURS, PLAIN, "2011-12-31 12:00"),
    # days end with the day, also with one of 23 or 25 hours
    ("Europe/Berlin", (2026, 3, 27, 0, 0), 2, DAYS, PLAIN, "2026-03-29 23:59"),
    ("Europe/Berlin", (2026, 3, 27, 23, 59), 2, DAYS, PLAIN, "2026-03-29 23:59"),
    ("Europe/Berlin", (2026, 10, 25, 2, 30), 1, DAYS, PLAIN, "2026-10-26 23:59"),
    ("UTC", (2026, 1, 15, 8, 0), 60, DAYS, PLAIN, "2026-03-16 23:59"),
    ("UTC", (2024, 1, 15, 8, 0), 60, DAYS, PLAIN, "2024-03-15 23:59"),  # a leap year
    ("UTC", (2025, 12, 31, 8, 0), 60, DAYS, PLAIN, "2026-03-01 23:59"),
    ("Pacific/Apia", (2011, 12, 29, 12, 0), 1, DAYS, PLAIN, "2011-12-31 23:59"),  # there was no 30 December
    ("Africa/Cairo", (2026, 4, 22, 12, 0), 1, DAYS, PLAIN, "2026-04-23 23:59"),  # no midnight: 24 April began at 01:00
    # business days
    ("America/New_York", (2026, 3, 2, 17, 0), 4, BUSINESS, PLAIN, "2026-03-06 23:59"),  # Monday to Friday
    ("America/New_York", (2026, 3, 5, 17, 0), 4, BUSINESS, PLAIN, "2026-03-11 23:59"),  # over a weekend
    ("America/New_York", (2026, 3, 7, 17, 0), 4, BUSINESS, PLAIN, "2026-03-12 23:59"),  # Saturday: Monday is day 1
    ("Europe/Berlin", (2026, 12, 23, 10, 0), 1, BUSINESS, CHRISTMAS, "2026-12-29 23:59"),  # holidays on both sides
    ("Europe/Berlin", (2026, 12, 25, 10, 0), 4, BUSINESS, CHRISTMAS, "2027-01-04 23:59"),
    ("Asia/Dubai", (2026, 3, 5, 10, 0), 1, BUSINESS, GULF, "2026-03-08 23:59"),  # Thursday, then Sunday
    # months
    ("UTC", (2026, 1, 31, 9, 0), 1, MONTHS, PLAIN, "2026-02-28 23:59"),
    ("UTC", (2028, 1, 31, 9, 0), 1, MONTHS, PLAIN, "2028-02-29 23:59"),
    ("UTC", (2028, 2, 29, 9, 0), 12, MONTHS, PLAIN, "2029-02-28 23:59"),
    ("UTC", (2026, 11, 30, 9, 0), 1, MONTHS, PLAIN, "2026-12-30 23:59"),
    ("UTC", (2026, 11, 30, 9, 0), 13, MONTHS, PLAIN, "2027-12-30 23:59"),
    ("UTC", (2026, 12, 15, 9, 0), 1, MONTHS, PLAIN, "2027-01-15 23:59"),
    ("Europe/Berlin", (2026, 3, 31, 23, 30), 1, MONTHS, PLAIN, "2026-04-30 23:59"),
    ("Pacific/Apia", (2011, 11, 30, 9, 0), 1, MONTHS, PLAIN, "2011-12-29 23:59"),  # the 30th was skipped: before it
]


@pytest.mark.parametrize(("zone", "start", "amount", "unit", "calendar", "end"), BY_HAND)
def test_periods_worked_out_by_hand(
    zone: str, start: tuple[int, ...], amount: int, unit: Unit, calendar: Calendar, end: str
) -> None:
    assert said(terms_of(zone, start, amount, unit, calendar)) == end


def test_the_day_of_the_start_is_that_of_the_clocks_zone() -> None:
    """One moment is Monday in New York and Tuesday in Auckland."""
    moment = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)

    def ends_in(zone: str) -> str:
        return said(Terms(moment, 1, DAYS, ZoneInfo(zone), PLAIN))

    assert ends_in("America/New_York") == "2026-03-03 23:59"
    assert ends_in("Pacific/Auckland") == "2026-03-04 23:59"


# zone, day, what its last moment is in UTC
ENDS = [
    ("UTC", date(2026, 3, 1), "2026-03-01 23:59:59.999999"),
    ("Asia/Kolkata", date(2026, 3, 1), "2026-03-01 18:29:59.999999"),
    ("Pacific/Apia", date(2011, 12, 29), "2011-12-30 09:59:59.999999"),
    ("Pacific/Apia", date(2011, 12, 30), "2011-12-30 09:59:59.999999"),  # never came: over with the day before
    ("Africa/Cairo", date(2026, 4, 23), "2026-04-23 21:59:59.999999"),  # 24:00 became 01:00
    ("America/Havana", date(2026, 10, 31), "2026-11-01 03:59:59.999999"),  # 01:00 became 00:00: midnight twice, one day
    ("America/St_Johns", date(2010, 11, 6), "2010-11-07 03:29:59.999999"),  # 00:01 became 23:01: the date came back
    ("America/Toronto", date(1919, 3, 30), "1919-03-31 04:29:59.999999"),  # 23:30 became 00:30: over midnight
]


@pytest.mark.parametrize(("zone", "day", "end"), ENDS)
def test_a_day_ends_where_the_wall_says(zone: str, day: date, end: str) -> None:
    assert str(end_of_day(day, ZoneInfo(zone)).replace(tzinfo=None)) == end


# What is paused, in UTC, and the new deadline of each unit that started on Monday 2026-03-02 at 10:00:
# 48 hours (Wednesday 10:00), 2 days and 2 business days (end of Wednesday).
PAUSED = [
    ((), "2026-03-04 10:00", "2026-03-04 23:59", "2026-03-04 23:59"),
    # within a day: hours alone; however often
    ((("2026-03-03 09:00", "2026-03-03 12:00"),), "2026-03-04 13:00", "2026-03-04 23:59", "2026-03-04 23:59"),
    ((("2026-03-03 00:00", "2026-03-03 11:00"), ("2026-03-03 12:00", "2026-03-03 23:00")), "2026-03-05 08:00",
     "2026-03-04 23:59", "2026-03-04 23:59"),
    # over one midnight: one day
    ((("2026-03-03 22:00", "2026-03-04 06:00"),), "2026-03-04 18:00", "2026-03-05 23:59", "2026-03-05 23:59"),
    # on the day of the start, which does not count: its end passes while nobody counts
    ((("2026-03-02 22:00", "2026-03-03 06:00"),), "2026-03-04 18:00", "2026-03-04 23:59", "2026-03-04 23:59"),
    # until midnight sharp: the day has ended
    ((("2026-03-03 12:00", "2026-03-04 00:00"),), "2026-03-04 22:00", "2026-03-05 23:59", "2026-03-05 23:59"),
    # a week: calendar days all, business days those of the week, and Saturday never counted
    ((("2026-03-04 09:00", "2026-03-11 09:00"),), "2026-03-11 10:00", "2026-03-11 23:59", "2026-03-11 23:59"),
    ((("2026-03-04 09:00", "2026-03-07 09:00"),), "2026-03-07 10:00", "2026-03-07 23:59", "2026-03-09 23:59"),
    # two that overlap are one
    ((("2026-03-03 22:00", "2026-03-04 02:00"), ("2026-03-04 01:00", "2026-03-04 06:00")), "2026-03-04 18:00",
     "2026-03-05 23:59", "2026-03-05 23:59"),
    # the second only counts because the first moved the deadline over it
    ((("2026-03-03 12:00", "2026-03-04 12:00"), ("2026-03-05 09:00", "2026-03-06 09:00")), "2026-03-06 10:00",
     "2026-03-06 23:59", "2026-03-06 23:59"),
    # begun before the period, or when it is over: what lies within it
    ((("2026-03-01 00:00", "2026-03-02 11:00"),), "2026-03-04 11:00", "2026-03-04 23:59", "2026-03-04 23:59"),
    ((("2026-03-05 09:00", "2026-03-08 09:00"),), "2026-03-04 10:00", "2026-03-04 23:59", "2026-03-04 23:59"),
]  # fmt: skip


@pytest.mark.parametrize(("stretches", "hours", "days", "business"), PAUSED)
def test_a_pause_takes_out_what_passes_meanwhile(
    stretches: tuple[tuple[str, str], ...], hours: str, days: str, business: str
) -> None:
    pauses = [Pause(*(datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in pair)) for pair in stretches]
    start = (2026, 3, 2, 10, 0)
    assert said(terms_of("UTC", start, 48, HOURS), *pauses) == hours
    assert said(terms_of("UTC", start, 2, DAYS), *pauses) == days
    assert said(terms_of("UTC", start, 2, BUSINESS), *pauses) == business


@pytest.mark.parametrize("unit", Unit)
def test_a_pause_at_the_last_moment_still_counts_and_one_after_it_does_not(unit: Unit) -> None:
    clock = terms_of("Europe/Berlin", (2026, 3, 2, 10, 0), 2, unit)
    ends = deadline(clock)
    assert state_at(clock, [Pause(ends)], ends + DAY) is State.PAUSED
    assert state_at(clock, [Pause(ends + A_HAIR)], ends + DAY) is State.OVERDUE


def test_a_month_loses_the_days_that_ended_while_it_was_paused() -> None:
    month = terms_of("UTC", (2026, 1, 31, 9, 0), 1, MONTHS)
    assert said(month, Pause(wall("UTC", 2026, 2, 10, 9), wall("UTC", 2026, 2, 13, 9))) == "2026-03-03 23:59"


BAD = [
    ((2026, 3, 2), 0, HOURS, PLAIN, "1 to 3660 hours"),
    ((2026, 3, 2), -72, HOURS, PLAIN, "1 to 3660 hours"),
    ((2026, 3, 2), MOST + 1, BUSINESS, PLAIN, "1 to 3660 business days"),
    ((9999, 12, 31, 20), 24, HOURS, PLAIN, "after the year 9999"),
    ((9999, 12, 30), 1, DAYS, PLAIN, "after the year 9999"),
    ((9999, 12, 1), 1, MONTHS, PLAIN, "after the year 9999"),
    ((9999, 12, 30), 5, BUSINESS, PLAIN, "after the year 9999"),
    ((2026, 3, 2), 1, BUSINESS, Calendar((), frozenset()), "no business day for a whole year"),
]


@pytest.mark.parametrize(("start", "amount", "unit", "calendar", "words"), BAD)
def test_what_is_no_period_is_refused_in_words(
    start: tuple[int, ...], amount: int, unit: Unit, calendar: Calendar, words: str
) -> None:
    with pytest.raises(BadPeriod, match=words):
        deadline(terms_of("UTC", start, amount, unit, calendar))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(BadPeriod, match="time zone"):
        Terms(datetime(2026, 3, 2), 72, HOURS, ZoneInfo("UTC"), PLAIN)  # noqa: DTZ001 that is the case


def test_a_paused_period_has_no_end_without_a_moment() -> None:
    clock = terms_of("UTC", (2026, 3, 2, 10, 0), 48, HOURS)
    with pytest.raises(BadPeriod, match="as of when"):
        deadline(clock, [Pause(clock.start + HOUR)])
    assert remaining(clock, [Pause(clock.start + HOUR)], clock.start + 9 * HOUR) == 47 * HOUR


def test_a_clock_runs_warns_pauses_and_goes_overdue() -> None:
    clock = terms_of("UTC", (2026, 3, 2, 10, 0), 72, HOURS)
    pauses = [Pause(clock.start + 10 * HOUR, clock.start + 20 * HOUR)]
    ends = clock.start + 82 * HOUR

    def at(moment: datetime) -> State:
        return state_at(clock, pauses, moment, warning=12 * HOUR)

    assert at(clock.start) is State.RUNNING
    assert at(clock.start + 10 * HOUR - A_HAIR) is State.RUNNING
    assert at(clock.start + 10 * HOUR) is State.PAUSED
    assert at(clock.start + 20 * HOUR) is State.RUNNING
    assert at(ends - 12 * HOUR - A_HAIR) is State.RUNNING
    assert at(ends - 12 * HOUR) is State.WARNED
    assert at(ends) is State.WARNED
    assert at(ends + A_HAIR) is State.OVERDUE


def test_what_is_settled_stays_so_whether_late_or_not() -> None:
    clock = terms_of("UTC", (2026, 3, 2, 10, 0), 2, DAYS)
    ends = deadline(clock)
    long_after = ends + 100 * DAY
    assert state_at(clock, [], long_after, met_at=ends) is State.MET
    assert not is_late(clock, [], ends)
    assert state_at(clock, [], long_after, met_at=ends + A_HAIR) is State.MET
    assert is_late(clock, [], ends + A_HAIR)
    assert state_at(clock, [], long_after, dismissed_at=ends) is State.DISMISSED
    # and before that it was what it was then
    assert state_at(clock, [], ends - DAY, met_at=ends) is State.RUNNING
    assert state_at(clock, [], ends + DAY, dismissed_at=ends + 2 * DAY) is State.OVERDUE


# ---------------------------------------------------------------- what must always hold

zones = st.sampled_from(ZONES)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 made aware
# Where clocks change, dates are skipped and holidays lie, more often than chance would have it.
TURNS = [
    datetime.fromisoformat(f"{turn}+00:00")
    for turn in (
        "2011-12-30T10:00", "1993-08-20T12:00", "2026-03-29T01:00", "2026-10-25T01:00", "2010-11-07T02:31",
        "2026-04-04T15:00", "2026-10-03T15:30", "2026-11-01T05:00", "2026-04-23T22:00", "2028-02-29T12:00",
        "2018-11-04T03:00", "2024-01-31T23:00",
    )
]  # fmt: skip
near_turns = st.builds(
    lambda turn, minutes: turn + minutes * MINUTE, st.sampled_from(TURNS), st.integers(-5 * 1440, 5 * 1440)
)
starts = moments | near_turns
stretches = st.integers(0, 40 * 1440).map(lambda minutes: minutes * MINUTE)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Draw a work week of any days, and holidays that like to stand beside each other."""
    days = draw(st.sets(st.integers(0, 6), min_size=1))
    first = draw(st.dates(date(1990, 1, 1), date(2037, 1, 1)) | st.sampled_from([turn.date() for turn in TURNS]))
    return Calendar(days, {first + DAY * gap for gap in draw(st.sets(st.integers(0, 20), max_size=12))})


@st.composite
def clocks(draw: st.DrawFn, unit: Unit | None = None) -> Terms:
    unit = unit or draw(st.sampled_from(Unit))
    most = {Unit.HOURS: 800, Unit.DAYS: 95, Unit.BUSINESS_DAYS: 30, Unit.MONTHS: 4}[unit]
    zone = ZoneInfo(draw(zones))
    return Terms(draw(starts), draw(st.integers(1, most)), unit, zone, draw(calendars()))


@st.composite
def pauses_of(draw: st.DrawFn, clock: Terms) -> list[Pause]:
    """Draw pauses in order that do not overlap, as people make them."""
    moment, pauses = clock.start, []
    for _ in range(draw(st.integers(0, 4))):
        begin = moment + draw(stretches) / 2
        moment = begin + draw(stretches) / 2
        pauses.append(Pause(begin, moment))
    return pauses


@st.composite
def paused_clocks(draw: st.DrawFn, unit: Unit | None = None) -> tuple[Terms, list[Pause]]:
    clock = draw(clocks(unit))
    return clock, draw(pauses_of(clock))


def local_day(moment: datetime, clock: Terms) -> date:
    return moment.astimezone(clock.zone).date()


def days_between(first: date, last: date, clock: Terms) -> list[date]:
    """Return the days after the first, up to the last, that the zone had, and of business days only those."""
    days = [first + DAY * gap for gap in range(1, (last - first).days + 1)]
    return [
        day
        for day in days
        if exists(day, clock.zone) and (clock.unit is not BUSINESS or clock.calendar.is_business_day(day))
    ]


@given(paused_clocks())
def test_no_deadline_before_its_start_and_none_earlier_for_a_pause(drawn: tuple[Terms, list[Pause]]) -> None:
    clock, pauses = drawn
    plain = deadline(clock)
    assert plain > clock.start
    ends = [deadline(clock, pauses[:count]) for count in range(len(pauses) + 1)]
    assert ends[0] == plain
    assert all(early <= late for early, late in pairwise(ends))


@given(clocks(HOURS))
def test_hours_are_elapsed_time_in_every_zone(clock: Terms) -> None:
    assert deadline(clock) - clock.start == clock.amount * HOUR


@given(clocks())
def test_days_end_with_the_last_moment_of_a_day(clock: Terms) -> None:
    assume(clock.unit is not HOURS)
    end = deadline(clock)
    # No later moment has that date or an earlier one: looked for through two days.
    day = local_day(end, clock)
    assert all(local_day(end + A_HAIR + 15 * MINUTE * step, clock) > day for step in range(200))


@given(clocks())
def test_as_many_days_as_were_asked_for(clock: Terms) -> None:
    """Counted anew, from the walls of the zone, by another way than the one that made it."""
    assume(clock.unit in (DAYS, BUSINESS))
    last = local_day(deadline(clock), clock)
    assert len(days_between(local_day(clock.start, clock), last, clock)) == clock.amount
    assert clock.unit is not BUSINESS or clock.calendar.is_business_day(last)


@given(clocks(BUSINESS))
def test_business_days_agree_with_the_calendar_of_the_organisation(clock: Terms) -> None:
    start = local_day(clock.start, clock)
    last = clock.calendar.add_business_days(start, clock.amount)
    assume(all(exists(start + DAY * gap, clock.zone) for gap in range((last - start).days + 1)))
    assert local_day(deadline(clock), clock) == last


@given(clocks(MONTHS))
def test_a_month_ends_on_the_same_number_or_the_months_last(clock: Terms) -> None:
    start, last = local_day(clock.start, clock), local_day(deadline(clock), clock)
    assume(exists(last + DAY, clock.zone))
    assert (last.year * 12 + last.month) - (start.year * 12 + start.month) == clock.amount
    assert last.day == start.day or (last.day < start.day and (last + DAY).day == 1)


@given(clocks(), stretches)
def test_who_starts_later_ends_no_earlier(clock: Terms, later: timedelta) -> None:
    moved = Terms(clock.start + later, clock.amount, clock.unit, clock.zone, clock.calendar)
    assert deadline(clock) <= deadline(moved)


@given(clocks(), st.integers(1, 5))
def test_more_of_a_unit_ends_later(clock: Terms, more: int) -> None:
    longer = Terms(clock.start, clock.amount + more, clock.unit, clock.zone, clock.calendar)
    assert deadline(clock) < deadline(longer)


@given(paused_clocks(), st.data())
def test_a_pause_of_no_length_changes_nothing(drawn: tuple[Terms, list[Pause]], data: st.DataObject) -> None:
    clock, pauses = drawn
    moment = clock.start + data.draw(stretches)
    assert deadline(clock, [*pauses, Pause(moment, moment)]) == deadline(clock, pauses)


@given(paused_clocks(), st.randoms())
def test_neither_order_nor_the_way_of_cutting_pauses_matters(drawn: tuple[Terms, list[Pause]], random) -> None:
    clock, pauses = drawn
    cut = []
    for pause in pauses:
        assert pause.end is not None
        middle = pause.start + (pause.end - pause.start) / 3
        cut += [Pause(pause.start, middle), Pause(middle, pause.end)]
    random.shuffle(cut)
    assert deadline(clock, cut) == deadline(clock, pauses)


@given(paused_clocks(HOURS))
def test_hours_move_by_the_paused_time_that_lay_within_them(drawn: tuple[Terms, list[Pause]]) -> None:
    clock, pauses = drawn
    moved = NO_TIME
    for pause in pauses:
        assert pause.end is not None
        if pause.start <= clock.start + clock.amount * HOUR + moved:
            moved += pause.end - pause.start
    assert deadline(clock, pauses) == deadline(clock) + moved


@given(clocks(), st.integers(0, 60), st.integers(0, 1439), st.integers(0, 1439))
def test_a_pause_and_its_resumption_shift_the_days_that_were_left(
    clock: Terms, after: int, sooner: int, later: int
) -> None:
    """What was left at the pause, counted in ends of days, is left at the resumption."""
    assume(clock.unit is not HOURS)
    pause = clock.start + (after * 1440 + sooner) * MINUTE
    assume(pause <= deadline(clock))
    resume = pause + (after * 1440 + later) * MINUTE
    plain, end = deadline(clock), deadline(clock, [Pause(pause, resume)])
    if clock.unit is MONTHS:  # laid out as its days
        clock = Terms(clock.start, clock.amount, DAYS, clock.zone, clock.calendar)

    def ends_from(moment: datetime, until: datetime) -> int:
        first, last = local_day(moment, clock) - 2 * DAY, local_day(until, clock) + 2 * DAY
        counted = [end_of_day(day, clock.zone) for day in days_between(first, last, clock)]
        not_the_start = end_of_day(local_day(clock.start, clock), clock.zone)
        return sum(1 for ended in counted if moment <= ended <= until and ended > not_the_start)

    assert ends_from(resume, end) == ends_from(pause, plain)


@given(paused_clocks(), stretches)
def test_nothing_goes_overdue_while_it_is_paused(drawn: tuple[Terms, list[Pause]], lasting: timedelta) -> None:
    clock, pauses = drawn
    begin = pauses[-1].end if pauses else clock.start + HOUR
    assert begin is not None
    if begin > deadline(clock, pauses):
        assert state_at(clock, [*pauses, Pause(begin)], begin + lasting) is State.OVERDUE
        return
    assert state_at(clock, [*pauses, Pause(begin)], begin + lasting) is State.PAUSED
    if clock.unit is HOURS:
        paused_for = [*pauses, Pause(begin)]
        assert remaining(clock, paused_for, begin + lasting) == remaining(clock, paused_for, begin)


@given(paused_clocks(), stretches)
def test_the_past_knows_no_later_pause(drawn: tuple[Terms, list[Pause]], later: timedelta) -> None:
    """What is asked of a moment is the same, whatever was paused after it."""
    clock, pauses = drawn
    moment = clock.start + later
    known = [pause for pause in pauses if pause.start <= moment]
    assert deadline(clock, pauses, moment) == deadline(clock, known, moment)
    assert state_at(clock, pauses, moment) is state_at(clock, known, moment)


@given(paused_clocks(), st.lists(stretches, min_size=2, max_size=6), stretches)
def test_a_clock_only_ever_goes_towards_overdue(
    drawn: tuple[Terms, list[Pause]], later: list[timedelta], warning: timedelta
) -> None:
    """Once overdue, always overdue, unless it is met or dismissed; and time left agrees with the state."""
    clock, pauses = drawn
    overdue = False
    for moment in sorted(clock.start + step for step in later):
        state = state_at(clock, pauses, moment, warning=warning)
        assert (state is State.OVERDUE) == (remaining(clock, pauses, moment) < NO_TIME)
        assert state is State.OVERDUE or not overdue
        overdue = state is State.OVERDUE


@given(zones, st.dates(date(1900, 1, 2), date(2037, 12, 31)))
def test_days_of_every_zone_end_one_after_the_other(zone: str, day: date) -> None:
    before, end = (end_of_day(each, ZoneInfo(zone)) for each in (day - DAY, day))
    if exists(day, ZoneInfo(zone)):
        assert timedelta(hours=22) <= end - before <= timedelta(hours=26)
    else:
        assert end == before
