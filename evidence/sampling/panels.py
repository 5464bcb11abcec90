"""What a control's page shows of its populations."""

import datetime

from controls.models import Control
from evidence.models import Population, PopulationLink
from foundation.accounts.access import can, visible
from foundation.accounts.models import User
from foundation.pages.panels import Panel
from foundation.trail.asof import rows

MOST = 8


def populations_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel | None:
    """The newest populations of a control that this person sees, and whether another may be frozen."""
    if not can(user, "view", Population):
        return None
    links = visible(user, rows(PopulationLink, moment), moment).filter(control_id=control.pk, archived_at=None)
    found = list(links.select_related("population").order_by("-population_id")[: MOST + 1])
    live = moment is None and control.archived_at is None
    mine = user.pk in (control.owner_id, control.operator_id)  # which costs no query
    freezes = live and can(user, "add", Population) and (mine or can(user, "submit_evidence", control))
    if not found and not freezes:
        return None
    shown = {"links": found[:MOST], "more": len(found) > MOST, "may_freeze": freezes}
    return Panel("evidence/populations_panel.html", shown)
