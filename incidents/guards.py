"""What the database itself refuses: a timeline, custody, hash checks and notifications are written once; rules stand; a
clock keeps its terms; approved plans, reviews and exercises are never rewritten nor added to.
"""

from typing import Final

from foundation.trail.guards import Guard, parts, same, stays, written_once

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

_OTHERS: Final = "SELECT 1 FROM incidents_timelineentry earlier WHERE earlier.id = NEW.corrects_id"
_SUPERSEDED: Final = f"OLD.state = 'approved' AND NEW.state = 'superseded' AND {same(_EDITION)}"
_RAN: Final = f"{same(_TERMS)} AND OLD.state IN ('running', 'paused')"
_APPROVED: Final = "IN ('approved')"
_APPROVED_ONCE: Final = "IN ('approved', 'superseded')"

INCIDENT_GUARDS: Final = (
    *written_once(TIMELINE, "incidents_timelineentry"),
    # what is corrected belongs to the same incident
    Guard(
        "incidents_timelineentry", "INSERT", TIMELINE,
        f"EXISTS ({_OTHERS} AND earlier.incident_id <> NEW.incident_id)",
    ),
    *written_once(CUSTODY, "incidents_custodyitem", "incidents_custodytransfer", "incidents_hashcheck"),
    *written_once(SENT, "incidents_notification"),
    *written_once(RULE, "incidents_notificationrule"),
    *stays("incidents_clock", TERMS, f"NOT ({_RAN})"),
    *stays("incidents_clockpause", PAUSE, f"NOT ({same(_PAUSED)} AND OLD.resumed_at IS NULL)"),
    *stays("incidents_planversion", PLAN, f"OLD.state {_APPROVED_ONCE} AND NOT ({_SUPERSEDED})"),
    *parts(PLAN, "incidents_planversion", "edition_id", _APPROVED_ONCE, *_EDITION_PARTS),
    *stays("incidents_planreview", SIGNED, f"NOT ({same(_LOOKED_AT)} AND OLD.evidence_id IS NULL)"),
    *stays("incidents_postincidentreview", REVIEW, "OLD.state = 'approved'"),
    *parts(REVIEW, "incidents_postincidentreview", "review_id", _APPROVED, *_REVIEW_PARTS),
    *stays("incidents_exercise", EXERCISE, "OLD.state = 'approved'"),
    *parts(EXERCISE, "incidents_exercise", "exercise_id", _APPROVED, *_EXERCISE_PARTS),
)  # fmt: skip
