"""Reading occurrences for pages: of many controls, in a period, live from the table or computed as of a moment."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Case, CharField, Count, F, Min, Q, QuerySet, Value, When

from controls.models import Control
from evidence.coverage.facts import Judged, occurrences, read, terms
from evidence.coverage.tiles import Days
from evidence.coverage.words import in_words, over
from evidence.models import Occurrence, Outcome
from foundation.accounts.access import allowed, can, visible
from foundation.accounts.models import User
from foundation.pages.moment import day_of
from foundation.trail.asof import rows

CHUNK = 200  # controls whose past is computed at once


class Square(NamedTuple):
    """One occurrence as pages show it."""

    control: int
    starts_on: datetime.date
    ends_on: datetime.date
    due_on: datetime.date
    event: str
    standing: str
    why: str
    waiting: bool
    evidence: int | None


@dataclass
class Tally:
    """How many occurrences of one control stand how. `lacks`: (standing, why) of those that are still open."""

    counts: Counter[str] = field(default_factory=Counter)
    lacks: Counter[tuple[str, str]] = field(default_factory=Counter)
    unattached: Counter[str] = field(default_factory=Counter)  # those of `lacks` for which nothing waits to be judged
    first_open: datetime.date | None = None  # begins the first that is missing or due and has nothing waiting
    next_due: datetime.date | None = None  # its last day of grace

    def add(
        self, standing: str, why: str, waiting: bool, count: int, starts: datetime.date, due: datetime.date
    ) -> None:
        """Count so many of one kind, the first of which begins on `starts` and is due on `due`."""
        self.counts[standing] += count
        if standing not in ("missing", "due"):
            return
        self.lacks[standing, why] += count
        if waiting:
            return
        self.unattached[standing] += count
        if self.first_open is None or starts < self.first_open:
            self.first_open, self.next_due = starts, due

    @property
    def over(self) -> int:
        """How many are over."""
        return over(self.counts)

    @property
    def words(self) -> str:
        """The counts as a sentence."""
        return in_words(self.counts)


def controls_of(user: User, moment: datetime.datetime | None) -> QuerySet[Any]:
    """The controls whose occurrences this person may see: those he sees, or those he may hand evidence in for."""
    stored = rows(Control, moment)
    seen = visible(user, stored, moment) if can(user, "view", Control) else None
    return (allowed(user, "submit_evidence", stored, moment) if seen is None else seen).filter(archived_at=None)


class Book:
    """The occurrences of some controls in a period. `controls`: live or history rows, by the same moment."""

    def __init__(self, controls: QuerySet[Any], period: Days, moment: datetime.datetime | None = None) -> None:
        self.controls, self.period, self.moment = controls, period, moment
        self.day = day_of(moment)

    def tallies(self) -> dict[int, Tally]:
        """A tally for each control of which anything is expected. One query, unless of the past."""
        found: dict[int, Tally] = defaultdict(Tally)
        for control, standing, why, waiting, count, starts, due in self._counted():
            found[control].add(standing, why, waiting, count, starts, due)
        return dict(found)

    def of(self, controls: Collection[int]) -> dict[int, list[Square]]:
        """The occurrences of these controls, in order. One query, unless of the past."""
        found: dict[int, list[Square]] = defaultdict(list)
        for square in self._past if self.moment else self._stored(controls):
            if square.control in controls:
                found[square.control].append(square)
        return found

    def _counted(self) -> Iterable[tuple[Any, ...]]:
        if self.moment:
            return ((s.control, s.standing, s.why, s.waiting, 1, s.starts_on, s.due_on) for s in self._past)
        stored = self._in_period().filter(control__in=self.controls.values("id")).order_by()
        grouped = stored.values("control_id", "stands", "why", "waiting")
        return grouped.annotate(count=Count("pk"), first=Min("starts_on"), due=Min("due_on")).values_list(
            "control_id", "stands", "why", "waiting", "count", "first", "due"
        )

    def _in_period(self) -> QuerySet[Any]:
        """The stored occurrences that have a day of the period, each with how it stands today."""
        meeting = Q(starts_on__lte=self.period.last, ends_on__gte=self.period.first)
        standing = Case(
            When(~Q(outcome=Outcome.OPEN), then=F("outcome")),
            When(starts_on__gt=self.day, then=Value("not_yet_due")),
            When(due_on__gte=self.day, then=Value("due")),
            default=Value("missing"),
            output_field=CharField(),
        )
        return Occurrence.objects.filter(meeting).annotate(stands=standing)

    def _stored(self, controls: Collection[int]) -> Iterator[Square]:
        found = self._in_period().filter(control__in=controls).order_by("control_id", "starts_on", "event")
        names = ("control_id", "starts_on", "ends_on", "due_on", "event", "stands", "why", "waiting", "evidence_id")
        return (Square(*values) for values in found.values_list(*names))

    @cached_property
    def _past(self) -> list[Square]:
        when = terms(self.moment)
        found, ids = [], list(self.controls.order_by("id").values_list("id", flat=True))
        for start in range(0, len(ids), CHUNK):
            for control, facts in read(ids[start : start + CHUNK], when, self.moment).items():
                found += [square(control, one, self.day) for one in occurrences(facts, when) if self._meets(one)]
        return found

    def _meets(self, one: Judged) -> bool:
        return one.stretch.days.meets(self.period)


def square(control: int, one: Judged, day: datetime.date) -> Square:
    """A judged occurrence as pages show it on a day."""
    days, answer = one.stretch.days, one.answer
    open_ = Occurrence(starts_on=days.first, ends_on=days.last, due_on=one.due, outcome=answer.outcome)
    return Square(
        control, days.first, days.last, one.due, one.event, open_.standing(day), answer.why, answer.waiting,
        answer.evidence,
    )  # fmt: skip
