"""Readiness: how far the evidence of a period goes, criterion by criterion, and what to do next.

The rule: a criterion is ready when every control in scope that is linked to it has each occurrence of the period that
is over done, or shown to have had nothing to do; and at least one of them has one. Late and excepted never count
towards it. It is a count of evidence and no opinion: whether a control is effective is for tests and auditors.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from django.db.models import Model, QuerySet
from django.urls import reverse

from controls.models import SCOPE, Applicability, Category, Control, Criterion, Mapping, Status
from evidence.coverage.book import Book, Tally, controls_of
from evidence.coverage.judge import POPULATION, UNWRITTEN, WAITING, WHY
from evidence.coverage.tiles import Days
from evidence.coverage.words import STANDINGS, WELL, in_words
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.trail.asof import rows

GAP, LACKING, UNEXPECTED, LATE, EARLY, READY = "gap", "lacking", "unexpected", "late", "early", "ready"
# The worst first.
STATES: Final[dict[str, str]] = {
    GAP: "No control",
    LACKING: "Evidence missing",
    UNEXPECTED: "Nothing expected",
    LATE: "Late or excepted",
    EARLY: "Nothing over yet",
    READY: "Ready",
}
TONES: Final[dict[str, str]] = {
    GAP: "bad", LACKING: "bad", UNEXPECTED: "warn", LATE: "warn", EARLY: "info", READY: "ok",
}  # fmt: skip
MEANINGS: Final[dict[str, str]] = {
    GAP: "No control in scope is linked to it.",
    LACKING: "At least one occurrence is missing: its last day of grace has passed without accepted evidence.",
    UNEXPECTED: "At least one control has no occurrence in the period: it does not operate, or says no frequency.",
    LATE: "Nothing is missing, but at least one occurrence was proved late or excepted. That cannot be made undone.",
    EARLY: "Every control is expected to operate in the period, and no occurrence of any is over.",
    READY: "Every occurrence that is over is done, or had nothing to do.",
}
# What turns a missing or due occurrence, by what it lacks: the verb, and who can do it.
STEPS: Final[dict[str, str]] = {
    "nothing": "Attach evidence",
    WAITING: "Judge the evidence that waits",
    "returned": "Send a new version of what was returned",
    "unmet": "Attach what the remaining requirements ask for",
    UNWRITTEN: "Write what evidence it needs",
    POPULATION: "Freeze the population of its events",
}
LINK: Final = "Link a control in scope"
IMPLEMENT: Final = "Implement it, and say since when it operates"
SAY_FREQUENCY: Final = "Say how often it operates"


@dataclass
class ControlLine:
    """One control in scope, with what is counted of it."""

    id: int
    ref: str
    name: str
    status: str
    frequency: str
    owner: str
    tally: Tally

    @property
    def url(self) -> str:
        """The control's page."""
        return reverse("controls:control-detail", args=[self.id])

    @property
    def state(self) -> str:
        """How it stands for its criteria."""
        counts = self.tally.counts
        if not counts:
            return UNEXPECTED
        if counts["missing"]:
            return LACKING
        if counts["late"] or counts["excepted"]:
            return LATE
        return READY if any(counts[name] for name in WELL) else EARLY

    @property
    def state_words(self) -> str:
        """The state as people say it."""
        return STATES[self.state]

    @property
    def tone(self) -> str:
        """The badge's tone."""
        return TONES[self.state]

    @property
    def lacks(self) -> list[tuple[str, int, str]]:
        """(standing, how many, what is lacking in words) of what is open, the worst first."""
        if not self.tally.counts:
            return [("", 0, self.why_unexpected)]
        found = sorted(self.tally.lacks.items(), key=lambda one: (one[0][0] != "missing", -one[1]))
        return [(standing, count, WHY.get(why, "")) for (standing, why), count in found]

    @property
    def why_unexpected(self) -> str:
        """Why no occurrence of it lies in the period."""
        if self.status != Status.IMPLEMENTED:
            return f"{Status(self.status).label}: it does not operate yet."
        if not self.frequency:
            return "Nothing says how often it operates."
        return "It does not operate in this period, or nothing says since when it does."


