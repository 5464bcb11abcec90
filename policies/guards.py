"""What the database itself refuses: what was approved of a policy stands, and so does every approval, review and
acknowledgement; nothing is approved by its authors alone (R8.1, R8.2).
"""

from typing import Final

from foundation.trail.guards import Guard, same, stays, written_once

FROZEN: Final = "A version is drafted, reviewed, approved by another person, and then never rewritten."
SIGNED: Final = "What was signed of a policy is never rewritten."
DECIDED: Final = "What was decided about an exception stands: it only ends."
READ: Final = "An acknowledgement is never rewritten, and is of a version that was in force."
_VERSION: Final = "policies_policyversion"
# What approvers sign: it never changes while it is in review, nor after.
_CONTENT: Final = (
    "policy_id", "major", "minor", "title", "text", "change_note", "material", "effective_on", "promises",
    "submission", "submitted_by_id", "submitted_at", "sha256", "drafted_by_id",
)  # fmt: skip
_SIGNED: Final = (*_CONTENT, "approved_at", "evidence_id")
_EXCEPTED: Final = (
    "policy_id", "what", "for_whom", "reason", "compensating", "until", "requested_by_id", "decided_by_id",
    "decided_at", "decision_note", "approved_under_id",
)  # fmt: skip
_END: Final = ("state", "ended_at", "ended_reason")


# How a version may move once it is in review, and what else may change with that.
_APPROVED: Final = (
    "EXISTS (SELECT 1 FROM policies_policyapproval signed WHERE signed.policy_version_id = OLD.id"
    " AND signed.submission = OLD.submission AND (NOT signed.by_author OR signed.approved_under_id IS NOT NULL))"
)
_FROM_DRAFT: Final = "OLD.state = 'draft' AND NEW.state IN ('draft', 'in_review', 'withdrawn')"
_FROM_REVIEW: Final = (
    "OLD.state = 'in_review' AND (NEW.state = 'draft'"
    f" OR (NEW.state IN ('in_review', 'withdrawn') AND {same(_CONTENT)})"
    f" OR (NEW.state = 'approved' AND {same(_CONTENT)} AND {_APPROVED}))"
)
_FROM_APPROVED: Final = (
    f"OLD.state = 'approved' AND NEW.state IN ('approved', 'in_force', 'withdrawn') AND {same(_SIGNED)}"
)
_FROM_FORCE: Final = (
    "OLD.state = 'in_force' AND NEW.state IN ('in_force', 'superseded', 'retired')"
    f" AND {same((*_SIGNED, 'in_force_from'))}"
)
_MOVES: Final = f"({_FROM_DRAFT}) OR ({_FROM_REVIEW}) OR ({_FROM_APPROVED}) OR ({_FROM_FORCE})"
_ENDS: Final = "OLD.state = 'approved' AND NEW.state IN ('ended', 'lapsed')"
_STANDS: Final = f"{same(_EXCEPTED)} AND ({same(_END)} OR {_ENDS})"


def _version(condition: str) -> str:
    """The condition that the version to which a new row belongs is not so."""
    found = f"SELECT 1 FROM {_VERSION} whole WHERE whole.id = NEW.policy_version_id AND {condition}"  # noqa: S608
    return f"NOT EXISTS ({found})"


POLICY_GUARDS: Final = (
    Guard(_VERSION, "INSERT", FROZEN, "NEW.state <> 'draft'"),
    *stays(_VERSION, FROZEN, f"NOT ({_MOVES})"),
    *written_once(SIGNED, "policies_policyapproval", "policies_policyreview", "policies_policyauthor"),
    Guard(
        "policies_policyapproval",
        "INSERT",
        SIGNED,
        _version("whole.state = 'in_review' AND whole.submission = NEW.submission AND whole.sha256 = NEW.sha256"),
    ),
    Guard("policies_policyreview", "INSERT", SIGNED, _version("whole.state = 'in_force'")),
    Guard("policies_policyauthor", "INSERT", SIGNED, _version("whole.state = 'draft'")),
    *stays("policies_policyexception", DECIDED, f"OLD.state <> 'requested' AND NOT ({_STANDS})"),
    *written_once(READ, "policies_acknowledgement"),
    Guard("policies_acknowledgement", "INSERT", READ, _version("whole.in_force_from IS NOT NULL")),
)
