"""Who can have a part in the register of vendors: own, review, approve. Everybody named here sees the vendor."""

from django.db.models import Q, QuerySet

from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.pages.people import possible_owners
from vendors.models import Vendor

OWNERS = (Role.COMPLIANCE_MANAGER, Role.MANAGER, Role.CONTROL_OWNER)
APPROVERS = (Role.COMPLIANCE_MANAGER, Role.MANAGER)


def possible_vendor_owners() -> QuerySet[User]:
    """Who can own a vendor, a condition or a step of an exit: whoever may see such a thing at all."""
    return possible_owners().filter(role__in=OWNERS)


def possible_approvers() -> QuerySet[User]:
    """Who can be named to approve a vendor or a review."""
    return possible_owners().filter(role__in=APPROVERS)


def possible_reviewers(vendor: Vendor) -> QuerySet[User]:
    """Who can do a review of the vendor: whoever sees it whole, and its owner."""
    return possible_vendor_owners().filter(Q(role__in=APPROVERS) | Q(pk=vendor.owner_id))


def may_approve(user: User | None) -> bool:
    """Whether a person can be the approver: an account that is open, in a role that approves."""
    return user is not None and user.is_active and user.role in APPROVERS
