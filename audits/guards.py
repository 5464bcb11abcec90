"""What the database itself refuses: a snapshot is never rewritten nor added to, and an engagement whose report is
issued stays as it is (R2.3). Putting it away, and taking it back, changes nothing of it.
"""

from typing import Final

from foundation.trail.guards import Guard, same, stays, written_once

FROZEN: Final = "A snapshot is frozen."
PACKED: Final = "A package that is ready, or was given up, stays as it is."
ISSUED: Final = "The report is issued: the engagement stays as it is."
_KEPT: Final = (
    "name", "type", "as_of", "period_from", "period_to", "categories", "firm", "status", "notes", "opinion",
    "report_date", "issued_at", "issued_by_id", "report_id",
)  # fmt: skip
_WHOLE: Final = (
    "NOT EXISTS (SELECT 1 FROM audits_snapshot whole"
    " WHERE whole.id = NEW.snapshot_id AND NEW.position BETWEEN 1 AND whole.line_count)"
)

AUDIT_GUARDS: Final = (
    *written_once(FROZEN, "audits_snapshot", "audits_frozenline"),
    Guard("audits_frozenline", "INSERT", FROZEN, _WHOLE),
    *stays("audits_package", PACKED, "OLD.state <> 'building'"),
    *stays("audits_engagement", ISSUED, f"OLD.status = 'closed' AND NOT ({same(_KEPT)})"),
)
