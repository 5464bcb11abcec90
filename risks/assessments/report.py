"""The report of a closed round: who took part, by which method, what changed, and the snapshot, on screen and paper."""

import datetime
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.accounts.access import get_allowed, moment_for
from foundation.accounts.models import User
from foundation.organisation.models import day_at
from foundation.pages.forms import user_of
from foundation.pages.moment import at
from foundation.pages.paper import Paper
from foundation.pages.sheets import json_file, stream
from foundation.trail.asof import rows, thaw
from foundation.trail.record import record
from risks.assessments.result import Changes, bands_of, changes_of
from risks.assessments.snapshot import CHUNK, PARTS, hash_of, lines
from risks.assessments.views import AssessmentPages
from risks.models import (
    AssessedRisk,
    Assessment,
    AssessmentControl,
    AssessmentState,
    Band,
    Category,
    Method,
    Participant,
    SnapshotLine,
    Status,
    Treatment,
)

ON_SCREEN: Final = 50  # of each sort of change
ON_PAPER: Final = 1000
PAGE: Final = 50
FORMAT: Final = "countersign risk snapshot 1"
LEVELS_OF: Final = ("likelihood", "impact", "score", "band", "rationale")
HEADER: Final = (
    "Position", "Ref", "Risk", "Cause", "Event", "Effect", "Category", "Objective or commitment", "Assets", "Owner",
    "Fraud", "Change trigger", "Identified", "Status",
    *(f"{part.capitalize()} {what}" for part in PARTS for what in LEVELS_OF),
    "Treatment", "Treatment reason", "Controls", "Plan", "Accepted until", "Acceptance", "Vendors", "Findings",
    "Next review", "Considered", "Flags", "Rated by method",
)  # fmt: skip
CATEGORY, STATUS, TREATMENT, BAND = (
    {one.value: str(one.label) for one in words} for words in (Category, Status, Treatment, Band)
)


def closed_one(assessment: Any) -> Any:
    """The round, if it is closed. Raises Http404."""
    if assessment.state != AssessmentState.CLOSED:
        raise Http404("The assessment is not closed: there is no snapshot yet.")
    return assessment


def said_of(assessment: Any, most: int) -> dict[str, Any]:
    """What a closed round says, on screen and on paper: the same to everybody who sees it. Constant queries.

    Everything of a closed round is locked, so that its rows of now are those of any later moment.
    """
    changes = changes_of(assessment)
    people = Participant.objects.live().filter(assessment=assessment.pk).select_related("user").order_by("id")
    tied = AssessmentControl.objects.live().filter(assessment=assessment.pk).select_related("control")
    return {
        "participants": list(people),
        "links": list(tied.order_by("control__ref")),
        "considered": AssessedRisk.objects.filter(assessment=assessment.pk, considered_at__isnull=False).count(),
        "bands": bands_table(assessment),
        "method": assessment.method,
        "meanings": list(zip(assessment.method.likelihood, assessment.method.impact, strict=True)),
        "scores": scores_of(assessment.method),
        "before": changes.before if changes else None,
        "most": most,
        **(changes_told(changes, most) if changes else {}),
    }  # fmt: skip


def changes_told(changes: Changes, most: int) -> dict[str, Any]:
    """The first `most` of each sort of change, and how many there are. Four queries; one more for a longer list."""
    sorts = {"new": changes.new, "gone": changes.gone, "moved": changes.moved, "closed": changes.closed}
    found = {sort: list(lines[: most + 1]) for sort, lines in sorts.items()}
    counts = {sort: len(lines) if len(lines) <= most else sorts[sort].count() for sort, lines in found.items()}
    first = {sort: lines[:most] for sort, lines in found.items()}
    return {"counts": counts, "changes": first | {"moved": [moved_words(line) for line in first["moved"]]}}


def scores_of(method: Method) -> list[tuple[str, int, int]]:
    """Each band with its lowest and highest score, the worst first."""
    return [(str(band.label), *method.scores(band)) for band in Band]


def bands_table(assessment: Any) -> list[tuple[str, str, int, int]]:
    """A row for each band and one for what was not rated: its value, its word, inherent, residual. One query."""
    inherent, residual = bands_of(assessment).values()
    return [(band, BAND.get(band, "Not rated"), inherent[band], residual[band]) for band in inherent]


def moved_words(line: Any) -> tuple[Any, list[tuple[str, str, str]]]:
    """A line that moved, with each of its moves: which rating, from where, to where."""
    pairs = (
        ("Inherent", line.inherent_then, line.inherent_band),
        ("Residual", line.residual_then, line.residual_band),
    )
    return line, [
        (words, BAND.get(then, "Not rated"), BAND.get(now, "Not rated")) for words, then, now in pairs if then != now
    ]


def people_in(facts: list[dict[str, Any]]) -> dict[int, str]:
    """The names of the accounts that these lines name by number. One query."""
    numbers = {one["owner"] for one in facts} | {step["owner"] for one in facts for step in one["plan"]}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=numbers - {None})}


# ---- pages ---------------------------------------------------------------------------------------------------------


@require_safe
def assessment_report(request: HttpRequest, pk: int) -> HttpResponse:
    """The report on screen, with the snapshot page by page."""
    pages = AssessmentPages(request)
    moment = pages.moment()
    target = closed_one(pages.fetch(pk, moment))
    found = SnapshotLine.objects.filter(assessment=target.pk).order_by("position")
    paginator = Paginator(found, PAGE)
    paginator.count = target.line_count  # frozen with the lines
    page = paginator.get_page(request.GET.get("page"))
    shown = list(page.object_list)
    names = people_in([line.facts for line in shown])
    table = [(line, names.get(line.facts["owner"], ""), STATUS[line.status]) for line in shown]
    context = {"pages": pages, "object": target, "moment": moment, "at": at(moment), "page": page, "table": table}
    return render(request, "risks/assessment_report.html", context | said_of(target, ON_SCREEN))


