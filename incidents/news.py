"""What people are told of an incident by mail as it happens. Of a restricted one its number and its link alone."""

from typing import Any

from foundation.pages.telling import Telling, news
from incidents.command import leaders
from incidents.models import OPEN, Incident


@news("emails/incident")
def severe(number: int) -> Telling | None:
    """It was declared with severity 1 or 2, or raised to it: its commander and the compliance managers."""
    incident = Incident.objects.select_related("commander").get(pk=number)
    if incident.state not in OPEN or not incident.needs_review:
        return None
    return Telling(incident, leaders(incident), said_of(incident))


@news("emails/command")
def handed_over(number: int) -> Telling | None:
    """The command was handed over: whoever has it now."""
    incident = Incident.objects.select_related("commander").get(pk=number)
    if incident.is_over or incident.commander is None:
        return None
    return Telling(incident, [incident.commander], said_of(incident))


def said_of(incident: Incident) -> dict[str, Any]:
    """What a mail may say of an incident: mails are read on the way, so of a restricted one nothing that it says."""
    known = {"ref": incident.ref, "link": incident.get_absolute_url()}
    if incident.restricted:
        return known
    severity = incident.get_severity_display() if incident.severity else ""
    words = {"title": " ".join(incident.title.split()), "severity": severity, "commander": incident.commander}
    return {**known, **words, "state": incident.get_state_display()}
