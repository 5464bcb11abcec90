"""What a control's pages show beside its facts: its wordings, its criteria, and what this person may do."""

import datetime
from typing import Any

from controls.models import SCOPE, Control, Mapping, Status, Wording
from foundation.accounts.access import are_apart, can, verbs_on, visible
from foundation.accounts.duties import NOT_APPLICABLE
from foundation.accounts.models import DutyException, User
from foundation.pages.moment import day_of
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw

VERBS = ("update_status", "propose_not_applicable", "approve_not_applicable", "review", "reword", "submit_evidence")


def wordings_of(control: Control, moment: datetime.datetime | None) -> dict[str, Any]:
    """The wording in force on the day, those that come into force later, and those that were (R2.3)."""
    stored = rows(Wording, moment).filter(control_id=control.pk).select_related("author")
    every = [thaw(row) for row in stored.order_by("-effective_from", "-id")]
    day = day_of(moment)
    begun = [wording for wording in every if wording.effective_from <= day]
    return {
        "wording": begun[0] if begun else None,
        "wordings_before": begun[1:],
        "wordings_to_come": [wording for wording in every if wording.effective_from > day],
    }


def criteria_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel:
    """The links that stood and that `user` may see, each with its criterion, in the framework's order."""
    links = visible(user, rows(Mapping, moment), moment).filter(control_id=control.pk, archived_at=None)
    found = links.select_related("criterion").order_by("criterion__framework_id", "criterion__position")
    may = moment is None and control.archived_at is None and can(user, "map_criteria", control)
    return Panel("controls/criteria_panel.html", {"links": list(found), "may_map": may})


def exceptions_for(control: Control, user: User) -> list[DutyException]:
    """The exceptions in force under which one person may take this control out alone, as far as `user` sees them."""
    found = visible(user, DutyException.objects.in_force().about(NOT_APPLICABLE.id, control))
    return list(found.select_related("beneficiary").order_by("expires_at", "id"))


def verbs_for(user: User, control: Control) -> dict[str, bool]:
    """Which verbs this person may do now: what the role allows and the control's state makes sense of."""
    if control.archived_at:
        return {}
    allowed = verbs_on(user, VERBS, control)
    may = {verb: verb in allowed for verb in VERBS}
    waiting = control.awaits_second_person
    may["propose_not_applicable"] = may["propose_not_applicable"] and control.status in SCOPE and not waiting
    may["decline_not_applicable"] = may["approve_not_applicable"] and waiting
    may["approve_not_applicable"] = may["decline_not_applicable"] and are_apart(
        user, [control.proposed_by_id], NOT_APPLICABLE, control
    )
    may["review"] = may["review"] and control.status != Status.RETIRED
    return may
