"""What is done to campaigns and to their reviews before anybody decides: planning, launching, cancelling."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accessreviews.assigning import Subject, able_people, rule_for
from accessreviews.deciding import administrators
from accessreviews.models import (
    CAMPAIGN_MOVES,
    REVIEW_MOVES,
    Assignment,
    By,
    Campaign,
    CampaignControl,
    CampaignState,
    ListedAccount,
    Listing,
    Review,
    ReviewItem,
    ReviewState,
)
from accessreviews.signing import reconciled
from controls.models import Control
from evidence.models import State
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import begin_of
from foundation.trail.keep import save
from foundation.trail.steps import legal, locked, move, say, tie
from systems.models import System

CHUNK: Final = 2000
MOST_NAMED: Final = 20  # accounts or systems in one refusal


@transaction.atomic
def plan(campaign: Campaign, *, actor: Any) -> Campaign:
    """Store a new campaign, with every in-scope system as a review to be given a reviewer: its owner, at first."""
    campaign.created_by = actor if isinstance(actor, User) else None
    campaign = save(campaign, actor=actor, verb="campaign.created")
    for system in System.objects.live().filter(in_scope=True).select_related("owner").order_by("name", "id"):
        save(Review(campaign=campaign, system=system), actor=actor, verb="review.created")
    return campaign


@transaction.atomic
def include(campaign: Campaign, *, actor: User, system: System) -> Review:
    """Put one more system into a draft. Raises ValidationError where it is in it, or the campaign was launched."""
    campaign = locked(campaign)
    legal(campaign, CampaignState.OPEN, CAMPAIGN_MOVES, "state")
    if Review.objects.filter(campaign=campaign, system=system).exists():
        raise ValidationError({"system": f"{system.name} is in it already."})
    review = Review(campaign=campaign, system=system)
    return save(review, actor=actor, verb="review.created", refs={"campaign": campaign.pk})


@transaction.atomic
def set_reviewer(review: Review, *, actor: Any, reviewer: User, by: str) -> Review:
    """Say who reviews a system in a draft. Raises ValidationError for the approver, or whose role decides nothing."""
    review = locked(review)
    if review.state != ReviewState.DRAFT:
        raise ValidationError("It was launched: delegate it, or return it.")
    if reviewer.pk == review.campaign.approver_id:
        raise ValidationError({"reviewer": f"{reviewer} approves this campaign."})
    review.reviewer, review.by = reviewer, by
    return save(review, actor=actor, verb="review.updated", refs={"campaign": review.campaign_id})


@transaction.atomic
def omit(review: Review, *, actor: Any, reason: str) -> Review:
    """Leave a system out of a campaign, with the reason that an auditor reads. Raises ValidationError."""
    review = locked(review)
    say(reason, "Say why this system is not reviewed in this campaign.")
    move(review, ReviewState.OMITTED, REVIEW_MOVES, "state")
    review.omitted_reason = reason.strip()
    return save(review, actor=actor, verb="review.omitted", reason=reason, refs={"campaign": review.campaign_id})


@transaction.atomic
def take_in(review: Review, *, actor: User, reason: str) -> Review:
    """Review an omitted system after all. Raises ValidationError once the campaign was launched."""
    review = locked(review)
    legal(review.campaign, CampaignState.OPEN, CAMPAIGN_MOVES, "state")
    move(review, ReviewState.DRAFT, REVIEW_MOVES, "state")
    review.omitted_reason = ""
    return save(review, actor=actor, verb="review.included", reason=reason, refs={"campaign": review.campaign_id})


@transaction.atomic
def link_control(campaign: Campaign, *, actor: Any, control: str, reason: str) -> CampaignControl:
    """Link the control (IAM-05) that the campaign is the operation of. Raises ValidationError; not once signed off."""
    campaign = locked(campaign)
    if campaign.evidence_id is not None:
        raise ValidationError("Its result is evidence already: link that to the control.")
    found = visible(actor, Control).filter(ref__iexact=control.strip(), archived_at=None).first()
    if found is None:
        raise ValidationError({"control": "There is no control with this reference."})
    return tie(CampaignControl(campaign=campaign, control=found, reason=reason), actor=actor, reason=reason)


@transaction.atomic
def cancel(campaign: Campaign, *, actor: User, reason: str) -> Campaign:
    """Call a campaign off, with a reason. Raises ValidationError once a review of it is approved."""
    campaign = locked(campaign)
    say(reason, "Say why it is called off.")
    reviews = list(campaign.reviews.select_for_update())
    if any(review.state == ReviewState.APPROVED for review in reviews):
        raise ValidationError("A review of it is approved: that stands, and the others have to be finished.")
    move(campaign, CampaignState.CANCELLED, CAMPAIGN_MOVES, "state")
    for review in reviews:
        if review.state != ReviewState.OMITTED:
            move(review, ReviewState.CANCELLED, REVIEW_MOVES, "state")
            save(review, actor=actor, verb="review.cancelled", reason=reason)
    return save(campaign, actor=actor, verb="campaign.cancelled", reason=reason)


# ---- launching -----------------------------------------------------------------------------------------------------


@transaction.atomic
def launch(campaign: Campaign, *, actor: User, reason: str = "") -> Campaign:
    """Open a campaign: each system's newest listing, whole and of this period, is assigned account by account.

    Raises ValidationError with everything that is missing: an approver, a system that is neither in it nor omitted
    with a reason, a reviewer, a listing of the period, an account on which nobody may decide. Then nothing is changed.
    """
    campaign = locked(campaign)
    move(campaign, CampaignState.OPEN, CAMPAIGN_MOVES, "state")
    reviews = list(
        campaign.reviews.select_for_update(of=("self",)).select_related("system__owner", "reviewer", "campaign")
    )
    missing = [*lacking(campaign, reviews)]
    if missing:
        raise ValidationError(missing)
    campaign.launched_at, campaign.launched_by = timezone.now(), actor
    able = able_people()
    for review in reviews:
        if review.state != ReviewState.OMITTED:
            launch_review(review, actor, able)
    return save(campaign, actor=actor, verb="campaign.launched", reason=reason)


def lacking(campaign: Campaign, reviews: Iterable[Review]) -> Iterator[str]:
    """What keeps a campaign from being launched, in words; each review is given its listing. Constant queries."""
    if campaign.approver is None or not campaign.approver.is_active:
        yield "Name an approver: the second person, who reviews nothing in it."
    reviews = list(reviews)
    wanted = [one for one in reviews if one.state != ReviewState.OMITTED]
    if not wanted:
        yield "Every system is omitted: there is nothing to review."
    known = {review.system_id for review in reviews}
    forgotten = System.objects.live().filter(in_scope=True).exclude(pk__in=known).order_by("name")
    for system in forgotten[:MOST_NAMED]:
        yield f"{system.name} is in scope: put it into the campaign, or omit it with a reason."
    listings = newest_listings(campaign, [one.system_id for one in wanted])
    for review in wanted:
        review.listing = listings.get(review.system_id)
        yield from lacking_in(campaign, review)


def lacking_in(campaign: Campaign, review: Review) -> Iterator[str]:
    """What keeps one system's review from being launched. No query."""
    name = review.system.name
    if review.system.archived_at:
        yield f"{name} is archived: omit it with a reason."
    if review.reviewer is None or not review.reviewer.is_active:
        yield f"{name} has no reviewer."
    elif review.reviewer_id == campaign.approver_id:
        yield f"{name}: {review.reviewer} approves this campaign and cannot review."
    if review.listing is None:
        yield f"{name} has no listing taken on or after {campaign.period_from}: bring one."


