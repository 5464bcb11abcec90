"""The campaign of each quarter, planned by itself: the systems that are due, and the people of the one before."""

import datetime
from collections import defaultdict

from django.db import transaction

from accessreviews.campaigns import omit, plan, set_reviewer
from accessreviews.models import Campaign, CampaignControl, CampaignState, Review, ReviewState
from accessreviews.quarters import IN_WORDS, Quarter, is_due, next_due
from foundation.accounts.models import User
from foundation.trail.record import SYSTEM
from foundation.trail.steps import tie
from systems.models import System

NOT_DUE = "Reviewed {}; next in {}."
NEVER = (CampaignState.DRAFT, CampaignState.CANCELLED)


@transaction.atomic
def plan_quarter(day: datetime.date) -> Campaign | None:
    """Plan the campaign of the quarter of a day as a draft, unless there is one, or nothing to review. Can run again.

    Systems that are due by their cadence are in it, others are omitted with the reason in words. Approver, reviewers
    and linked controls are those of the newest campaign. One that was called off is not planned again.
    """
    quarter = Quarter.of(day)
    if Campaign.objects.filter(period_to__range=(quarter.first, quarter.last)).exists():
        return None
    if not System.objects.live().filter(in_scope=True).exists():
        return None
    newest = Campaign.objects.exclude(state=CampaignState.CANCELLED).order_by("-period_to", "-id").first()
    campaign = Campaign(
        name=f"Access review, {quarter}", period_from=quarter.first, period_to=quarter.last, due_on=quarter.last,
        approver=still_here(newest.approver) if newest else None,
    )  # fmt: skip
    campaign = plan(campaign, actor=SYSTEM)
    fill(campaign, quarter)
    for link in CampaignControl.objects.live().filter(campaign=newest, control__archived_at=None) if newest else ():
        again = CampaignControl(campaign=campaign, control_id=link.control_id, reason=link.reason)
        tie(again, actor=SYSTEM, reason=link.reason)
    return campaign


def fill(campaign: Campaign, quarter: Quarter) -> None:
    """Give each system of a new campaign the reviewer of its last review, or omit it where it is not due."""
    reviewed, before = reviewed_in(quarter), last_reviews()
    for review in campaign.reviews.select_related("system").order_by("id"):
        cadence, known = review.system.review_cadence, reviewed[review.system_id]
        if not is_due(cadence, quarter, known):
            reason = NOT_DUE.format(IN_WORDS[cadence], next_due(cadence, quarter, known))
            omit(review, actor=SYSTEM, reason=reason)
            continue
        last = before.get(review.system_id)
        reviewer = still_here(last.reviewer) if last else None
        if last and reviewer and reviewer.pk != campaign.approver_id:
            set_reviewer(review, actor=SYSTEM, reviewer=reviewer, by=last.by)


def reviewed_in(quarter: Quarter) -> dict[int, set[Quarter]]:
    """In which quarters of the year before this one each system was reviewed."""
    found = Review.objects.exclude(state__in=(ReviewState.OMITTED, ReviewState.CANCELLED, ReviewState.DRAFT))
    found = found.exclude(campaign__state__in=NEVER).filter(campaign__period_to__gte=quarter.after(-4).first)
    reviewed: dict[int, set[Quarter]] = defaultdict(set)
    for system, day in found.values_list("system_id", "campaign__period_to"):
        reviewed[system].add(Quarter.of(day))
    return reviewed


def last_reviews() -> dict[int, Review]:
    """The newest review of each system that had a reviewer."""
    found = Review.objects.filter(reviewer__isnull=False).exclude(campaign__state=CampaignState.CANCELLED)
    ordered = found.select_related("reviewer").order_by("campaign__period_to", "id")
    return {review.system_id: review for review in ordered}


def still_here(person: User | None) -> User | None:
    """The person, if there is still an account."""
    return person if person and person.is_active else None
