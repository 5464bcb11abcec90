"""How old the findings are that are not resolved, by severity: the buckets of the list, the page and the report."""

import datetime
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q, QuerySet

from findings.models import Finding, Severity, overdue, unresolved
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.trail.asof import rows


@dataclass(frozen=True)
class Bucket:
    """Days since the first detection, both ends counted. `most` None: without end."""

    key: str
    words: str
    least: int
    most: int | None

    def on(self, day: datetime.date) -> Q:
        """The findings that are this old on a day."""
        condition = Q(first_detected_on__lte=day - datetime.timedelta(days=self.least)) if self.least else Q()
        if self.most is not None:
            condition &= Q(first_detected_on__gte=day - datetime.timedelta(days=self.most))
        return condition


BUCKETS: Final = (
    Bucket("7", "Up to 7 days", 0, 7),
    Bucket("30", "8 to 30 days", 8, 30),
    Bucket("90", "31 to 90 days", 31, 90),
    Bucket("180", "91 to 180 days", 91, 180),
    Bucket("older", "Over 180 days", 181, None),
)
BY_KEY: Final = {bucket.key: bucket for bucket in BUCKETS}


@dataclass(frozen=True)
class Line:
    """One severity: how many of each age (with the bucket's key), in all, and how many of them are overdue."""

    severity: str
    words: str
    counts: tuple[tuple[str, int], ...]
    total: int
    overdue: int


def open_ones(user: User, moment: datetime.datetime | None, day: datetime.date) -> QuerySet[Any]:
    """The unresolved findings that this person sees, live or as they stood."""
    return visible(user, rows(Finding, moment), moment).filter(unresolved(day))


def ageing(user: User, moment: datetime.datetime | None, day: datetime.date) -> list[Line]:
    """A line for each severity, the worst first, and one for all: one query."""
    counts = {f"age_{bucket.key}": Count("id", filter=bucket.on(day)) for bucket in BUCKETS}
    late = Count("id", filter=overdue(day))
    found = {
        row["severity"]: row
        for row in open_ones(user, moment, day).order_by().values("severity").annotate(late=late, **counts)
    }
    lines = [line(str(value), str(label), found.get(value, {})) for value, label in Severity.choices]
    return [*lines, in_all(lines)]


def line(severity: str, words: str, row: dict[str, Any]) -> Line:
    """One severity's counts; nothing found is 0."""
    counts = tuple((bucket.key, row.get(f"age_{bucket.key}", 0)) for bucket in BUCKETS)
    return Line(severity, words, counts, sum(count for _, count in counts), row.get("late", 0))


def in_all(lines: list[Line]) -> Line:
    """The last line."""
    counts = tuple((bucket.key, sum(one.counts[place][1] for one in lines)) for place, bucket in enumerate(BUCKETS))
    return Line("", "All", counts, sum(one.total for one in lines), sum(one.overdue for one in lines))
