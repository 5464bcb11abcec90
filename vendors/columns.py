"""The columns of the lists of vendors and of what belongs to them, and the facts on their pages."""

import datetime
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

from findings.models import Finding, unresolved
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import day_of
from foundation.pages.people import owner_words
from foundation.trail.asof import rows
from systems.models import DataClass
from vendors.models import Condition, Tier, VendorFinding
from vendors.models.vendor import TONES

TIER_TONES: dict[str, str] = {Tier.CRITICAL: "bad", Tier.HIGH: "warn", Tier.MEDIUM: "info", Tier.LOW: "mute"}
DATA_WORDS = dict(DataClass.choices)


def attach_day(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """Give each the day on which it is judged."""
    day = day_of(moment)
    for one in found:
        one.seen_on = day


@dataclass
class OpenIssues:
    """What is open about these vendors, as far as the person sees it; read once, and only where a list shows it."""

    user: User
    moment: datetime.datetime | None
    vendors: list[int]

    @cached_property
    def counts(self) -> Counter[int]:
        """By vendor, its unmet conditions and unresolved findings. Two queries."""
        conditions = visible(self.user, rows(Condition, self.moment), self.moment)
        findings = visible(self.user, rows(Finding, self.moment), self.moment).filter(unresolved(day_of(self.moment)))
        links = rows(VendorFinding, self.moment).filter(archived_at=None, finding_id__in=findings.values("id"))
        found: Counter[int] = Counter()
        for some in (conditions.filter(met_on=None, archived_at=None), links):
            found.update(some.filter(vendor_id__in=self.vendors).order_by().values_list("vendor_id", flat=True))
        return found


def attach_vendor(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The day on which each is judged, and where what is open about it can be asked for."""
    attach_day(found, user, moment)
    issues = OpenIssues(user, moment, [one.pk for one in found])
    for one in found:
        one.issues = issues


def open_count(vendor: Any) -> int:
    """How many conditions and findings of it are open."""
    return int(vendor.issues.counts[vendor.pk])


def data_words(vendor: Any) -> str:
    """Its classes of data in words."""
    return ", ".join(str(DATA_WORDS.get(one, one)) for one in vendor.data_classes)


def review_words(vendor: Any) -> str:
    """When its next review is due, with a word when that has passed."""
    if vendor.next_review_on is None:
        return ""
    return f"{vendor.next_review_on.isoformat()}{' overdue' if vendor.is_due(vendor.seen_on) else ''}"


def parts_words(vendor: Any) -> str:
    """Whether it is a sub-processor and a subservice organisation."""
    parts = (("sub-processor", vendor.subprocessor), ("subservice organisation", vendor.subservice))
    return ", ".join(word for word, holds in parts if holds)


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("name", "Vendor", sort="name", kind="title"),
    Column("tier", "Tier", kind="badge", tones=TIER_TONES),
    Column("status", "Status", sort="status", kind="badge", tones=TONES),
    Column(
        "owner", "Owner", sort="owner__name", kind="person", empty="No owner", get=owner_words, data=attrgetter("owner")
    ),
    Column("data", "Data", get=data_words),
    Column(
        "next_review", "Next review", sort="next_review_on", kind="date", get=review_words,
        data=attrgetter("next_review_on"),
    ),
    Column("residual", "Residual risk", kind="badge", tones=TIER_TONES),
    Column("open_count", "Open issues", kind="number", get=open_count, more=True),
    Column("tier_score", "Inherent score", sort="tier_score", kind="number", more=True),
    Column("parts", "Part", get=parts_words, more=True),
    Column("reach", "Access", sort="reach", more=True),
    Column("criticality", "Criticality", sort="criticality", more=True),
    Column("region", "Region", sort="region", more=True),
    Column("locations", "Locations", sort="locations", more=True),
    Column("service", "Service", more=True),
    Column("last_reviewed_on", "Last review", sort="last_reviewed_on", kind="date", more=True),
    Column("started_on", "In use since", sort="started_on", kind="date", more=True),
    Column("ended_on", "Ended", sort="ended_on", kind="date", more=True),
)  # fmt: skip
FACTS = (
    Column("service", "What it does for us", empty="Not said"),
    Column("legal_name", "Legal name"),
    Column("website", "Website"),
    Column("contact", "Contact for security"),
    Column("owner", "Owner", kind="person", empty="No owner", get=owner_words),
    Column("approver", "Approver", kind="person", empty="Nobody is named"),
    Column("data", "Data", get=data_words, empty="Not said"),
    Column("personal_data", "Personal data handled"),
    Column("reach", "Access"),
    Column("criticality", "Criticality"),
    Column("volume", "Volume of data"),
    Column("region", "Region"),
    Column("locations", "Locations"),
    Column("transfer_basis", "Basis of transfers"),
    Column("replaceability", "Replaceability"),
    Column("parts", "Part", get=parts_words),
    Column("started_on", "In use since", kind="date"),
    Column("residual", "Residual risk", kind="badge", tones=TIER_TONES),
    Column("last_reviewed_on", "Last review", kind="date"),
    Column("next_review", "Next review", kind="date", get=review_words),
    Column("approved_by", "Approved by", kind="person"),
    Column("approved_at", "Approved", kind="moment"),
    Column("status_note", "Said when its status last changed"),
    Column("ended_on", "Ended", kind="date"),
)
