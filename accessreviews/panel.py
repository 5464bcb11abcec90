"""The access reviews by which a control operates, as its own page shows them."""

import datetime

from accessreviews.models import CAMPAIGN_TONES, Campaign, CampaignControl
from controls.models import Control
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.moment import at
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw

MOST = 12  # on the page: three years of quarters


def reviews_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel | None:
    """What this person sees of the campaigns that are linked to it, the newest first; None where there is none."""
    links = visible(user, rows(CampaignControl, moment), moment).filter(control_id=control.pk, archived_at=None)
    reasons = dict(links.values_list("campaign_id", "reason"))
    if not reasons:
        return None
    seen = visible(user, rows(Campaign, moment), moment).filter(id__in=reasons, archived_at=None)
    found = [thaw(row) for row in seen.order_by("-period_to", "-id")[: MOST + 1]]
    lines = [(one, reasons[one.pk], CAMPAIGN_TONES[one.state]) for one in found[:MOST]]
    shown = {"lines": lines, "more": len(found) > MOST, "at": at(moment)}
    return Panel("accessreviews/panel.html", shown) if lines else None
