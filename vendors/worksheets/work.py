"""What waits for a person among worksheets."""

from django.db.models import Q

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.work import WorkItem
from vendors.models import Worksheet, WorksheetState

REGISTER = "Vendors"


def worksheets_work(user: User) -> list[WorkItem]:
    """Reports that one reads, and worksheets that wait for one's approval. One query."""
    mine = Q(reviewer=user.pk, state=WorksheetState.OPEN) | Q(approver=user.pk, state=WorksheetState.SUBMITTED)
    found = visible(user, Worksheet).filter(mine, archived_at=None).select_related("vendor").order_by("id")
    return [item(one, user) for one in found]


def item(one: Worksheet, user: User) -> WorkItem:
    """A worksheet as something to do."""
    if one.state == WorksheetState.SUBMITTED:
        return WorkItem.on(one, REGISTER, one.title, "Waits for your approval", "Look at it")
    return WorkItem.on(one, REGISTER, one.title, "Report to be read", "Go on reading")
