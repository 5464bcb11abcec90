"""What the database itself refuses: a timeline, custody, hash checks and notifications are written once; rules stand; a
clock keeps its terms; approved plans, reviews and exercises are never rewritten nor added to.
"""

from typing import Final, Literal

from foundation.trail.guards import Guard

_REWRITING: Final[tuple[Literal["UPDATE", "DELETE", "TRUNCATE"], ...]] = ("UPDATE", "DELETE", "TRUNCATE")
TIMELINE: Final = "A timeline is only added to: write a correction."
CUSTODY: Final = "A chain of custody is only added to."
SENT: Final = "What was sent stands as it was written."
RULE: Final = "A published rule stands: publish a new version."
TERMS: Final = "A clock keeps the terms that it was started with, and its end."
PAUSE: Final = "A pause stands as it was written."
PLAN: Final = "An approved plan is never rewritten: draft a new version."
SIGNED: Final = "A signed review of the plan is never rewritten."
REVIEW: Final = "An approved review is never rewritten."
EXERCISE: Final = "An approved exercise is never rewritten."

_TERMS: Final = (
    "incident_id", "rule_id", "regime", "whom", "amount", "unit", "zone", "work_days", "holidays", "warn_hours",
    "started_at", "start_reason", "started_by_id",
)  # fmt: skip
_PAUSED: Final = ("clock_id", "paused_at", "paused_by_id", "reason")
_EDITION: Final = (
    "plan_id", "number", "change_note", "first_steps", "out_of_band", "purpose", "scope", "definitions", "steps",
    "evidence_handling", "notification", "testing", "drafted_by_id", "approver_id", "submitted_by_id", "submitted_at",
    "approved_by_id", "approved_at", "approval_statement", "approved_under_id", "returned_note", "sha256",
    "evidence_id", "archived_at",
)  # fmt: skip
_LOOKED_AT: Final = (
    "plan_id",
    "edition_id",
    "reviewed_on",
    "by_id",
    "at",
    "statement",
    "next_review_on",
    "archived_at",
)
_EDITION_PARTS: Final = (
    "incidents_planrole", "incidents_plancontact", "incidents_planseverity", "incidents_playbook",
)  # fmt: skip
_REVIEW_PARTS: Final = ("incidents_reviewcontrol", "incidents_reviewfinding")
_EXERCISE_PARTS: Final = (
    "incidents_exerciseattendee", "incidents_inject", "incidents_exercisedecision", "incidents_exercisefinding",
)  # fmt: skip


def _same(columns: tuple[str, ...]) -> str:
    """The condition that an update leaves these columns as they are."""
    return " AND ".join(f"OLD.{column} IS NOT DISTINCT FROM NEW.{column}" for column in columns)


def _is(row: str, column: str, table: str, states: str) -> str:
    """The condition that what a row belongs to is in one of the states."""
    return f"EXISTS (SELECT 1 FROM {table} whole WHERE whole.id = {row}.{column} AND whole.state IN ({states}))"  # noqa: S608


def _parts(tables: tuple[str, ...], column: str, whole: str, states: str, message: str) -> tuple[Guard, ...]:
    """The guards of rows that belong to something signed: none is added, changed or deleted afterwards."""
    new, old = _is("NEW", column, whole, states), _is("OLD", column, whole, states)
    return tuple(
        guard
        for table in tables
        for guard in (
            Guard(table, "INSERT", message, new),
            Guard(table, "UPDATE", message, f"{old} OR {new}"),
            Guard(table, "DELETE", message),
            Guard(table, "TRUNCATE", message),
        )
    )


def _kept(table: str, when: str, message: str) -> tuple[Guard, ...]:
    """The guards of rows that may change in a few ways alone: an update is refused where `when` holds."""
    return Guard(table, "UPDATE", message, when), Guard(table, "DELETE", message), Guard(table, "TRUNCATE", message)


def _written_once(table: str, message: str) -> tuple[Guard, ...]:
    """The guards of rows that nobody ever changes."""
    return tuple(Guard(table, event, message) for event in _REWRITING)


_OTHERS: Final = "SELECT 1 FROM incidents_timelineentry earlier WHERE earlier.id = NEW.corrects_id"
_SUPERSEDED: Final = f"OLD.state = 'approved' AND NEW.state = 'superseded' AND {_same(_EDITION)}"
_RAN: Final = f"{_same(_TERMS)} AND OLD.state IN ('running', 'paused')"

INCIDENT_GUARDS: Final = (
    *_written_once("incidents_timelineentry", TIMELINE),
    # what is corrected belongs to the same incident
    Guard(
        "incidents_timelineentry", "INSERT", TIMELINE,
        f"EXISTS ({_OTHERS} AND earlier.incident_id <> NEW.incident_id)",
    ),
    *_written_once("incidents_custodyitem", CUSTODY),
    *_written_once("incidents_custodytransfer", CUSTODY),
    *_written_once("incidents_hashcheck", CUSTODY),
    *_written_once("incidents_notification", SENT),
    *_written_once("incidents_notificationrule", RULE),
    *_kept("incidents_clock", f"NOT ({_RAN})", TERMS),
    *_kept("incidents_clockpause", f"NOT ({_same(_PAUSED)} AND OLD.resumed_at IS NULL)", PAUSE),
    *_kept("incidents_planversion", f"OLD.state IN ('approved', 'superseded') AND NOT ({_SUPERSEDED})", PLAN),
    *_parts(_EDITION_PARTS, "edition_id", "incidents_planversion", "'approved', 'superseded'", PLAN),
    *_kept("incidents_planreview", f"NOT ({_same(_LOOKED_AT)} AND OLD.evidence_id IS NULL)", SIGNED),
    *_kept("incidents_postincidentreview", "OLD.state = 'approved'", REVIEW),
    *_parts(_REVIEW_PARTS, "review_id", "incidents_postincidentreview", "'approved'", REVIEW),
    *_kept("incidents_exercise", "OLD.state = 'approved'", EXERCISE),
    *_parts(_EXERCISE_PARTS, "exercise_id", "incidents_exercise", "'approved'", EXERCISE),
)  # fmt: skip
