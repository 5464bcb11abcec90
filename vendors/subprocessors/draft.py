"""The list as the register says it now: its entries, what they lack, and how they differ from what was published."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from foundation.organisation.models import today
from foundation.trail.leaf import canonical, sha256
from vendors.models import IN_USE, Region, Status, SubprocessorList, Vendor
from vendors.use import used_before

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
    pending: until when customers were told that something of it does not hold yet; None where all of it does.
    """

    entries: list[Entry]
    lacking: list[tuple[Vendor, str]]
    earlier: SubprocessorList | None
    changes: list[str]
    needs_notice: bool
    pending: datetime.date | None = None

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
    return sha256(canonical(list(entries)))


def draft() -> Draft:
    """The list as it would be published now. Four queries at most."""
    vendors = in_use()
    published = list(unsettled(today()))
    earlier = published[0] if published else None
    entries = [entry_of(vendor) for vendor in vendors]
    changes, told = compare(earlier.entries if earlier else [], entries)
    lacking = [(vendor, words) for vendor in vendors if (words := lacks(vendor))]
    needs_notice = earlier is not None and told
    return Draft(entries, lacking, earlier, changes, needs_notice, pending_until(entries, published, today()))


def in_use() -> list[Vendor]:
    """The sub-processors that are used; one that is assessed anew is used meanwhile. Two queries."""
    known = Vendor.objects.live().filter(subprocessor=True).exclude(status=Status.ENDED).order_by("name", "id")
    vendors = list(known)
    before = used_before(one.pk for one in vendors if one.status not in IN_USE)
    return [one for one in vendors if one.status in IN_USE or one.pk in before]


def unsettled(day: datetime.date) -> Iterator[SubprocessorList]:
    """The versions that are not in force yet, the newest first, and the one that is. One query."""
    for version in SubprocessorList.objects.order_by("-number").iterator(chunk_size=20):
        yield version
        if version.effective_on <= day:
            return


def pending_until(
    entries: Sequence[Entry], published: Sequence[SubprocessorList], day: datetime.date
) -> datetime.date | None:
    """The last of the days from which what these entries say holds, as customers were told; None for none to come.

    An entry holds from the first day of those versions that say it word for word up to the newest.
    """
    known = [({entry["vendor"]: entry for entry in one.entries}, one.effective_on) for one in published]
    days = (holds_from(entry, known) for entry in entries)
    return max((one for one in days if one and one > day), default=None)


def holds_from(entry: Entry, known: Sequence[tuple[Mapping[str, Entry], datetime.date]]) -> datetime.date | None:
    """From when an entry holds by the newest of these versions, and those before that say the same; None by none."""
    same = takewhile(lambda one: one[0].get(entry["vendor"]) == entry, known)
    return min((day for _, day in same), default=None)


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
    added = [
        f"New: {new[key]['name']}, {new[key]['purpose'].strip().rstrip('.') or 'purpose not said'}."
        for key in new
        if key not in old
    ]
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
    """The first day on which this list may be in force: after the notice, where customers are owed one.

    Nor before a day that they were told of something on it: what was announced holds no earlier by a newer version.
    """
    first = day + datetime.timedelta(days=notice_days if found.needs_notice else 0)
    return max(first, found.pending or first)
