"""The tier of a vendor: weighted points of what depends on it, before anybody looks at its controls (domain §6).

Pure: no query, no clock. Points add up to 0 to 100; whatever they say, some attributes alone make a tier.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from systems.models import DataClass
from vendors.models import Criticality, Reach, Region, Replaceability, Tier, Volume

# Of the classes of data the one with the most points counts.
DATA: Final[Mapping[str, int]] = {
    DataClass.PUBLIC: 0, DataClass.INTERNAL: 8, DataClass.CONFIDENTIAL: 20, DataClass.PERSONAL: 26,
    DataClass.CUSTOMER: 30,
}  # fmt: skip
REACH: Final[Mapping[str, int]] = {Reach.NONE: 0, Reach.VIEW: 8, Reach.HOLDS: 15, Reach.PRODUCTION: 20}
CRITICALITY: Final[Mapping[str, int]] = {
    Criticality.NONE: 0, Criticality.DELAY: 6, Criticality.DEGRADED: 16, Criticality.OUTAGE: 25,
}  # fmt: skip
VOLUME: Final[Mapping[str, int]] = {Volume.NONE: 0, Volume.FEW: 4, Volume.MANY: 8, Volume.ALL: 10}
REGION: Final[Mapping[str, int]] = {Region.SAME: 0, Region.ADEQUATE: 2, Region.OTHER: 5}
REPLACEABILITY: Final[Mapping[str, int]] = {
    Replaceability.DAYS: 0, Replaceability.WEEKS: 3, Replaceability.MONTHS: 7, Replaceability.HARDLY: 10,
}  # fmt: skip
# From how many points on a tier begins, the highest first.
THRESHOLDS: Final[Mapping[str, int]] = {Tier.CRITICAL: 70, Tier.HIGH: 45, Tier.MEDIUM: 20, Tier.LOW: 0}
ORDER: Final = (Tier.LOW, Tier.MEDIUM, Tier.HIGH, Tier.CRITICAL)  # the lowest first
SENSITIVE: Final = frozenset({DataClass.CONFIDENTIAL, DataClass.PERSONAL, DataClass.CUSTOMER})
HOLDING: Final = frozenset({Reach.HOLDS, Reach.PRODUCTION})
RATED: Final = ("data_classes", "reach", "criticality", "volume", "region", "replaceability")


class Rated(Protocol):
    """What a tier follows from: a vendor, or what a form says of one."""

    data_classes: Collection[str]
    reach: str
    criticality: str
    volume: str
    region: str
    replaceability: str


class Floor(NamedTuple):
    """A tier below which a vendor never is, and why."""

    tier: Tier
    words: str


def points_of(vendor: Rated) -> dict[str, int]:
    """The points of each attribute, by its field; what is not known gives none."""
    return {
        "data_classes": max((DATA.get(one, 0) for one in vendor.data_classes), default=0),
        "reach": REACH.get(vendor.reach, 0),
        "criticality": CRITICALITY.get(vendor.criticality, 0),
        "volume": VOLUME.get(vendor.volume, 0),
        "region": REGION.get(vendor.region, 0),
        "replaceability": REPLACEABILITY.get(vendor.replaceability, 0),
    }


def score_of(vendor: Rated) -> int:
    """The inherent score, 0 to 100."""
    return sum(points_of(vendor).values())


def floors_of(vendor: Rated) -> Iterator[Floor]:
    """What alone makes a tier, whatever the points say."""
    data = set(vendor.data_classes)
    if vendor.reach == Reach.PRODUCTION:
        yield Floor(Tier.CRITICAL, "it reaches production or administers it")
    if DataClass.CUSTOMER in data and vendor.reach in HOLDING:
        yield Floor(Tier.CRITICAL, "it holds customer data")
    if vendor.criticality == Criticality.OUTAGE:
        yield Floor(Tier.CRITICAL, "our service stops when it fails")
    if data & SENSITIVE and vendor.reach in HOLDING:
        yield Floor(Tier.HIGH, "it holds sensitive data")
    if vendor.replaceability == Replaceability.HARDLY:
        yield Floor(Tier.HIGH, "it can hardly be replaced")
    if data - {DataClass.PUBLIC} and vendor.reach != Reach.NONE:
        yield Floor(Tier.MEDIUM, "it sees or holds data that is not public")


def by_points(score: int) -> Tier:
    """The tier that a score alone gives."""
    return next(Tier(tier) for tier, least in THRESHOLDS.items() if score >= least)


def highest(*tiers: str) -> Tier:
    """The highest of some tiers; nothing said counts as low."""
    return max((Tier(tier) for tier in tiers if tier), key=ORDER.index, default=Tier.LOW)


def is_above(one: str, other: str) -> bool:
    """Whether a tier is higher than another."""
    return ORDER.index(Tier(one)) > ORDER.index(Tier(other))


def tier_of(vendor: Rated, raised_to: str = "") -> Tier:
    """The tier: by points, never below a floor, and never below what somebody raised it to."""
    return highest(by_points(score_of(vendor)), *(floor.tier for floor in floors_of(vendor)), raised_to)


def tier_words(vendor: Rated, raised_to: str = "", raised_reason: str = "") -> list[str]:
    """Why a vendor has its tier, a sentence each: the points first, then what holds it higher."""
    points, score = points_of(vendor), score_of(vendor)
    parts = ", ".join(f"{NAMES[name]} {count}" for name, count in points.items() if count) or "nothing counts"
    said = [f"{score} of 100 points ({parts}): {by_points(score).label.lower()}."]
    said += [f"At least {floor.tier.label.lower()}, because {floor.words}." for floor in floors_of(vendor)]
    if raised_to:
        said.append(f"Raised to {Tier(raised_to).label.lower()}: {raised_reason}")
    return said


NAMES: Final[Mapping[str, str]] = {
    "data_classes": "data", "reach": "access", "criticality": "criticality", "volume": "volume", "region": "region",
    "replaceability": "replaceability",
}  # fmt: skip
