"""Tallies: the readiness of the whole programme at the end of each month, by series, computed from history.

A tally says how things stood when the month's last day ended, in the organisation's time zone, over the programme's
year of that day. It is derived: `recount` gives the same rows again. The past is read as of then, which takes a while:
so a job counts each month once.
"""

import calendar
import datetime
from collections import Counter
from typing import Final

from django.db import transaction
from django.db.models import Min

from controls.models import Control
from evidence.coverage.period import programme_year
from evidence.coverage.readiness import Group, Readiness
from evidence.models import ReadinessTally
from foundation.organisation.models import begin_of, day_at, today

MONTHS: Final = 6
DAY: Final = datetime.timedelta(days=1)
INSTANT: Final = datetime.timedelta(microseconds=1)
Counts = dict[str, dict[str, int]]


def month_ends(day: datetime.date) -> list[datetime.date]:
    """The last days of the six months before a day's, the oldest first."""
    found = []
    for back in range(MONTHS, 0, -1):
        year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
        found.append(datetime.date(year, month + 1, calendar.monthrange(year, month + 1)[1]))
    return found


def counts_of(groups: list[Group]) -> Counts:
    """By series, how many of its criteria are in which state."""
    return {group.code: dict(Counter(line.state for line in group.criteria)) for group in groups}


def tally_on(day: datetime.date) -> ReadinessTally:
    """How things stood when this day ended. It reads the history of the programme: for a job."""
    ended = begin_of(day + DAY) - INSTANT
    found = Readiness(None, programme_year(day), "", ended)
    return ReadinessTally(day=day, series=counts_of(found.groups))


@transaction.atomic
def count_missing() -> int:
    """Count the ends of the last six months that were not counted yet, since the first control: how many."""
    began = Control.history.aggregate(first=Min("history_date"))["first"]
    if began is None:
        return 0
    counted = set(ReadinessTally.objects.values_list("day", flat=True))
    wanted = [day for day in month_ends(today()) if day not in counted and day >= day_at(began)]
    ReadinessTally.objects.bulk_create([tally_on(day) for day in wanted], ignore_conflicts=True)
    return len(wanted)


@transaction.atomic
def recount() -> int:
    """Count the ends of the last six months anew, whatever was stored: how many."""
    ReadinessTally.objects.filter(day__in=month_ends(today())).delete()
    return count_missing()
