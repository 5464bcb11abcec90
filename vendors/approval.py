"""From proposal to use: assessment, what blocks an approval, the approver's signature, and giving it back (R6.1)."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from foundation.accounts.access import apart
from foundation.accounts.duties import VENDOR_APPROVAL
from foundation.accounts.models import User
from foundation.organisation.models import day_at, today
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say
from vendors.cadence import days_of
from vendors.kept import keep_as_evidence
from vendors.models import (
    MOVES,
    Conclusion,
    Condition,
    Region,
    ReviewKind,
    ReviewState,
    Status,
    Vendor,
    VendorControl,
    VendorReview,
    VendorReviewItem,
)
from vendors.people import may_approve
from vendors.proofs import operates
from vendors.results import moment, result_of
from vendors.tiering import is_above

WHOLE = (ReviewKind.DUE_DILIGENCE, ReviewKind.RECURRING)  # which look at the whole vendor; one after an event does not


@dataclass(frozen=True)
class Block:
    """One thing that keeps a vendor from being approved, with the page on which it is put right."""

    words: str
    url: str = ""


# ---- assessment ----------------------------------------------------------------------------------------------------


@transaction.atomic
def assess(vendor: Vendor, *, actor: Any, note: str) -> Vendor:
    """Take a vendor into assessment; one that is in use is approved no longer until that is done. ValidationError."""
    vendor = locked(vendor)
    say(note, "Say why it is assessed.")
    move(vendor, Status.ASSESSING, MOVES)
    forget_approval(vendor)
    vendor.status_note = note
    return save(vendor, actor=actor, verb="vendor.assessing", reason=note)


@transaction.atomic
def propose(vendor: Vendor, *, actor: User, reason: str) -> Vendor:
    """Propose a vendor again that was ended. Raises ValidationError."""
    vendor = locked(vendor)
    say(reason, "Say why it is wanted again.")
    if vendor.status != Status.ENDED:
        raise ValidationError(f"{vendor.ref} is not ended.")
    move(vendor, Status.PROPOSED, MOVES)
    forget_approval(vendor)
    vendor.ended_on, vendor.status_note = None, reason
    return save(vendor, actor=actor, verb="vendor.proposed", reason=reason)


def forget_approval(vendor: Vendor) -> None:
    """Take the approval off it; its history and the trail keep it."""
    vendor.approved_by = vendor.approved_at = None


# ---- what blocks it ------------------------------------------------------------------------------------------------


def reviews_that_count() -> QuerySet[VendorReview]:
    """Approved reviews on which an approval can rest: of the whole vendor, and not from before it was ended.

    One after an event counts where it says no: that outweighs what was said before.
    """
    ended = Vendor.history.filter(
        id=OuterRef("vendor_id"), status=Status.ENDED, history_date__gte=OuterRef("approved_at")
    )
    told = Q(kind__in=WHOLE) | Q(conclusion=Conclusion.REJECT)
    return VendorReview.objects.filter(told, ~Exists(ended), state=ReviewState.APPROVED, archived_at=None)


def newest_review(vendor: Vendor) -> VendorReview | None:
    """The newest approved review that counts."""
    found = reviews_that_count().filter(vendor=vendor)
    return found.select_related("reviewer", "submitted_by", "approved_by").order_by("-approved_at", "-id").first()


def blocks(vendor: Vendor, *, conditional: bool = False) -> list[Block]:
    """What keeps a vendor from being approved now (R6.1), in words; nothing when it can be. Two queries.

    conditional: whether it is to be approved with conditions.
    """
    review = newest_review(vendor)
    asked = Condition.objects.live().filter(vendor=vendor).values_list("met_on", flat=True)
    met = [one is not None for one in asked]
    return [
        *people_blocks(vendor, review),
        *review_blocks(vendor, review),
        *condition_blocks(vendor, review, met, conditional=conditional),
    ]


def people_blocks(vendor: Vendor, review: VendorReview | None) -> list[Block]:
    """Owner, tier and approver: who is missing, or is the wrong person."""
    edit, found = f"{vendor.get_absolute_url()}edit/", []
    if vendor.owner is None or not vendor.owner.is_active:
        found.append(Block("It has no owner with an open account.", edit))
    if not vendor.data_classes or not vendor.service.strip():
        found.append(Block("What it does and which data it gets is not said: its tier cannot be trusted.", edit))
    personal = vendor.personal_data or vendor.subprocessor
    if personal and vendor.region != Region.SAME and not vendor.transfer_basis.strip():
        found.append(Block("Personal data goes abroad, and on what that transfer rests is not said.", edit))
    if not may_approve(vendor.approver):
        found.append(Block("No approver is named who is a compliance manager or a manager.", edit))
    elif vendor.approver_id in {vendor.owner_id, *(assessors(review) if review else ())}:
        found.append(Block("Its approver owns or assessed it: name another one.", edit))
    return found


def review_blocks(vendor: Vendor, review: VendorReview | None) -> list[Block]:
    """A review that is missing, too old, too shallow for the tier, or says no."""
    if review is None:
        return [Block("No due diligence of it is approved.", f"{vendor.get_absolute_url()}reviews/")]
    found, url = [], review.get_absolute_url()
    age = (today() - approved_on(review)).days
    if age > days_of(vendor.tier):
        found.append(Block(f"{review.ref} is {age} days old, more than the cadence of its tier.", url))
    if is_above(vendor.tier, review.tier):
        words = f"{review.ref} asked what the {review.get_tier_display().lower()} tier is asked; it is higher now."
        found.append(Block(words, url))
    if review.conclusion == Conclusion.REJECT:
        found.append(Block(f"{review.ref} concludes not to use it.", url))
    return found


def doubts(vendor: Vendor) -> list[Block]:
    """Why the approval of a vendor in use does not rest on its reviews any more; nothing while it does. One query."""
    review = newest_review(vendor)
    return [] if review is None else review_blocks(vendor, review)


def condition_blocks(vendor: Vendor, review: VendorReview | None, met: list[bool], *, conditional: bool) -> list[Block]:
    """With conditions: at least one is open. Without: none is, and those that the review wants were met."""
    page = f"{vendor.get_absolute_url()}conditions/new/"
    if conditional:
        return [] if not all(met) else [Block("No condition is open: say what has to be done.", page)]
    if not all(met):
        count = met.count(False)
        page = f"{vendor.get_absolute_url()}#conditions"
        return [Block(f"{count} condition{'s are' if count > 1 else ' is'} open.", page)]
    if review is not None and review.conclusion == Conclusion.CONDITIONAL and not met:
        return [Block(f"{review.ref} concludes to use it with conditions, and none was set.", page)]
    return []


def approved_on(review: VendorReview) -> datetime.date:
    """The day of a review's approval, in the organisation's time zone."""
    assert review.approved_at is not None  # noqa: S101 - the database holds that of an approved one
    return day_at(review.approved_at)


def assessors(review: VendorReview) -> set[int]:
    """Everybody who had a hand in a review: who ever was its reviewer or submitted it, and who answered any question.

    From history, so that naming another reviewer, or returning it, washes nobody's hands. Two queries.
    """
    answered = VendorReviewItem.history.filter(review_id=review.pk, history_type="~")
    people = {review.reviewer_id, review.submitted_by_id, *answered.values_list("history_user_id", flat=True)}
    for pair in VendorReview.history.filter(id=review.pk).values_list("reviewer_id", "submitted_by_id"):
        people |= set(pair)
    return {one for one in people if one is not None}


# ---- the approver --------------------------------------------------------------------------------------------------


@transaction.atomic
def approve(vendor: Vendor, *, actor: User, statement: str) -> Vendor:
    """Approve the use of a vendor, as its named approver, with a statement.

    Raises PermissionDenied for anybody else, and for whoever owns or assessed it; ValidationError with all that blocks
    it (R6.1).
    """
    return approved(vendor, actor, statement, Status.APPROVED, "vendor.approved")


@transaction.atomic
def approve_conditionally(vendor: Vendor, *, actor: User, statement: str) -> Vendor:
    """Approve its use while conditions are open. Raises as `approve`, and where no condition is open."""
    return approved(vendor, actor, statement, Status.CONDITIONAL, "vendor.approved_conditionally")


def approved(vendor: Vendor, actor: User, statement: str, status: Status, verb: str) -> Vendor:
    """The approval, either way; what led to it becomes evidence when the vendor was not in use before."""
    vendor = for_approver(vendor, actor)
    say(statement, "State what you approve.")
    before = vendor.status
    move(vendor, status, MOVES)
    if found := blocks(vendor, conditional=status == Status.CONDITIONAL):
        raise ValidationError([block.words for block in found])
    vendor.approved_by, vendor.approved_at, vendor.status_note = actor, timezone.now(), statement.strip()
    kept = save(vendor, actor=actor, verb=verb, reason=statement)
    if before == Status.ASSESSING:
        as_evidence(kept, actor)
    return kept


@transaction.atomic
def give_back(vendor: Vendor, *, actor: User, reason: str) -> Vendor:
    """Return a vendor that waits for approval to its owner, with a reason. Raises as `approve`."""
    vendor = for_approver(vendor, actor)
    say(reason, "Say what is missing.")
    if vendor.status != Status.ASSESSING:
        raise ValidationError(f"{vendor.ref} does not wait for an approval.")
    move(vendor, Status.PROPOSED, MOVES)
    vendor.status_note = reason
    return save(vendor, actor=actor, verb="vendor.returned", reason=reason)


def for_approver(vendor: Vendor, actor: User) -> Vendor:
    """The vendor, locked, for its approver. Raises PermissionDenied, Stale."""
    vendor = locked(vendor)
    if actor.pk != vendor.approver_id:
        raise PermissionDenied("The approver whom the vendor names does this.")
    review = newest_review(vendor)
    concerned = {vendor.owner_id, *owners_while_assessed(vendor), *(assessors(review) if review else ())}
    apart(actor, concerned, VENDOR_APPROVAL, vendor)
    return vendor


def owners_while_assessed(vendor: Vendor) -> set[int | None]:
    """Who owned it at any time since it was last taken into assessment: giving it away washes nobody's hands."""
    then = Vendor.history.filter(id=vendor.pk)
    before = then.exclude(status=Status.ASSESSING).order_by("-history_id").first()
    if vendor.status != Status.ASSESSING or before is None:
        return {vendor.owner_id}
    return {before.owner_id, *then.filter(history_id__gt=before.history_id).values_list("owner_id", flat=True)}


