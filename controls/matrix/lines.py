"""What a matrix is made of: groups of criteria, each with lines of controls; and its rows as CSV."""

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from controls.models import SCOPE, Applicability, Status
from controls.models import TONES as STATUS_TONES
from controls.states import (
    COVERED,
    GAP,
    LACK_MEANINGS,
    LACKS,
    MEANINGS,
    STATES,
    TONES,
    WEAK,
)

NONE = "None recorded"


@dataclass(frozen=True)
class Asked:
    """What the matrix is narrowed to. Empty words narrow nothing; `owner` is an account's id or "nobody"."""

    category: str = ""
    series: str = ""
    owner: str = ""
    state: str = ""
    every_status: bool = False  # controls that are retired or not applicable too


@dataclass(slots=True)
class ControlLine:
    """One control as the matrix shows it, under each of its criteria."""

    id: int
    ref: str
    name: str
    objective: str
    status: str
    owner_id: int | None
    owner: str
    owner_role: str
    evidence: str
    review_date: datetime.date | None
    proposed: bool
    risk: str = NONE
    lacks: list[str] = field(default_factory=list)
    may_update: bool = False

    @property
    def url(self) -> str:
        """The control's page."""
        return reverse("controls:control-detail", args=[self.id])

    @property
    def in_scope(self) -> bool:
        """Whether it counts for its criteria."""
        return self.status in SCOPE

    @property
    def lacks_words(self) -> list[str]:
        """What it lacks, as people say it."""
        return [LACKS[lack] for lack in self.lacks]

    @property
    def status_words(self) -> str:
        """The status as people say it."""
        return str(Status(self.status).label)

    @property
    def status_tone(self) -> str:
        """The badge's tone."""
        return STATUS_TONES[self.status]


@dataclass(slots=True)
class CriterionLine:
    """One criterion with the controls shown beside it. `total` counts those in scope, filters or not."""

    id: int
    code: str
    title: str
    category: str
    state: str
    applicability: str
    reason: str
    subservice: str
    total: int
    left_out: int
    controls: list[ControlLine]

    @property
    def state_words(self) -> str:
        """The state as people say it."""
        return STATES[self.state]

    @property
    def tone(self) -> str:
        """The badge's tone."""
        return TONES[self.state]

    @property
    def carved_out(self) -> bool:
        """Whether a subservice organisation meets a part of it."""
        return self.applicability == Applicability.CARVED_OUT

    @property
    def height(self) -> int:
        """How many table rows it takes: one for each control, or one that says why there is none."""
        return max(1, len(self.controls))


@dataclass(slots=True)
class Group:
    """One series with its criteria, and how many of them are in which state."""

    id: int
    code: str
    title: str
    category: str
    criteria: list[CriterionLine]

    @property
    def counts(self) -> Counter[str]:
        """How many of the shown criteria are in which state."""
        return Counter(line.state for line in self.criteria)

    @property
    def tally(self) -> list[tuple[str, str, int]]:
        """(words, tone, count) of each state that occurs, the worst first."""
        counts = self.counts
        return [(STATES[state], TONES[state], counts[state]) for state in STATES if counts[state]]

    @property
    def rows(self) -> int:
        """How many table rows it takes."""
        return sum(line.height for line in self.criteria)


