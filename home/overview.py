"""The overview for leaders: readiness by series and its trend, what is late and whose it is, what falls due next.

It counts evidence and days, and gives no opinion (R2.1). Each person's as far as they see the records; an auditor sees
the readiness alone. Constant queries.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from controls.models import Control, Criterion
from evidence.coverage.period import programme_year
from evidence.coverage.readiness import READY, Group, Readiness
from evidence.coverage.tally import counts_of, month_ends
from evidence.coverage.views import exported, moment_of
from evidence.models import Occurrence, ReadinessTally
from foundation.accounts.access import require, sees_all
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.due import EVER, Due, DueOf, all_due
from foundation.pages.exports import Form, Table, send
from foundation.pages.forms import user_of
from foundation.pages.moment import day_of
from foundation.pages.paper import Paper

AHEAD: Final = datetime.timedelta(days=30)
SHOWN: Final = 25  # rows of late things, and of coming ones, on screen; the PDF has all of them
NOBODY: Final = "Nobody"
SCOPE: Final = "As far as the person named here sees the records. Occurrences of the last twelve months."
HEADER: Final = ("Due", "Days late", "Register", "What", "Ref", "Title", "Whose", "Address")


@dataclass(frozen=True)
class Month:
    """A column of the trend. `ready`, `total`: by series; None where that month was not counted."""

    words: str
    ready: dict[str, tuple[int, int]] | None

    def of(self, code: str) -> tuple[int, int] | None:
        """(ready, in scope) of one series."""
        return self.ready.get(code) if self.ready is not None else None

    @property
    def whole(self) -> tuple[int, int] | None:
        """(ready, in scope) of all of them."""
        if self.ready is None:
            return None
        return sum(one for one, _ in self.ready.values()), sum(all_ for _, all_ in self.ready.values())


@dataclass(frozen=True)
class Person:
    """What is late with one person: how many of what."""

    name: str
    count: int
    kinds: str
    oldest: datetime.date


@dataclass(frozen=True)
class Line:
    """A row of the late or the coming, with by how many days it is late."""

    due: Due
    days: int


@dataclass(frozen=True)
class Heap:
    """What is due of the same record and kind, as one row: the first of it, how many more there are, and whose."""

    due: Due
    days: int
    more: int
    whose: str


@dataclass(frozen=True)
class Overview:
    """All that the page says, for one person at one moment."""

    readiness: Readiness
    trend: list[Month]
    late: list[Line]
    next: list[Line]
    day: datetime.date

    @property
    def people(self) -> list[Person]:
        """Whose what is late is, who has the most first."""
        return people_of(line.due for line in self.late)

    @property
    def series(self) -> list[tuple[Group, int, list[tuple[int, int] | None]]]:
        """Each series with how many criteria it has in scope, and its trend."""
        return [
            (group, len(group.criteria), [month.of(group.code) for month in self.trend])
            for group in self.readiness.groups
        ]

    @property
    def unchecked(self) -> int:
        """How many criteria nothing was checked of: no control, nothing expected, nothing over yet."""
        states = self.readiness.states
        return states["gap"] + states["unexpected"] + states["early"]

    @property
    def failing(self) -> int:
        """How many criteria lack evidence that should be there, or had it too late."""
        return self.readiness.states["lacking"] + self.readiness.states["late"]


def heaps(lines: Sequence[Line]) -> list[Heap]:
    """What is due, one row for each kind of date of a record, in the order of the first of them."""
    found: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        found[line.due.register, line.due.kind, line.due.ref].append(line)
    return [heap_of(some) for some in found.values()]


def heap_of(lines: Sequence[Line]) -> Heap:
    """These lines as one."""
    people = {who(line.due) for line in lines}
    whose = lines[0].due.whose if len(people) == 1 else f"{len(people)} people"
    return Heap(lines[0].due, lines[0].days, len(lines) - 1, whose)


def who(one: Due) -> int | str:
    """Whose it is: the account's number where there is one, since two people can be called alike; else the name."""
    return one.person or one.whose


def people_of(late: Iterable[Due]) -> list[Person]:
    """Whose what is late is, who has the most first."""
    found: dict[int | str, list[Due]] = defaultdict(list)
    for one in late:
        found[who(one)].append(one)
    people = [person_of(dues) for dues in found.values()]
    return sorted(people, key=lambda one: (-one.count, one.name))


