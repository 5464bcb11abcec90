"""Since when somebody is in the audience of a policy that asks for acknowledgement, from history. Pure but for reading.

A move of a person, and a change of an audience, hold from the day on which the register learnt of them.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Value

from foundation.accounts.access import sees_own_alone, visible
from foundation.accounts.models import User
from foundation.organisation.models import zone
from foundation.trail.asof import rows
from people.models import Person
from policies.models import Acknowledgement, Audience, Policy, PolicyGroup, Status

Moment = datetime.datetime | None
Group = tuple[str, str]  # kind, department: one of them is ""; both are in the group of everybody
Reach = frozenset[Group]
Reaches = tuple[tuple[datetime.date, Reach], ...]  # whom a policy reached from each day on, the earliest first
Position = tuple[datetime.date, str, str]  # from which day on, kind, department
Positions = tuple[Position, ...]

EVERYBODY: Final[Group] = ("", "")
NOBODY: Final[Reach] = frozenset()
EVER: Final = datetime.date.min


def reached(reach: Reach, kind: str, department: str) -> bool:
    """Whether somebody of this kind and department is among them."""
    return EVERYBODY in reach or (kind, "") in reach or (department != "" and ("", department) in reach)


@lru_cache(maxsize=4096)
def since(reaches: Reaches, positions: Positions) -> tuple[datetime.date, bool] | None:
    """The day since which somebody has been in an audience without a break; None for who is not in it.

    And whether it was the person who moved into it, and not the audience that grew. positions: the first is from EVER.
    """
    moved = {day for day, _, _ in positions}
    found = None
    for day in sorted(moved | {day for day, _ in reaches}, reverse=True):
        _, kind, department = max(one for one in positions if one[0] <= day)
        reach = next((groups for begins, groups in reversed(reaches) if begins <= day), NOBODY)
        if not reached(reach, kind, department):
            break
        found = day, day in moved and day != EVER
    return found


# ---- reading -------------------------------------------------------------------------------------------------------


def until(versions: QuerySet[Any], moment: Moment) -> QuerySet[Any]:
    """The history rows that were written until a moment."""
    return versions if moment is None else versions.filter(history_date__lte=moment)


def reaches_of(policies: Collection[int], moment: Moment = None) -> dict[int, Reaches]:
    """Whom each of these policies reached since when, while it was in force and acknowledged. One query."""
    said = until(Policy.history.filter(id__in=policies), moment).order_by().annotate(group=Value("")).values_list(
        "id", "history_date", "history_id", "status", "audience", "acknowledged", "archived_at", "group"
    )  # fmt: skip
    grouped = until(PolicyGroup.history.filter(policy_id__in=policies), moment).order_by()
    groups = grouped.annotate(group=Value("group"), acknowledged=Value(value=True)).values_list(
        "policy_id", "history_date", "history_id", "kind", "department", "acknowledged", "archived_at", "group"
    )  # fmt: skip
    here, told = zone(), defaultdict[int, list[tuple[datetime.datetime, int, str, Any]]](list)
    for pk, at, order, first, second, acknowledged, archived, group in said.union(groups, all=True):
        if group:
            told[pk].append((at, order, group, ((first, second), archived is None)))
        else:
            asks = first == Status.IN_FORCE and acknowledged and archived is None
            told[pk].append((at, order, group, second if asks else None))
    return {pk: reaches_from(events, here) for pk, events in told.items()}


def reaches_from(events: list[tuple[datetime.datetime, int, str, Any]], here: datetime.tzinfo) -> Reaches:
    """The days on which a policy began to reach others, from what was said of it; of one day what was said last."""
    audience: str | None = None
    groups: set[Group] = set()
    days: dict[datetime.date, Reach] = {}
    for at, _, what, value in sorted(events, key=lambda one: (one[0], one[1])):
        if what:
            group, stands = value
            (groups.add if stands else groups.discard)(group)
        else:
            audience = value
        whole = {Audience.EVERYBODY: frozenset({EVERYBODY}), Audience.GROUPS: frozenset(groups)}
        days[at.astimezone(here).date()] = whole.get(audience, NOBODY) if audience else NOBODY  # type: ignore[call-overload]
    return tuple(sorted(days.items()))


def positions_of(people: QuerySet[Any], moment: Moment = None) -> dict[int, Positions]:
    """Where those of these people worked since when who ever moved; others are where they are. One query."""
    versions = until(Person.history.filter(id__in=people.order_by().values("id")), moment)
    counted = versions.order_by().values("id").annotate(
        kinds=Count("kind", distinct=True), departments=Count("department", distinct=True)
    )  # fmt: skip
    movers = counted.filter(Q(kinds__gt=1) | Q(departments__gt=1)).values("id")
    here, found = zone(), defaultdict[int, dict[datetime.date, Position]](dict)
    told = until(Person.history.filter(id__in=movers), moment).order_by("id", "history_date", "history_id")
    for pk, at, kind, department in told.values_list("id", "history_date", "kind", "department"):
        day = at.astimezone(here).date() if found[pk] else EVER
        found[pk][day] = (day, kind, department)
    return {pk: folded(days.values()) for pk, days in found.items()}


def folded(positions: Iterable[Position]) -> Positions:
    """The positions of one person without those days on which nothing changed."""
    kept: list[Position] = []
    for one in sorted(positions):
        if not kept or kept[-1][1:] != one[1:]:
            kept.append(one)
    return tuple(kept)


def whose(user: User, moment: Moment = None) -> QuerySet[Any]:
    """The people whose acknowledgements this person sees: an administrator keeps the roster, and sees but their own."""
    people = visible(user, rows(Person, moment), moment)
    return people.filter(user=user.pk) if sees_own_alone(user, Acknowledgement) else people
