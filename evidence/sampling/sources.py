"""Where populations come from inside Countersign: functions that the wiring lists; later apps hand in theirs."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from controls.models import Control
from evidence.models import Evidence, PopulationKind
from evidence.sampling.rows import Line, Listing
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.calendar import DAY
from foundation.organisation.models import day_at, zone
from foundation.trail.models import EPOCH, Entry
from foundation.trail.search import microseconds
from foundation.trail.verbs import VERBS

SYSTEM = "Countersign"


@dataclass(frozen=True)
class Source:
    """One register of ours as a population. `find` gives what `user` sees of it between two days, both included.

    Its total counts what there is, not what `user` sees: who sees only a part cannot freeze a part as the whole.
    """

    words: str
    kind: str
    find: Callable[[User, datetime.date, datetime.date], Listing]

    def listed(self, user: User, first: datetime.date, last: datetime.date) -> Listing:
        """What `find` gives, which says of what kind it is."""
        return replace(self.find(user, first, last), kind=self.kind)


def moments(first: datetime.date, last: datetime.date) -> tuple[datetime.datetime, datetime.datetime]:
    """The first moment of a day and the first after another, in the organisation's time zone."""
    here = zone()
    begin, end = (datetime.datetime.combine(day, datetime.time.min, here) for day in (first, last + DAY))
    return begin, end


def listing(
    every: QuerySet[Any], seen: QuerySet[Any], *, columns: Sequence[str], fields: Sequence[str], moment: str,
    prefix: str, query: str,
) -> Listing:  # fmt: skip
    """Rows of a register by fields: `moment` gives the day, the id under `prefix` the key."""
    here = zone()
    lines: list[Line] = []
    for pk, at, *values in seen.order_by("id").values_list("id", moment, *fields):
        day = at.astimezone(here).date()
        lines.append(Line(f"{prefix}{pk}", day, [str(value or "") for value in values], len(lines) + 1))
    return Listing(columns, lines, every.count(), query, "id", moment)


def controls_created(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Every control, archived ones too, by the day on which it was created."""
    begin, end = moments(first, last)
    every = Control.objects.filter(created_at__gte=begin, created_at__lt=end)
    query = f"Register of controls, archived ones included, created from {first} to {last}"
    return listing(
        every, visible(user, every), columns=("ref", "name", "status"), fields=("ref", "name", "status"),
        moment="created_at", prefix="CTL-", query=query,
    )  # fmt: skip


def evidence_captured(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Every item of evidence, whatever became of it, by the day on which it was captured."""
    begin, end = moments(first, last)
    every = Evidence.objects.filter(captured_at__gte=begin, captured_at__lt=end)
    query = f"Register of evidence, in every state, captured from {first} to {last}"
    return listing(
        every, visible(user, every), columns=("title", "state", "sha256"), fields=("title", "state", "sha256"),
        moment="captured_at", prefix=f"{Evidence.prefix}-", query=query,
    )  # fmt: skip


def trail_of(*verbs: str) -> Callable[[User, datetime.date, datetime.date], Listing]:
    """A function that lists every entry of the trail with one of these verbs that was carried out."""

    def find(user: User, first: datetime.date, last: datetime.date) -> Listing:
        begin, end = moments(first, last)
        at = {"at__gte": microseconds(begin), "at__lt": microseconds(end)}
        every = Entry.objects.filter(verb__in=verbs, outcome="ok", **at)
        found = visible(user, every).order_by("id")
        lines: list[Line] = []
        for pk, when, verb, kind, actor, about in found.values_list(
            "id", "at", "verb", "actor_kind", "actor_id", "object_id"
        ):
            day = day_at(EPOCH + datetime.timedelta(microseconds=when))
            by = f"{kind} {actor}" if actor else kind
            lines.append(Line(f"TR-{pk}", day, [VERBS[verb], about, by], len(lines) + 1))
        query = f"Audit trail, verbs {', '.join(verbs)}, carried out from {first} to {last}"
        return Listing(("what", "record", "by"), lines, every.count(), query, "id", "at")

    return find


SOURCES: dict[str, Source] = {
    "controls": Source("Controls created", PopulationKind.RECORDS, controls_created),
    "evidence": Source("Evidence captured", PopulationKind.RECORDS, evidence_captured),
    "accounts_granted": Source(
        "Accounts given out or opened again (trail)",
        PopulationKind.ACCESS_GRANTS,
        trail_of("user.invited", "user.provisioned", "user.reactivated"),
    ),
    "accounts_closed": Source("Accounts deactivated (trail)", PopulationKind.LEAVERS, trail_of("user.deactivated")),
    "roles_changed": Source("Roles changed (trail)", PopulationKind.MOVERS, trail_of("user.role_changed")),
    "settings_changed": Source(
        "Settings of Countersign changed (trail)",
        PopulationKind.CHANGES,
        trail_of("setting.created", "setting.updated", "organisation.updated"),
    ),
}
