"""When a period to notify somebody ends. Pure: no rows, no settings, no "now".

Laws and contracts say little about clocks on a wall, so the rules are written down here. Where they leave a doubt the
earlier deadline is taken: one that is too early costs an hour, one that is too late costs a breach.

* **Hours** are elapsed time, whatever the clocks on the wall do: 72 hours from Friday noon end on Monday at 11:00 when
  summer time ends in between, and the zone is never asked.
* **Days** are those of the wall in the clock's zone. The day of the start is not counted; the period ends when its last
  day ends. A date that the zone skipped (Apia, 2011-12-30) was no day and is not counted.
* **Calendar days** count each day. A period that ends on a Sunday ends on that Sunday: some laws move it to the next
  working day, others do not.
* **Business days** count those of the work week that are no holidays. What starts on a weekend has the next business
  day as its day 1.
* **Calendar months** end on the day of the same number, or on the last day of a shorter month: a month from 31 January
  ends with the last day of February. A month is laid out as its days, and pauses then take out days of it.
* **A pause** takes out what passes while it lasts: of hours the paused time itself, of days those that end meanwhile.
  What was left at the pause is left at the resumption, "until the end of today" included, and no clock goes overdue
  while it is paused. Pauses within one day move a deadline in days by nothing, however many there are. A pause that
  begins when the period is over takes out nothing: pausing saves no clock that is overdue.
* **A deadline is the last moment in time**: of a day its last microsecond, which a wall shows as 23:59. What is sent at
  that moment is in time; anything later is late.
"""

from calendar import monthrange
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import takewhile
from operator import attrgetter
from zoneinfo import ZoneInfo

from foundation.organisation.calendar import DAY, LONGEST_BREAK, Calendar, NoBusinessDay

LAST_INSTANT = timedelta(microseconds=1)  # before the next day begins
MOST = 3660  # of any unit: ten years of days; whatever is longer is a mistake
NO_TIME = timedelta(0)


class BadPeriod(ValueError):
    """What was asked is no period, or ends after the calendar does. Its text can be shown."""


class Unit(StrEnum):
    HOURS = "hours"
    DAYS = "days"
    BUSINESS_DAYS = "business_days"
    MONTHS = "months"


class State(StrEnum):
    RUNNING = "running"
    WARNED = "warned"  # running, and so near to the deadline that people are told
    PAUSED = "paused"
    OVERDUE = "overdue"
    MET = "met"
    DISMISSED = "dismissed"


@dataclass(frozen=True)
class Pause:
    """From `start` until `end`, or until nobody knows yet."""

    start: datetime
    end: datetime | None = None


@dataclass(frozen=True)
class Terms:
    """What a clock was started with; nothing else moves its deadline but its pauses."""

    start: datetime
    amount: int
    unit: Unit
    zone: ZoneInfo
    calendar: Calendar

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise BadPeriod("Say in which time zone the period starts.")
        if not 1 <= self.amount <= MOST:
            raise BadPeriod(f"A period has 1 to {MOST} {self.unit.value.replace('_', ' ')}.")


def deadline(terms: Terms, pauses: Collection[Pause] = (), at: datetime | None = None) -> datetime:
    """Return the last moment in time, in UTC, never before the start.

    `at`: what is known at that moment; later pauses do not count yet, and one that lasts counts as if it ended then.
    Without it every pause counts, and must have an end. Raise BadPeriod where the years end first, or the calendar has
    no business days.
    """
    start = terms.start.astimezone(UTC)
    try:
        taken = joined(pauses, start, at)
        if terms.unit is Unit.HOURS:
            return after_hours(start, terms.amount, taken)
        return end_of_day(last_day(terms, taken), terms.zone)
    except OverflowError:
        raise BadPeriod("That period ends after the year 9999.") from None
    except NoBusinessDay:
        raise BadPeriod("The calendar has no business day for a whole year.") from None


def remaining(terms: Terms, pauses: Collection[Pause], moment: datetime) -> timedelta:
    """Return the time left at a moment, negative when overdue; while paused, what a resumption then would leave."""
    return deadline(terms, pauses, moment) - moment


