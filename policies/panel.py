"""The policies on which a control rests, as its own page shows them."""

import datetime

from controls.models import Control
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw
from policies.columns import attach_policy, review_words, version_words
from policies.models import Policy, PolicyControl

MOST = 20  # on the page; the list has them all


def policies_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel | None:
    """What this person sees of its policies; None where there is none. Constant queries."""
    links = visible(user, rows(PolicyControl, moment), moment).filter(control_id=control.pk, archived_at=None)
    tied = [thaw(row) for row in links.order_by("id")]
    if not tied:
        return None
    seen = visible(user, rows(Policy, moment), moment).filter(id__in={one.policy_id for one in tied}, archived_at=None)
    found = {row.id: thaw(row) for row in seen.select_related("owner")}
    attach_policy(list(found.values()), user, moment)
    lines = [
        (found[one.policy_id], one, version_words(found[one.policy_id]), review_words(found[one.policy_id]))
        for one in tied
        if one.policy_id in found
    ]
    return Panel("policies/panel.html", {"lines": lines[:MOST], "more": len(lines) > MOST}) if lines else None
