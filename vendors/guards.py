"""What the database itself refuses: approved reviews and worksheets, published lists, closed reconciliations
are never rewritten nor added to; what is on file of a document stays.
"""

from typing import Final

from foundation.trail.guards import parts, same, stays, written_once

APPROVED: Final = "An approved review is never rewritten."
READ: Final = "An approved worksheet is never rewritten."
PUBLISHED: Final = "What customers were told is never rewritten."
CLOSED: Final = "A closed reconciliation is never rewritten."
FILED: Final = "A document is never rewritten: a newer one supersedes it."
_LINES: Final = ("vendors_reportexception", "vendors_cuec", "vendors_subservice")
# What a document keeps for ever; it may be archived.
_KEPT: Final = (
    "vendor_id", "title", "kind", "period_from", "period_to", "issued_on", "expires_on", "name", "size", "sha256",
    "file", "brought_by_id", "supersedes_id",
)  # fmt: skip
_APPROVED: Final = "= 'approved'"
_CLOSED: Final = "= 'closed'"

VENDOR_GUARDS: Final = (
    *stays("vendors_vendorreview", APPROVED, f"OLD.state {_APPROVED}"),
    *parts(APPROVED, "vendors_vendorreview", "review_id", _APPROVED, "vendors_vendorreviewitem"),
    *stays("vendors_worksheet", READ, f"OLD.state {_APPROVED}"),
    *parts(READ, "vendors_worksheet", "worksheet_id", _APPROVED, *_LINES),
    *written_once(PUBLISHED, "vendors_subprocessorlist", "vendors_notice"),
    *stays("vendors_reconciliation", CLOSED, f"OLD.state {_CLOSED}"),
    *parts(CLOSED, "vendors_reconciliation", "reconciliation_id", _CLOSED, "vendors_reconciledrow"),
    *stays("vendors_vendordocument", FILED, f"NOT ({same(_KEPT)})"),
)
