"""Who responds: compliance managers, the commander, and whoever is named with a part in the response.

The table lets people at what is their own; having reported an incident makes it one's own to read, but not to run.
"""

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from foundation.accounts.models import User
from foundation.accounts.roles import Role
from incidents.models import Incident, IncidentPerson, Part

ONLOOKERS = (Part.REPORTER, Part.OBSERVER)
REFUSED = "Only its commander, whoever is named in the response, and compliance managers do this."


def responds(user: User, incident: Incident) -> bool:
    """Whether this person runs the response: one query at most."""
    if user.role == Role.COMPLIANCE_MANAGER or incident.commander_id == user.pk:
        return True
    named = IncidentPerson.objects.live().filter(incident_id=incident.pk, user=user)
    return bool(named.exclude(part__in=ONLOOKERS).exists())


def leaders(incident: Incident) -> list[User]:
    """Whoever answers for it and may sign in: its commander and every compliance manager. One query."""
    whose = Q(role=Role.COMPLIANCE_MANAGER) | Q(pk=incident.commander_id)
    return list(User.objects.active().filter(whose).order_by("id"))


def require_response(user: User, incident: Incident) -> None:
    """Raise PermissionDenied for whoever only reported it or is kept informed."""
    if not responds(user, incident):
        raise PermissionDenied(REFUSED)
