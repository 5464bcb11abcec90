"""The roster as populations: who joined, who left and who moved between two days. grc/wiring lists them."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.db.models import QuerySet

from evidence.models import PopulationKind
from evidence.sampling.rows import Line, Listing
from evidence.sampling.sources import Source, moments
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import zone
from people.models import Completion, Person

COLUMNS: Final = ("name", "kind", "job title", "department", "manager")
FIELDS: Final = ("name", "kind", "title", "department", "manager_id")
# What makes somebody a mover: each as it is called in the list.
MOVING: Final = {"kind": "kind", "title": "job title", "department": "department", "manager_id": "manager"}


def joined(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Everybody whose first day lies between the two."""
    return by_day(user, first, last, "starts_on", "first day")


def left(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Everybody whose last day lies between the two."""
    return by_day(user, first, last, "ends_on", "last day")


def by_day(user: User, first: datetime.date, last: datetime.date, field: str, words: str) -> Listing:
    """People by one of their days; a row that was archived was a mistake, and is nobody."""
    every = Person.objects.live().filter(**{f"{field}__range": (first, last)})
    names = managers()
    lines: list[Line] = []
    for pk, day, *values, manager in visible(user, every).order_by("id").values_list("id", field, *FIELDS):
        lines.append(Line(Person.ref_of(pk), day, [*values, names.get(manager, "")], len(lines) + 1))
    query = f"Roster, archived rows apart, {words} from {first} to {last}"
    return Listing(COLUMNS, lines, every.count(), query, "ref", words)


def moved(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Every change of kind, title, department or manager of somebody who was on the roster already.

    A move is dated by the day on which the roster learnt of it, in the organisation's time zone; one row a change.
    """
    begin, end = moments(first, last)
    people = Person.objects.live()
    versions = Person.history.filter(history_date__lt=end)
    changed = versions.filter(history_date__gte=begin, history_type="~").values("id")
    told = versions.filter(id__in=changed).filter(id__in=people.values("id"))
    seen = set(visible(user, people).values_list("id", flat=True))
    names, here, lines, total = managers(), zone(), list[Line](), 0
    for version, changes in moves(told):
        if version["history_date"] < begin:
            continue
        total += 1
        if version["id"] in seen:
            day = version["history_date"].astimezone(here).date()
            lines.append(line_of(version, day, changes, names, len(lines) + 1))
    query = (
        f"History of the roster, archived rows apart: another {', '.join(MOVING.values())} from {first} to {last}, "
        "by the day on which the roster was changed"
    )
    return Listing(("name", "change"), lines, total, query, "ref and version", "changed on")


def moves(versions: QuerySet[Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, tuple[Any, Any]]]]:
    """Each version that moved somebody, with what it changed: field → (before, after)."""
    before: Mapping[str, Any] = {}
    fields = ("id", "version", "name", "history_date", *MOVING)
    for version in versions.order_by("id", "history_id").values(*fields):
        if version["id"] == before.get("id"):
            changes = {name: (before[name], version[name]) for name in MOVING if before[name] != version[name]}
            if changes:
                yield version, changes
        before = version


def line_of(
    version: Mapping[str, Any], day: datetime.date, changes: Mapping[str, tuple[Any, Any]],
    names: Mapping[int | None, str], number: int,
) -> Line:  # fmt: skip
    """One move as a row."""
    told = [f"{MOVING[field]}: {words(field, pair, names)}" for field, pair in changes.items()]
    key = f"{Person.ref_of(version['id'])}.{version['version']}"
    return Line(key, day, [version["name"], "; ".join(told)], number)


def words(field: str, pair: Sequence[Any], names: Mapping[int | None, str]) -> str:
    """Before and after, in words."""
    shown = [names.get(one, "") if field == "manager_id" else one for one in pair]
    return " → ".join(one or "none" for one in shown)


def managers() -> dict[int | None, str]:
    """What everybody who could lead somebody is called."""
    return dict(Person.objects.values_list("id", "name"))


def trained(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Every completion of a course between the two days."""
    every = Completion.objects.live().filter(completed_on__range=(first, last))
    fields = ("course__title", "person_id", "person__name", "source")
    lines: list[Line] = []
    for pk, day, course, person, name, source in (
        visible(user, every).order_by("id").values_list("id", "completed_on", *fields)
    ):
        lines.append(Line(Completion.ref_of(pk), day, [course, Person.ref_of(person), name, source], len(lines) + 1))
    query = f"Completions of training courses, archived ones apart, from {first} to {last}"
    return Listing(("course", "person", "name", "source"), lines, every.count(), query, "ref", "completed")


SOURCES: Final[dict[str, Source]] = {
    "joiners": Source("Joiners (roster)", PopulationKind.NEW_HIRES, joined),
    "leavers": Source("Leavers (roster)", PopulationKind.LEAVERS, left),
    "training": Source("Training completed", PopulationKind.TRAINING, trained),
    "movers": Source("Movers (roster)", PopulationKind.MOVERS, moved),
}
