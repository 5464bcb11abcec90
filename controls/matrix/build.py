"""Reading the matrix in a constant number of queries, for one person, narrowed, live or as it stood."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from collections.abc import Mapping as ReadOnly
from types import MappingProxyType
from typing import Any

from django.db.models import Exists, OuterRef, Q

from controls.matrix.lines import NONE, Asked, ControlLine, CriterionLine, Group, Matrix
from controls.models import Category, Control, Criterion, Mapping, Wording
from controls.states import ATTENTION, GAP, LACKS, NOT_RELEVANT, OUT_OF_SCOPE, STATES, WEAK, state_of
from foundation.accounts.access import allowed, visible
from foundation.accounts.models import User
from foundation.pages.moment import day_of
from foundation.pages.people import NOBODY, called
from foundation.trail.asof import rows

# What a register above answers for its column ("risk" or "evidence"): given the person, control ids and the moment,
# words for each control id. A constant number of queries, through visible(). A control without an answer shows NONE.
Cells = Callable[[User, Sequence[int], datetime.datetime | None], ReadOnly[int, str]]
NO_COLUMNS: ReadOnly[str, Cells] = MappingProxyType({})

CHUNK = 2000  # rows in memory at once while they are read
KNOWN = {ATTENTION, *STATES, *LACKS}  # what a filter by state may ask for


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
            "id", "ref", "name", "objective", "status", "owner_id", "owner__name", "owner__email", "owner__is_active",
            "owner_role", "expected_evidence", "review_date", "proposed", "worded",
        )
    )  # fmt: skip
    lines, each = {}, found.iterator(CHUNK)
    for pk, ref, name, aim, status, owner_id, owner, email, active, role, evidence, due, proposed, has_words in each:
        who = called(owner or email or "", active)
        line = ControlLine(pk, ref, name, aim, status, owner_id, who, role, evidence, due, proposed)
        if line.in_scope:
            gaps = {"owner": not active, "review": bool(due and due < day), "wording": not has_words}
            line.lacks = [lack for lack, is_so in gaps.items() if is_so]
        lines[pk] = line
    return lines


def _links(
    moment: datetime.datetime | None, criteria: set[int], controls: ReadOnly[int, ControlLine]
) -> dict[int, list[int]]:
    """Criterion id → ids of its visible controls, in the order of their references."""
    linked: dict[int, set[int]] = defaultdict(set)
    pairs = rows(Mapping, moment).filter(archived_at=None).values_list("control_id", "criterion_id")
    for control, criterion in pairs.iterator(CHUNK):
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


def _narrow(line: CriterionLine, asked: Asked) -> CriterionLine | None:
    """The criterion with the controls that were asked for, or None if it was not asked for."""
    if line.category != asked.category and (asked.category or line.state == OUT_OF_SCOPE):
        return None
    if asked.state in STATES and line.state != asked.state:
        return None
    if asked.state and asked.state not in KNOWN:
        return None  # a state that nothing has: nothing is shown, rather than everything
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
