"""Business days of the organisation: its work week without its holidays."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from foundation.organisation.models import Holiday, organisation

DAY = timedelta(days=1)
LONGEST_BREAK = 366  # days: a year without one working day is a mistake, not a calendar


class NoBusinessDay(Exception):
    """A year of holidays in a row: the calendar is wrong, and a deadline made from it would be too."""


@dataclass(frozen=True)
class Calendar:
    """`work_days` as `date.weekday()` numbers, `holidays` as dates."""

    work_days: Collection[int]
    holidays: Collection[date]

    def is_business_day(self, day: date) -> bool:
        return day.weekday() in self.work_days and day not in self.holidays

    def next_business_day(self, day: date) -> date:
        """Return `day` itself if it is a business day, else the first one after it."""
        for _ in range(LONGEST_BREAK):
            if self.is_business_day(day):
                return day
            day += DAY
        raise NoBusinessDay

    def add_business_days(self, start: date, days: int) -> date:
        """Return the business day that is `days` >= 0 business days after `start`, which itself is not counted.

        With 0: `start` if it is a business day, else the next one. A count that begins on a weekend begins on the next
        business day, which is its day 1.
        """
        if days < 0:
            raise ValueError(f"{days} business days lie in the past.")
        if days == 0:
            return self.next_business_day(start)
        for _ in range(days):
            start = self.next_business_day(start + DAY)
        return start


def business_calendar() -> Calendar:
    """Return the organisation's calendar as it stands now (two queries); use one for many dates."""
    return Calendar(organisation().work_days, frozenset(Holiday.objects.live().values_list("day", flat=True)))


def is_business_day(day: date) -> bool:
    return business_calendar().is_business_day(day)


def next_business_day(day: date) -> date:
    return business_calendar().next_business_day(day)


def add_business_days(start: date, days: int) -> date:
    return business_calendar().add_business_days(start, days)
