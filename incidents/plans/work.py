"""What waits for a person in response plans: a draft to finish, a version to approve, a plan to look at again."""

import datetime
from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.work import WorkItem
from incidents.models import PlanVersion, ResponsePlan, VersionState

REGISTER = "Response plan"
SOON = datetime.timedelta(days=30)  # before a review is due


def plans_work(user: User) -> list[WorkItem]:
    """All of it. Three queries."""
    return [*versions(user), *reviews(user)]


def to_approve(user: User) -> QuerySet[PlanVersion]:
    """Versions that wait for this person's approval."""
    return allowed(user, "approve", PlanVersion).filter(state=VersionState.SUBMITTED, approver=user.pk)


def versions(user: User) -> Iterator[WorkItem]:
    """Versions that one approves; drafts that one began, and those that came back."""
    for one in to_approve(user).select_related("plan").order_by("id"):
        words = "Submitted; waits for your approval"
        yield WorkItem.on(one, REGISTER, str(one), words, "Look at it")
    mine = allowed(user, "change", PlanVersion).filter(state=VersionState.DRAFT, drafted_by=user.pk)
    for one in mine.select_related("plan").order_by("id"):
        words = "Came back to you" if one.returned_note else "Draft to finish"
        yield WorkItem.on(one, REGISTER, str(one), words, "Go on")


def reviews(user: User) -> Iterator[WorkItem]:
    """Plans that are to be looked at again: their owner's; where there is none, whoever's who may."""
    day = today()
    due: Any = allowed(user, "review", ResponsePlan).filter(archived_at=None, next_review_on__lte=day + SOON)
    for one in due.filter(Q(owner=user.pk) | Q(owner=None) | Q(owner__is_active=False)).order_by("id"):
        words = "Review overdue" if one.next_review_on < day else "Review due"
        page = "incidents:responseplan-review"
        yield WorkItem.on(one, REGISTER, one.title, words, "Review it", page, one.next_review_on)
