"""An approved post-incident review as plain data: what is hashed, and what becomes evidence.

People are named by the numbers of their accounts, so that it can be kept for ever.
"""

from typing import Any, Final

from foundation.trail.leaf import canonical, sha256
from incidents.models import PostIncidentReview, ReviewControl, ReviewFinding
from incidents.models.incident import TIMES
from incidents.reviews.people import CONTENT

FORMAT: Final = "countersign post-incident review 1"
RESTRICTED: Final = "countersign restricted post-incident review 1"


def result_of(review: PostIncidentReview) -> dict[str, Any]:
    """All that is approved: the incident, what the review says of it, what follows, and who signed. Two queries."""
    incident = review.incident
    failed = ReviewControl.objects.live().filter(review=review).select_related("control").order_by("control__ref")
    raised = ReviewFinding.objects.live().filter(review=review).order_by("finding_id")
    return {
        "format": FORMAT,
        "review": review.ref,
        "incident": {
            "ref": incident.ref, "title": incident.title, "severity": incident.severity,
            **{name: plain(getattr(incident, name)) for name in TIMES},
        },
        **{name: plain(getattr(review, name)) for name in CONTENT},
        "controls_failed": [{"control": one.control.ref, "how": one.reason} for one in failed],
        "findings": [{"finding": one.finding.ref, "why": one.reason} for one in raised.select_related("finding")],
        "author": review.author_id,
        "submitted_by": review.submitted_by_id,
        "submitted_at": plain(review.submitted_at),
        "approved_by": review.approved_by_id,
        "approved_at": plain(review.approved_at),
        "statement": review.approval_statement,
    }  # fmt: skip


def outline_of(result: dict[str, Any]) -> dict[str, Any]:
    """What of a restricted incident's review goes to the readers of evidence: facts of record, as `incidents.facts`
    picks them, and the hash of all that was approved. No words, and nobody's name.
    """
    incident = {name: value for name, value in result["incident"].items() if name != "title"}
    return {
        "format": RESTRICTED,
        "review": result["review"],
        "incident": incident,
        "submitted_at": result["submitted_at"],
        "approved_at": result["approved_at"],
        "sha256": sha256(canonical(result)),
    }


def plain(value: Any) -> Any:
    """A value as canonical JSON has it: days and moments in ISO 8601 (UTC), nothing as ""."""
    if value is None or isinstance(value, bool | int | str):
        return "" if value is None else value
    return value.isoformat()
