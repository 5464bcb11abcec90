"""The requests of an engagement, as its own page shows them: how many in each state, and the next ones."""

import datetime
from typing import Any

from django.db.models import Count

from audits.models import Engagement
from audits.models.requests import REQUEST_TONES, RUNNING, Request, RequestState
from audits.requests.columns import attach_day, due_words
from foundation.accounts.access import can, visible
from foundation.accounts.models import User
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw

MOST = 30  # on the tab; the list has them all


def requests_panel(user: User, engagement: Engagement, moment: datetime.datetime | None) -> Panel | None:
    """Counts by state and the requests that are not over, those that wait for the auditor first. Three queries."""
    if not can(user, "view", Request):
        return None
    seen = visible(user, rows(Request, moment), moment).filter(engagement_id=engagement.pk)
    counts = dict(seen.order_by().values_list("state").annotate(Count("id")))
    going_on = seen.filter(state__in=RUNNING).select_related("owner").order_by("-state", "due_on", "id")
    found: list[Any] = [thaw(row) for row in going_on[: MOST + 1]]
    attach_day(found, user, moment)
    live = moment is None and not engagement.is_over
    return Panel(
        "audits/requests_panel.html",
        {
            "counts": [
                (value, label, counts.get(value, 0), REQUEST_TONES[value]) for value, label in RequestState.choices
            ],
            "lines": [(one, due_words(one), one.is_late(one.seen_on)) for one in found[:MOST]],
            "more": len(found) > MOST,
            "may_add": live and can(user, "add", Request),
            "total": sum(counts.values()),
        },
    )


def unfinished(engagement: Engagement) -> list[Request]:
    """The requests of an engagement that are neither accepted nor withdrawn: what waits for the auditor first."""
    found = Request.objects.filter(engagement=engagement, state__in=RUNNING).select_related("owner")
    return list(found.order_by("-state", "due_on", "id"))
