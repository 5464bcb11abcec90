"""A version of a plan as page and paper show it: rendered texts, steps one by one, times in words."""

import datetime
from typing import Any

from incidents.models import ContactKind
from incidents.plans.content import ON_PAGE_ONE, TEXTS, lines, parts_of, span
from policies.text.render import to_html

TOP = 3  # the level of a text's own headings: its title is an h2


def shown_of(
    version: Any, moment: datetime.datetime | None = None, parts: dict[str, list[Any]] | None = None
) -> dict[str, Any]:
    """Everything that a version says, ready to be shown. Four queries, or none where the parts are known."""
    parts = parts or parts_of(version, moment)
    steps = lines(version.first_steps)
    return {
        "first": steps[:ON_PAGE_ONE],
        "then": steps[ON_PAGE_ONE:],
        "then_from": ON_PAGE_ONE + 1,
        "out_of_band": to_html(version.out_of_band, {}, TOP),
        "texts": [(heading, to_html(getattr(version, name), {}, TOP), name) for name, heading in TEXTS.items()],
        "roles": parts["roles"],
        "contacts": by_kind(parts["contacts"]),
        "contact_count": len(parts["contacts"]),
        "severities": [
            (row, span(row.acknowledge_minutes) or "not said", span(row.update_minutes) or "at close")
            for row in parts["severities"]
        ],
        "playbooks": [(row, lines(row.steps)) for row in parts["playbooks"]],
    }


def by_kind(contacts: list[Any]) -> list[tuple[str, list[Any]]]:
    """Contacts under the words for who they are to us, in the order in which they are printed."""
    found = [(str(label), [one for one in contacts if one.kind == kind]) for kind, label in ContactKind.choices]
    return [(label, some) for label, some in found if some]
