"""What waits for a person among the policies: approvals, drafts, reviews, promises that are not kept, exceptions."""

import datetime
from collections.abc import Iterator
from typing import Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from foundation.accounts.access import allowed, visible
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.work import WorkItem
from policies.models import (
    ExceptionState,
    Policy,
    PolicyApproval,
    PolicyApprover,
    PolicyException,
    PolicyVersion,
    Status,
    VersionState,
)
from policies.promises import differing

REGISTER: Final = "Policies"


def policies_work(user: User) -> list[WorkItem]:
    """All of it, in a constant number of queries."""
    day = today()
    soon = day + datetime.timedelta(days=setting("review_due_soon_days"))
    return [
        *approvals(user), *drafts(user), *policies(user, day, soon), *promises(user), *asked(user),
        *running_out(user, soon),
    ]  # fmt: skip


def to_approve(user: User) -> QuerySet[PolicyVersion]:
    """Versions in review that wait for this person's approval."""
    named = PolicyApprover.objects.live().filter(policy=OuterRef("policy"), user=user.pk)
    given = PolicyApproval.objects.filter(
        policy_version=OuterRef("pk"), submission=OuterRef("submission"), approver=user.pk
    )
    waits = allowed(user, "approve", PolicyVersion)
    return waits.filter(Exists(named), ~Exists(given), state=VersionState.IN_REVIEW)


def approvals(user: User) -> Iterator[WorkItem]:
    """What waits for one's own approval."""
    for version in to_approve(user).defer("text", "promises").order_by("submitted_at", "id"):
        yield WorkItem.on(
            version, REGISTER, version.title, "Waits for your approval", "Look at it", "policies:policyversion-approve"
        )


def drafts(user: User) -> Iterator[WorkItem]:
    """Drafts that one began; templates of which one is the owner."""
    mine = allowed(user, "write", PolicyVersion).filter(state=VersionState.DRAFT, drafted_by=user.pk)
    for version in mine.defer("text", "promises").order_by("id"):
        yield WorkItem.on(version, REGISTER, version.title, "Draft to finish", "Write", "policies:policyversion-write")
    templates = allowed(user, "adapt", Policy).filter(status=Status.TEMPLATE, owner=user.pk, archived_at=None)
    for policy in templates.order_by("title", "id"):
        yield WorkItem.on(policy, REGISTER, policy.title, "Template to adapt", "Adapt", "policies:policy-adapt")


def policies(user: User, day: datetime.date, soon: datetime.date) -> Iterator[WorkItem]:
    """One's own policies whose review is near or overdue."""
    mine = allowed(user, "review", Policy).filter(
        owner=user.pk, status=Status.IN_FORCE, next_review_on__lte=soon, archived_at=None
    )
    for policy in mine.order_by("next_review_on", "id"):
        late = policy.next_review_on is not None and policy.next_review_on < day
        words = "Review overdue" if late else "Review due"
        yield WorkItem.on(policy, REGISTER, policy.title, words, "Look at it", due=policy.next_review_on)


def promises(user: User) -> Iterator[WorkItem]:
    """One's own policies in force that promise another number than the settings say (R8.3)."""
    gaps = differing()
    if not gaps:
        return
    mine = visible(user, Policy).filter(pk__in=list(gaps), owner=user.pk, archived_at=None)
    for policy in mine.order_by("title", "id"):
        first = gaps[policy.pk][0]
        words = f"Promises {first.promised}, the setting says {first.now or 'nothing'}"
        yield WorkItem.on(policy, REGISTER, policy.title, words, "Look at it")


def asked(user: User) -> Iterator[WorkItem]:
    """Requests to be excepted that wait for who owns the policy or keeps the programme, but for whoever asked."""
    mine = Q() if user.role == Role.COMPLIANCE_MANAGER else Q(policy__owner=user.pk)
    waits = allowed(user, "approve", PolicyException).filter(mine, state=ExceptionState.REQUESTED)
    for one in waits.exclude(requested_by=user.pk).select_related("requested_by").order_by("id"):
        yield WorkItem.on(one, REGISTER, one.what, f"{one.requested_by} asks for an exception", "Decide")


def running_out(user: User, soon: datetime.date) -> Iterator[WorkItem]:
    """Exceptions that one asked for, or of one's own policies, that end soon or have ended."""
    mine = visible(user, PolicyException).filter(Q(requested_by=user.pk) | Q(policy__owner=user.pk))
    ending = mine.filter(state=ExceptionState.APPROVED, until__lte=soon)
    for one in ending.order_by(F("until"), "id"):
        yield WorkItem.on(one, REGISTER, one.what, "Exception runs out", "Look at it", due=one.until)
