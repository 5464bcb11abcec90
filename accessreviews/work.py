"""What waits for a person in access reviews: parts, approvals, removals, drafts, and listings that are missing."""

import datetime
from collections.abc import Iterator

from django.db.models import Max, Q

from accessreviews.models import Assignment, Campaign, CampaignState, Choice, Removal, Review, ReviewState
from accessreviews.progress import counts_at
from accessreviews.standing import RemovalState, stands, waits
from foundation.accounts.access import allowed, visible
from foundation.accounts.models import User
from foundation.organisation.models import day_at, today
from foundation.pages.work import WorkItem

REGISTER = "Access reviews"


def reviews_work(user: User) -> list[WorkItem]:
    """All of it, in a constant number of queries."""
    day = today()
    return [*parts(user), *approvals(user), *removals(user, day), *drafts(user), *listings(user)]


def parts(user: User) -> Iterator[WorkItem]:
    """Parts that one decides on: one's own until they are signed, a colleague's while anything is undecided."""
    mine = Q(reviewer=user.pk) | Q(delegate=user.pk)
    found = allowed(user, "decide", Assignment).filter(mine, signed_at=None, review__state=ReviewState.DECIDING)
    waiting = list(found.select_related("review__campaign", "review__system").order_by("review__campaign__due_on"))
    counts = counts_at(waiting, None)
    for part in waiting:
        done, due = counts[part.pk]["decided"], part.review.campaign.due_on
        title = f"{part.review.system.name}, {part.review.campaign.name}"
        if done < part.item_count:
            words = f"{done:,} of {part.item_count:,} decided"
            yield WorkItem.on(part, REGISTER, title, words, "Decide", due=due)
        elif part.reviewer_id == user.pk:
            yield WorkItem.on(part, REGISTER, title, "All decided", "Sign off", "accessreviews:assignment-sign", due)


def approvals(user: User) -> Iterator[WorkItem]:
    """Signed reviews of campaigns that one approves."""
    found = allowed(user, "approve", Review).filter(state=ReviewState.SIGNED, campaign__approver=user.pk)
    for review in found.select_related("campaign", "system").order_by("campaign__due_on", "id"):
        title, due = f"{review.system.name}, {review.campaign.name}", review.campaign.due_on
        yield WorkItem.on(review, REGISTER, title, "Signed; waits for your approval", "Look at it", due=due)


def removals(user: User, day: datetime.date) -> Iterator[WorkItem]:
    """Removals to do, to confirm where somebody else did them, and exceptions that colleagues ask for."""
    own = Q(owner=user.pk) & (stands(RemovalState.TODO, day) | stands(RemovalState.OVERDUE, day))
    done = Q(done_by=user.pk) | Q(done_by=None, owner=user.pk)
    brought = Q(shown_by__pulled_by=user.pk) | Q(shown_by__frozen_by=user.pk)
    shown = stands(RemovalState.SHOWN, day) & ~done & ~brought
    asked = waits(day) & Q(exception_requested_by__isnull=False, excepted_by=None)
    asked &= ~Q(exception_requested_by=user.pk) & ~Q(owner=user.pk) & ~Q(done_by=user.pk)
    found = (
        allowed(user, "complete", Removal).filter(own)
        | allowed(user, "confirm", Removal).filter(Q(pk__in=Removal.objects.filter(shown).values("pk")))
        | allowed(user, "except", Removal).filter(Q(pk__in=Removal.objects.filter(asked).values("pk")))
    )
    related = ("account", "review__system", "exception_requested_by")
    for removal in found.select_related(*related).order_by("due_on", "id").distinct():
        yield removal_item(removal, user, day)


def removal_item(removal: Removal, user: User, day: datetime.date) -> WorkItem:
    """What is wanted of this person."""
    title = f"{removal.account.key} of {removal.review.system.name}"
    if removal.exception_requested_by_id not in (None, user.pk) and removal.owner_id != user.pk:
        words = f"{removal.exception_requested_by} asks to except it"
        return WorkItem.on(removal, REGISTER, title, words, "Decide", due=removal.due_on)
    if removal.shown_by_id is not None:
        words = "A listing shows that it is gone"
        return WorkItem.on(removal, REGISTER, title, words, "Confirm", "accessreviews:removal-confirm")
    what = "Remove" if removal.kind == Choice.REMOVE else "Change"
    words = f"{what} access: overdue" if removal.due_on < day else f"{what} access"
    done = "accessreviews:removal-complete"
    return WorkItem.on(removal, REGISTER, title, words, "Mark as done", done, removal.due_on)


def drafts(user: User) -> Iterator[WorkItem]:
    """Campaigns that wait to be launched."""
    found = allowed(user, "launch", Campaign).filter(state=CampaignState.DRAFT).order_by("due_on", "id")
    for campaign in found:
        words = "Planned, to be launched"
        yield WorkItem.on(campaign, REGISTER, campaign.name, words, "Look at it", due=campaign.due_on)


def listings(user: User) -> Iterator[WorkItem]:
    """One's own systems of which a planned campaign has no listing of its period yet."""
    found = visible(user, Review).filter(
        state=ReviewState.DRAFT, campaign__state=CampaignState.DRAFT, system__owner=user.pk, system__archived_at=None
    )
    planned = found.select_related("campaign", "system").annotate(newest=Max("system__listings__pulled_at"))
    for review in planned.order_by("campaign__due_on", "id"):
        newest = review.newest and day_at(review.newest)
        if newest is None or newest < review.campaign.period_from:
            words = f"No listing for {review.campaign.name}"
            yield WorkItem.on(
                review.system, REGISTER, review.system.name, words, "Bring one", due=review.campaign.due_on
            )
