"""What vendors expect of us of a control, as its own page shows it."""

import datetime

from controls.models import Control
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw
from vendors.models import Cuec
from vendors.worksheets.filters import in_force

MOST = 20  # on the page; the list has them all


def cuecs_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel | None:
    """The user controls of approved worksheets that this control meets, as far as this person sees them. One query."""
    seen = visible(user, rows(Cuec, moment), moment).filter(control_id=control.pk)
    found = in_force(seen, moment).select_related("worksheet__vendor").order_by("worksheet__vendor__name", "id")
    lines = [thaw(row) for row in found[: MOST + 1]]
    shown = {"lines": lines[:MOST], "more": len(lines) > MOST}
    return Panel("vendors/cuecs_panel.html", shown) if lines else None
