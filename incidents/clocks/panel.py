"""What an incident's tab shows of its clocks: how each stands, what was sent, and what may apply or does not."""

import datetime
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from foundation.accounts.access import verbs_on, visible
from foundation.accounts.models import User
from foundation.organisation.once import once
from foundation.pages.moment import at
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw
from incidents.clocks.columns import period_words, sent_walls
from incidents.clocks.standing import both_walls, stand
from incidents.clocks.suggest import Decision, Suggestion, decisions_on, suggestions
from incidents.clocks.views import CLOCK_VERBS, verbs_for
from incidents.command import responds
from incidents.models import Clock, Incident, Notification, NotificationRule, State

ON_INCIDENT = ("start_clock", "decline_clock", "record_notification")


def offered(user: User, incident: Incident, moment: datetime.datetime | None) -> set[str]:
    """What this person may do now about the incident's notifications. Asked once for both panels."""
    if moment is not None or incident.state == State.DISMISSED:
        return set()
    asked = ("notifications", user.pk, incident.pk)
    return once(asked, lambda: verbs_on(user, ON_INCIDENT, incident) if responds(user, incident) else set())


def clocks_panel(user: User, incident: Incident, moment: datetime.datetime | None) -> Panel | None:
    """The clocks of an incident, those that press most first; what may apply, and what does not. Constant queries."""
    seen = visible(user, rows(Clock, moment), moment).filter(incident_id=incident.pk).select_related("rule")
    found = [thaw(row) for row in seen.order_by("id")]
    stand(found, moment)
    given = offered(user, incident, moment)
    on_clock = verbs_on(user, CLOCK_VERBS, found[0]) if given and found else set()  # the same for all of one incident
    lines = [
        (one, period_words(one), both_walls(one.due_at, ZoneInfo(one.zone)), verbs_for(one, on_clock))
        for one in sorted(found, key=pressing)
    ]
    made = decisions_on(incident.pk, moment)
    may_apply = [] if moment else suggestions(incident, found, made)
    waits = [one for one in may_apply if one.decided is None] if "start_clock" in given else []
    shown = {
        "lines": lines, "at": at(moment), "may_start": "start_clock" in given,
        "suggestions": [(one, period_words(one.rule)) for one in waits],
        "may_decline": "decline_clock" in given, "decided": decided_lines(made, found, may_apply),
        "no_rules": "start_clock" in given and not may_apply and not NotificationRule.objects.exists(),
    }  # fmt: skip
    return Panel("incidents/clocks_panel.html", shown)


def decided_lines(
    made: Mapping[str, Decision], clocks: list[Any], may_apply: list[Suggestion]
) -> list[tuple[Decision, Suggestion | None]]:
    """What was decided not to be required, and the suggestion that could be started after all.

    Without what a clock superseded, and without what waits for a decision again.
    """
    gone = {clock.rule.key for clock in clocks} | {one.rule.key for one in may_apply if one.decided is None}
    by_rule = {one.rule.key: one for one in may_apply}
    return [(one, by_rule.get(key)) for key, one in made.items() if key not in gone]


def pressing(clock: Any) -> tuple[bool, bool, datetime.datetime, int]:
    """What runs before what is over, and that by its deadline; what has none last."""
    far = datetime.datetime.max.replace(tzinfo=datetime.UTC)
    return clock.is_over, clock.due_at is None, clock.due_at or far, clock.pk


def notifications_panel(user: User, incident: Incident, moment: datetime.datetime | None) -> Panel | None:
    """What was sent to whom about an incident."""
    seen = visible(user, rows(Notification, moment), moment).filter(incident_id=incident.pk)
    found = [thaw(row) for row in seen.select_related("sent_by", "clock").order_by("sent_at", "id")]
    given = offered(user, incident, moment)
    shown = {
        "lines": [(one, sent_walls(one)) for one in found], "at": at(moment),
        "may_record": "record_notification" in given,
    }  # fmt: skip
    return Panel("incidents/notifications_panel.html", shown)
