"""Acknowledgements as a population, and the versions that were in force. grc/wiring lists them."""

import datetime
from typing import Final

from django.db.models import Q

from evidence.models import PopulationKind
from evidence.sampling.rows import Line, Listing
from evidence.sampling.sources import Source
from foundation.accounts.access import visible
from foundation.accounts.models import User
from people.models import Person
from policies.models import BINDING, Acknowledgement, Method, Policy, PolicyVersion


def acknowledged(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Every acknowledgement that was given between the two days."""
    every = Acknowledgement.objects.filter(acknowledged_on__range=(first, last))
    fields = (
        "person_id", "person__name", "policy_version__policy_id", "policy_version__major", "policy_version__minor",
        "method", "sha256",
    )  # fmt: skip
    lines: list[Line] = []
    told = visible(user, every).order_by("id").values_list("id", "acknowledged_on", *fields)
    for pk, day, person, name, policy, major, minor, method, sha256 in told:
        values = [Person.ref_of(person), name, f"{Policy.ref_of(policy)} {major}.{minor}", Method(method).label, sha256]
        lines.append(Line(str(pk), day, [str(value) for value in values], len(lines) + 1))
    query = f"Acknowledgements of policies from {first} to {last}"
    columns = ("person", "name", "version", "method", "SHA-256 of the version")
    return Listing(columns, lines, every.count(), query, "number", "acknowledged")


def in_force(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Every version of a policy that was in force on some day between the two."""
    until = Q(in_force_until=None) | Q(in_force_until__gte=first)
    every = PolicyVersion.objects.filter(until, state__in=BINDING, in_force_from__lte=last)
    fields = ("policy_id", "major", "minor", "title", "in_force_until", "sha256")
    lines: list[Line] = []
    for begins, policy, major, minor, title, ends, sha256 in (
        visible(user, every).order_by("id").values_list("in_force_from", *fields)
    ):
        key = f"{Policy.ref_of(policy)} {major}.{minor}"
        lines.append(Line(key, begins, [title, str(ends or ""), sha256], len(lines) + 1))
    query = f"Versions of policies in force on some day from {first} to {last}"
    return Listing(("title", "until", "SHA-256"), lines, every.count(), query, "version", "in force from")


SOURCES: Final[dict[str, Source]] = {
    "acknowledgements": Source("Acknowledgements of policies", PopulationKind.RECORDS, acknowledged),
    "policies": Source("Policies in force", PopulationKind.RECORDS, in_force),
}
