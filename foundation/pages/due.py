"""What the registers hand to the overview: a thing that falls due on a day.

Each app has functions (`due.py`) from a person, a first and a last day to a list of `Due`, as far as the person sees
the records; `grc/wiring.py` lists them. My work says what one is to do; this says what is due, and whose it is.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from django.apps import apps
from django.db.models import Max, QuerySet

from foundation.accounts.access import visible
from foundation.accounts.models import User

EVER: Final = datetime.date(1900, 1, 1)  # before any day that a record names


@dataclass(frozen=True, slots=True)
class Due:
    """One record that falls due on a day (in the organisation's time zone).

    kind: what falls due, in a few words ("Review of the policy"). whose: who sees to it, as people are called, or "";
    person: their account's number. key: the same for the same date of the same record, whatever the date becomes. at:
    the moment, where it is due by the hour. ends: something ends or happens on that day and nobody is late
    afterwards. version: how often the record was saved. source: the register and number of the record that it comes
    from, of which `changed` tells the last change.
    """

    register: str
    kind: str
    ref: str
    title: str
    whose: str
    person: int | None
    on: datetime.date
    url: str
    key: str
    at: datetime.datetime | None = None
    ends: bool = False
    version: int = 1
    source: tuple[str, int] | None = None


DueOf = Callable[[User, datetime.date, datetime.date], list[Due]]


def source_of(record: Any) -> tuple[str, int]:
    """Where something due comes from: the record's register and number."""
    return record._meta.label_lower, record.pk


def changed(found: Iterable[Due]) -> dict[tuple[str, int], datetime.datetime]:
    """When the records that these come from were saved last, in UTC. One query for each register."""
    by_label: dict[str, set[int]] = defaultdict(set)
    for one in found:
        if one.source is not None:
            by_label[one.source[0]].add(one.source[1])
    said: dict[tuple[str, int], datetime.datetime] = {}
    for label, ids in sorted(by_label.items()):
        versions: Any = apps.get_model(label).history.filter(id__in=ids)
        last = versions.order_by().values_list("id").annotate(Max("history_date"))
        said |= {(label, number): moment for number, moment in last}
    return said


def due_on(  # noqa: PLR0913 - the words of one line
    record: Any, register: str, kind: str, on: datetime.date, who: Any = None, *, title: str = "", date: str = "",
    at: datetime.datetime | None = None, ends: bool = False,
) -> Due:  # fmt: skip
    """`record` as something that falls due. who: a user or None. date: the name of the date, in the key."""
    return Due(
        register=register, kind=kind, ref=getattr(record, "ref", None) or str(record),
        title=title or getattr(record, "title", None) or str(record), whose=str(who) if who else "",
        person=who.pk if who else None, on=on, url=record.get_absolute_url(),
        key=f"{record._meta.label_lower}-{record.pk}-{date or 'due'}", at=at, ends=ends,
        version=getattr(record, "version", 1), source=source_of(record),
    )  # fmt: skip


@dataclass(frozen=True)
class Dated:
    """A date of the live records of a register: all of them that lie within some days, in one query.

    field: the date's column. whose: the path to who sees to it, "" for nobody. title: the path to what it is called.
    related: what the words and the address need besides.
    """

    register: str
    kind: str
    field: str
    whose: str = "owner"
    title: str = "title"
    related: Sequence[str] = ()
    ends: bool = False

    def of(self, user: User, rows: QuerySet[Any], first: datetime.date, last: datetime.date) -> list[Due]:
        """Those of these rows that the person sees and whose date lies within the days."""
        seen = visible(user, rows).filter(**{f"{self.field}__range": (first, last)})
        joined = [path.replace(".", "__") for path in (self.whose, *self.related) if path]
        found = seen.select_related(*joined) if joined else seen
        who = attrgetter(self.whose) if self.whose else lambda _: None
        what, day = attrgetter(self.title), attrgetter(self.field)
        return [
            due_on(
                record, self.register, self.kind, day(record), who(record), title=str(what(record)),
                date=self.field, ends=self.ends,
            )
            for record in found.order_by(self.field, "pk")
        ]  # fmt: skip


def all_due(functions: Iterable[DueOf], user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Everything that falls due for this person within these days, the earliest first. A constant number of queries."""
    found = [one for function in functions for one in function(user, first, last)]
    return sorted(found, key=lambda one: (one.on, one.register, one.kind, one.ref, one.key))
