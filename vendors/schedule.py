"""Recurring reviews, opened by themselves before they are due: by whom, and approved by whom. Can run again."""

import datetime

from django.core.exceptions import ValidationError
from django.db.models import F, Q

from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.settings import setting
from foundation.trail.keep import Stale
from foundation.trail.record import SYSTEM
from vendors.models import ReviewKind, ReviewState, Status, Vendor, VendorReview
from vendors.people import may_approve, possible_approvers
from vendors.reviews import UNDER_WAY, begin

WHY = "Due by its tier; opened ahead of its day."


def begin_due_reviews(day: datetime.date) -> int:
    """Open the recurring review of each vendor in use whose day is near. Returns how many.

    Not where a review is under way, nor where the one of that very day was called off. Where nobody can do or approve
    it, none is opened: the list shows that it is overdue.
    """
    return begin_each(due_soon(day))


def begin_each(found: list[Vendor]) -> int:
    """Open the recurring review of each of these vendors. Returns how many; one that is refused stops no other."""
    here, opened = list(possible_approvers()), 0
    for vendor in found:
        people = pair_for(vendor, here)
        if people is not None and vendor.next_review_on is not None:
            reviewer, approver = people
            try:
                begin(
                    vendor, actor=SYSTEM, kind=ReviewKind.RECURRING, reviewer=reviewer, approver=approver,
                    due_on=vendor.next_review_on, why=WHY,
                )  # fmt: skip
            except (Stale, ValidationError):  # somebody was first: the next run looks again, and the others wait not
                continue
            opened += 1
    return opened


def due_soon(day: datetime.date) -> list[Vendor]:
    """The vendors in use whose next review is near or overdue, and not under way."""
    last = day + datetime.timedelta(days=setting("vendor_review_ahead_days"))
    found = Vendor.objects.live().filter(status__in=(Status.APPROVED, Status.CONDITIONAL), next_review_on__lte=last)
    under_way = VendorReview.objects.live().filter(state__in=UNDER_WAY)
    called_off = VendorReview.objects.filter(
        state=ReviewState.CANCELLED, kind=ReviewKind.RECURRING, due_on=F("vendor__next_review_on")
    )
    found = found.exclude(Q(pk__in=under_way.values("vendor_id")) | Q(pk__in=called_off.values("vendor_id")))
    return list(found.select_related("owner", "approver").order_by("next_review_on", "id"))


def pair_for(vendor: Vendor, approvers: list[User]) -> tuple[User, User] | None:
    """Who does the review and who approves it: the owner and the named approver, else who keeps the programme."""
    keepers = sorted(approvers, key=lambda one: (one.role != Role.COMPLIANCE_MANAGER, one.pk))
    owner = vendor.owner if vendor.owner is not None and vendor.owner.is_active else None
    reviewer = owner or next((one for one in keepers if one.pk != vendor.approver_id), None)
    if reviewer is None:
        return None
    if vendor.approver is not None and may_approve(vendor.approver) and vendor.approver.pk != reviewer.pk:
        return reviewer, vendor.approver
    approver = next((one for one in keepers if one.pk != reviewer.pk), None)
    return (reviewer, approver) if approver else None
