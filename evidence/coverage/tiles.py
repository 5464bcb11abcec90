"""The calendar of a control: its occurrences tile the time in which it operates, without gap or overlap (R9.2)."""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from controls.models import Frequency
from foundation.organisation.calendar import DAY, Calendar

# Months of each frequency that counts in months. One capture a month stands for a control that never stops; a control
# that follows events asks for their population once a quarter.
MONTHS: Final = {
    Frequency.CONTINUOUS: 1,
    Frequency.MONTHLY: 1,
    Frequency.QUARTERLY: 3,
    Frequency.PER_EVENT: 3,
    Frequency.SEMIANNUAL: 6,
    Frequency.ANNUAL: 12,
}


@dataclass(frozen=True, slots=True)
class Days:
    """A stretch of days, both ends included."""

    first: datetime.date
    last: datetime.date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, datetime.date) and self.first <= day <= self.last

    def meets(self, other: "Days") -> bool:
        """Whether they have a day in common."""
        return self.first <= other.last and other.first <= self.last

    def covers(self, other: "Days") -> bool:
        """Whether every day of the other is a day of this."""
        return self.first <= other.first and other.last <= self.last


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on which a control operates at one frequency."""

    days: Days
    frequency: str


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What the calendar needs to know: business days, and the month (1–12) with which the programme's year begins."""

    calendar: Calendar
    year_month: int


def tiles(stretches: Iterable[Stretch], rhythm: Rhythm) -> Iterator[Stretch]:
    """The occurrences of each stretch, in order; the first and the last may be shorter than their whole period."""
    for stretch in stretches:
        day = stretch.days.first
        while day <= stretch.days.last:
            following = after(stretch.frequency, day, rhythm)
            yield Stretch(Days(day, min(following - DAY, stretch.days.last)), stretch.frequency)
            day = following


def after(frequency: str, day: datetime.date, rhythm: Rhythm) -> datetime.date:
    """The first day of the period that follows the one in which `day` lies.

    Days: each business day with the days off that follow it. Weeks begin on Monday; quarters, halves and years are
    counted from the first month of the programme's year.
    """
    if frequency == Frequency.DAILY:
        return rhythm.calendar.next_business_day(day + DAY)
    if frequency == Frequency.WEEKLY:
        return day + (7 - day.weekday()) * DAY
    length = MONTHS[Frequency(frequency)]
    month = day.year * 12 + day.month - 1
    following = month - (month - (rhythm.year_month - 1)) % length + length
    return datetime.date(following // 12, following % 12 + 1, 1)


def end_of_year(day: datetime.date, rhythm: Rhythm) -> datetime.date:
    """The last day of the programme's year in which `day` lies."""
    return after(Frequency.ANNUAL, day, rhythm) - DAY


def stretches_of(
    operating: Iterable[Days], wordings: Sequence[tuple[datetime.date, str]], frequency: str
) -> list[Stretch]:
    """The stretches of a control: when it operates, cut where a wording changes how often it does.

    `wordings`: (in force from, frequency or "") in the order in which they take effect; `frequency`: the control's own,
    for days before any wording and for wordings that say none. Days without any frequency are left out.
    """
    found: list[Stretch] = []
    for days in merged(operating):
        start, now = days.first, frequency
        for begins, says in wordings:
            if begins > days.last:
                break
            following = says or frequency
            if begins > start and following != now:
                found.append(Stretch(Days(start, begins - DAY), now))
                start = begins
            now = following
        found.append(Stretch(Days(start, days.last), now))
    return [stretch for stretch in found if stretch.frequency]


def merged(operating: Iterable[Days]) -> list[Days]:
    """The same days, with stretches that meet or follow each other at once made one."""
    found: list[Days] = []
    for days in sorted(operating, key=lambda one: (one.first, one.last)):
        if found and days.first <= found[-1].last + DAY:
            found[-1] = Days(found[-1].first, max(found[-1].last, days.last))
        else:
            found.append(days)
    return found


def months(days: Days) -> Iterator[int]:
    """The calendar months that these days touch, as numbers in a row."""
    return iter(range(days.first.year * 12 + days.first.month, days.last.year * 12 + days.last.month + 1))


def due(stretch: Stretch, grace: int, calendar: Calendar) -> datetime.date:
    """The last day of grace: `grace` days after the end, or the next business day if nobody works then."""
    return calendar.next_business_day(stretch.days.last + grace * DAY)
