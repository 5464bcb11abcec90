"""What the database itself refuses about management's texts: they stay as the report was issued about them (R2.3), and
an assertion as it was signed.
"""

from typing import Final

from foundation.trail.guards import Guard, stays

ISSUED: Final = "The report is issued: texts about it stay as they are."
SIGNED: Final = "What was signed stays as it was signed."
TABLES: Final = (
    "audits_descriptionsection",
    "audits_userentitycontrol",
    "audits_subserviceorganisation",
    "audits_subservicecontrol",
)


def issued(row: str) -> str:
    """The condition that the report of this row's engagement is issued."""
    return (
        "EXISTS (SELECT 1 FROM audits_engagement whole"  # noqa: S608 - a name of ours
        f" WHERE whole.id = {row}.engagement_id AND whole.status = 'closed')"
    )


def guards_of(table: str, message: str, when: str) -> tuple[Guard, ...]:
    """None is added, changed or moved once the report is issued, nor changed where `when` holds; none is deleted."""
    return (
        Guard(table, "INSERT", ISSUED, issued("NEW")),
        *stays(table, message, f"{when}{issued('OLD')} OR {issued('NEW')}"),
    )


TEXT_GUARDS: Final = (
    *(guard for table in TABLES for guard in guards_of(table, ISSUED, "")),
    *guards_of("audits_assertion", SIGNED, "OLD.state = 'signed' OR "),
)
