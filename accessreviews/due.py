"""What falls due in access reviews: campaigns, the parts of their reviewers, removals, exceptions from them."""

import datetime
from typing import Final

from django.db.models import Q

from accessreviews.models import Assignment, Campaign, CampaignState, Removal, ReviewState
from accessreviews.standing import RemovalState, stands
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.due import Dated, Due, due_on

REGISTER: Final = "Access reviews"
CAMPAIGN: Final = Dated(REGISTER, "Access review", "due_on", "approver", "name")


def access_reviews_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """All of it. Four queries."""
    running = Campaign.objects.filter(state__in=(CampaignState.DRAFT, CampaignState.OPEN))
    return [
        *CAMPAIGN.of(user, running, first, last), *parts_due(user, first, last), *removals_due(user, first, last)
    ]  # fmt: skip


def parts_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Parts that reviewers have not signed."""
    found = visible(user, Assignment).filter(
        signed_at=None, review__state=ReviewState.DECIDING, review__campaign__due_on__range=(first, last)
    )
    related = ("review__campaign", "review__system", "reviewer")
    return [
        due_on(
            one, REGISTER, "Accounts to be reviewed", one.review.campaign.due_on, one.reviewer,
            title=f"{one.review.system.name}, {one.review.campaign.name}",
        )
        for one in found.select_related(*related).order_by("review__campaign__due_on", "id")
    ]  # fmt: skip


def removals_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Access that is to be removed or changed, and exceptions from that."""
    day = today()
    undone = stands(RemovalState.TODO, day) | stands(RemovalState.OVERDUE, day)
    ending = stands(RemovalState.EXCEPTED, day) & Q(exception_until__range=(first, last))
    found = visible(user, Removal).filter((undone & Q(due_on__range=(first, last))) | ending)
    found = found.select_related("account", "review__system", "owner")
    return [removal_due(one, day) for one in found.order_by("due_on", "id")]


def removal_due(one: Removal, day: datetime.date) -> Due:
    """A removal that is to be done; or, where it is excepted, the end of that."""
    title = f"{one.account.key} of {one.review.system.name}"
    if one.is_settled(day) and one.exception_until is not None:
        until, kind = one.exception_until, "Exception from a removal ends"
        return due_on(one, REGISTER, kind, until, one.owner, title=title, date="exception", ends=True)
    return due_on(one, REGISTER, "Access to be removed", one.due_on, one.owner, title=title)