def newest_listings(campaign: Campaign, systems: Collection[int]) -> dict[int, Listing]:
    """What each system is reviewed from: its newest listing that stands, taken in the period or after. One query."""
    first = begin_of(campaign.period_from)
    found = Listing.objects.filter(system__in=systems, pulled_at__gte=first).select_related("system")
    standing = found.exclude(evidence__state__in=(State.RETURNED, State.WITHDRAWN))
    return {listing.system_id: listing for listing in standing.order_by("pulled_at", "id")}  # the last one stays


def launch_review(review: Review, actor: User, able: set[int]) -> None:
    """Assign each account of the review's listing.

    Raises ValidationError for a listing that does not add up, or accounts on which nobody may decide.
    """
    listing: Any = review.listing
    review.item_count = listing.row_count
    if not reconciled(review):
        raise ValidationError(f"{listing} does not hold as many accounts as its source counted.")
    parts, nobody = assigned(review, able)
    if nobody:
        names = ", ".join(names_of(nobody[:MOST_NAMED]))
        raise ValidationError(
            f"{review.system.name}: nobody who is independent can decide on {len(nobody)} account(s): {names}. "
            "Name another reviewer, or one whose manager can decide."
        )
    move(review, ReviewState.DECIDING, REVIEW_MOVES, "state")
    refs = {"campaign": review.campaign_id, "listing": review.listing_id, "parts": len(parts)}
    save(review, actor=actor, verb="review.launched", refs=refs)
    for (person, why), subjects in sorted(parts.items(), key=lambda part: part[0]):
        flagged = sum(one.flagged for one in subjects)
        part = Assignment(review=review, reviewer_id=person, why=why, item_count=len(subjects), flagged_count=flagged)
        save(part, actor=actor, verb="assignment.created", refs={"review": review.pk})
        items = [
            ReviewItem(
                review=review, assignment=part, account_id=one.account, position=position, flagged=one.flagged,
                privileged=one.privileged, subject_id=one.subject,
            )
            for position, one in enumerate(subjects, 1)
        ]  # fmt: skip
        ReviewItem.objects.bulk_create(items, batch_size=CHUNK)


