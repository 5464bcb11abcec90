"""Signing off a review: what blocks it, the reviewers' signatures, the approver's, and giving it back (R4.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accessreviews import closing, removals
from accessreviews.deciding import administrators
from accessreviews.hashing import hash_of, hash_of_review
from accessreviews.models import (
    REVIEW_MOVES,
    Assignment,
    CampaignState,
    Choice,
    Decision,
    ListedAccount,
    Review,
    ReviewItem,
    ReviewState,
)
from accessreviews.pace import pace_of
from foundation.accounts.access import apart
from foundation.accounts.duties import ACCESS_APPROVAL
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say

ALTERED: Final = "The decisions are not those that were signed: their hash differs. Nothing is approved."


@dataclass(frozen=True)
class Block:
    """One thing that keeps a part from being signed. `show`: the filter of the deciding page that lists it, or ""."""

    words: str
    show: str = ""


def blocks(part: Assignment) -> list[Block]:
    """What keeps this part from being signed now; nothing when it can be (R4.1). A constant number of queries."""
    found = []
    if undecided := undecided_in(part).count():
        found.append(undecided_words(undecided))
    if own := self_decided(part).count():
        found.append(Block(f"{own} decided by whose account it is, or who administers the system.", "self_decided"))
    if bare := without_reason(part).count():
        found.append(Block(f"{bare} flagged and kept without a reason.", "without_reason"))
    if not whole(part.review):
        found.append(Block(f"{part.review.listing} is not the whole list any more: its rows do not add up."))
    return found


def undecided_words(count: int) -> Block:
    """How many accounts nobody has decided on."""
    return Block(f"{count} account{'s are' if count > 1 else ' is'} undecided.", "undecided")


def undecided_in(part: Assignment) -> QuerySet[ReviewItem]:
    """Accounts on which nothing is decided."""
    return ReviewItem.objects.filter(Q(decision=None) | Q(decision__choice=""), assignment=part)


def self_decided(part: Assignment) -> QuerySet[ReviewItem]:
    """Accounts decided by somebody who, as things stand now, may not decide on them."""
    by = F("decision__decided_by")
    own = Q(subject=by) | Q(account__owner=by) | Q(account__person__user=by)
    own |= Q(account__email=F("decision__decided_by__email"))
    admin = Q(decision__decided_by__in=administrators(part.review.system_id))
    return ReviewItem.objects.filter(own | admin, assignment=part).exclude(decision__choice="")


def without_reason(part: Assignment) -> QuerySet[ReviewItem]:
    """Flagged accounts that are kept without a word."""
    return ReviewItem.objects.filter(assignment=part, flagged=True, decision__choice=Choice.KEEP, decision__reason="")


def reconciled(review: Review) -> bool:
    """Whether the review's listing still holds as many accounts as its source counted."""
    listing = review.listing
    if listing is None or listing.row_count != listing.source_total or listing.row_count != review.item_count:
        return False
    return ListedAccount.objects.filter(listing=listing).count() == listing.row_count


def whole(review: Review) -> bool:
    """Whether the listing adds up, and each of its accounts is assigned in the review."""
    return reconciled(review) and ReviewItem.objects.filter(review=review).count() == review.item_count


@transaction.atomic
def sign(part: Assignment, *, actor: User, statement: str) -> Assignment:
    """Sign a part off as its reviewer, with a statement; what it decided to remove or change becomes due.

    Raises PermissionDenied for anybody but the reviewer; ValidationError with everything that blocks it.
    """
    part = locked(part)
    if actor.pk != part.reviewer_id:
        raise PermissionDenied("Its reviewer signs.")
    say(statement, "State what you sign.")
    review = Review.objects.select_for_update().get(pk=part.review_id)
    if part.signed_at is not None or review.state != ReviewState.DECIDING:
        raise ValidationError("It is signed already, or not open.")
    if found := blocks(part):
        raise ValidationError([block.words for block in found])
    part.statement, part.signed_by, part.signed_at = statement.strip(), actor, timezone.now()
    part.decisions_sha256, part.pace = hash_of(part), pace_of(part)
    refs = {"review": review.pk, "sha256": part.decisions_sha256}
    save(part, actor=actor, verb="assignment.signed", reason=part.statement, refs=refs)
    removals.demand(part, actor=actor)
    if not review.assignments.filter(signed_at=None).exists():
        move(review, ReviewState.SIGNED, REVIEW_MOVES, "state")
        save(review, actor=actor, verb="review.signed")
    return part


@transaction.atomic
def approve(review: Review, *, actor: User, statement: str) -> Review:
    """Approve what the reviewers signed, as the campaign's approver: from now on nothing of it can be changed.

    Raises PermissionDenied for anybody else, and for whoever decided or signed any of it; ValidationError before all
    parts are signed, or where the decisions are not those that were.
    """
    review = locked(review)
    parts = for_approver(review, actor)
    say(statement, "State what you approve.")
    move(review, ReviewState.APPROVED, REVIEW_MOVES, "state")
    if any(hash_of(part) != part.decisions_sha256 for part in parts):
        raise ValidationError(ALTERED)
    if not whole(review):
        raise ValidationError(f"{review.listing} does not add up any more.")
    review.statement, review.approved_by, review.approved_at = statement.strip(), actor, timezone.now()
    review.decisions_sha256 = hash_of_review(review, parts)
    save(review, actor=actor, verb="review.approved", reason=review.statement, refs={"sha256": review.decisions_sha256})
    closing.sign_off(review.campaign, actor=actor)
    return review


@transaction.atomic
def give_back(review: Review, *, actor: User, reason: str) -> Review:
    """Return a signed review to its reviewers, with a reason. What is being removed meanwhile goes on.

    Raises as `approve`.
    """
    review = locked(review)
    parts = for_approver(review, actor)
    say(reason, "Say what is to be decided anew.")
    move(review, ReviewState.DECIDING, REVIEW_MOVES, "state")
    save(review, actor=actor, verb="review.returned", reason=reason)
    for part in parts:
        part.statement, part.decisions_sha256, part.pace = "", "", {}
        part.signed_by, part.signed_at = None, None
        save(part, actor=actor, verb="assignment.returned", reason=reason, refs={"review": review.pk})
    return review


def for_approver(review: Review, actor: User) -> list[Assignment]:
    """The signed parts of a review, for its approver. Raises PermissionDenied, ValidationError."""
    if actor.pk != review.campaign.approver_id:
        raise PermissionDenied("The campaign's approver does this.")
    if review.state != ReviewState.SIGNED or review.campaign.state != CampaignState.OPEN:
        raise ValidationError("It does not wait for an approval.")
    parts = list(review.assignments.select_for_update().order_by("id"))
    apart(actor, involved(parts), ACCESS_APPROVAL)
    return parts


def involved(parts: Iterable[Assignment]) -> set[int | None]:
    """Everybody who decided or signed any of it, also what was undone or returned since."""
    parts = list(parts)
    signed = Assignment.history.filter(id__in=[part.pk for part in parts], signed_by__isnull=False)
    decided = Decision.history.filter(assignment_id__in=[part.pk for part in parts])
    people = {part.reviewer_id for part in parts}
    return {
        *people,
        *signed.values_list("signed_by_id", flat=True).distinct(),
        *decided.values_list("decided_by_id", flat=True).order_by().distinct(),
    }
