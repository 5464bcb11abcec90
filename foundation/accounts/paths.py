"""How a model tells access.py where its owner and its categories are: lookup paths, which only ever lead downwards."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q

# Asked with a person (meant) or an open window (within), and the moment as of which rows are read: a condition on them.
Condition = Callable[[Any, datetime.datetime | None], Q]


@dataclass(frozen=True)
class Via:
    """A link model that leads from a row to its categories, read as of the same moment as the row; or to its people.

    `link` is "app.Model"; `key` its column that names the row; `slug` the lookup from the link to a category's slug (or
    to a person), or a further Via that begins at a column of the link; `row` the row's column that `key` means, by
    default its id.
    """

    link: str
    key: str
    slug: "str | Via"
    row: str = "id"


@dataclass(frozen=True)
class Confined:
    """Rows of a record that can be closed to all but a few: then every narrower scope than ALL reaches only insiders.

    `model` is the record's "app.Model", `flag` its column that says so; `key` the lookup from a row to the record's id.
    insiders: paths from the record to its people. It is the record as it stands now that counts, also for rows of the
    past: what was closed meanwhile is not read by asking for an earlier day. `spares`: verbs that show nothing of it.
    """

    model: str
    flag: str
    insiders: "tuple[str | Via, ...]"
    key: str = "id"
    spares: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paths:
    """Lookup paths of one model, valid for its live rows and its history rows alike.

    owner: paths to the people whose own the row is, a Via where links lead to them. team: paths to those people's
    manager; by default each owner's.
    category: a lookup to a category's slug, or a Via. None: the row belongs
    to no category, and every open window shows it. timeless: the row is not about a period (accounts, engagements), so
    that an auditor reads it live, also once the period of his engagement is over. meant: which rows are meant for a
    person beside their own (the scope FOR). within: which rows an open window shows at all, where not every one.
    confined: what is closed to all but a few.
    """

    owner: tuple[str | Via, ...] = ()
    team: tuple[str | Via, ...] | None = None
    category: str | Via | None = None
    timeless: bool = False
    meant: Condition | None = None
    within: Condition | None = None
    confined: Confined | None = None

    def managers(self) -> tuple[str | Via, ...]:
        """The paths to the managers of the owners."""
        return self.team if self.team is not None else tuple(_manager(path) for path in self.owner)


def _manager(path: str | Via) -> str | Via:
    return f"{path}__manager" if isinstance(path, str) else replace(path, slug=_manager(path.slug))
