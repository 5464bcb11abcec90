"""What a version of a plan says: its texts and parts, live or as they stood, as rows and as plain data."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from foundation.trail.asof import rows, thaw
from incidents.models import PlanContact, PlanRole, PlanSeverity, PlanVersion, Playbook
from policies.text.placeholders import unfilled

# The texts of a version in the order of the page and the paper, with their headings.
TEXTS: Final[Mapping[str, str]] = {
    "purpose": "Purpose",
    "scope": "Scope",
    "definitions": "Definitions",
    "steps": "From the first suspicion to the last lesson",
    "evidence_handling": "Handling of evidence",
    "notification": "Notification",
    "testing": "Testing",
}
AT_HAND: Final[Mapping[str, str]] = {"first_steps": "First steps", "out_of_band": "Out-of-band channel"}
ALL_TEXTS: Final[Mapping[str, str]] = {**AT_HAND, **TEXTS}
# The parts of a version: the fields that are copied, hashed and compared.
ROLE: Final = (
    "position",
    "role",
    "user_id",
    "name",
    "telephone",
    "deputy_id",
    "deputy_name",
    "deputy_telephone",
    "duties",
)
CONTACT: Final = ("position", "kind", "name", "what", "telephone", "email", "hours")
SEVERITY: Final = ("severity", "meaning", "acknowledge_minutes", "update_minutes", "escalate")
PLAYBOOK: Final = ("position", "title", "trigger", "steps")
Part = type[PlanRole] | type[PlanContact] | type[PlanSeverity] | type[Playbook]
PARTS: Final[Mapping[str, tuple[Part, tuple[str, ...]]]] = {
    "roles": (PlanRole, ROLE),
    "contacts": (PlanContact, CONTACT),
    "severities": (PlanSeverity, SEVERITY),
    "playbooks": (Playbook, PLAYBOOK),
}
HEADINGS: Final[Mapping[str, str]] = {
    "roles": "Roles", "contacts": "Contacts", "severities": "Severities", "playbooks": "Playbooks",
}  # fmt: skip
ON_PAGE_ONE: Final = 10  # of the first steps
NAMES: Final[Mapping[Any, tuple[str, ...]]] = {PlanRole: ("user", "deputy")}


def parts_of(version: Any, moment: datetime.datetime | None = None) -> dict[str, list[Any]]:
    """The rows of each part of a version in their order, live or as they stood. Four queries."""
    found: dict[str, list[Any]] = {}
    for name, (model, fields) in PARTS.items():
        inside = rows(model, moment).filter(edition_id=version.pk, archived_at=None)
        inside = inside.select_related(*NAMES.get(model, ())).order_by(fields[0], "id")
        found[name] = [thaw(row) for row in inside]
    return found


def lines(text: str) -> list[str]:
    """The steps of a text that has one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def content(version: PlanVersion, parts: Mapping[str, Sequence[Any]] | None = None) -> dict[str, Any]:
    """Everything that a version says as plain data: what is hashed. People with accounts by their numbers."""
    found = parts if parts is not None else parts_of(version)
    return {
        "texts": {name: getattr(version, name) for name in ALL_TEXTS},
        **{
            name: [{field: getattr(row, field) for field in fields} for row in found[name]]
            for name, (_, fields) in PARTS.items()
        },
    }


def left_open(version: Any, parts: Mapping[str, Sequence[Any]]) -> list[tuple[str, str]]:
    """Where the company still has to say something: (heading, the mark as it stands), in the order of the page."""
    return [(heading, mark) for heading, text in said(version, parts) for mark in unfilled(text)]


def said(version: Any, parts: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, str]]:
    """Each text of a version and of its parts, with the heading under which it stands."""
    for name, heading in ALL_TEXTS.items():
        yield heading, getattr(version, name)
    for name, (_, fields) in PARTS.items():
        for row in parts[name]:
            for field in fields:
                if isinstance(value := getattr(row, field), str):
                    yield f"{HEADINGS[name]}: {row}", value


def span(minutes: int | None) -> str:
    """A number of minutes in words that are read at a glance: 15 min, 4 h, 3 days; "" for None."""
    if minutes is None:
        return ""
    for size, unit in ((1440, "day"), (60, "h")):
        if minutes >= size and minutes % size == 0:
            count = minutes // size
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{minutes} min"


def printed(version: Any, parts: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """Each part as lines of words, for comparing two versions: a row, or a step, a line."""
    told = {name: getattr(version, name) for name in ALL_TEXTS}
    told["roles"] = "\n".join(role_words(row) for row in parts["roles"])
    told["contacts"] = "\n".join(
        " · ".join(filter(None, (row.name, row.what, row.telephone, row.email, row.hours))) for row in parts["contacts"]
    )
    told["severities"] = "\n".join(
        f"{row.get_severity_display()}: {row.meaning} Acknowledged: {span(row.acknowledge_minutes) or 'not said'}. "
        f"Updates: {span(row.update_minutes) or 'at close'}. {row.escalate}"
        for row in parts["severities"]
    )
    told["playbooks"] = "\n".join(f"{row.title}\n{row.trigger}\n{row.steps}" for row in parts["playbooks"])
    return told


def role_words(row: Any) -> str:
    """A role with whoever holds it, in a line."""
    deputy = " ".join(filter(None, (row.stand_in, row.deputy_telephone)))
    words = f"{row.role}: {' '.join(filter(None, (row.holder, row.telephone)))}"
    return f"{words}{f'; deputy {deputy}' if deputy else ''}. {row.duties}".strip()
