"""What was signed of a policy as plain data, kept as evidence for the controls that rest on it (`evidence.own`)."""

from typing import Any

from django.db.models import QuerySet

from evidence.models import Evidence
from evidence.own import keep_result
from foundation.accounts.models import User
from foundation.organisation.models import day_at
from policies.content import content_of
from policies.models import Part, PolicyApproval, PolicyControl, PolicyReview, PolicyVersion

REGISTER = "policies"


def ties_of(policy_id: int, part: Part) -> QuerySet[PolicyControl]:
    """The controls for which a part of a policy is evidence now, as links."""
    found: QuerySet[PolicyControl] = PolicyControl.objects.live().filter(policy=policy_id, part=part)
    return found


def keep_approval(version: PolicyVersion, approvals: list[PolicyApproval], *, signed_by: User) -> Evidence:
    """Keep an approved version with its approvals: its own words, and who signed them. In the last one's transaction.

    Where the one who signed last had also written it, alone (by an exception), somebody else judges the item (R3.4).
    """
    assert version.approved_at is not None  # noqa: S101 - set by the action that calls
    current = [one for one in approvals if one.submission == version.submission]
    result = {
        "format": "countersign policy approval 1",
        "version": content_of(version),
        "sha256": version.sha256,
        "submitted_by": version.submitted_by_id,
        "approved_at": moment(version.approved_at),
        "approvals": [approval_result(one) for one in current],
    }
    day = day_at(version.approved_at)
    what = f"Approval of {version.ref}"
    return keep_result(
        result, ties_of(version.policy_id, Part.APPROVAL), day, what=what, register=REGISTER,
        title=f"{what}: {version.title}", name=f"{version.ref.replace(' ', '-')}-approval.json",
        signed_by=signed_by, at=version.approved_at, alone=all(one.by_author for one in current),
    )  # fmt: skip


def approval_result(approval: PolicyApproval) -> dict[str, Any]:
    """One approval, as it is kept."""
    return {
        "approver": approval.approver_id, "at": moment(approval.approved_at), "statement": approval.statement,
        "note": approval.note, "sha256": approval.sha256, "by_author": approval.by_author,
        "dutyexception": approval.approved_under_id,
    }  # fmt: skip


def keep_review(review: PolicyReview, *, signed_by: User) -> Evidence:
    """Keep a review without a change. One person looked and signed: somebody else judges the item (R3.4)."""
    version = review.policy_version
    result = {
        "format": "countersign policy review 1",
        "policy": review.policy_id,
        "number": version.number,
        "title": version.title,
        "sha256": review.sha256,
        "reviewer": review.reviewer_id,
        "at": moment(review.reviewed_at),
        "statement": review.statement,
        "note": review.note,
        "due_on": review.due_on.isoformat(),
        "next_review_on": review.next_review_on.isoformat(),
    }
    what = f"Review of {version.ref} on {review.reviewed_on}"
    return keep_result(
        result, ties_of(review.policy_id, Part.REVIEW), review.reviewed_on, what=what, register=REGISTER,
        title=f"{what}: {version.title}",
        name=f"{version.ref.replace(' ', '-')}-review-{review.reviewed_on}.json", signed_by=signed_by,
        at=review.reviewed_at, alone=True,
    )  # fmt: skip


def moment(value: Any) -> str:
    """An aware moment as it is kept: UTC, microseconds."""
    return str(value.isoformat(timespec="microseconds"))
