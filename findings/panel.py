"""The findings that a control is linked to, as its own page shows them."""

import datetime

from controls.models import Control
from findings.columns import attach_day, due_words, standing_words
from findings.models import Finding, FindingControl, Part
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.moment import day_of
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw

MOST = 20  # on the page; the list has them all


def findings_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel | None:
    """What this person sees of its findings, the most urgent first; None where there is none. Two queries."""
    links = visible(user, rows(FindingControl, moment), moment).filter(control_id=control.pk, archived_at=None)
    parts = dict(links.values_list("finding_id", "part"))
    if not parts:
        return None
    seen = visible(user, rows(Finding, moment), moment).filter(id__in=parts, archived_at=None)
    found = [thaw(row) for row in seen.select_related("owner").order_by("due_on", "id")[: MOST + 1]]
    attach_day(found, user, moment)
    lines = [
        (one, str(Part(parts[one.pk]).label), due_words(one), one.is_overdue(day_of(moment)), standing_words(one))
        for one in found[:MOST]
    ]
    shown = {"lines": lines, "more": len(found) > MOST, "moment": moment}
    return Panel("findings/panel.html", shown) if lines else None
