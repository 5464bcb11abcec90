"""What one version of a plan says otherwise than another, heading by heading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from incidents.plans.content import ALL_TEXTS, HEADINGS, printed
from policies.text.redline import Row, folded, rows


@dataclass(frozen=True)
class Difference:
    """What changed under one heading, line by line."""

    heading: str
    rows: list[Row]


def compared(
    before: Any, parts_before: Mapping[str, Sequence[Any]], after: Any, parts_after: Mapping[str, Sequence[Any]]
) -> list[Difference]:
    """The headings under which two versions differ, in the order of the page; nothing where they say the same."""
    old, new = printed(before, parts_before), printed(after, parts_after)
    return [
        Difference(heading, folded(rows(old[name], new[name]), 1))
        for name, heading in {**ALL_TEXTS, **HEADINGS}.items()
        if old[name] != new[name]
    ]
