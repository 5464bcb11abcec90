"""The response plan on the page of an open incident: what whoever leads it at night opens first."""

import datetime
from typing import Any

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.panels import Panel
from foundation.trail.asof import rows
from incidents.models import PlanVersion, Playbook, VersionState


def plan_panel(user: User, incident: Any, moment: datetime.datetime | None) -> Panel | None:
    """The plans in force with their playbooks; None for what is over, for the past, and where none is in force.

    Two queries.
    """
    if moment is not None or incident.is_over:
        return None
    holds = visible(user, rows(PlanVersion)).filter(state=VersionState.APPROVED, plan__archived_at=None)
    versions = list(holds.select_related("plan").order_by("plan_id"))
    if not versions:
        return None
    found = visible(user, rows(Playbook)).filter(edition__in=[one.pk for one in versions], archived_at=None)
    playbooks = list(found.order_by("position", "id"))
    lines = [(one, [book for book in playbooks if book.edition_id == one.pk]) for one in versions]
    return Panel("incidents/plan_panel.html", {"lines": lines})
