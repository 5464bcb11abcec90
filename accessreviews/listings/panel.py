"""What a system's own page shows of its listings."""

import datetime

from accessreviews.listings.accounts import counts_of
from accessreviews.listings.forms import systems_of
from accessreviews.models import Listing
from foundation.accounts.access import can, visible
from foundation.accounts.models import User
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw
from systems.models import System

MOST = 8  # on the page; the list has them all


def listings_panel(user: User, system: System, moment: datetime.datetime | None) -> Panel | None:
    """Its newest listing with its counts, and those before it, as far as this person sees them."""
    if not can(user, "view", Listing):
        return None
    seen = visible(user, rows(Listing, moment), moment).filter(system_id=system.pk)
    found = [thaw(row) for row in seen.order_by("-pulled_at", "-id")[: MOST + 1]]
    mine = moment is None and not system.archived_at and systems_of(user).filter(pk=system.pk).exists()
    shown = {
        "newest": found[0] if found else None, "listings": found[:MOST], "more": len(found) > MOST,
        "counts": counts_of(found[0]) if found else None, "may_bring": mine,
    }  # fmt: skip
    return Panel("accessreviews/listings_panel.html", shown)
