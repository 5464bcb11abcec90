"""The list as the register says it now: its entries, what they lack, and how they differ from what was published."""

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from foundation.trail.leaf import canonical
from vendors.models import Region, SubprocessorList, Vendor

Entry = dict[str, Any]
# What customers are told of each, in the order of every sheet: key, heading.
TOLD: Final[tuple[tuple[str, str], ...]] = (
    ("name", "Name"),
    ("purpose", "Purpose"),
    ("data", "Personal data"),
    ("location", "Location"),
    ("transfer_basis", "Transfer basis"),
    ("started_on", "Since"),
)
HEADINGS: Final[Mapping[str, str]] = dict(TOLD)


@dataclass(frozen=True)
class Draft:
    """What would be published now. lacking: (vendor, what it lacks in words), which blocks that.

    changes: against the newest version, in words; `added` and `altered` are told to customers before they hold.
    """

    entries: list[Entry]
    lacking: list[tuple[Vendor, str]]
    earlier: SubprocessorList | None
    changes: list[str]
    needs_notice: bool

    @property
    def sha256(self) -> str:
        """The hash that this list would have: by it a form knows what its reader saw."""
        return hash_of(self.entries)

    @property
    def differs(self) -> bool:
        """Whether there is anything to publish."""
        return self.earlier is None or bool(self.changes)


def hash_of(entries: Sequence[Entry]) -> str:
    """SHA-256 over the entries as canonical JSON, hex."""
    return hashlib.sha256(canonical(list(entries)).encode()).hexdigest()


def draft() -> Draft:
    """The list as it would be published now. Two queries."""
    vendors = list(Vendor.objects.in_use().filter(subprocessor=True).order_by("name", "id"))
    earlier = SubprocessorList.objects.order_by("-number").first()
    entries = [entry_of(vendor) for vendor in vendors]
    changes, told = compare(earlier.entries if earlier else [], entries)
    lacking = [(vendor, words) for vendor in vendors if (words := lacks(vendor))]
    return Draft(entries, lacking, earlier, changes, needs_notice=earlier is not None and told)


def entry_of(vendor: Vendor) -> Entry:
    """What customers are told of one vendor."""
    return {
        "vendor": vendor.ref,
        "name": vendor.legal_name or vendor.name,
        "purpose": vendor.service,
        "data": vendor.personal_data,
        "location": vendor.locations,
        "transfer_basis": vendor.transfer_basis,
        "started_on": str(vendor.started_on or ""),
    }


def lacks(vendor: Vendor) -> str:
    """What the register does not say of a sub-processor and customers must be told, in words; "" for nothing."""
    entry = entry_of(vendor)
    asked = [key for key, _ in TOLD if key != "transfer_basis" or vendor.region != Region.SAME]
    missing = [HEADINGS[key].lower() for key in asked if not str(entry[key]).strip()]
    return ", ".join(missing)


def compare(before: Sequence[Entry], after: Sequence[Entry]) -> tuple[list[str], bool]:
    """What changed from one list to another, in words; and whether customers are to be told before it holds.

    They are not where sub-processors only leave.
    """
    old, new = ({entry["vendor"]: entry for entry in entries} for entries in (before, after))
    added = [f"New: {new[key]['name']}, {new[key]['purpose'] or 'purpose not said'}." for key in new if key not in old]
    altered = [words for key in new if key in old and (words := difference(old[key], new[key]))]
    gone = [f"No longer used: {old[key]['name']}." for key in old if key not in new]
    return [*added, *altered, *gone], bool(added or altered)


def difference(old: Entry, new: Entry) -> str:
    """What is said otherwise of one sub-processor, in words; "" for nothing."""
    parts = [
        f"{heading.lower()} from “{old.get(key, '')}” to “{new[key]}”"
        for key, heading in TOLD
        if str(old.get(key, "")) != str(new[key])
    ]
    return f"Changed: {old['name']}, {'; '.join(parts)}." if parts else ""


def earliest(found: Draft, day: datetime.date, notice_days: int) -> datetime.date:
    """The first day on which this list may be in force: after the notice, where customers are owed one."""
    return day + datetime.timedelta(days=notice_days if found.needs_notice else 0)
