"""Who can write a post-incident review and who can approve it."""

from typing import Any, Final

from django.db.models import QuerySet

from foundation.accounts.access import can, visible
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.pages.people import possible_owners
from incidents.models import Incident, PostIncidentReview, ReviewControl, ReviewFinding, ReviewState

APPROVERS: Final = (Role.COMPLIANCE_MANAGER, Role.MANAGER)
# What a review says, in the order in which it is read; whoever changes one of these writes it.
CONTENT: Final = (
    "held_on", "present", "facts", "impact", "root_cause", "contributing", "worked", "did_not_work", "lessons",
    "no_control_failed",
)  # fmt: skip


def possible_approvers() -> QuerySet[User]:
    """Who can be named to approve a review: compliance managers and managers."""
    return possible_owners().filter(role__in=APPROVERS)


def may_approve(user: User | None, incident: Incident) -> bool:
    """Whether a person can be the approver: an open account in a role that approves, who may see the incident.

    Being named as its approver shows one a review and its incident; a restricted incident only its own people.
    """
    if user is None or not user.is_active or user.role not in APPROVERS:
        return False
    return not incident.restricted or can(user, "view", incident)


def to_approve(user: User) -> QuerySet[PostIncidentReview]:
    """Reviews that wait for this person's approval."""
    return visible(user, PostIncidentReview).filter(state=ReviewState.SUBMITTED, approver=user.pk)


def writers(review: PostIncidentReview) -> set[int | None]:
    """Everybody who ever was its author, submitted it, or wrote on it or on what belongs to it.

    From history, so that naming another author washes nobody's hands; giving it back is no writing.
    """
    found: set[int | None] = {review.author_id, review.submitted_by_id}
    before: Any = None
    for row in PostIncidentReview.history.filter(id=review.pk).order_by("history_id"):
        found |= {row.author_id, row.submitted_by_id}
        if before is None or any(getattr(before, name) != getattr(row, name) for name in CONTENT):
            found.add(row.history_user_id)
        before = row
    for model in (ReviewControl, ReviewFinding):
        wrote = model.history.filter(review_id=review.pk)
        found |= set(wrote.order_by().values_list("history_user_id", flat=True).distinct())
    return found - {None}