@dataclass
class Matrix:
    """The matrix as one person may see it. `counts` are of everything in scope, whatever the filters."""

    groups: list[Group]
    risks_known: bool  # whether a risk register is connected
    categories: list[tuple[str, str, bool]]  # slug, name, in scope
    series: list[tuple[str, str]]
    owners: list[tuple[str, str]]
    counts: dict[str, int]
    lacking: dict[str, int]
    controls_counted: int  # in scope and linked to a criterion that is
    day: datetime.date

    @cached_property
    def shown(self) -> dict[int, ControlLine]:
        """The different controls that passed the filters, by id."""
        return {control.id: control for group in self.groups for line in group.criteria for control in line.controls}

    @property
    def rows(self) -> int:
        """How many table rows all groups take."""
        return sum(group.rows for group in self.groups)

    @property
    def criteria_shown(self) -> int:
        """How many criteria passed the filters."""
        return sum(len(group.criteria) for group in self.groups)

    @property
    def shown_counts(self) -> Counter[str]:
        """How many of the criteria that passed the filters are in which state."""
        return Counter(line.state for group in self.groups for line in group.criteria)

    @property
    def controls_shown(self) -> int:
        """How many different controls passed the filters."""
        return len(self.shown)

    @property
    def judged(self) -> int:
        """How many criteria are in scope and relevant: what the counts of gap, weak and covered add up to."""
        return sum(self.counts.get(state, 0) for state in (GAP, WEAK, COVERED))

    @property
    def open_criteria(self) -> list[CriterionLine]:
        """The shown criteria that are a gap or weak."""
        return [line for group in self.groups for line in group.criteria if line.state in (GAP, WEAK)]

    @property
    def lacking_controls(self) -> list[ControlLine]:
        """The shown controls that lack something."""
        return sorted((c for c in self.shown.values() if c.lacks), key=lambda c: c.ref)

    @property
    def meanings(self) -> list[tuple[str, str]]:
        """Each state, and what a control can lack, with what the word means."""
        states = [(STATES[state], words) for state, words in MEANINGS.items()]
        return [*states, *[(LACKS[lack], words) for lack, words in LACK_MEANINGS.items()]]

    @property
    def in_scope(self) -> list[str]:
        """The names of the categories in scope."""
        return [name for _, name, chosen in self.categories if chosen]

    @property
    def out_of_scope(self) -> list[str]:
        """The names of the categories that are not."""
        return [name for _, name, chosen in self.categories if not chosen]

    def screens(self, size: int) -> list[list[Group]]:
        """The groups in heaps of about `size` table rows; a series is never torn apart."""
        heaps: list[list[Group]] = [[]]
        filled = 0
        for group in self.groups:
            if filled and filled + group.rows > size:
                heaps.append([])
                filled = 0
            heaps[-1].append(group)
            filled += group.rows
        return heaps

    def chunks(self, size: int = 1000) -> Iterator[list[list[Any]]]:
        """The rows of the CSV under HEADER, `size` at a time."""
        chunk: list[list[Any]] = []
        for group, criterion, control in self.lines():
            chunk.append(record_of(group, criterion, control))
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def lines(self) -> Iterator[tuple[Group, CriterionLine, ControlLine | None]]:
        """Every row: a criterion with one of its controls, or with None where it has none to show."""
        for group in self.groups:
            for criterion in group.criteria:
                for control in criterion.controls:
                    yield group, criterion, control
                if not criterion.controls:
                    yield group, criterion, None


HEADER = (
    "Series", "Criterion", "Criterion title", "State", "Control", "Name", "Risk", "Objective", "Evidence",
    "Owner", "Owner role", "Status", "Next review", "Gaps",
)  # fmt: skip


def record_of(group: Group, criterion: CriterionLine, control: ControlLine | None) -> list[Any]:
    """One row of the CSV, under HEADER."""
    start = [group.code, criterion.code, criterion.title, criterion.state_words]
    if control is None:
        return [*start, *[""] * 9, "No control in scope" if criterion.state == GAP else ""]
    return [
        *start, control.ref, control.name, control.risk, control.objective, control.evidence, control.owner,
        control.owner_role, control.status_words, control.review_date, ", ".join(control.lacks_words),
    ]  # fmt: skip


def asked_of(params: QueryDict) -> Asked:
    """What a query string narrows the matrix to. A value that nothing has narrows it to nothing."""
    names = ("category", "series", "owner", "state")
    return Asked(**{name: params.get(name, "") for name in names}, every_status=params.get("show") == "all")
