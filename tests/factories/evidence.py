"""Evidence made for tests, through the one door."""

import datetime
from typing import Any

from controls.models import Control, Status
from evidence.actions import For, Source, record_evidence
from evidence.models import Evidence, Kind, Requirement
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory

COUNT = iter(range(10**9))


def operating(frequency: str = "monthly", since: str = "2026-01-01", **values: Any) -> Control:
    """An implemented control that has operated since a day and says what evidence it needs."""
    control: Control = ControlFactory(
        frequency=frequency,
        status=Status.IMPLEMENTED,
        operates_from=datetime.date.fromisoformat(since),
        **{"expected_evidence": "The signed list.", **values},
    )
    return control


def evidence(
    *controls: Control, actor: Any = SYSTEM, captured: datetime.datetime | None = None, **values: Any
) -> Evidence:
    """An item for these controls, by default from the system and with bytes of its own."""
    said = {key: values.pop(key) for key in ("period", "stamped", "rows", "query", "collected_by") if key in values}
    source = Source(system="Okta", captured_at=captured, **said)
    reason = values.pop("reason", "It shows the list.")
    link = {key: values.pop(key) for key in ("requirement", "occurrence", "nothing_occurred") if key in values}
    return record_evidence(
        values.pop("content", f"list {next(COUNT)}".encode()),
        actor=actor,
        source=source,
        title=values.pop("title", "Signed list"),
        kind=values.pop("kind", Kind.EXPORT),
        links=[For(control=control, reason=reason, **link) for control in controls],
        **{"name": "list.csv", **values},
    )


def requirement(control: Control, title: str = "The list", since: str = "2020-01-01", **values: Any) -> Requirement:
    """What a control asks for since long ago."""
    row = Requirement(control=control, title=title, effective_from=since, **values)
    return save(row, actor=SYSTEM, verb="requirement.created")
