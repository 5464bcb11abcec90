"""What the database itself refuses: approved reviews and worksheets, published lists, closed reconciliations
are never rewritten nor added to; what is on file of a document stays.
"""

from typing import Final, Literal

from foundation.trail.guards import Guard

_REWRITING: Final[tuple[Literal["UPDATE", "DELETE", "TRUNCATE"], ...]] = ("UPDATE", "DELETE", "TRUNCATE")
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
_SAME: Final = " AND ".join(f"OLD.{column} IS NOT DISTINCT FROM NEW.{column}" for column in _KEPT)


def _is(row: str, column: str, table: str, state: str) -> str:
    """The condition that what a row belongs to is in a state."""
    return f"EXISTS (SELECT 1 FROM {table} whole WHERE whole.id = {row}.{column} AND whole.state = '{state}')"  # noqa: S608


def _parts(table: str, column: str, whole: str, state: str, message: str) -> tuple[Guard, ...]:
    """The guards of rows that belong to something signed: none is added, changed or deleted afterwards."""
    new, old = _is("NEW", column, whole, state), _is("OLD", column, whole, state)
    return (
        Guard(table, "INSERT", message, new),
        Guard(table, "UPDATE", message, f"{old} OR {new}"),
        Guard(table, "DELETE", message),
        Guard(table, "TRUNCATE", message),
    )


def _whole(table: str, state: str, message: str) -> tuple[Guard, ...]:
    """The guards of what is signed."""
    return (
        Guard(table, "UPDATE", message, f"OLD.state = '{state}'"),
        Guard(table, "DELETE", message),
        Guard(table, "TRUNCATE", message),
    )


VENDOR_GUARDS: Final = (
    *_whole("vendors_vendorreview", "approved", APPROVED),
    *_parts("vendors_vendorreviewitem", "review_id", "vendors_vendorreview", "approved", APPROVED),
    *_whole("vendors_worksheet", "approved", READ),
    *(guard for table in _LINES for guard in _parts(table, "worksheet_id", "vendors_worksheet", "approved", READ)),
    *(
        Guard(table, event, PUBLISHED)
        for table in ("vendors_subprocessorlist", "vendors_notice")
        for event in _REWRITING
    ),
    *_whole("vendors_reconciliation", "closed", CLOSED),
    *_parts("vendors_reconciledrow", "reconciliation_id", "vendors_reconciliation", "closed", CLOSED),
    Guard("vendors_vendordocument", "UPDATE", FILED, f"NOT ({_SAME})"),
    Guard("vendors_vendordocument", "DELETE", FILED),
    Guard("vendors_vendordocument", "TRUNCATE", FILED),
)
