"""What an upper register shows on a lower register's record page: a part of the page, handed in by grc/wiring.py.

The lower app knows neither the register nor its models. A function of the list gets the person who looks, the record
and the moment (None = now), asks `visible()` itself, and gives a `Panel` or None, in a constant number of queries:

    def exemptions_panel(user: User, control: Control, moment: datetime | None) -> Panel | None: ...

`templates` draw it with `panel.<name>` for what it was given, beside the page's own context.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from foundation.accounts.models import User


@dataclass(frozen=True)
class Panel:
    """One part of a page. `first`: above the record's facts, where the eye falls first; else below everything."""

    template: str
    shown: Mapping[str, Any] = field(default_factory=dict)
    first: bool = False

    def __getitem__(self, name: str) -> Any:
        return self.shown[name]


PanelOf = Callable[[User, Any, datetime.datetime | None], Panel | None]


def panels_for(
    functions: Iterable[PanelOf], user: User, target: Any, moment: datetime.datetime | None
) -> dict[str, list[Panel]]:
    """What the functions give, as the record's page takes it: `panels_first`, and `panels` below."""
    found = [panel for function in functions if (panel := function(user, target, moment))]
    return {"panels_first": [one for one in found if one.first], "panels": [one for one in found if not one.first]}
