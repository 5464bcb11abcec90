"""What is done to events and incidents: one function a verb, one transaction each, with its entry in the timeline."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.steps import tie
from incidents import timeline
from incidents.models import EntryKind, Incident, IncidentPerson, Part


@transaction.atomic
def report(incident: Incident, *, actor: Any, sensitive: bool = False) -> Incident:
    """Store a new event. sensitive: it is restricted from the beginning, and its reporter is named in it."""
    incident.reported_at = timezone.now()
    incident.reporter = actor if isinstance(actor, User) else incident.reporter
    incident.restricted = sensitive
    incident = save(incident, actor=actor, verb="incident.created")
    timeline.add(incident, EntryKind.STATUS, "Reported.", actor=actor, facts={"state": incident.state})
    if sensitive and incident.reporter is not None:
        named = IncidentPerson(incident=incident, user=incident.reporter, part=Part.REPORTER)
        tie(named, actor=actor, reason="Reported it as sensitive.")
    return incident


@transaction.atomic
def change(incident: Incident, *, actor: User, changed: list[str]) -> Incident:
    """Keep what was said anew of an incident. changed: the names of the fields, for the timeline. Raises Stale."""
    labels = [str(Incident._meta.get_field(name).verbose_name) for name in changed]  # type: ignore[union-attr]
    text = f"Changed: {', '.join(labels)}." if labels else "Changed."
    return timeline.keep(
        incident, actor=actor, verb="incident.updated", kind=EntryKind.CHANGE, text=text, facts={"fields": changed}
    )