def person_of(dues: Sequence[Due]) -> Person:
    """What is late with one person, in words."""
    kinds = Counter(one.kind for one in dues)
    words = ", ".join(f"{count} × {kind[:1].lower()}{kind[1:]}" for kind, count in kinds.most_common())
    return Person(dues[0].whose or NOBODY, len(dues), words, min(one.on for one in dues))


def overview_of(user: User, moment: datetime.datetime | None, due: Sequence[DueOf]) -> Overview:
    """The overview that one person sees. Raises Http404 for whoever sees no readiness.

    What is late and what comes next is said of now alone: a register says what was late in the past.
    """
    require(user, "view", Criterion)
    require(user, "view", Occurrence)
    day = day_of(moment)
    readiness = Readiness(user, programme_year(day), "", moment)
    late, coming = lists_of(user, day, due) if has_lists(user, moment) else ([], [])
    return Overview(readiness, trend_of(user, readiness, day), late, coming, day)


def has_lists(user: User, moment: datetime.datetime | None) -> bool:
    """Whether this person is told what is late and what comes: not auditors, and not of the past."""
    return moment is None and not user.is_auditor


def lists_of(user: User, day: datetime.date, due: Sequence[DueOf]) -> tuple[list[Line], list[Line]]:
    """What is late, and what falls due within thirty days."""
    found = [Line(one, (day - one.on).days) for one in all_due(due, user, EVER, day + AHEAD)]
    late = [line for line in found if line.days > 0 and not line.due.ends]
    return late, [line for line in found if line.days <= 0]


def trend_of(user: User, now: Readiness, day: datetime.date) -> list[Month]:
    """The last six month ends and the day itself, for who sees the whole programme: the tallies count all of it."""
    if user.is_auditor or not (sees_all(user, Control) and sees_all(user, Criterion)):
        return []
    ends = month_ends(day)
    stored = dict(ReadinessTally.objects.filter(day__in=ends).values_list("day", "series"))
    if not stored:
        return []  # a programme that began this month has no trend
    months = [Month(f"{end:%Y-%m}", shares(stored[end]) if end in stored else None) for end in ends]
    return [*months, Month("Now" if now.moment is None else f"{day}", shares(counts_of(now.groups)))]


def shares(counts: dict[str, dict[str, int]]) -> dict[str, tuple[int, int]]:
    """By series: how many of its criteria are ready, and how many there are."""
    return {code: (states.get(READY, 0), sum(states.values())) for code, states in counts.items()}


@require_safe
def overview(request: HttpRequest, due: Sequence[DueOf]) -> HttpResponse:
    """Where the programme stands, on one page."""
    user = user_of(request)
    moment = moment_of(request)
    found = overview_of(user, moment, due)
    return render(request, "home/overview.html", {
        "overview": found, "moment": moment, "period": found.readiness.period, "day": found.day,
        "late": heaps(found.late)[:SHOWN], "next": heaps(found.next)[:SHOWN],
        "lists": has_lists(user, moment),
    })  # fmt: skip


def overview_paper(
    user: User, params: QueryDict, moment: datetime.datetime | None, /, due: Sequence[DueOf] = ()
) -> Paper:
    """The page for the printer job, with all that is late and all that comes."""
    found = overview_of(user, moment, due)
    return Paper(
        title="Overview",
        template="pdf/overview.html",
        context={
            "overview": found, "late": heaps(found.late), "next": heaps(found.next),
            "lists": has_lists(user, moment),
        },
        scope=(SCOPE,),
        period=f"{found.readiness.period.first} to {found.readiness.period.last}",
        as_of=moment,
        landscape=True,
        rows=len(found.readiness.criteria) + len(found.late) + len(found.next),
    )  # fmt: skip


overview.paper = overview_paper  # type: ignore[attr-defined]


@require_safe
def due_export(request: HttpRequest, due: Sequence[DueOf], form: Form) -> HttpResponseBase:
    """What is late and what falls due within thirty days, one row each. Auditors have no such list."""
    user = user_of(request)
    if user.is_auditor:
        raise Http404("Auditors have no list of what is due.")
    require(user, "view", Criterion)
    require(user, "view", Occurrence)
    late, coming = lists_of(user, today(), due)
    exported(request, form, "due")
    last = f"until {today() + AHEAD}"
    table = Table("What is due", f"due-{today()}", HEADER, [cells(late + coming)], scope=(SCOPE,), period=last)
    return send(table, form, user)


def cells(lines: Sequence[Line]) -> Iterator[tuple[Any, ...]]:
    """The rows under HEADER."""
    for line in lines:
        one = line.due
        yield one.on, max(line.days, 0), one.register, one.kind, one.ref, one.title, one.whose, one.url