def assigned(review: Review, able: set[int]) -> tuple[dict[tuple[int, str], list[Subject]], list[int]]:
    """Each person's accounts with the first reason why they came to them, and the accounts that nobody may decide."""
    campaign: Any = review.campaign
    reviewer: Any = review.reviewer  # `lacking_in` saw that there is one, and a listing
    listing: Any = review.listing
    rule = rule_for(
        reviewer=reviewer, by_manager=review.by == By.MANAGER, owner=review.system.owner, creator=campaign.created_by,
        administrators=administrators(review.system_id), approver=campaign.approver_id, able=able,
    )  # fmt: skip
    whose: dict[int, list[Subject]] = defaultdict(list)
    why: dict[int, str] = {}
    nobody: list[int] = []
    for one in subjects_of(listing):
        chosen = rule.choose(one)
        if chosen is None:
            nobody.append(one.account)
            continue
        whose[chosen[0]].append(one)
        why.setdefault(*chosen)
    return {(person, why[person]): found for person, found in whose.items()}, nobody


def subjects_of(listing: Listing) -> Iterator[Subject]:
    """The accounts of a listing as the rule sees them, the flagged ones first. One query."""
    users = dict(User.objects.values_list("email", "pk"))
    found = ListedAccount.objects.filter(listing=listing).order_by("-flagged", "id")
    rows = found.values_list(
        "pk", "email", "owner_id", "person__user_id", "person__manager__user_id", "flagged", "privileged"
    )
    for account, email, owner, person, manager, flagged, privileged in rows.iterator(chunk_size=CHUNK):
        whose = (person, owner, users.get(email.lower()) if email else None)
        people = frozenset(one for one in whose if one is not None)
        subject = next((one for one in whose if one is not None), None)
        yield Subject(account, people, manager, subject, flagged, privileged)


def names_of(accounts: list[int]) -> list[str]:
    """What accounts are called."""
    return [str(account) for account in ListedAccount.objects.filter(pk__in=accounts)]
