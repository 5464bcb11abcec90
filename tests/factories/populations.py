"""Populations made for tests, through the one function that freezes."""

import datetime
from collections.abc import Sequence
from typing import Any

from controls.models import Control
from evidence.actions import Source
from evidence.coverage.tiles import Days
from evidence.models import Population
from evidence.sampling.actions import EMPTY, FILE, freeze
from evidence.sampling.rows import Line, Listing
from foundation.trail.record import SYSTEM

QUARTER = ("2026-07-01", "2026-09-30")


def lines(*rows: tuple[str, str]) -> list[Line]:
    """Rows by key and day ("" for none), each with its line in a file whose first line holds the headings."""
    return [
        Line(key, datetime.date.fromisoformat(day) if day else None, [f"About {key}"], number)
        for number, (key, day) in enumerate(rows, 2)
    ]


def population(
    *rows: tuple[str, str], actor: Any = SYSTEM, controls: Sequence[Control] = (), period: tuple[str, str] = QUARTER,
    **values: Any,
) -> Population:  # fmt: skip
    """A frozen population of changes."""
    found = lines(*rows)
    listing = Listing(
        columns=["title"], lines=found, total=values.pop("total", len(found)), query=values.pop("query", "is:merged"),
        key_column="number", day_column=values.pop("day_column", "merged"),
    )  # fmt: skip
    return freeze(
        listing, actor=actor, period=Days(*map(datetime.date.fromisoformat, period)), controls=controls,
        source=values.pop("source", Source(system="GitHub", environment="fernwood/platform")),
        **{
            "title": "Changes deployed", "kind": "changes", "origin": FILE if rows else EMPTY,
            "reason": "All that was deployed." if controls else "", **values,
        },
    )  # fmt: skip