@dataclass
class CriterionLine:
    """One criterion in scope with its controls."""

    id: int
    code: str
    title: str
    series: str
    category: str
    controls: list[ControlLine]

    @cached_property
    def state(self) -> str:
        """The worst of its controls' states; an early one beside a ready one takes nothing away."""
        found = {control.state for control in self.controls}
        if not found:
            return GAP
        if found == {EARLY, READY}:
            return READY
        return next(state for state in STATES if state in found)

    @property
    def state_words(self) -> str:
        """The state as people say it."""
        return STATES[self.state]

    @property
    def cover(self) -> str:
        """Whether controls are there at all, before any evidence: gap, weak (none is implemented yet) or covered."""
        if not self.controls:
            return "Gap"
        return "Covered" if any(one.status == Status.IMPLEMENTED for one in self.controls) else "Weak"

    @property
    def tone(self) -> str:
        """The badge's tone."""
        return TONES[self.state]

    @cached_property
    def counts(self) -> Counter[str]:
        """How many occurrences of its controls stand how."""
        return sum((control.tally.counts for control in self.controls), Counter())

    @property
    def words(self) -> str:
        """The counts as a sentence."""
        return in_words(self.counts) if self.counts else "Nothing expected"

    @property
    def told(self) -> list[tuple[str, int, str]]:
        """(word, count, look) of each standing: a missing one strikes the eye, a zero does not."""
        look = {"missing": "late"}
        return [
            (words, self.counts[name], look.get(name, "") if self.counts[name] else "nil")
            for name, words in STANDINGS.items()
        ]

    @property
    def url(self) -> str:
        """The page that says why."""
        return reverse("readiness-criterion", args=[self.id])

    @property
    def size(self) -> int:
        """How many controls in scope are linked to it."""
        return len(self.controls)

    @cached_property
    def holding_back(self) -> list[ControlLine]:
        """The controls that keep it from being ready, the worst first."""
        order = list(STATES)
        found = [control for control in self.controls if control.state not in (READY, EARLY)]
        return sorted(found, key=lambda control: (order.index(control.state), control.ref))


@dataclass(frozen=True)
class Step:
    """One thing to do: `turns` criteria would be ready by it alone; it helps `criteria` and settles `occurrences`."""

    what: str
    about: str
    name: str
    url: str
    occurrences: int
    missing: int
    criteria: int
    turns: int

    @property
    def effect(self) -> str:
        """What it would bring, in words."""
        parts = []
        if self.occurrences:
            late = f", {self.missing} of them missing" if self.missing else ""
            parts.append(f"{self.occurrences} occurrence{'s' * (self.occurrences > 1)}{late}")
        parts.append(f"{self.criteria} {'criteria' if self.criteria != 1 else 'criterion'} concerned")
        if self.turns:
            parts.append(f"{self.turns} held back by nothing else")
        return "; ".join(parts)


@dataclass
class Group:
    """One series with its criteria."""

    code: str
    title: str
    criteria: list[CriterionLine] = field(default_factory=list)

    @property
    def tally(self) -> list[tuple[str, str, int]]:
        """(words, tone, count) of each state that occurs, the worst first."""
        found = Counter(line.state for line in self.criteria)
        return [(STATES[state], TONES[state], found[state]) for state in STATES if found[state]]

    @property
    def ready(self) -> int:
        """How many of its criteria are ready."""
        return sum(line.state == READY for line in self.criteria)