def as_evidence(vendor: Vendor, approver: User) -> None:
    """Due diligence and approval of a new vendor, as accepted evidence for the controls of due diligence.

    It is the register's own record, made by nobody: reviewer and approver signed what is in it. Its event is the one
    that the population of approved vendors names.
    """
    part, review, event = VendorControl.Part.DUE_DILIGENCE, newest_review(vendor), event_of(vendor)
    if review is None or vendor.approved_at is None or not operates(part):
        return
    result = {
        "format": "countersign vendor approval 1", "vendor": vendor.ref, "version": vendor.version,
        "name": vendor.name, "tier": vendor.tier, "score": vendor.tier_score, "status": vendor.status,
        "owner": vendor.owner_id, "approved_by": vendor.approved_by_id, "approved_at": moment(vendor.approved_at),
        "statement": vendor.status_note, "review": result_of(review) | {"sha256": review.sha256},
    }  # fmt: skip
    keep_as_evidence(
        result, part, signed_by=approver, at=vendor.approved_at, day=today(), event=event, period=(today(), today()),
        title=f"Vendor approved: {vendor.name}, {event}", what=f"Approval of {vendor.ref} before use",
        name=f"{event}.json",
    )  # fmt: skip


def event_of(vendor: Vendor) -> str:
    """What one move of a vendor is called as an event: its reference and the version that the move made."""
    return f"{vendor.ref}.{vendor.version}"
