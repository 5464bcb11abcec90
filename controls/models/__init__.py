"""What the programme is measured against, its controls, and what ties them."""

from controls.models.control import (
    IN_SCOPE,
    LONGEST_REF,
    MOVES,
    PROPOSED,
    REF,
    SCOPE,
    TONES,
    UNOWNED,
    Control,
    ControlQuerySet,
    Frequency,
    Kind,
    Nature,
    Status,
)
from controls.models.criteria import (
    Applicability,
    Category,
    Criterion,
    Framework,
    Series,
)
from controls.models.ties import (
    Mapping,
    Wording,
    WordingQuerySet,
    sentence,
)

__all__ = [
    "Applicability",
    "Category",
    "Control",
    "ControlQuerySet",
    "Criterion",
    "Framework",
    "Frequency",
    "IN_SCOPE",
    "Kind",
    "LONGEST_REF",
    "MOVES",
    "Mapping",
    "Nature",
    "PROPOSED",
    "REF",
    "SCOPE",
    "Series",
    "Status",
    "TONES",
    "UNOWNED",
    "Wording",
    "WordingQuerySet",
    "sentence",
]
