"""The snapshot of a closed round: every risk of the register as plain data, in order, and the hash over it (R5.3).

Each risk is a line of canonical JSON (sorted keys, no spaces, UTF-8) that ends with a newline, in the order of the
risks' numbers; the hash is SHA-256 over them. People are named by the numbers of their accounts, as in the trail, so
that it can be kept for ever.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from foundation.trail.leaf import canonical, sha256_of_lines
from risks.models import (
    Acceptance,
    AcceptanceState,
    AssessedRisk,
    Assessment,
    Method,
    Risk,
    RiskControl,
    RiskFinding,
    RiskVendor,
    SnapshotLine,
    Status,
    TreatmentAction,
)
from risks.standing import attach_flags

CHUNK: Final = 1000
PARTS: Final = ("inherent", "residual", "target")
PLAIN: Final = (
    "ref", "title", "cause", "event", "effect", "category", "objective", "assets", "source", "source_note", "fraud",
    "change_trigger", "inherent_rationale", "residual_rationale", "target_rationale", "treatment", "treatment_reason",
    "status_note",
)  # fmt: skip


def freeze(assessment: Assessment, method: Method, day: datetime.date) -> tuple[int, str]:
    """Write the lines of a round: the whole register as it stands. Returns how many, and the hash over them.

    The risks are locked, so that what is frozen stood there at one moment. Constant queries a thousand risks.
    """
    standing = Risk.objects.live().exclude(status=Status.TEMPLATE).order_by("id")
    numbers = iter(list(standing.select_for_update(no_key=True).values_list("pk", flat=True)))
    position = 0
    while some := list(standing.filter(pk__in=list(islice(numbers, CHUNK))).select_related("method")):
        links = links_of(assessment, [risk.pk for risk in some])
        attach_flags(some, None)
        lines = []
        for risk in some:
            position += 1
            lines.append(line_of(assessment, position, risk, facts_of(risk, links[risk.pk], method, day)))
        SnapshotLine.objects.bulk_create(lines)
    return position, hash_of(assessment)


def line_of(assessment: Assessment, position: int, risk: Risk, facts: dict[str, Any]) -> SnapshotLine:
    """One line, with what rounds are compared by beside its facts."""
    inherent, residual = facts["inherent"] or {}, facts["residual"] or {}
    return SnapshotLine(
        assessment=assessment, position=position, risk=risk, status=facts["status"], facts=facts,
        inherent_score=inherent.get("score"), inherent_band=inherent.get("band", ""),
        residual_score=residual.get("score"), residual_band=residual.get("band", ""),
    )  # fmt: skip


def facts_of(risk: Risk, links: dict[str, list[Any]], method: Method, day: datetime.date) -> dict[str, Any]:
    """Everything that the register says of a risk, as plain data."""
    facts = {name: getattr(risk, name) for name in PLAIN}
    facts |= {part: rating(risk, part, method) for part in PARTS}
    return facts | links | {
        "owner": risk.owner_id,
        "identified_on": text(risk.identified_on),
        "rated_at": text(risk.rated_at),
        "rated_by": risk.rated_by_id,
        "rated_by_method": risk.method.number if risk.method else None,
        "status": str(risk.standing(day)),
        "accepted_until": text(risk.accepted_until),
        "review_on": text(risk.review_on),
        "flags": risk.flags,  # type: ignore[attr-defined]  # attached
        "last_reviewed_on": text(risk.last_reviewed_on),
    }  # fmt: skip


def rating(risk: Risk, part: str, method: Method) -> dict[str, Any] | None:
    """One of a risk's ratings, with its band by the method in force; None where it was not rated."""
    score = getattr(risk, f"{part}_score")
    if score is None:
        return None
    return {
        "likelihood": getattr(risk, f"{part}_likelihood"), "impact": getattr(risk, f"{part}_impact"),
        "score": score, "band": str(method.band(score)),
    }  # fmt: skip


def text(value: datetime.date | None) -> str:
    """A day or a moment as ISO text; "" for none."""
    return value.isoformat() if value else ""


def links_of(assessment: Assessment, risks: list[int]) -> dict[int, dict[str, list[Any]]]:
    """What belongs to each of these risks: controls, plan, acceptance, vendors, findings, what the round found."""
    found: dict[int, dict[str, list[Any]]] = defaultdict(
        lambda: {"controls": [], "plan": [], "acceptance": [], "vendors": [], "findings": [], "considered": []}
    )
    for link in of(RiskControl, risks).select_related("control").order_by("control__ref", "id"):
        found[link.risk_id]["controls"].append({
            "ref": link.control.ref, "name": link.control.name, "status": link.control.status,
            "effectiveness": link.effectiveness, "reason": link.reason,
        })  # fmt: skip
    for action in of(TreatmentAction, risks).order_by("due_on", "id"):
        found[action.risk_id]["plan"].append({
            "ref": action.ref, "what": action.what, "owner": action.owner_id, "due_on": text(action.due_on),
            "done_on": text(action.done_on), "done_note": action.done_note,
        })  # fmt: skip
    for one in of(Acceptance, risks).filter(state=AcceptanceState.APPROVED).order_by("id"):
        found[one.risk_id]["acceptance"].append({
            "ref": one.ref, "score": one.score, "band": one.band, "reason": one.reason,
            "compensating": one.compensating, "until": text(one.until), "requested_by": one.requested_by_id,
            "decided_by": one.decided_by_id, "decided_as": one.decided_as, "decided_at": text(one.decided_at),
        })  # fmt: skip
    for tied in of(RiskVendor, risks).select_related("vendor").order_by("vendor_id"):
        found[tied.risk_id]["vendors"].append({"ref": tied.vendor.ref, "reason": tied.reason})
    for shown in of(RiskFinding, risks).select_related("finding").order_by("finding_id"):
        found[shown.risk_id]["findings"].append({"ref": shown.finding.ref, "reason": shown.reason})
    said = AssessedRisk.objects.filter(assessment=assessment, risk__in=risks, considered_at__isnull=False)
    for item in said.order_by("id"):
        found[item.risk_id]["considered"].append({
            "note": item.note, "by": item.considered_by_id, "at": text(item.considered_at),
            "inherent_before": item.inherent_before, "residual_before": item.residual_before,
        })  # fmt: skip
    return found


def of(model: Any, risks: list[int]) -> Any:
    """The live rows of a model that belong to these risks."""
    return model.objects.live().filter(risk__in=risks)


def lines(assessment: Assessment) -> Iterator[bytes]:
    """The lines as they are hashed. One query."""
    found = SnapshotLine.objects.filter(assessment=assessment.pk).order_by("position")
    for facts in found.values_list("facts", flat=True).iterator(chunk_size=CHUNK):
        yield canonical(facts).encode() + b"\n"


def hash_of(assessment: Assessment) -> str:
    """SHA-256 over the lines as they are stored, hex."""
    return sha256_of_lines(lines(assessment))
