"""What waits for those who reconcile the register."""

from django.db.models import Count, Q

from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.pages.work import WorkItem
from vendors.models import Match, Reconciliation, ReconciliationState

REGISTER = "Vendors"


def reconciliation_work(user: User) -> list[WorkItem]:
    """Open reconciliations, with how many names are unknown. One query."""
    unknown = Count("rows", filter=Q(rows__match=Match.UNKNOWN))
    found = allowed(user, "match", Reconciliation).filter(state=ReconciliationState.OPEN, archived_at=None)
    return [item(one, one.unknown) for one in found.annotate(unknown=unknown).order_by("id")]


def item(one: Reconciliation, unknown: int) -> WorkItem:
    """A reconciliation as something to do."""
    if unknown:
        return WorkItem.on(one, REGISTER, one.title, f"{unknown:,} unknown on the list", "Name them")
    return WorkItem.on(one, REGISTER, one.title, "Every name is known", "Close", "vendors:reconciliation-close")
