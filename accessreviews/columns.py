"""The columns of the lists of campaigns and reviews, and the facts on their pages."""

import datetime
from operator import attrgetter
from typing import Any

from django.db.models import Count

from accessreviews.models import (
    CAMPAIGN_TONES,
    REVIEW_TONES,
    Assignment,
    Campaign,
    CampaignState,
    Decision,
    Removal,
    Review,
    ReviewState,
)
from accessreviews.standing import waits
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import day_of
from foundation.trail.asof import rows


def attach_progress(found: list[Campaign], user: User, moment: datetime.datetime | None) -> None:
    """How far each campaign's reviews have come, and the day on which that is said. Two queries."""
    day, ids = day_of(moment), [one.pk for one in found]
    reviews = rows(Review, moment).filter(campaign_id__in=ids)
    states: dict[int, list[tuple[str, int]]] = {pk: [] for pk in ids}
    for campaign, state, accounts in reviews.values_list("campaign_id", "state", "item_count"):
        states[campaign].append((state, accounts))
    for one in found:
        own = [state for state, _ in states[one.pk] if state != ReviewState.OMITTED]
        one.seen_on = day  # type: ignore[attr-defined]
        one.accounts = sum(count for _, count in states[one.pk])  # type: ignore[attr-defined]
        one.approved_words = f"{own.count(ReviewState.APPROVED)} of {len(own)}"  # type: ignore[attr-defined]


def attach_decided(found: list[Review], user: User, moment: datetime.datetime | None) -> None:
    """How many accounts of each review are decided, and its open removals. Two queries."""
    ids = [one.pk for one in found]
    decided, flagged, whose = dict.fromkeys(ids, 0), dict.fromkeys(ids, 0), {}
    parts = rows(Assignment, moment).filter(review_id__in=ids)
    for part, review, count in parts.values_list("id", "review_id", "flagged_count"):
        whose[part] = review
        flagged[review] += count
    said = rows(Decision, moment).filter(assignment_id__in=whose).exclude(choice="").order_by()
    for part, count in said.values_list("assignment_id").annotate(count=Count("id")):
        decided[whose[part]] += count
    for one in found:
        one.decided, one.flagged = decided[one.pk], flagged[one.pk]  # type: ignore[attr-defined]


def due_words(campaign: Any) -> str:
    """The deadline, with a word when it has passed."""
    late = campaign.is_late(campaign.seen_on) and campaign.state == CampaignState.OPEN
    signed_late = campaign.signed_at is not None and campaign.is_late(campaign.seen_on)
    return f"{campaign.due_on.isoformat()}{' overdue' if late else ' signed off late' if signed_late else ''}"


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("name", "Campaign", sort="name", kind="title"),
    Column("period", "Period", sort="period_from", kind="period"),
    Column("state", "State", sort="state", kind="badge", tones=CAMPAIGN_TONES),
    Column("approved_words", "Systems approved"),
    Column("accounts", "Accounts", kind="number"),
    Column("due", "Due", sort="due_on", kind="date", get=due_words, data=attrgetter("due_on")),
    Column("approver", "Approver", sort="approver__name", kind="person", empty="Nobody yet"),
    Column("signed_at", "Signed off", sort="signed_at", kind="moment", more=True),
    Column("closed_at", "Closed", sort="closed_at", kind="moment", more=True),
)
FACTS = (
    Column("period", "Period"),
    Column("due", "Due", kind="date", get=due_words),
    Column("approver", "Approver", kind="person", empty="Nobody yet"),
    Column("launched_at", "Launched", kind="moment"),
    Column("launched_by", "Launched by", kind="person"),
    Column("signed_at", "Signed off", kind="moment"),
    Column("closed_at", "Closed", kind="moment"),
)
PART_COLUMNS = (
    Column("system", "System", sort="review__system__name", kind="title", get=attrgetter("review.system.name")),
    Column("campaign", "Campaign", sort="review__campaign_id", get=attrgetter("review.campaign")),
    Column("reviewer", "Reviewer", sort="reviewer__name", kind="person"),
    Column("delegate", "Delegate", sort="delegate__name", kind="person"),
    Column("item_count", "Accounts", sort="item_count", kind="number"),
    Column("flagged_count", "Flagged", sort="flagged_count", kind="number"),
    Column("signed_at", "Signed", sort="signed_at", kind="moment"),
    Column("why", "By which rule", more=True),
)
REVIEW_COLUMNS = (
    Column("system", "System", sort="system__name", kind="title", get=attrgetter("system.name")),
    Column("campaign", "Campaign", sort="campaign_id"),
    Column("state", "State", sort="state", kind="badge", tones=REVIEW_TONES),
    Column("reviewer", "Reviewer", sort="reviewer__name", kind="person", empty="Nobody yet"),
    Column("item_count", "Accounts", sort="item_count", kind="number"),
    Column("flagged", "Flagged", kind="number"),
    Column("decided", "Decided", kind="number"),
    Column("approved_at", "Approved", sort="approved_at", kind="moment"),
    Column("omitted_reason", "Omitted because", more=True),
)
REVIEW_FACTS = (
    Column("campaign", "Campaign", url=lambda one: one.campaign.get_absolute_url()),
    Column("system", "System", url=lambda one: one.system.get_absolute_url()),
    Column("by", "Reviewed by"),
    Column("reviewer", "Reviewer", kind="person", empty="Nobody yet"),
    Column("listing", "Listing", url=lambda one: one.listing.get_absolute_url() if one.listing else ""),
    Column("item_count", "Accounts", kind="number"),
    Column("omitted_reason", "Omitted because"),
    Column("approved_by", "Approved by", kind="person"),
    Column("approved_at", "Approved", kind="moment"),
    Column("statement", "Statement"),
    Column("decisions_sha256", "SHA-256 of all decisions"),
)


def open_removals(campaign: Campaign, moment: datetime.datetime | None) -> int:
    """How many removals of a campaign are not settled."""
    reviews = rows(Review, moment).filter(campaign_id=campaign.pk).values("id")
    found = rows(Removal, moment).filter(waits(day_of(moment)), review_id__in=reviews)
    return int(found.count())
