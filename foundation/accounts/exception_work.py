"""What waits for a person among the exceptions: the decision on those that one is named in."""

from django.utils import timezone

from foundation.accounts.access import allowed
from foundation.accounts.models import DutyException, User
from foundation.organisation.models import day_at
from foundation.pages.work import WorkItem


def exceptions_work(user: User) -> list[WorkItem]:
    """The exceptions that this person has to approve or decline before they are over: one query."""
    waiting = allowed(user, "approve", DutyException).filter(
        state=DutyException.State.REQUESTED, approver=user.pk, expires_at__gt=timezone.now()
    )
    return [
        WorkItem.on(
            one, "Exceptions", one.rule(), f"{one.requested_by} asks for an exception", "Decide",
            due=day_at(one.opens_at),
        )
        for one in waiting.select_related("requested_by").order_by("expires_at", "id")
    ]  # fmt: skip
