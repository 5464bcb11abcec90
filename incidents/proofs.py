"""Which controls the work with incidents operates, and how its results become evidence for them (evidence.own)."""

import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from evidence.models import Evidence
from evidence.own import keep_result
from foundation.accounts.models import User
from foundation.trail.steps import tie, untie
from incidents.models import IncidentControlLink


def ties_of(part: str) -> QuerySet[IncidentControlLink]:
    """The controls that a part of the work is evidence for now, as links."""
    found: QuerySet[IncidentControlLink] = IncidentControlLink.objects.live().filter(part=part)
    return found


@transaction.atomic
def link_control(link: IncidentControlLink, *, actor: User) -> IncidentControlLink:
    """Say for which control a part of the work is evidence. Raises as `steps.tie`."""
    return tie(link, actor=actor, reason=link.reason)


@transaction.atomic
def unlink_control(link: IncidentControlLink, *, actor: User, reason: str) -> IncidentControlLink:
    """Say that it is that no longer. What was recorded before stays. Raises as `steps.untie`."""
    return untie(link, actor=actor, reason=reason)


def keep_as_evidence(
    result: dict[str, Any], part: IncidentControlLink.Part, *, day: datetime.date, **told: Any
) -> Evidence:
    """Keep a signed result for the controls of a part of the work, accepted by whoever signed it.

    day: of the occurrence that it proves. told: the rest of `evidence.own.keep_result`.
    """
    return keep_result(result, ties_of(part), day, **told)