class Readiness:
    """The whole programme, or one category of it, for one person. Six queries, unless of the past.

    user: whose sight it is; None for the whole programme, as the tallies count it.
    """

    def __init__(
        self, user: User | None, period: Days, category: str = "", moment: datetime.datetime | None = None
    ) -> None:
        self.user, self.period, self.category, self.moment = user, period, category, moment

    @cached_property
    def controls(self) -> dict[int, ControlLine]:
        """The controls in scope, by id, in the order of their references."""
        stored = rows(Control, self.moment).filter(archived_at=None)
        seen = (stored if self.user is None else controls_of(self.user, self.moment)).filter(status__in=SCOPE)
        tallies = Book(seen, self.period, self.moment).tallies()
        names = ("id", "ref", "name", "status", "frequency", "owner__name", "owner__email")
        return {
            pk: ControlLine(pk, ref, name, status, frequency, owner or email or "", tallies.get(pk) or Tally())
            for pk, ref, name, status, frequency, owner, email in seen.order_by("ref", "id").values_list(*names)
        }

    @cached_property
    def groups(self) -> list[Group]:
        """The criteria in scope, by series, in the framework's order."""
        linked = self._linked()
        found: dict[int, Group] = {}
        for one in self._criteria():
            group = found.setdefault(one["series_id"], Group(one["series__code"], one["series__title"]))
            controls = [self.controls[pk] for pk in linked[one["id"]]]
            slug = one["category__slug"]
            group.criteria.append(
                CriterionLine(one["id"], one["code"], one["title"], one["series__code"], slug, controls)
            )
        return list(found.values())

    @cached_property
    def criteria(self) -> list[CriterionLine]:
        """All of them in their order."""
        return [line for group in self.groups for line in group.criteria]

    @cached_property
    def linked(self) -> dict[int, ControlLine]:
        """The different controls that are linked to them."""
        return {control.id: control for line in self.criteria for control in line.controls}

    @cached_property
    def states(self) -> Counter[str]:
        """How many criteria are in which state."""
        return Counter(line.state for line in self.criteria)

    @cached_property
    def counts(self) -> Counter[str]:
        """How many occurrences of the linked controls stand how, each counted once."""
        total: Counter[str] = Counter()
        for control in self.linked.values():
            total += control.tally.counts
        return total

    @property
    def words(self) -> str:
        """Those counts as a sentence."""
        return in_words(self.counts)

    @property
    def meanings(self) -> list[tuple[str, str]]:
        """Each state with what it means."""
        return [(STATES[state], words) for state, words in MEANINGS.items()]

    @cached_property
    def steps(self) -> list[Step]:
        """What to do next: first what alone holds criteria back, then by how many occurrences and criteria it helps."""
        found = [*self._gaps()]
        about: dict[int, list[CriterionLine]] = defaultdict(list)
        for line in self.criteria:
            for control in line.controls:
                about[control.id].append(line)
        for pk, lines in about.items():
            found += steps_for(self.controls[pk], lines)
        return sorted(found, key=lambda s: (-s.turns, -s.missing, -s.criteria, -s.occurrences, s.about))

    def _gaps(self) -> list[Step]:
        return [Step(LINK, line.code, line.title, line.url, 0, 0, 1, 0) for line in self.criteria if line.state == GAP]

    def _criteria(self) -> Sequence[dict[str, Any]]:
        categories = self._seen(Category).filter(in_scope=True)
        wanted = categories.filter(slug=self.category) if self.category else categories
        seen = self._seen(Criterion).filter(category_id__in=wanted.values("id"))
        found = seen.exclude(applicability=Applicability.NOT_RELEVANT)
        names = ("id", "code", "title", "series_id", "series__code", "series__title", "category__slug")
        return list(found.order_by("framework_id", "position").values(*names))

    def _seen(self, model: type[Model]) -> QuerySet[Any]:
        stored = rows(model, self.moment)
        return stored if self.user is None else visible(self.user, stored, self.moment)

    def _linked(self) -> ReadOnly[int, list[int]]:
        """Criterion id → ids of its controls in scope, in the order of their references."""
        linked: dict[int, set[int]] = defaultdict(set)
        for control, criterion in (
            rows(Mapping, self.moment).filter(archived_at=None).values_list("control_id", "criterion_id")
        ):
            if control in self.controls:
                linked[criterion].add(control)
        place = {pk: number for number, pk in enumerate(self.controls)}
        return defaultdict(list, {key: sorted(pks, key=place.__getitem__) for key, pks in linked.items()})


def steps_for(control: ControlLine, lines: Sequence[CriterionLine]) -> list[Step]:
    """What can be done about one control, and what each step brings to the criteria that it is linked to."""
    alone = [line for line in lines if line.holding_back == [control]]
    if control.state == UNEXPECTED:
        what = IMPLEMENT if control.status != Status.IMPLEMENTED or control.frequency else SAY_FREQUENCY
        return [Step(what, control.ref, control.name, control.url, 0, 0, len(lines), 0)]
    by_why: dict[str, Counter[str]] = defaultdict(Counter)
    for (standing, why), count in control.tally.lacks.items():
        by_why[why][standing] += count
    lacking = [why for why, counts in by_why.items() if counts["missing"]]
    spoilt = control.tally.counts["late"] or control.tally.counts["excepted"]
    return [
        Step(
            STEPS.get(why, STEPS["nothing"]), control.ref, control.name, control.url, sum(counts.values()),
            counts["missing"], len(lines), len(alone) if lacking == [why] and not spoilt else 0,
        )
        for why, counts in by_why.items()
    ]  # fmt: skip
