"""What the database itself refuses: a closed round is never rewritten nor added to, an approved acceptance only ends,
and no version of the method is edited (R5.2, R5.3).
"""

from typing import Final, Literal

from foundation.trail.guards import Guard

_REWRITING: Final[tuple[Literal["UPDATE", "DELETE", "TRUNCATE"], ...]] = ("UPDATE", "DELETE", "TRUNCATE")
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


def _same(columns: tuple[str, ...]) -> str:
    """The condition that an update leaves these columns as they are."""
    return " AND ".join(f"OLD.{column} IS NOT DISTINCT FROM NEW.{column}" for column in columns)


# One that is approved may end once; what is over stays over, as it ended.
_ENDS: Final = "OLD.state = 'approved' AND NEW.state IN ('ended', 'lapsed')"
_STANDS: Final = f"{_same(_KEPT)} AND ({_same(_END)} OR {_ENDS})"


def _closed(row: str) -> str:
    """The condition that the round of a row is closed."""
    found = f"SELECT 1 FROM risks_assessment round WHERE round.id = {row}.assessment_id"  # noqa: S608
    return f"EXISTS ({found} AND round.state = 'closed')"


RISK_GUARDS: Final = (
    *(Guard("risks_snapshotline", event, FROZEN) for event in _REWRITING),
    Guard("risks_snapshotline", "INSERT", FROZEN, _closed("NEW")),
    Guard("risks_assessment", "UPDATE", CLOSED, "OLD.state = 'closed'"),
    Guard("risks_assessment", "DELETE", CLOSED),
    Guard("risks_assessment", "TRUNCATE", CLOSED),
    *(Guard(table, "INSERT", CLOSED, _closed("NEW")) for table in _ROUND),
    *(Guard(table, "UPDATE", CLOSED, f"{_closed('OLD')} OR {_closed('NEW')}") for table in _ROUND),
    *(Guard(table, "DELETE", CLOSED) for table in _ROUND),
    *(Guard(table, "TRUNCATE", CLOSED) for table in _ROUND),
    Guard("risks_acceptance", "UPDATE", DECIDED, f"OLD.state <> 'requested' AND NOT ({_STANDS})"),
    Guard("risks_acceptance", "DELETE", DECIDED),
    Guard("risks_acceptance", "TRUNCATE", DECIDED),
    *(Guard("risks_method", event, PUBLISHED) for event in _REWRITING),
)
