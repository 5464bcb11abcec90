"""Which rules may apply to an incident: a suggestion that a person takes up or not. Nothing starts by itself."""

import datetime
from collections.abc import Iterable
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Any, Final

from incidents.clocks.rules import in_force
from incidents.models import Clock, NotificationRule, StartEvent, State
from systems.models import DataClass

# From which of an incident's times a rule would count, the first that is known. What is not here (a ransom was paid)
# no time of the incident tells.
TIMES: Final[ReadOnly[str, tuple[str, ...]]] = {
    StartEvent.AWARE: ("detected_at", "reported_at"),
    StartEvent.DISCOVERED: ("detected_at", "reported_at"),
    StartEvent.DETERMINED: ("declared_at",),
    StartEvent.DECLARED: ("declared_at",),
}
WITHOUT: Final = (State.DISMISSED, State.CLOSED)


@dataclass(frozen=True)
class Suggestion:
    """A rule that may apply, why it is thought of, and from when it would count (None: nobody knows yet)."""

    rule: NotificationRule
    why: str
    since: datetime.datetime | None


def suggestions(incident: Any, clocks: Iterable[Clock]) -> list[Suggestion]:
    """The rules in force that may apply and by which no clock was started so far. One query; none for what is over.

    clocks: those of the incident, with their rules.

    A rule about some kinds of data is suggested where the incident has one of them, or where nobody said yet which
    data it is about; one that names none is suggested for any declared incident.
    """
    if incident.state in WITHOUT:
        return []
    started = {clock.rule.key for clock in clocks}
    found = []
    for rule in in_force():
        why = reason_for(rule, incident)
        if why and rule.key not in started:
            found.append(Suggestion(rule, why, since(rule, incident)))
    return found


def reason_for(rule: NotificationRule, incident: Any) -> str:
    """Why a rule is thought of; "" where it is not."""
    about, has = set(rule.data_classes), set(incident.data_classes)
    if about & has:
        words = [str(label).lower() for value, label in DataClass.choices if value in about & has]
        return f"The incident touches {' and '.join(words)}."
    if about and not has:
        return "Nobody has said yet which data it touches."
    if not about and not incident.is_event:
        return "It is an incident, whatever the data."
    return ""


def since(rule: NotificationRule, incident: Any) -> datetime.datetime | None:
    """From which of the incident's times the rule would count."""
    known = (getattr(incident, name) for name in TIMES.get(rule.starts, ()))
    return next((moment for moment in known if moment is not None), None)
