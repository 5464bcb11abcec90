"""The control matrix: criteria down, their controls beside them, gaps in plain sight. Constant queries."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.urls import reverse

from controls.models import SCOPE, Applicability, Category, Control, Criterion, Frequency, Mapping, Status, Wording
from controls.models import TONES as STATUS_TONES
from foundation.accounts.access import allowed, visible
from foundation.accounts.models import User
from foundation.organisation.models import today, zone
from foundation.trail.asof import rows

COVERED, WEAK, GAP = "covered", "weak", "gap"
NOT_RELEVANT, OUT_OF_SCOPE = "not_relevant", "out_of_scope"
STATES = {
    GAP: "Gap",
    WEAK: "Weak",
    COVERED: "Covered",
    NOT_RELEVANT: "Not relevant",
    OUT_OF_SCOPE: "Out of scope",
}
MEANINGS = {
    GAP: "No control in scope is linked to the criterion.",
    WEAK: "Controls are in scope, but none of them is implemented yet.",
    COVERED: "At least one control in scope is implemented. Whether it operates is another question.",
    NOT_RELEVANT: "The company has given a reason why the criterion does not concern it.",
    OUT_OF_SCOPE: "The criterion's category is not part of the scope.",
}
LACK_MEANINGS = {
    "owner": "Nobody answers for the control.",
    "review": "The day of the control's next review has passed.",
    "wording": "Nothing says yet who does what, how often, on what.",
}
LACKS = {"owner": "No owner", "review": "Review overdue", "wording": "No wording in force"}
NOBODY = "nobody"  # as a filter: no owner
ATTENTION = "attention"  # as a filter: gaps, weak criteria, and controls that lack something
TONES = {GAP: "bad", WEAK: "warn", COVERED: "ok", NOT_RELEVANT: "mute", OUT_OF_SCOPE: "mute"}

# What a register above answers for its column ("risk" or "evidence"): given the person, control ids and the moment,
# words for each control id. A constant number of queries, through visible(). A control without an answer shows NONE.
Cells = Callable[[User, Sequence[int], datetime.datetime | None], ReadOnly[int, str]]
NONE = "None recorded"
NO_COLUMNS: ReadOnly[str, Cells] = MappingProxyType({})


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
    frequency: str
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


def build(
    user: User, asked: Asked, moment: datetime.datetime | None = None, columns: ReadOnly[str, Cells] = NO_COLUMNS
) -> Matrix:
    """The matrix for `user`, narrowed to what was `asked`, live or as the system knew it at `moment`.

    `columns`: who fills the columns risk and evidence; without the one no risk register is connected, without the other
    the expected evidence stands there. At most eight queries, whatever the number of controls, and those of `columns`.
    """
    day = day_of(moment)
    categories = _categories(user, moment)
    criteria = _criteria(user, moment)
    controls = _controls(user, moment, day)
    links = _links(moment, {c["id"] for c in criteria}, controls)
    lines = [_line(c, categories, [controls[key] for key in links[c["id"]]]) for c in criteria]
    counted = [line for line in lines if line.state not in (OUT_OF_SCOPE, NOT_RELEVANT)]
    linked = {control.id: control for line in counted for control in line.controls if control.in_scope}
    shown = [narrowed for line in lines if (narrowed := _narrow(line, asked))]
    matrix = Matrix(
        groups=_groups(criteria, shown, asked),
        risks_known="risk" in columns,
        categories=[(c["slug"], c["name"], c["in_scope"]) for c in categories.values()],
        series=list({c["series__code"]: c["series__title"] for c in criteria}.items()),
        owners=sorted({(str(c.owner_id), c.owner) for c in controls.values() if c.owner_id}, key=lambda o: o[1]),
        counts=dict(Counter(line.state for line in lines)),
        lacking={lack: sum(lack in control.lacks for control in linked.values()) for lack in LACKS},
        controls_counted=len(linked),
        day=day,
    )
    _fill(matrix, user, moment, columns)
    return matrix


def _categories(user: User, moment: datetime.datetime | None) -> dict[int, dict[str, Any]]:
    found = visible(user, rows(Category, moment), moment).order_by("framework_id", "position")
    return {category["id"]: category for category in found.values("id", "slug", "name", "in_scope")}


def _criteria(user: User, moment: datetime.datetime | None) -> list[dict[str, Any]]:
    found = visible(user, rows(Criterion, moment), moment).order_by("framework_id", "position")
    return list(
        found.values(
            "id", "code", "title", "category_id", "series_id", "series__code", "series__title",
            "applicability", "applicability_reason", "subservice_organisation",
        )
    )  # fmt: skip


def _controls(user: User, moment: datetime.datetime | None, day: datetime.date) -> dict[int, ControlLine]:
    """The controls that are linked to anything, by id. values_list: at 10,000 controls objects would cost a second."""
    links = rows(Mapping, moment).filter(archived_at=None)
    worded = rows(Wording, moment).filter(control_id=OuterRef("id"), effective_from__lte=day)
    found = (
        visible(user, rows(Control, moment), moment)
        .filter(archived_at=None, id__in=links.values("control_id"))
        .annotate(worded=Exists(worded), proposed=Q(proposed_by__isnull=False, approved_by=None))
        .order_by("ref", "id")
        .values_list(
            "id", "ref", "name", "objective", "frequency", "status", "owner_id", "owner__name", "owner__email",
            "owner_role", "expected_evidence", "review_date", "proposed", "worded",
        )
    )  # fmt: skip
    lines = {}
    for pk, ref, name, aim, often, status, owner_id, owner, email, role, evidence, due, proposed, has_words in found:
        line = ControlLine(
            pk, ref, name, aim, str(Frequency(often).label) if often else "", status, owner_id,
            owner or email or "", role, evidence, due, proposed,
        )  # fmt: skip
        if line.in_scope:
            gaps = {"owner": owner_id is None, "review": bool(due and due < day), "wording": not has_words}
            line.lacks = [lack for lack, is_so in gaps.items() if is_so]
        lines[pk] = line
    return lines


def _links(
    moment: datetime.datetime | None, criteria: set[int], controls: ReadOnly[int, ControlLine]
) -> dict[int, list[int]]:
    """Criterion id → ids of its visible controls, in the order of their references."""
    linked: dict[int, set[int]] = defaultdict(set)
    for control, criterion in rows(Mapping, moment).filter(archived_at=None).values_list("control_id", "criterion_id"):
        if criterion in criteria and control in controls:
            linked[criterion].add(control)
    place = {key: index for index, key in enumerate(controls)}
    found = {criterion: sorted(keys, key=place.__getitem__) for criterion, keys in linked.items()}
    return defaultdict(list, found)


def _line(
    criterion: dict[str, Any], categories: ReadOnly[int, dict[str, Any]], controls: list[ControlLine]
) -> CriterionLine:
    category = categories[criterion["category_id"]]
    counting = [control for control in controls if control.in_scope]
    return CriterionLine(
        id=criterion["id"],
        code=criterion["code"],
        title=criterion["title"],
        category=category["slug"],
        state=state_of(category["in_scope"], criterion["applicability"], [control.status for control in counting]),
        applicability=criterion["applicability"],
        reason=criterion["applicability_reason"],
        subservice=criterion["subservice_organisation"],
        total=len(counting),
        left_out=len(controls) - len(counting),
        controls=controls,
    )


def state_of(category_in_scope: bool, applicability: str, statuses: Sequence[str]) -> str:
    """A criterion's state, from the statuses of its controls in scope (decision 5, R1.2, R1.3).

    A criterion that is partly carved out needs controls of ours all the same: it is judged like an applicable one.
    """
    if not category_in_scope:
        return OUT_OF_SCOPE
    if applicability == Applicability.NOT_RELEVANT:
        return NOT_RELEVANT
    if not statuses:
        return GAP
    return COVERED if Status.IMPLEMENTED in statuses else WEAK


def _narrow(line: CriterionLine, asked: Asked) -> CriterionLine | None:
    """The criterion with the controls that were asked for, or None if it was not asked for."""
    if line.category != asked.category and (asked.category or line.state == OUT_OF_SCOPE):
        return None
    if asked.state in STATES and line.state != asked.state:
        return None
    line.controls = [control for control in line.controls if _wanted(control, line, asked)]
    about_controls = asked.owner or asked.state in LACKS or (asked.state == ATTENTION and line.state != GAP)
    return None if about_controls and not line.controls else line


def _wanted(control: ControlLine, line: CriterionLine, asked: Asked) -> bool:
    if not (control.in_scope or asked.every_status):
        return False
    if asked.owner and not _belongs(control, asked.owner):
        return False
    if asked.state in LACKS:
        return asked.state in control.lacks
    return asked.state != ATTENTION or line.state == WEAK or bool(control.lacks)


def _belongs(control: ControlLine, owner: str) -> bool:
    return control.owner_id is None if owner == NOBODY else str(control.owner_id) == owner


def _groups(criteria: list[dict[str, Any]], shown: list[CriterionLine], asked: Asked) -> list[Group]:
    by_id = {line.id: line for line in shown}
    groups: dict[int, Group] = {}
    for criterion in criteria:
        line = by_id.get(criterion["id"])
        if line is None or (asked.series and criterion["series__code"] != asked.series):
            continue
        key = criterion["series_id"]
        if key not in groups:
            groups[key] = Group(key, criterion["series__code"], criterion["series__title"], line.category, [])
        groups[key].criteria.append(line)
    return list(groups.values())


def _fill(matrix: Matrix, user: User, moment: datetime.datetime | None, columns: ReadOnly[str, Cells]) -> None:
    """Ask the registers above for their columns, and whose status this person may update, for the shown controls."""
    shown = matrix.shown
    for name, cells in columns.items():
        words = cells(user, list(shown), moment)
        for key, control in shown.items():
            setattr(control, name, words.get(key, NONE))
    if moment is None and shown:
        for key in allowed(user, "update_status", Control).values_list("pk", flat=True):
            if key in shown:
                shown[key].may_update = True


def day_of(moment: datetime.datetime | None) -> datetime.date:
    """The day, in the organisation's zone, on which dates are judged: the moment's, or today."""
    return today() if moment is None else moment.astimezone(zone()).date()