def state_at(
    terms: Terms,
    pauses: Collection[Pause],
    moment: datetime,
    *,
    warning: timedelta = NO_TIME,
    met_at: datetime | None = None,
    dismissed_at: datetime | None = None,
) -> State:
    """Return how a clock stands at a moment. `warning`: so long before its deadline it is warned of.

    What is settled stays settled: a clock that was met late is met, and `is_late` says that it was late.
    """
    if dismissed_at is not None and dismissed_at <= moment:
        return State.DISMISSED
    if met_at is not None and met_at <= moment:
        return State.MET
    left = remaining(terms, pauses, moment)
    if left < NO_TIME:
        return State.OVERDUE
    if any(pause.start <= moment and (pause.end is None or moment < pause.end) for pause in pauses):
        return State.PAUSED
    return State.WARNED if left <= warning else State.RUNNING


def is_late(terms: Terms, pauses: Collection[Pause], met_at: datetime) -> bool:
    """Return whether what was sent then was sent after the deadline."""
    return remaining(terms, pauses, met_at) < NO_TIME


def joined(pauses: Collection[Pause], start: datetime, at: datetime | None) -> list[tuple[datetime, datetime]]:
    """Return the stretches of paused time since the start, in order and apart, up to `at` if one is given."""
    stretches: list[tuple[datetime, datetime]] = []
    for pause in sorted(pauses, key=attrgetter("start")):
        end = pause.end if at is None else min(pause.end or at, at)
        if end is None:
            raise BadPeriod("A period that is paused has no end yet. Say as of when.")
        begin = max(pause.start.astimezone(UTC), start)
        end = end.astimezone(UTC)
        if end <= begin:
            continue
        if stretches and begin <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(stretches[-1][1], end))
        else:
            stretches.append((begin, end))
    return stretches


def after_hours(start: datetime, hours: int, taken: Sequence[tuple[datetime, datetime]]) -> datetime:
    end = start + timedelta(hours=hours)
    for begin, until in taken:
        if begin > end:
            break
        end += until - begin
    return end


def last_day(terms: Terms, taken: Sequence[tuple[datetime, datetime]]) -> date:
    """Return the day with whose end the period ends."""
    start_day = terms.start.astimezone(terms.zone).date()
    amount = terms.amount
    if terms.unit is Unit.MONTHS:
        final = same_day_after(start_day, amount)
        amount = sum(1 for _ in takewhile(lambda day: day <= final, days_after(start_day, terms.zone)))
    counted = days_after(start_day, terms.zone)
    if terms.unit is Unit.BUSINESS_DAYS:
        counted = business_days(counted, terms.calendar)
    for day in counted:
        if not (taken and ended_meanwhile(end_of_day(day, terms.zone), taken)):
            amount -= 1
        if amount == 0:
            return day
    raise OverflowError


def days_after(day: date, zone: ZoneInfo) -> Iterator[date]:
    """Yield each day after this one that the zone had."""
    while True:
        day += DAY
        if exists(day, zone):
            yield day


def business_days(days: Iterator[date], calendar: Calendar) -> Iterator[date]:
    """Yield those on which the organisation works. Raise NoBusinessDay after a year without any."""
    idle = 0
    for day in days:
        if calendar.is_business_day(day):
            idle = 0
            yield day
        elif (idle := idle + 1) >= LONGEST_BREAK:
            raise NoBusinessDay


def ended_meanwhile(end: datetime, taken: Sequence[tuple[datetime, datetime]]) -> bool:
    return any(begin <= end < until for begin, until in taken)


def same_day_after(day: date, months: int) -> date:
    """Return the day of the same number so many months later, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        raise OverflowError
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def exists(day: date, zone: ZoneInfo) -> bool:
    """Return whether the zone had that date: some skipped one when they crossed the date line."""
    noon = datetime.combine(day, time(12), zone)
    return noon.astimezone(UTC).astimezone(zone).date() == day


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the last moment, in UTC, at which it is that date or an earlier one on the wall.

    Midnight is not always there: clocks were set forward over it, at it, and back past it, so that a date came twice.
    """
    walls = (datetime.combine(day + DAY, time.min, zone).replace(fold=fold) for fold in (0, 1))
    midnights = sorted((wall.astimezone(UTC) for wall in walls), reverse=True)
    for midnight in midnights:
        if begins_after(midnight, day, zone) and not begins_after(midnight - LAST_INSTANT, day, zone):
            return midnight - LAST_INSTANT
    high, low = midnights  # the clocks went over midnight: the change lies between, and the date changed with it
    while high - low > LAST_INSTANT:
        middle = low + (high - low) // 2
        low, high = (low, middle) if begins_after(middle, day, zone) else (middle, high)
    return low


def begins_after(moment: datetime, day: date, zone: ZoneInfo) -> bool:
    return moment.astimezone(zone).date() > day
