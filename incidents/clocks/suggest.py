"""Which rules may apply to an incident: a suggestion that a person takes up, or says not to be required.

Nothing starts by itself, and nothing is left undecided: an incident is not closed while a suggestion waits (R7.1). A
decision that a notification is not required is an entry of the timeline; it holds for the version of the rule and for
the data that it was made about, and the suggestion waits again where one of these changed.
"""

import datetime
from collections.abc import Iterable
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Any, Final

from foundation.trail.asof import rows, thaw
from incidents.clocks.rules import in_force
from incidents.models import Clock, EntryKind, NotificationRule, StartEvent, State, TimelineEntry
from systems.models import DataClass

# From which of an incident's times a rule would count: the earliest that is known, for whoever contains a thing knows
# of it. What is not here (a ransom was paid) no time of the incident tells.
KNOWN: Final = ("detected_at", "reported_at", "contained_at", "eradicated_at", "recovered_at")
TIMES: Final[ReadOnly[str, tuple[str, ...]]] = {
    StartEvent.AWARE: KNOWN,
    StartEvent.DISCOVERED: KNOWN,
    StartEvent.DETERMINED: ("declared_at",),
    StartEvent.DECLARED: ("declared_at",),
}
WITHOUT: Final = (State.DISMISSED, State.CLOSED)
NOT_REQUIRED: Final = "not_required"  # in the facts of an entry: the key of the rule that was decided on


# ---- decisions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decision:
    """That a notification is not required: the entry of the timeline, and what it was decided about."""

    entry: Any
    key: str
    number: int
    title: str
    data_classes: frozenset[str]

    @property
    def reason(self) -> str:
        """Why, as it was said: what the entry says after its opening."""
        reason: str = self.entry.text.removeprefix(opening(self.title, self.number))
        return reason

    def holds(self, rule: NotificationRule, incident: Any) -> bool:
        """Whether it was made about this version of the rule, and about whatever data of the rule's is touched now."""
        touched = set(rule.data_classes) & set(incident.data_classes)
        return self.number == rule.number and touched <= self.data_classes


def decisions_on(incident_id: int, moment: datetime.datetime | None = None) -> dict[str, Decision]:
    """The last decision on each rule, by the rule's key; live or as they stood. One query."""
    found = rows(TimelineEntry, moment).filter(
        incident_id=incident_id, kind=EntryKind.DECISION, facts__has_key=NOT_REQUIRED
    )
    return {entry.facts[NOT_REQUIRED]: decision_of(thaw(entry)) for entry in found.select_related("by").order_by("id")}


def decision_of(entry: Any) -> Decision:
    """What an entry decided, by its facts."""
    facts = entry.facts
    return Decision(entry, facts[NOT_REQUIRED], facts["rule_version"], facts["rule"], frozenset(facts["data_classes"]))


def opening(title: str, number: int) -> str:
    """How the entry of a decision begins; the reason follows."""
    return f"Not required: {title}, version {number}. "


def facts_of(rule: NotificationRule, incident: Any) -> dict[str, Any]:
    """What an entry keeps of that a rule was decided not to ask for anything: which version, and about which data."""
    return {
        NOT_REQUIRED: rule.key, "rule_version": rule.number, "notificationrule": rule.pk, "rule": rule.title,
        "data_classes": sorted(incident.data_classes),
    }  # fmt: skip


# ---- suggestions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Suggestion:
    """A rule that may apply, why it is thought of, and from when it would count (None: nobody knows yet).

    `decided`: that it is not required, and that still holds. `before`: what was decided, and does not hold any more.
    """

    rule: NotificationRule
    why: str
    since: datetime.datetime | None
    decided: Decision | None = None
    before: Decision | None = None


def suggestions(
    incident: Any, clocks: Iterable[Clock], decisions: ReadOnly[str, Decision] | None = None
) -> list[Suggestion]:
    """The rules in force that may apply and by which no clock was started so far. One query; none for what is over.

    clocks: those of the incident, with their rules. decisions: see `decisions_on`.

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
            made = (decisions or {}).get(rule.key)
            holds = made is not None and made.holds(rule, incident)
            found.append(Suggestion(rule, why, since(rule, incident), made if holds else None, None if holds else made))
    return found


def undecided(incident: Any, clocks: Iterable[Clock] | None = None) -> list[Suggestion]:
    """The suggestions that wait for a decision: start a clock, or say that it is not required. Three queries at most.

    clocks: those of the incident, with their rules, where they are known.
    """
    if clocks is None:
        clocks = Clock.objects.filter(incident=incident.pk).select_related("rule")
    found = suggestions(incident, clocks)
    made = decisions_on(incident.pk) if found else {}
    return [one for one in found if one.rule.key not in made or not made[one.rule.key].holds(one.rule, incident)]


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
    name = time_for(rule, incident)
    return getattr(incident, name) if name else None


def time_for(rule: NotificationRule, incident: Any) -> str:
    """Which of the incident's times that is: the name of its field; "" where none tells, or it is not known."""
    known = [name for name in TIMES.get(rule.starts, ()) if getattr(incident, name) is not None]
    return min(known, key=lambda name: getattr(incident, name), default="")
