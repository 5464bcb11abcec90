"""What an incident's page offers now, and what it says before its facts."""

import datetime
from typing import Any, Final

from foundation.accounts.access import are_apart, verbs_on
from foundation.accounts.duties import INCIDENT_LOWERED
from foundation.accounts.models import User
from incidents.actions import approved_review, lowered_by, may_write
from incidents.clocks.suggest import undecided
from incidents.columns import SEVERITY_TONES
from incidents.command import responds
from incidents.models import MOVES, NEEDS_REVIEW, State

STAGES: Final = {
    "dismiss": State.DISMISSED, "declare": State.DECLARED, "contain": State.CONTAINED, "eradicate": State.ERADICATED,
    "recover": State.RECOVERED, "close": State.CLOSED, "reopen": State.REOPENED,
}  # fmt: skip
OTHERS: Final = (
    "change", "set_severity", "assign_commander", "restrict", "unrestrict", "name_person", "record_impact", "add_entry",
    "link",
)  # fmt: skip


def verbs_for(user: User, incident: Any) -> dict[str, bool]:
    """The verbs that this person may do now, as the actions would say. Two queries."""
    given = verbs_on(user, (*STAGES, *OTHERS), incident)
    helps = responds(user, incident)
    reported, ahead = incident.reporter_id == user.pk, MOVES[incident.state]
    found = {verb: verb in given and helps and state in ahead for verb, state in STAGES.items()}
    found["declare"] = "declare" in given and (helps or reported) and State.DECLARED in ahead
    found["reopen"] = "reopen" in given and helps and bool({State.REOPENED, State.REPORTED} & set(ahead))
    for verb in OTHERS:
        found[verb] = verb in given and helps and (not incident.is_over or verb in ("link", "restrict", "unrestrict"))
    found["close"] = found["close"] and incident.has_run_out
    found["set_severity"] = found["set_severity"] and incident.state != State.REPORTED
    found["restrict"] = found["restrict"] and not incident.restricted
    found["unrestrict"] = "unrestrict" in given and incident.restricted
    found["add_entry"] = "add_entry" in given and (helps or reported)
    return {verb: True for verb, may in found.items() if may}


def detail_of(incident: Any, user: User, moment: datetime.datetime | None) -> dict[str, Any]:
    """The context of an incident's page. Constant queries."""
    verbs = {} if moment else verbs_for(user, incident)
    return {
        "verbs": verbs,
        "severity_tone": SEVERITY_TONES.get(incident.severity, "mute"),
        "blocks": blocks_of(user, incident) if verbs.get("set_severity") else [],
    }


def closes_from(incident: Any) -> bool:
    """Whether it can be closed from where it stands, as the action says."""
    return incident.has_run_out and State.CLOSED in MOVES[incident.state]


def blocks_of(user: User, incident: Any) -> list[tuple[str, str]]:
    """What closing it still takes, and the tab where that is done. Constant queries."""
    home, found = incident.get_absolute_url(), []
    review, clocks = f"{home}review/", f"{home}clocks/"
    if not closes_from(incident):
        found.append(("that it is recovered, and since when", f"{home}recover/"))
    if incident.severity in NEEDS_REVIEW and approved_review(incident) is None:
        found.append(("an approved post-incident review", review))
    there = list(incident.clocks.select_related("rule"))
    if not all(one.is_over for one in there):
        found.append(("an end of its clocks", clocks))
    waits = (one.rule.title for one in undecided(incident, there))
    found += [(f"{title}: start the clock, or say why it is not required", clocks) for title in waits]
    if not are_apart(user, lowered_by(incident), INCIDENT_LOWERED, incident):
        words = "an approved post-incident review, or somebody else: you lowered it from severity 1 or 2"
        found.append((words, review))
    return found


def may_add(user: User, incident: Any, moment: datetime.datetime | None) -> bool:
    """Whether this person writes into the timeline that is shown."""
    return moment is None and may_write(user, incident) and bool(verbs_on(user, ("add_entry",), incident))
