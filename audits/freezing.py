"""What is frozen of an engagement, as plain data: its scope, and with the report its wordings and its evidence (R2.3).

`scope_lines` and `report_lines` give the lines as they would be frozen now; `freeze` writes them. Numbers of
accounts and text of the company: no name that would have to be erased.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from django.db.models import Max, Q

from audits.models import Engagement, FrozenLine, Snapshot, SnapshotKind, Sort
from audits.models.testing import AuditSample, ControlTest, ItemEvidence
from controls.models import IN_SCOPE, Applicability, Control, Criterion, Mapping, Wording
from evidence.models import Evidence, EvidenceLink
from foundation.accounts.models import User
from foundation.organisation.models import begin_of
from foundation.trail.leaf import canonical, sha256_of_lines

CHUNK: Final = 1000
CONTROL: Final = (
    "ref", "name", "objective", "kind", "nature", "frequency", "status", "owner_id", "operator_id", "owner_role",
    "expected_evidence",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line before it is written: what it tells of, and what it says."""

    sort: str
    key: str
    facts: dict[str, Any]


# ---- what would be frozen now ------------------------------------------------------------------------------------


def scope_lines(engagement: Engagement) -> list[Line]:
    """The scope as it stands: the engagement, the criteria of its categories, the controls linked to them, their words.

    A control counts that is in scope, or that operated on a day of the engagement and was retired since. Four queries.
    """
    criteria = list(
        Criterion.objects.filter(category__slug__in=engagement.categories)
        .select_related("category", "series")
        .order_by("framework_id", "position")
    )
    links = Mapping.objects.filter(archived_at=None, criterion__in=criteria).order_by("criterion__position")
    codes: dict[int, list[str]] = defaultdict(list)
    for control, code in links.values_list("control_id", "criterion__code"):
        codes[control].append(code)
    controls = Control.objects.filter(_counts(engagement), archived_at=None, id__in=codes).order_by("ref", "id")
    lines = [Line(Sort.ENGAGEMENT, "engagement", _engagement(engagement))]
    lines += [Line(Sort.CRITERION, one.code, _criterion(one)) for one in criteria]
    lines += [Line(Sort.CONTROL, one.ref, _control(one, codes[one.pk])) for one in controls]
    return [*lines, *wordings_of(engagement, {one.pk: one.ref for one in controls})]


def report_lines(engagement: Engagement, scope: Snapshot) -> Iterator[Line]:
    """Everything as it stands when the report is issued: the frozen scope, with every wording and the evidence since.

    scope: what was frozen when fieldwork began, or anew since.
    """
    controls = {}
    for line in scope.lines.order_by("position").iterator(chunk_size=CHUNK):
        facts = line.facts
        if line.sort == Sort.ENGAGEMENT:
            facts = _engagement(engagement)  # with what its report says
        if line.sort == Sort.WORDING:
            continue  # written since, some of them
        if line.sort == Sort.CONTROL:
            controls[facts["id"]] = line.key
        yield Line(line.sort, line.key, facts)
    yield from wordings_of(engagement, controls)
    yield from evidence_of(engagement, controls)
    yield from samples_of(engagement)
    yield from tests_of(engagement)


def wordings_of(engagement: Engagement, controls: dict[int, str]) -> Iterator[Line]:
    """Every wording of these controls (number → reference) that was in force on a day of the engagement. One query.

    `until` is its last day, "" for one that still is in force.
    """
    found = Wording.objects.filter(control__in=controls, effective_from__lte=engagement.days[1])
    worded: dict[int, list[Wording]] = defaultdict(list)
    for one in found.order_by("control__ref", "control_id", "effective_from", "id"):
        worded[one.control_id].append(one)
    for control, each in worded.items():
        for one, following in in_force(each, engagement):
            yield Line(
                Sort.WORDING, f"{controls[control]} {one.effective_from}", _wording(one, controls[control], following)
            )


def in_force(worded: Iterable[Any], engagement: Any) -> list[tuple[Any, datetime.date | None]]:
    """Of the wordings of one control, in their order, those in force on a day of the engagement, each with the day on
    which the next one begins. Of two for the same day the later written one is in force, as everywhere.
    """
    first, last = engagement.days
    by_day = {one.effective_from: one for one in worded}
    days = list(by_day)
    return [
        (by_day[day], following)
        for day, following in zip_longest(days, days[1:])
        if day <= last and (following is None or following > first)
    ]


def about(engagement: Engagement) -> Q:
    """Whether evidence is about a day of the engagement: by its period or, where it has none, by its capture."""
    first, last = engagement.days
    touches = Q(period_from__isnull=False, period_from__lte=last) & (Q(period_to=None) | Q(period_to__gte=first))
    after = begin_of(last + datetime.timedelta(days=1))
    return touches | Q(period_from=None, captured_at__gte=begin_of(first), captured_at__lt=after)


