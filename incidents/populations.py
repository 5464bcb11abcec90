"""Events and incidents as populations: every one of a period, also where there is none (R7.3)."""

import datetime
from typing import Any, Final

from django.db.models import Max, Min, QuerySet

from evidence.models import PopulationKind
from evidence.sampling.rows import Line, Listing
from evidence.sampling.sources import Source, moments
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import day_at
from incidents.models import Incident, Severity, State

COLUMNS: Final = ("title", "severity", "state", "reported", "declared", "closed")
RESTRICTED: Final = "Restricted"  # what a list that goes to others says instead of its title
SEVERITIES: Final = {one.value: str(one.label) for one in Severity}
STATES: Final = {one.value: str(one.label) for one in State}


def declared(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Every incident by the day on which it was declared, whatever became of it."""
    begin, end = moments(first, last)
    every = Incident.objects.filter(declared_at__gte=begin, declared_at__lt=end)
    return listed(user, every, "declared_at", f"Register of incidents: declared from {first} to {last}")


def reported(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Every event by the day on which it was reported: dismissed, declared, or not yet looked at."""
    begin, end = moments(first, last)
    every = Incident.objects.filter(reported_at__gte=begin, reported_at__lt=end)
    query = f"Register of incidents: every event, dismissed ones too, reported from {first} to {last}"
    return listed(user, every, "reported_at", query)


def listed(user: User, every: QuerySet[Any], moment: str, query: str) -> Listing:
    """What this person sees of them, a line each; of a restricted one no words. The total counts them all.

    Of the numbers between them it says what those are, in a word: an event that was dismissed has a number too.
    """
    fields = ("id", "restricted", "title", "severity", "state", "reported_at", "declared_at", "closed_at", moment)
    lines: list[Line] = []
    found = visible(user, every).order_by("id").values_list(*fields)
    for pk, restricted, title, severity, state, *times, at in found.iterator():
        told = [RESTRICTED if restricted else title, SEVERITIES.get(severity, ""), STATES[state], *map(said, times)]
        lines.append(Line(Incident.ref_of(pk), day_at(at), told, len(lines) + 1))
    return Listing(COLUMNS, lines, every.count(), query, "ref", moment, others=others(every, moment))


def others(every: QuerySet[Any], moment: str) -> dict[str, str]:
    """What the numbers between these incidents are that are not among them. Two queries."""
    ends = every.order_by().aggregate(first=Min("id"), last=Max("id"))
    if ends["first"] is None:
        return {}
    between = Incident.objects.filter(id__gt=ends["first"], id__lt=ends["last"]).exclude(id__in=every.values("id"))
    outside = f"{moment.removesuffix('_at')} outside the period"
    words: dict[str, str] = {}
    if moment == "declared_at":
        words = {State.DISMISSED: "dismissed", State.REPORTED: "not declared"}
    return {Incident.ref_of(pk): words.get(state, outside) for pk, state in between.values_list("id", "state")}


def said(moment: datetime.datetime | None) -> str:
    """A moment in ISO 8601, in UTC; nothing as ""."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="seconds") if moment else ""


SOURCES: Final[dict[str, Source]] = {
    "incidents": Source("Incidents", PopulationKind.INCIDENTS, declared),
    "events": Source("Events reported", PopulationKind.ALERTS, reported),
}
