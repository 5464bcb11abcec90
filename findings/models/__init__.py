"""Findings, what ties them to controls and evidence, and the corrective actions that follow from them."""

from findings.models.corrective import CorrectiveAction
from findings.models.finding import (
    ACCEPTED_LAPSED,
    MOVES,
    TONES,
    UNRESOLVED,
    Finding,
    FindingQuerySet,
    Kind,
    Severity,
    SourceKind,
    Status,
    overdue,
    unresolved,
)
from findings.models.links import FindingControl, FindingEvidence, Part

__all__ = [
    "ACCEPTED_LAPSED",
    "CorrectiveAction",
    "Finding",
    "FindingControl",
    "FindingEvidence",
    "FindingQuerySet",
    "Kind",
    "MOVES",
    "Part",
    "Severity",
    "SourceKind",
    "Status",
    "TONES",
    "UNRESOLVED",
    "overdue",
    "unresolved",
]