def evidence_of(engagement: Engagement, controls: dict[int, str]) -> Iterator[Line]:
    """Every item that stands linked to these controls and is about a day of the engagement. Two queries a thousand."""
    links = EvidenceLink.objects.filter(archived_at=None, control__in=controls)
    items = Evidence.objects.standing().filter(about(engagement), archived_at=None, id__in=links.values("evidence"))
    refs: dict[int, list[str]] = defaultdict(list)
    for item, control in links.filter(evidence__in=items).values_list("evidence_id", "control_id"):
        refs[item].append(controls[control])
    for one in items.order_by("id").iterator(chunk_size=CHUNK):
        yield Line(Sort.EVIDENCE, one.ref, _evidence(one, sorted(refs[one.pk])))


def samples_of(engagement: Engagement) -> Iterator[Line]:
    """Each sample that an auditor drew, with what it takes to draw it again, its items, and what shows each of them."""
    refs: dict[int, list[str]] = defaultdict(list)
    shown = ItemEvidence.objects.live().filter(item__audit_sample__engagement=engagement, handed_in__archived_at=None)
    for link in shown.select_related("handed_in").order_by("id"):
        refs[link.item_id].append(Evidence.ref_of(link.handed_in.evidence_id))
    drawn = AuditSample.objects.filter(engagement=engagement).select_related("sample__population", "request")
    for one in drawn.prefetch_related("items__item").order_by("id"):
        yield Line(Sort.SAMPLE, one.ref, _sample(one, refs))


def tests_of(engagement: Engagement) -> Iterator[Line]:
    """Each test of a control with its results and management's response, those that were superseded too."""
    found = ControlTest.objects.filter(engagement=engagement).select_related("control", "sample", "response")
    for one in found.prefetch_related("results__item").order_by("id"):
        yield Line(Sort.TEST, one.ref, _test(one))


def _counts(engagement: Engagement) -> Q:
    first, last = engagement.days
    return IN_SCOPE | Q(operates_from__lte=last, operates_until__gte=first)


def _engagement(one: Engagement) -> dict[str, Any]:
    return {
        "name": one.name, "type": one.type, "as_of": text(one.as_of), "period_from": text(one.period_from),
        "period_to": text(one.period_to), "categories": one.categories, "firm": one.firm,
        "opinion": one.opinion, "report_date": text(one.report_date),
    }  # fmt: skip


def _criterion(one: Criterion) -> dict[str, Any]:
    return {
        "code": one.code, "title": one.title, "category": one.category.slug, "series": one.series.code,
        "applicability": one.applicability, "reason": one.applicability_reason,
        "subservice_organisation": one.subservice_organisation,
    }  # fmt: skip


def _control(one: Control, codes: list[str]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in CONTROL} | {
        "id": one.pk, "operates_from": text(one.operates_from), "operates_until": text(one.operates_until),
        "criteria": codes,
    }  # fmt: skip


def _wording(one: Wording, ref: str, following: datetime.date | None) -> dict[str, Any]:
    return {
        "control": ref, "text": one.text, "frequency": one.frequency, "from": text(one.effective_from),
        "until": text(following - datetime.timedelta(days=1)) if following else "", "reason": one.reason,
        "author": one.author_id,
    }  # fmt: skip


def _evidence(one: Evidence, refs: list[str]) -> dict[str, Any]:
    return {
        "ref": one.ref, "title": one.title, "kind": one.kind, "source_system": one.source_system,
        "captured_at": one.captured_at.astimezone(datetime.UTC).isoformat(), "period_from": text(one.period_from),
        "period_to": text(one.period_to), "rows": one.row_count, "name": one.name, "size": one.size,
        "sha256": one.sha256, "version": one.number, "state": one.state, "controls": refs,
    }  # fmt: skip


def _sample(one: AuditSample, refs: dict[int, list[str]]) -> dict[str, Any]:
    drawn, lines = one.sample, sorted(one.items.all(), key=lambda line: line.number)
    numbers = {line.pk: line.number for line in lines}
    return {
        "ref": one.ref, "request": one.request.ref, "population": drawn.population.ref,
        "population_title": drawn.population.title, "population_sha256": drawn.population_sha256,
        "population_size": drawn.population_size, "size": drawn.size, "method": drawn.method, "seed": drawn.seed,
        "algorithm": drawn.algorithm, "reason": drawn.reason, "drawn_by": drawn.drawn_by_id,
        "drawn_at": drawn.drawn_at.astimezone(datetime.UTC).isoformat(),
        "items": [
            {
                "number": line.number, "position": line.item.position, "key": line.item.key,
                "day": text(line.item.day), "replaces": numbers[line.replaces_id] if line.replaces_id else None,
                "reason": line.reason,
                "evidence": refs[line.pk],
            }
            for line in lines
        ],
    }  # fmt: skip


