"""The coverage grid, one occurrence, and the readiness; each on screen, as CSV and on paper."""

import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from controls.models import Control, Criterion
from evidence.coverage.book import controls_of
from evidence.coverage.forms import CoverageFilter, PeriodFilter
from evidence.coverage.grid import ATTACH, ATTENTION, HEADER, UNEXPECTED, Address, Grid
from evidence.coverage.jobs import rebuild_coverage
from evidence.coverage.proof import Occasion
from evidence.coverage.readiness import CriterionLine, Readiness
from evidence.coverage.words import MEANINGS, SIGNS, STANDINGS, TONES, in_words, over
from evidence.models import Exemption, Occurrence
from foundation.accounts.access import can, moment_for, require
from foundation.accounts.models import User
from foundation.pages.exports import Form, Table, send
from foundation.pages.forms import user_of
from foundation.pages.moment import asked_moment, correction
from foundation.pages.paper import Paper, PaperRefused
from foundation.trail.asof import thaw
from foundation.trail.record import record

PER_PAGE = 100
ON_PAPER = 100  # controls of one call of the template's
LEGEND = [(SIGNS[name], TONES[name], words, MEANINGS[name]) for name, words in STANDINGS.items()]
READINESS_HEADER = (
    "Series", "Criterion", "Title", "Cover", "State", "Controls", "Over", *STANDINGS.values(), "Held back by",
)  # fmt: skip


def moment_of(request: HttpRequest) -> datetime.datetime | None:
    """The moment asked for, within what this person may see; None is now. What is moved or ignored is said."""
    text, asked = request.GET.get("as_of", ""), None
    try:
        asked = asked_moment(text)
    except ValueError as error:
        messages.error(request, str(error))
        text = ""
    shown = moment_for(user_of(request), asked, Control)
    if words := correction(text, asked, shown):
        messages.warning(request, words)
    return shown


