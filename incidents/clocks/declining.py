"""Deciding that a notification is not required: with a reason, in the timeline, for good.

It changes no row: the decision is the entry. A clock that is started later supersedes it.
"""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction

from foundation.accounts.models import User
from foundation.trail.steps import say
from incidents import timeline
from incidents.clocks.running import open_to
from incidents.clocks.suggest import facts_of, opening, undecided
from incidents.models import EntryKind, Incident, NotificationRule, TimelineEntry


@transaction.atomic
def decline(incident: Incident, *, actor: User, rules: Iterable[NotificationRule], reason: str) -> list[TimelineEntry]:
    """Say of rules that are suggested that nobody has to be told by them, and why: an entry each, all or none.

    Raises ValidationError without a rule or a reason, and for a rule that is not suggested or was decided on already;
    PermissionDenied, Stale.
    """
    incident = open_to(incident, actor)
    say(reason, "Say why nobody has to be told.")
    wanted = list(rules)
    if not wanted:
        raise ValidationError({"rules": "Choose what is not required."})
    waits = {one.rule.pk for one in undecided(incident)}
    for rule in wanted:
        if rule.pk not in waits:
            raise ValidationError({"rules": f"{rule}: it is not suggested any more, or was decided on already."})
    return [
        timeline.add(
            incident, EntryKind.DECISION, opening(rule.title, rule.number) + reason.strip(), actor=actor,
            facts=facts_of(rule, incident), verb="timelineentry.clock_declined", reason=reason.strip(),
            refs={"notificationrule": rule.pk},
        )
        for rule in wanted
    ]  # fmt: skip
