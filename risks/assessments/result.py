"""A closed round in short: what becomes evidence, and how its snapshot differs from that of the round before."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from risks.models import COUNTED, AssessedRisk, Assessment, AssessmentState, Band, Participant, SnapshotLine, Status


@dataclass(frozen=True)
class Changes:
    """How a snapshot differs from the one before: which risks are new, which are gone, which moved to another band.

    `moved` carry what they were: `inherent_then`, `residual_then`, `status_then`.
    """

    before: Assessment
    new: QuerySet[SnapshotLine]
    gone: QuerySet[SnapshotLine]
    moved: QuerySet[Any]
    closed: QuerySet[Any]


def result_of(assessment: Assessment) -> dict[str, Any]:
    """Who took part and what came of it, with counts and the hash. The lines themselves are in its snapshot."""
    people = Participant.objects.live().filter(assessment=assessment).order_by("id")
    looked_at = AssessedRisk.objects.filter(assessment=assessment)
    changes = changes_of(assessment)
    return {
        "format": "countersign risk assessment 1",
        "assessment": assessment.ref,
        "title": assessment.title,
        "kind": str(assessment.kind),
        "scope": assessment.scope,
        "trigger": assessment.trigger,
        "starts_on": str(assessment.starts_on),
        "due_on": str(assessment.due_on),
        "lead": assessment.lead_id,
        "participants": [
            {
                "account": one.user_id, "part": one.part,
                "confirmed_at": one.confirmed_at.isoformat() if one.confirmed_at else "",
            }
            for one in people
        ],
        "method": assessment.method.number if assessment.method else None,
        "considered": looked_at.filter(considered_at__isnull=False).count(),
        "conclusion": assessment.conclusion,
        "submitted_by": assessment.submitted_by_id,
        "submitted_at": assessment.submitted_at.isoformat() if assessment.submitted_at else "",
        "risks": assessment.line_count,
        **bands_of(assessment),
        "fraud": SnapshotLine.objects.filter(assessment=assessment, facts__fraud=True).count(),
        "changes": counts_of(changes) if changes else None,
        "sha256": assessment.sha256,
        "approved_by": assessment.approved_by_id,
        "approved_at": assessment.approved_at.isoformat() if assessment.approved_at else "",
        "statement": assessment.approval_statement,
    }  # fmt: skip


def bands_of(assessment: Assessment) -> dict[str, dict[str, int]]:
    """How many counted risks of a snapshot lie in each band of each rating, the worst first. One query."""
    found = SnapshotLine.objects.filter(assessment=assessment, status__in=COUNTED).order_by()
    counts = {part: dict.fromkeys([*map(str, Band.values), "unrated"], 0) for part in ("inherent", "residual")}
    for inherent, residual, count in found.values_list("inherent_band", "residual_band").annotate(count=Count("id")):
        counts["inherent"][inherent or "unrated"] += count
        counts["residual"][residual or "unrated"] += count
    return counts


def counts_of(changes: Changes) -> dict[str, Any]:
    """The changes in numbers. Four queries."""
    return {
        "since": changes.before.ref, "new": changes.new.count(), "gone": changes.gone.count(),
        "moved": changes.moved.count(), "closed": changes.closed.count(),
    }  # fmt: skip


def before(assessment: Assessment) -> Assessment | None:
    """The round that was closed last before this one."""
    closed = Assessment.objects.filter(state=AssessmentState.CLOSED).exclude(pk=assessment.pk)
    if assessment.approved_at:
        closed = closed.filter(approved_at__lt=assessment.approved_at)
    found: Assessment | None = closed.order_by("-approved_at", "-id").first()
    return found


def changes_of(assessment: Assessment) -> Changes | None:
    """How its snapshot differs from that of the round closed before it; None for the first. One query, and its own."""
    earlier = before(assessment)
    if earlier is None:
        return None
    now, then = (SnapshotLine.objects.filter(assessment=one).order_by("position") for one in (assessment, earlier))
    same = then.filter(risk=OuterRef("risk")).order_by()
    both = now.filter(risk__in=then.values("risk")).annotate(
        inherent_then=Subquery(same.values("inherent_band")[:1]),
        residual_then=Subquery(same.values("residual_band")[:1]),
        status_then=Subquery(same.values("status")[:1]),
    )
    moved = ~Q(inherent_then=F("inherent_band")) | ~Q(residual_then=F("residual_band"))
    return Changes(
        before=earlier,
        new=now.exclude(risk__in=then.values("risk")),
        gone=then.exclude(risk__in=now.values("risk")),
        moved=both.filter(moved),
        closed=both.filter(status=Status.CLOSED).exclude(status_then=Status.CLOSED),
    )