# ---- the grid ------------------------------------------------------------------------------------------------------


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Controls down, months across, a square for each occurrence, the worst first."""
    user = user_of(request)
    require(user, "view", Occurrence)
    moment = moment_of(request)
    filter_ = CoverageFilter(request.GET, user, moment)
    grid = Grid(user, filter_.period, filter_.narrowed, moment)
    page = Paginator(grid.ids if filter_.is_valid() else [], PER_PAGE).get_page(request.GET.get("page"))
    counts, address, opens = grid.counts, Address(moment), can(user, "view", Control)
    lines, months = grid.drawn(list(page.object_list)), len(grid.months)
    context = {
        "grid": grid,
        "table": [line.shown(address.page(line.id) if opens else "", months) for line in lines],
        "page": page,
        "filter": filter_,
        "period": filter_.period,
        "counts": counts,
        "words": in_words(counts),
        "over": over(counts),
        "legend": LEGEND,
        "moment": moment,
        "may_rebuild": moment is None and can(user, "rebuild", Occurrence),
        "attention": ATTENTION,
        "unexpected": UNEXPECTED,
    }
    return render(request, "evidence/coverage.html", context, status=200 if filter_.is_valid() else 422)


def coverage_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /) -> Paper:
    """The grid as narrowed, for the printer job."""
    require(user, "view", Occurrence)
    filter_ = readable(CoverageFilter(params, user, moment))
    grid = Grid(user, filter_.period, filter_.narrowed, moment)
    return Paper(
        title="Coverage",
        template="pdf/coverage.html",
        context={
            "grid": grid,
            "lines": lambda: grid.drawn(grid.ids),
            "counts": [(STANDINGS[name], TONES[name], grid.counts[name]) for name in STANDINGS],
            "words": in_words(grid.counts),
            "legend": LEGEND,
        },
        scope=tuple(f"{label}: {value}" for label, value in filter_.active),
        period=f"{filter_.period.first} to {filter_.period.last}",
        as_of=moment,
        landscape=True,
        rows=len(grid.ids),
    )


coverage.paper = coverage_paper  # type: ignore[attr-defined]


def readable(filter_: Any) -> Any:
    """The filter, if all of it can be read; raises PaperRefused."""
    if not filter_.is_valid():
        raise PaperRefused("A filter has a value that cannot be read. Set it again, then print.")
    return filter_


@require_safe
def coverage_export(request: HttpRequest, form: Form) -> HttpResponseBase:
    """The grid as narrowed, one row for each occurrence."""
    user = user_of(request)
    require(user, "view", Occurrence)
    try:
        table = coverage_table(user, request.GET, moment_of(request))
    except PaperRefused:
        return coverage(request)  # which says what is wrong with the filter; an empty file would not
    exported(request, form)
    return send(table, form, user)


def coverage_table(user: User, params: QueryDict, moment: datetime.datetime | None, /) -> Table:
    """The grid as narrowed, for a file. Raises PaperRefused for a filter that cannot be read."""
    require(user, "view", Occurrence)
    filter_ = readable(CoverageFilter(params, user, moment))
    grid, period = Grid(user, filter_.period, filter_.narrowed, moment), filter_.period
    return Table(
        title="Coverage",
        name=f"coverage-{period.first}-{period.last}",
        header=HEADER,
        chunks=grid.chunks(),
        filters=filter_.active,
        period=f"{period.first} to {period.last}",
        as_of=moment,
    )


coverage_export.table = coverage_table  # type: ignore[attr-defined]


def exported(request: HttpRequest, form: Form, register: str = "coverage") -> None:
    """Tell the trail what leaves."""
    refs, query = {"format": form, "report": register}, {"query": request.GET.urlencode()}
    with transaction.atomic():
        record("coverage.exported", user_of(request), refs=refs, private=query)


@require_POST
def rebuild(request: HttpRequest) -> HttpResponse:
    """Ask for the table to be computed anew; a job does it and shows how far it is."""
    user = user_of(request)
    require(user, "rebuild", Occurrence)
    return redirect(rebuild_coverage.enqueue(actor=user, title="Compute coverage anew"))


# ---- one occurrence ------------------------------------------------------------------------------------------------


@require_safe
def occurrence(request: HttpRequest, control: int, day: datetime.date) -> HttpResponse:
    """One occurrence: its days, what was asked, and every item that was considered, with why it counts or not."""
    user = user_of(request)
    require(user, "view", Occurrence)
    moment = moment_of(request)
    row = controls_of(user, moment).filter(id=control).first()
    if row is None:
        raise Http404("No such control.")
    try:
        found = Occasion(user, thaw(row), day, request.GET.get("event", ""), moment)
    except LookupError as error:
        raise Http404("No occurrence begins on this day.") from error
    considered = found.considered()
    context = {
        "occurrence": found,
        "control": found.control,
        "considered": considered,
        "requirements": found.requirements(considered),
        "exemptions": found.exemptions(),
        "wording": found.wording(),
        "moment": moment,
        "opens": can(user, "view", Control),
        "attach": ATTACH,
        "may_attach": moment is None and found.is_open and can(user, "submit_evidence", found.control),
        "may_except": moment is None and found.is_open and can(user, "add", Exemption),
    }
    return render(request, "evidence/occurrence.html", context)


# ---- readiness -----------------------------------------------------------------------------------------------------


def readiness_of(request: HttpRequest) -> tuple[Readiness, PeriodFilter]:
    """The readiness that was asked for, and its filter."""
    user = user_of(request)
    require(user, "view", Criterion)
    require(user, "view", Occurrence)
    moment = moment_of(request)
    filter_ = PeriodFilter(request.GET, user, moment)
    category = filter_.form.cleaned_data.get("category", "") if filter_.is_valid() else ""
    return Readiness(user, filter_.period, category, moment), filter_


@require_safe
def readiness(request: HttpRequest) -> HttpResponse:
    """How far the evidence goes, by criterion and series, and what to do next."""
    found, filter_ = readiness_of(request)
    context = {"readiness": found, "filter": filter_, "period": found.period, "moment": found.moment, **shown(found)}
    return render(request, "evidence/readiness.html", context, status=200 if filter_.is_valid() else 422)


def shown(found: Readiness) -> dict[str, Any]:
    """What screen and paper show of it beside the criteria."""
    counts = [(name, STANDINGS[name], TONES[name], found.counts[name]) for name in STANDINGS]
    return {"counts": counts, "words": in_words(found.counts), "total": len(found.criteria)}


def readiness_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /) -> Paper:
    """The readiness, for the printer job."""
    require(user, "view", Criterion)
    require(user, "view", Occurrence)
    filter_ = readable(PeriodFilter(params, user, moment))
    found = Readiness(user, filter_.period, filter_.form.cleaned_data["category"], moment)
    return Paper(
        title="Readiness",
        template="pdf/readiness.html",
        context={"readiness": found, **shown(found)},
        scope=tuple(f"{label}: {value}" for label, value in filter_.active),
        period=f"{found.period.first} to {found.period.last}",
        as_of=moment,
        landscape=True,
        rows=len(found.criteria) + len(found.steps),
    )


readiness.paper = readiness_paper  # type: ignore[attr-defined]


@require_safe
def readiness_export(request: HttpRequest, form: Form) -> HttpResponseBase:
    """The readiness, one row for each criterion."""
    user = user_of(request)
    require(user, "view", Criterion)
    require(user, "view", Occurrence)
    try:
        table = readiness_table(user, request.GET, moment_of(request))
    except PaperRefused:
        return readiness(request)
    exported(request, form, "readiness")
    return send(table, form, user)


def readiness_table(user: User, params: QueryDict, moment: datetime.datetime | None, /) -> Table:
    """The readiness, for a file. Raises PaperRefused for a filter that cannot be read."""
    require(user, "view", Criterion)
    require(user, "view", Occurrence)
    filter_ = readable(PeriodFilter(params, user, moment))
    found = Readiness(user, filter_.period, filter_.form.cleaned_data["category"], moment)
    return Table(
        title="Readiness",
        name=f"readiness-{found.period.first}-{found.period.last}",
        header=READINESS_HEADER,
        chunks=[[readiness_row(line) for line in found.criteria]],
        filters=filter_.active,
        period=f"{found.period.first} to {found.period.last}",
        as_of=found.moment,
    )


readiness_export.table = readiness_table  # type: ignore[attr-defined]


def readiness_row(line: CriterionLine) -> list[Any]:
    """One criterion under READINESS_HEADER."""
    held = ", ".join(control.ref for control in line.holding_back)
    counts = [line.counts[name] for name in STANDINGS]
    return [
        line.series, line.code, line.title, line.cover, line.state_words, len(line.controls), over(line.counts),
        *counts, held,
    ]  # fmt: skip


@require_safe
def readiness_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    """Why one criterion stands as it does: its controls, and what each lacks."""
    found, _ = readiness_of(request)
    line = next((line for line in found.criteria if line.id == pk), None)
    if line is None:
        raise Http404("No criterion in scope with this number.")
    context = {
        "line": line,
        "readiness": found,
        "period": found.period,
        "moment": found.moment,
        "steps": [step for step in found.steps if step.about in {control.ref for control in line.controls}],
    }
    return render(request, "evidence/readiness_criterion.html", context)
