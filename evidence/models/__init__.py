"""Evidence, what each control asks of it, and the occurrences that it proves."""

from evidence.models.items import EMPTY, MOVES, TONES, Evidence, EvidenceQuerySet, Kind, State
from evidence.models.links import EvidenceLink, Requirement
from evidence.models.occurrences import Basis, Exemption, ExemptionState, Occurrence, Outcome, ReadinessTally
from evidence.models.populations import (
    BY_SEED,
    Method,
    Population,
    PopulationItem,
    PopulationKind,
    PopulationLink,
    Purpose,
    Sample,
)

__all__ = [
    "BY_SEED",
    "Basis",
    "EMPTY",
    "Evidence",
    "EvidenceLink",
    "EvidenceQuerySet",
    "Exemption",
    "ExemptionState",
    "Kind",
    "MOVES",
    "Method",
    "Occurrence",
    "Outcome",
    "Population",
    "PopulationItem",
    "PopulationKind",
    "PopulationLink",
    "Purpose",
    "ReadinessTally",
    "Requirement",
    "Sample",
    "State",
    "TONES",
]