def _test(one: ControlTest) -> dict[str, Any]:
    said = getattr(one, "response", None)
    return {
        "ref": one.ref, "control": one.control.ref, "procedures": one.procedures, "procedure": one.procedure,
        "attributes": dict(one.lettered()), "sample": one.sample.ref if one.sample else "", "state": one.state,
        "conclusion": one.conclusion, "note": one.note, "tested": one.tested, "exceptions": one.exceptions,
        "tested_by": one.tested_by_id, "concluded_by": one.concluded_by_id, "reason": one.reason,
        "supersedes": ControlTest.ref_of(one.supersedes_id) if one.supersedes_id else "",
        "results": [
            {
                "item": result.item.number if result.item else None, "attribute": result.attribute,
                "outcome": result.outcome, "note": result.note,
            }
            for result in sorted(one.results.all(), key=lambda row: (row.item.number if row.item else 0, row.attribute))
        ],
        "response": {
            "cause": said.cause, "impact": said.impact, "fix": said.fix, "fix_by": text(said.fix_by),
            "written_by": said.written_by_id,
        } if said else None,
    }  # fmt: skip


def text(value: datetime.date | None) -> str:
    """A day as ISO text; "" for none."""
    return value.isoformat() if value else ""


# ---- freezing, and what was frozen ------------------------------------------------------------------------------


def freeze(
    engagement: Engagement, kind: SnapshotKind, lines: Iterable[Line], *, actor: User, at: datetime.datetime,
    reason: str = "",
) -> Snapshot:  # fmt: skip
    """Write a snapshot; inside the transaction of a verb that locked the engagement."""
    kept = list(lines)
    before = Snapshot.objects.filter(engagement=engagement).aggregate(last=Max("number"))["last"] or 0
    snapshot = Snapshot.objects.create(
        engagement=engagement, number=before + 1, kind=kind, reason=reason.strip(), taken_at=at, taken_by=actor,
        line_count=len(kept), sha256=sha256_of_lines(as_bytes(line.facts) for line in kept),
    )  # fmt: skip
    FrozenLine.objects.bulk_create(
        (
            FrozenLine(snapshot=snapshot, position=number, sort=line.sort, key=line.key, facts=line.facts)
            for number, line in enumerate(kept, 1)
        ),
        batch_size=CHUNK,
    )
    return snapshot


def frozen_scope(engagement: Engagement, moment: datetime.datetime | None = None) -> Snapshot | None:
    """The scope that counts: the one frozen last, now or by a moment. None before fieldwork. One query."""
    found = Snapshot.objects.filter(engagement=engagement.pk, kind=SnapshotKind.SCOPE).select_related("taken_by")
    if moment is not None:
        found = found.filter(taken_at__lte=moment)
    return found.order_by("-number").first()


def as_bytes(facts: dict[str, Any]) -> bytes:
    """A line as it is hashed."""
    return canonical(facts).encode() + b"\n"


def lines_of(snapshot: Snapshot) -> Iterator[bytes]:
    """The lines of a snapshot as they are hashed. One query, in pieces."""
    found = FrozenLine.objects.filter(snapshot=snapshot).order_by("position")
    return (as_bytes(facts) for facts in found.values_list("facts", flat=True).iterator(chunk_size=CHUNK))


def is_intact(snapshot: Snapshot) -> bool:
    """Whether the lines as they are stored still give the hash."""
    return sha256_of_lines(lines_of(snapshot)) == snapshot.sha256


# ---- what changed since -------------------------------------------------------------------------------------------

WORDS: Final = {Sort.CRITERION: "Criterion", Sort.CONTROL: "Control"}
FIELDS: Final = {
    "applicability": "applicability", "reason": "reason", "subservice_organisation": "subservice organisation",
    "title": "title", "name": "name", "objective": "objective", "kind": "type", "nature": "nature",
    "frequency": "frequency", "status": "status", "operates_from": "first day", "operates_until": "last day",
    "criteria": "criteria", "ref": "reference",
}  # fmt: skip


def changes_since(engagement: Engagement, scope: Snapshot) -> list[str]:
    """In words, what differs today from the scope as it was frozen: criteria and controls; not who owns them.

    A control is known by its number, so that a changed reference is a change and no other control.
    """
    now = {(line.sort, _known_by(line)): line for line in scope_lines(engagement) if line.sort in WORDS}
    found = scope.lines.filter(sort__in=WORDS).order_by("position")
    then = {(line.sort, _known_by(line)): line for line in found}
    told = []
    for key, line in then.items():
        what = f"{WORDS[Sort(line.sort)]} {line.key}"
        if key not in now:
            told.append(f"{what} is not in scope any more.")
        elif differ := [words for name, words in FIELDS.items() if now[key].facts.get(name) != line.facts.get(name)]:
            told.append(f"{what} has another {', '.join(differ)}.")
    told += [f"{WORDS[Sort(line.sort)]} {line.key} came into scope." for key, line in now.items() if key not in then]
    return told


def _known_by(line: Any) -> Any:
    return line.facts.get("id", line.key)


def gaps_in(lines: Iterable[Any]) -> list[str]:
    """The codes of the criteria of a scope that apply, and for which it has no control (R1.3)."""
    lines = list(lines)
    met = {code for line in lines if line.sort == Sort.CONTROL for code in line.facts["criteria"]}
    return [
        line.key
        for line in lines
        if line.sort == Sort.CRITERION
        and line.facts["applicability"] != Applicability.NOT_RELEVANT
        and line.key not in met
    ]
