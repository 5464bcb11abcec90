"""Who can have which part in a policy: approving it, reviewing it, deciding about exceptions."""

from django.db.models import QuerySet

from foundation.accounts.models import User
from foundation.accounts.roles import Role
from policies.models import Policy, PolicyApprover

APPROVING = (Role.COMPLIANCE_MANAGER, Role.MANAGER)


def possible_approvers() -> QuerySet[User]:
    """Who can be named to approve a policy: compliance managers and managers who may sign in."""
    return User.objects.active().filter(role__in=APPROVING).order_by("name", "id")


def approvers_of(policy_id: int) -> list[User]:
    """Who must approve a policy, by name. One query."""
    named = PolicyApprover.objects.live().filter(policy=policy_id)
    return list(User.objects.filter(pk__in=named.values("user")).order_by("name", "id"))


def may_approve(user: User) -> bool:
    """Whether this person can approve policies at all."""
    return bool(user.is_active and user.role in APPROVING)


def may_review(user: User, policy: Policy) -> bool:
    """Whether this person says that a policy needs no change: its owner, or who keeps the programme (R8.2)."""
    return user.role == Role.COMPLIANCE_MANAGER or policy.owner_id == user.pk
