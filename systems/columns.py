"""What the list and the page of systems show."""

from typing import Final

from foundation.pages.columns import Column
from foundation.pages.people import owner_words
from systems.models import Criticality

TONES: Final[dict[str, str]] = {
    Criticality.CRITICAL: "bad", Criticality.HIGH: "warn", Criticality.MEDIUM: "info", Criticality.LOW: "mute",
}  # fmt: skip
NONE: Final = "None named"
COLUMNS: Final = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("name", "System", sort="name", kind="title"),
    Column("owner", "Owner", sort="owner__name", kind="person", get=owner_words, empty="No owner"),
    Column("criticality", "Criticality", sort="criticality", kind="badge", tones=TONES),
    Column("production", "Production", sort="production"),
    Column("privileged", "Sensitive access", sort="privileged"),
    Column("review_cadence", "Access review", sort="cadence", get=lambda one: str(one.review_cadence.label)),
    Column("in_scope", "In scope", sort="in_scope"),
    Column("data_words", "Data", more=True),
    Column("privileged_roles", "Privileged roles", more=True),
    Column("pair_words", "Conflicting roles", more=True),
    Column("purpose", "Purpose", more=True),
)
FACTS: Final = (
    Column("purpose", "Purpose"),
    Column("owner", "Owner", get=owner_words, empty="No owner"),
    Column("criticality", "Criticality", kind="badge", tones=TONES),
    Column("data_words", "Data", empty="Not said"),
    Column("production", "Production"),
    Column("privileged", "Sensitive access"),
    Column("in_scope", "In scope"),
    Column("cadence_words", "Access review"),
    Column("privileged_roles", "Privileged roles", get=lambda one: one.privileged_roles or NONE),
    Column("pair_words", "Conflicting roles", get=lambda one: one.pair_words() or NONE),
)
