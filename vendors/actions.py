"""What people do with a vendor as a record: keep it rated, raise its tier, set conditions, link findings.

One function a verb, each one transaction and its trail. Approval is in `approval`, leaving in `exits`, reviews in
`reviews`, papers in `documents`.
"""

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from findings.models import Finding
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.steps import locked, say, tie, untie
from vendors.cadence import plan_next
from vendors.models import Condition, Status, Tier, Vendor, VendorFinding, VendorReview
from vendors.models.reviews import ReviewState
from vendors.models.vendor import IN_USE
from vendors.tiering import is_above, score_of, tier_of
from vendors.use import was_in_use


def rate(vendor: Vendor) -> None:
    """Put the tier onto a vendor that its inherent attributes give, and the day of its next review."""
    before = vendor.tier
    vendor.tier_score = score_of(vendor)
    vendor.tier = tier_of(vendor, vendor.raised_to)
    if vendor.tier != before:
        plan_next(vendor)


@transaction.atomic
def keep_vendor(vendor: Vendor, *, actor: Any, participle: str, reason: str = "") -> Vendor:
    """Save a vendor that was created or changed, rated anew. Raises Stale."""
    rate(vendor)
    return save(vendor, actor=actor, verb=f"vendor.{participle}", reason=reason)


def check_put_away(vendor: Vendor) -> None:
    """Raise ValidationError for a vendor that cannot be archived: it is in use (also while it is assessed anew), or a
    review of it is under way. Locks it, so that nobody begins one or approves it meanwhile: inside a transaction.
    """
    vendor = Vendor.objects.select_for_update().get(pk=vendor.pk)
    if vendor.status in IN_USE or was_in_use(vendor):
        raise ValidationError("It is in use: offboard and end it. Archiving says that the record was a mistake.")
    under_way = VendorReview.objects.live().filter(vendor=vendor, state__in=(ReviewState.OPEN, ReviewState.SUBMITTED))
    if under_way.exists():
        raise ValidationError("A review of it is under way. Cancel it first.")


@transaction.atomic
def raise_tier(vendor: Vendor, *, actor: User, tier: str, reason: str) -> Vendor:
    """Put a vendor into a higher tier than its attributes give; with `tier` "" take that back.

    Raises ValidationError without a reason, or for a tier that is no higher: points and floors are never undercut.
    """
    vendor = locked(vendor)
    say(reason, "Say why its attributes do not tell the whole of it.")
    own = tier_of(vendor)
    if tier and not is_above(tier, own):
        raise ValidationError({"tier": f"Its attributes make it {own.label.lower()}: only a higher tier can be set."})
    if tier == vendor.raised_to:
        raise ValidationError({"tier": "That is how it is already."})
    vendor.raised_to, vendor.raised_reason = tier, reason if tier else ""
    rate(vendor)
    return save(vendor, actor=actor, verb="vendor.tier_raised", reason=reason)


# ---- conditions ----------------------------------------------------------------------------------------------------


@transaction.atomic
def add_condition(vendor: Vendor, *, actor: User, what: str, owner: User, due_on: datetime.date) -> Condition:
    """Say what has to be done because a vendor is used with conditions. Raises ValidationError."""
    vendor = locked(vendor)
    if vendor.status == Status.ENDED:
        raise ValidationError("It is ended: nothing is asked of it any more.")
    check_plan(owner, due_on)
    condition = Condition(vendor=vendor, what=what.strip(), owner=owner, due_on=due_on)
    condition.full_clean()
    return save(condition, actor=actor, verb="condition.created", refs={"vendor": vendor.pk})


def check_plan(owner: User, due_on: datetime.date) -> None:
    """Somebody who is here does it, on a day to come."""
    if not owner.is_active:
        raise ValidationError({"owner": f"{owner} has no active account."})
    if due_on < today():
        raise ValidationError({"due_on": "This day has passed."})


@transaction.atomic
def meet(condition: Condition, *, actor: User, note: str, met_on: datetime.date | None = None) -> Condition:
    """Say that a condition is met, and what shows it. Raises ValidationError if it is already, or on a day ahead."""
    condition = locked(condition)
    say(note, "Say what shows that it is met.")
    if condition.met_on is not None:
        raise ValidationError(f"{condition.ref} is met already.")
    if met_on and met_on > today():
        raise ValidationError({"met_on": "This day has not come yet."})
    condition.met_on, condition.met_by, condition.met_note = met_on or today(), actor, note
    refs = {"vendor": condition.vendor_id}
    return save(condition, actor=actor, verb="condition.met", reason=note, refs=refs)


# ---- findings ------------------------------------------------------------------------------------------------------


@transaction.atomic
def link_finding(vendor: Vendor, *, actor: User, finding: str, reason: str) -> VendorFinding:
    """Link the finding of this reference (F-12). Raises ValidationError for what the person does not see."""
    vendor = locked(vendor)
    number = Finding.number_in(finding)
    found = None if number is None else visible(actor, Finding).filter(pk=number).first()
    if found is None:
        raise ValidationError({"finding": "There is no such finding, as F-12."})
    return tie(VendorFinding(vendor=vendor, finding=found, reason=reason), actor=actor, reason=reason)


@transaction.atomic
def unlink(row: Any, *, actor: User, reason: str) -> Any:
    """Take a link away, with a reason. Raises Stale, ValidationError."""
    return untie(row, actor=actor, reason=reason)


def tier_label(tier: str) -> str:
    """A tier in words."""
    return str(Tier(tier).label)
