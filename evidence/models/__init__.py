"""Evidence, what each control asks of it, and the occurrences that it proves."""

from evidence.models.items import EMPTY, MOVES, TONES, Evidence, EvidenceQuerySet, Kind, State
from evidence.models.links import EvidenceLink, Requirement
from evidence.models.occurrences import Basis, Exemption, ExemptionState, Occurrence, Outcome

__all__ = [
    "Basis",
    "EMPTY",
    "Evidence",
    "EvidenceLink",
    "EvidenceQuerySet",
    "Exemption",
    "ExemptionState",
    "Kind",
    "MOVES",
    "Occurrence",
    "Outcome",
    "Requirement",
    "State",
    "TONES",
]