def report_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """The report on paper: every line of the snapshot, and whether the lines still give the hash."""
    found = rows(Assessment, moment).select_related(*AssessmentPages.whole())
    target = closed_one(thaw(get_allowed(user, "view", found, pk, moment)))

    def table() -> Iterator[Any]:
        lines = SnapshotLine.objects.filter(assessment=target.pk).order_by("position").iterator(chunk_size=CHUNK)
        while some := list(islice(lines, CHUNK)):
            names = people_in([line.facts for line in some])
            yield from ((line, line.facts, names.get(line.facts["owner"], ""), STATUS[line.status]) for line in some)

    return Paper(
        title="Risk assessment",
        template="pdf/risk_assessment.html",
        context={"assessment": target, "table": table, "intact": hash_of(target) == target.sha256}
        | said_of(target, ON_PAPER),
        scope=(f"{target.ref} {target.title}", *((target.scope,) if target.scope else ())),
        period=f"{target.starts_on} to {day_at(target.approved_at)}",
        as_of=moment,
        landscape=True,
        rows=target.line_count,
    )


assessment_report.paper = report_paper  # type: ignore[attr-defined]
assessment_report.pages = AssessmentPages  # type: ignore[attr-defined]


# ---- the snapshot as a file ----------------------------------------------------------------------------------------


def downloaded(request: HttpRequest, pk: int, kind: str) -> Any:
    """The closed round whose snapshot is taken; the trail says so. Raises Http404, 403."""
    user = user_of(request)
    moment = moment_for(user, None, Assessment)
    found = rows(Assessment, moment).select_related("method")
    target = closed_one(thaw(get_allowed(user, "download", found, pk, moment)))
    with transaction.atomic():
        record("assessment.downloaded", user, target, refs={"format": kind, "risks": target.line_count})
    return target


@require_safe
def snapshot_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every risk of the snapshot, a row each, in words."""
    target = downloaded(request, pk, "csv")
    return stream(f"{target.ref}-snapshot", HEADER, chunks(target))


@require_safe
def snapshot_json(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The exact lines that were hashed, and the hash: anybody can compute it again."""
    target = downloaded(request, pk, "json")
    return json_file(f"{target.ref}-snapshot", document(target))


def chunks(assessment: Any) -> Iterator[list[list[Any]]]:
    """The rows of the CSV, CHUNK at a time; two queries a chunk."""
    found = SnapshotLine.objects.filter(assessment=assessment.pk).order_by("position")
    numbered = found.values_list("position", "facts").iterator(chunk_size=CHUNK)
    while some := list(islice(numbered, CHUNK)):
        names = people_in([facts for _, facts in some])
        yield [row_of(position, facts, names) for position, facts in some]


def row_of(position: int, facts: dict[str, Any], names: dict[int, str]) -> list[Any]:
    """One line of the snapshot as a row, in words."""
    ratings = [
        value
        for part in PARTS
        for value in (*rating_words(facts[part]), facts[f"{part}_rationale"])
    ]  # fmt: skip
    return [
        position, facts["ref"], facts["title"], facts["cause"], facts["event"], facts["effect"],
        CATEGORY.get(facts["category"], ""), facts["objective"], facts["assets"], names.get(facts["owner"], ""),
        facts["fraud"], facts["change_trigger"], facts["identified_on"], STATUS[facts["status"]], *ratings,
        TREATMENT.get(facts["treatment"], ""), facts["treatment_reason"],
        "; ".join(f"{one['ref']} ({one['effectiveness']})" for one in facts["controls"]),
        "; ".join(plan_words(one, names) for one in facts["plan"]), facts["accepted_until"],
        "; ".join(f"{one['ref']}: {one['reason']}" for one in facts["acceptance"]),
        "; ".join(one["ref"] for one in facts["vendors"]), "; ".join(one["ref"] for one in facts["findings"]),
        facts["review_on"], "; ".join(one["note"] for one in facts["considered"]),
        "; ".join(facts["flags"]), facts["rated_by_method"],
    ]  # fmt: skip


def rating_words(rating: dict[str, Any] | None) -> list[Any]:
    """Likelihood, impact, score and band of a rating; four gaps where there is none."""
    if rating is None:
        return ["", "", "", ""]
    return [rating["likelihood"], rating["impact"], rating["score"], BAND[rating["band"]]]


def plan_words(step: dict[str, Any], names: dict[int, str]) -> str:
    """One step of a treatment plan in a few words."""
    ended = f"done {step['done_on']}" if step["done_on"] else f"due {step['due_on']}"
    return f"{step['ref']} {step['what']} ({names.get(step['owner'], '')}, {ended})"


def document(assessment: Any) -> Iterator[bytes]:
    """The JSON: the lines that the hash is over, in their order, one to a line of the file."""
    method = assessment.method
    head = {
        "format": FORMAT, "assessment": assessment.ref, "title": assessment.title, "risks": assessment.line_count,
        "method": {
            "version": method.number, "likelihood": method.likelihood, "impact": method.impact,
            "medium_from": method.medium_from, "high_from": method.high_from, "critical_from": method.critical_from,
        },
        "approved_by": assessment.approved_by_id, "approved_at": assessment.approved_at.isoformat(),
        "sha256": assessment.sha256,
    }  # fmt: skip
    yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "lines": ['
    before = b"\n"
    for line in lines(assessment):
        yield before + line.rstrip(b"\n")
        before = b",\n"
    yield b"\n]}\n"
