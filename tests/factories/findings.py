"""Findings made for tests, through the one door."""

import datetime
from typing import Any

from findings.actions import raise_finding
from findings.models import Finding, Kind, Severity, SourceKind
from foundation.organisation.models import today
from foundation.trail.record import SYSTEM


def finding(*controls: Any, actor: Any = SYSTEM, days_ago: int = 0, **values: Any) -> Finding:
    """A high vulnerability that a scan found some days ago, about these controls."""
    said = {
        "title": "Old library",
        "kind": Kind.VULNERABILITY,
        "severity": Severity.HIGH,
        "source": SourceKind.SCAN,
        "detected_on": day(-days_ago),
    }
    links = [(control, "It should have been patched.") for control in controls]
    return raise_finding(actor=actor, controls=links, **{**said, **values})


def day(offset: int) -> datetime.date:
    """A day, counted from today."""
    return today() + datetime.timedelta(days=offset)
