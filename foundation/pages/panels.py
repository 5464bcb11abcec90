"""What upper registers show of a lower register's record: panels of its overview and tabs, handed in by grc/wiring.py.

The lower app knows neither the register nor its models. A function of the list gets the person who looks, the record
and the moment (None = now), asks `visible()` itself, and gives a `Panel` or None, in a constant number of queries:

    def exemptions_panel(user: User, control: Control, moment: datetime | None) -> Panel | None: ...

`templates` draw it with `panel.<name>` for what it was given, beside the page's own context. What is long is read page
by page: its function is wrapped in `Paged`, and gets the query string, too.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from foundation.accounts.models import User


@dataclass(frozen=True)
class Panel:
    """One part of a page: a template, and what it finds as `panel.<name>`."""

    template: str
    shown: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.shown[name]


PanelOf = Callable[[User, Any, datetime.datetime | None], Panel | None]


@dataclass(frozen=True)
class Paged:
    """A panel that is read page by page: its function is told what the address asks for, too (`?page=3`)."""

    panel: Callable[[User, Any, datetime.datetime | None, QueryDict], Panel | None]


@dataclass(frozen=True)
class Tab:
    """A tab between a record's overview and its history: its panels, at `/<register>/<id>/<slug>/`.

    What every visitor needs at once belongs on the overview; the rest here, so that a record's first page costs the
    same however many registers speak of it.
    """

    slug: str
    label: str
    panels: Sequence[PanelOf | Paged]


def panels_for(
    functions: Iterable[PanelOf | Paged], user: User, target: Any, moment: datetime.datetime | None, asked: QueryDict
) -> list[Panel]:
    """What the functions give, without those that have nothing for this person. asked: the query string."""
    found = (
        function.panel(user, target, moment, asked) if isinstance(function, Paged) else function(user, target, moment)
        for function in functions
    )
    return [panel for panel in found if panel]
