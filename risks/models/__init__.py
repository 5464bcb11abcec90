"""Risks: how they are rated, what is done about them, who accepts them, and the rounds in which they are looked at."""

from risks.models.assessments import (
    ASSESSMENT_MOVES,
    ASSESSMENT_TONES,
    AssessedRisk,
    Assessment,
    AssessmentControl,
    AssessmentKind,
    AssessmentState,
    Participant,
    SnapshotLine,
    Tally,
)
from risks.models.links import Effectiveness, RiskControl, RiskFinding, RiskVendor
from risks.models.method import LEVELS, Band, Executive, Method, in_force
from risks.models.risk import COUNTED, MOVES, Category, Risk, SourceKind, Status, Treatment, Trigger, counted
from risks.models.treatment import ACCEPTANCE_MOVES, Acceptance, AcceptanceState, TreatmentAction

__all__ = [
    "ACCEPTANCE_MOVES",
    "ASSESSMENT_MOVES",
    "ASSESSMENT_TONES",
    "COUNTED",
    "LEVELS",
    "MOVES",
    "Acceptance",
    "AcceptanceState",
    "AssessedRisk",
    "Assessment",
    "AssessmentControl",
    "AssessmentKind",
    "AssessmentState",
    "Band",
    "Category",
    "Effectiveness",
    "Executive",
    "Method",
    "Participant",
    "Risk",
    "RiskControl",
    "RiskFinding",
    "RiskVendor",
    "SnapshotLine",
    "SourceKind",
    "Status",
    "Tally",
    "Treatment",
    "TreatmentAction",
    "Trigger",
    "counted",
    "in_force",
]
