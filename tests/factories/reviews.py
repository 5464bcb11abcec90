"""Campaigns made for tests, through the actions that everything uses."""

import datetime
from collections.abc import Iterable
from typing import Any

from accessreviews import campaigns
from accessreviews.deciding import decide
from accessreviews.models import Assignment, Campaign, Choice, Decision, Review, ReviewItem
from accessreviews.signing import approve, sign
from foundation.accounts.roles import Role
from foundation.organisation.models import today
from systems.models import System
from tests.factories.people import UserFactory

STATEMENT = "I looked at each of these accounts."


def a_manager(name: str = "Mara Lind", **values: Any) -> Any:
    """Somebody who may decide on accounts."""
    return UserFactory(name=name, role=Role.MANAGER, **values)


def a_campaign(*, actor: Any, approver: Any, **values: Any) -> Campaign:
    """A draft over the last thirty days, with every in-scope system that there is."""
    said = {
        "name": "Access review, 2026 Q3", "period_from": today() - datetime.timedelta(days=30),
        "period_to": today(), "due_on": today() + datetime.timedelta(days=10), "approver": approver,
    }  # fmt: skip
    return campaigns.plan(Campaign(**{**said, **values}), actor=actor)


def launched(
    systems: Iterable[System], *, actor: Any, approver: Any, reviewer: Any, by: str = "reviewer", **values: Any
) -> Campaign:
    """A campaign whose systems are all reviewed by one person, launched from their newest listings; others omitted."""
    campaign, wanted = a_campaign(actor=actor, approver=approver, **values), list(systems)
    for review in Review.objects.filter(campaign=campaign):
        if review.system in wanted:
            campaigns.set_reviewer(review, actor=actor, reviewer=reviewer, by=by)
        else:
            campaigns.omit(review, actor=actor, reason="Not due in this period.")
    return campaigns.launch(campaign, actor=actor)


def items_of(part: Assignment) -> list[ReviewItem]:
    """The accounts of a part in their order."""
    return list(ReviewItem.objects.filter(assignment=part).select_related("account").order_by("position"))


def decided(part: Assignment, choice: str = Choice.KEEP, **values: Any) -> list[Decision]:
    """Every account of a part decided the same way, with a reason."""
    said = {"reason": "Needed for the job.", **values}
    return [decide(item, actor=part.reviewer, choice=choice, **said) for item in items_of(part)]


def signed(part: Assignment) -> Assignment:
    """A part that was decided, signed off."""
    return sign(part, actor=part.reviewer, statement=STATEMENT)


def approved(review: Review) -> Review:
    """A review whose parts are signed, approved."""
    return approve(Review.objects.get(pk=review.pk), actor=review.campaign.approver, statement=STATEMENT)
