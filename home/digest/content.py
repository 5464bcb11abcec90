"""What the weekly digest tells one person: what is late with them, what falls due soon, what waits for them.

A compliance manager is told besides how the readiness changed in a week, and what is late with whom. All of it as far
as the person sees the records; what falls due and My work say which they are. Constant queries.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from evidence.coverage.period import programme_year
from evidence.coverage.readiness import Readiness
from evidence.coverage.tally import counts_of
from foundation.accounts.access import open_window
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.models import day_at, today
from foundation.pages.due import EVER, Due, DueOf, all_due
from foundation.pages.work import WorkItem
from home.overview import Person, people_of, shares

AHEAD: Final = datetime.timedelta(days=14)
WEEK: Final = datetime.timedelta(days=7)
MOST: Final = 25  # lines of a kind; My work and the overview have the rest

NONE: Final = (0, 0)  # a series that was not in scope
Work = Callable[[User], list[WorkItem]]


@dataclass(frozen=True)
class Lines:
    """The first of what is late or due, and how many more there are."""

    shown: list[Due]
    count: int

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.shown)


@dataclass(frozen=True)
class Series:
    """The readiness of a series: how many criteria are ready of how many, and how many were a week ago.

    before: None where the two cannot be compared, because a year of the programme began in between.
    """

    code: str
    title: str
    ready: int
    total: int
    before: int | None

    @property
    def change(self) -> str:
        """By how many more or fewer it is; "" where that is not known or nothing changed."""
        if self.before is None or self.ready == self.before:
            return ""
        return f"{self.ready - self.before:+d}".replace("-", "−")


@dataclass(frozen=True)
class Digest:
    """All that the mail says. waiting: (how many, of what) in My work; people: what is late of all, and whose."""

    late: Lines
    soon: Lines
    waiting: list[tuple[int, str]]
    series: list[Series]
    people: list[Person]
    late_of_all: int

    @property
    def waits(self) -> int:
        """How many things wait in My work."""
        return sum(count for count, _ in self.waiting)

    @property
    def says_something(self) -> bool:
        """Whether there is anything to tell: readiness that stayed as it was is nothing."""
        changed = any(one.change for one in self.series)
        return bool(self.late.count or self.soon.count or self.waiting or self.late_of_all or changed)


def digest_of(user: User, due: Sequence[DueOf], work: Sequence[Work], due_to_auditors: Sequence[DueOf] = ()) -> Digest:
    """The digest of one person now. An auditor's is of the engagement of the open window, and empty without one."""
    day = today()
    if user.is_auditor and open_window(user) is None:
        return Digest(lines_of([]), lines_of([]), [], [], [], 0)
    seen = all_due(due_to_auditors if user.is_auditor else due, user, EVER, day + AHEAD)
    late = [one for one in seen if one.on < day and not one.ends]
    mine = seen if user.is_auditor else [one for one in seen if one.person == user.pk]
    leads = user.role == Role.COMPLIANCE_MANAGER
    return Digest(
        late=lines_of([one for one in mine if one.on < day and not one.ends]),
        soon=lines_of([one for one in mine if one.on >= day]),
        waiting=waiting_of([item for waiting in work for item in waiting(user)]),
        series=series_of(user) if leads else [],
        people=people_of(late)[:MOST] if leads else [],
        late_of_all=len(late) if leads else 0,
    )


def lines_of(found: list[Due]) -> Lines:
    """The first of them; the list is in the order of their days."""
    return Lines(found[:MOST], len(found))


def waiting_of(items: Sequence[WorkItem]) -> list[tuple[int, str]]:
    """How much of what is to be done waits, most first: a mail names no record that may be closed to others."""
    kinds = Counter(f"{item.register}: {item.action[:1].lower()}{item.action[1:]}" for item in items)
    return [(count, words) for words, count in sorted(kinds.items(), key=lambda one: (-one[1], one[0]))]


def series_of(user: User) -> list[Series]:
    """The readiness by series, now and a week ago, over the year of the programme."""
    then = timezone.now() - WEEK
    year, year_then = programme_year(today()), programme_year(day_at(then))
    now = Readiness(user, year)
    ready = ready_of(now)
    before = ready_of(Readiness(user, year_then, "", then)) if year == year_then else None
    return [
        Series(one.code, one.title, *ready[one.code], None if before is None else before.get(one.code, NONE)[0])
        for one in now.groups
    ]


def ready_of(readiness: Readiness) -> dict[str, tuple[int, int]]:
    """By series: how many of its criteria are ready, and how many there are."""
    return shares(counts_of(readiness.groups))
