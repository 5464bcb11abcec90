"""What the database itself refuses: a closed round is never rewritten nor added to, an approved acceptance only ends,
and no version of the method is edited (R5.2, R5.3).
"""

from typing import Final

from foundation.trail.guards import Guard, same, stays, written_once

_ROUND: Final = ("risks_assessedrisk", "risks_participant", "risks_assessmentcontrol")
CLOSED: Final = "A closed assessment is never rewritten."
FROZEN: Final = "A snapshot is frozen."
DECIDED: Final = "What was decided about an acceptance stands: it only ends."
PUBLISHED: Final = "A published method stands: publish a new version."
# What approved and declined acceptances keep for ever.
_KEPT: Final = (
    "risk_id", "score", "band", "reason", "compensating", "until", "requested_by_id", "owner_id", "decided_by_id",
    "decided_as", "decided_at", "decision_note",
)  # fmt: skip
_END: Final = ("state", "ended_at", "ended_reason")


# One that is approved may end once; what is over stays over, as it ended.
_ENDS: Final = "OLD.state = 'approved' AND NEW.state IN ('ended', 'lapsed')"
_STANDS: Final = f"{same(_KEPT)} AND ({same(_END)} OR {_ENDS})"


def _closed(row: str) -> str:
    """The condition that the round of a row is closed."""
    found = f"SELECT 1 FROM risks_assessment round WHERE round.id = {row}.assessment_id"  # noqa: S608
    return f"EXISTS ({found} AND round.state = 'closed')"


RISK_GUARDS: Final = (
    *written_once(FROZEN, "risks_snapshotline"),
    Guard("risks_snapshotline", "INSERT", FROZEN, _closed("NEW")),
    *stays("risks_assessment", CLOSED, "OLD.state = 'closed'"),
    *(Guard(table, "INSERT", CLOSED, _closed("NEW")) for table in _ROUND),
    *(Guard(table, "UPDATE", CLOSED, f"{_closed('OLD')} OR {_closed('NEW')}") for table in _ROUND),
    *(Guard(table, "DELETE", CLOSED) for table in _ROUND),
    *(Guard(table, "TRUNCATE", CLOSED) for table in _ROUND),
    *stays("risks_acceptance", DECIDED, f"OLD.state <> 'requested' AND NOT ({_STANDS})"),
    *written_once(PUBLISHED, "risks_method"),
)
