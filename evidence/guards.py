"""What the database itself refuses about evidence: what was collected, from where and when is never edited (R3.4)."""

from typing import Final

from foundation.trail.guards import Guard, same, written_once

_FIXED = (
    "id", "kind", "source_system", "environment", "query", "collected_by_id", "connector", "captured_at", "stamped",
    "period_from", "period_to", "row_count", "file", "name", "content_type", "size", "sha256", "supersedes_id",
    "first_id", "number", "submitted_by_id", "created_at", "idempotency_key",
)  # fmt: skip
_FROZEN: Final = ("evidence_population", "evidence_populationitem", "evidence_sample")

EVIDENCE_GUARDS: Final = (
    Guard(
        "evidence_evidence", "UPDATE", "Evidence is never edited: a new version supersedes it.", f"NOT ({same(_FIXED)})"
    ),
    Guard("evidence_evidence", "DELETE", "Evidence is never deleted: it is withdrawn."),
    Guard("evidence_evidence", "TRUNCATE", "Evidence is never deleted: it is withdrawn."),
    *written_once("Populations and samples are frozen.", *_FROZEN),
)
