"""The work with vendors as populations: who was approved, who was ended, what was agreed. grc/wiring lists them."""

import datetime
from collections.abc import Iterator
from typing import Any, Final

from evidence.models import PopulationKind
from evidence.sampling.rows import Line, Listing
from evidence.sampling.sources import Source, moments
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import zone
from vendors.models import Contract, Status, Vendor

APPROVALS: Final = (Status.APPROVED, Status.CONDITIONAL)
COLUMNS: Final = ("name", "tier", "owner", "archived")
Move = tuple[int, int, datetime.datetime, list[str]]  # vendor, version, when, and what the list tells


def approved(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Every vendor that was approved for use, with or without conditions, after an assessment."""
    found = moves(first, last, Status.ASSESSING, APPROVALS)
    return listed(user, found, f"History of the vendors: approved after an assessment from {first} to {last}")


def ended(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Every vendor that was in use and was ended."""
    found = moves(first, last, Status.OFFBOARDING, (Status.ENDED,))
    return listed(user, found, f"History of the vendors: offboarded and ended from {first} to {last}")


def moves(first: datetime.date, last: datetime.date, from_: str, to: tuple[str, ...]) -> Iterator[Move]:
    """Each version that took a vendor from one status into another in the period; archived records are marked."""
    begin, end = moments(first, last)
    known = Vendor.history.filter(history_date__lt=end)
    archived = set(Vendor.objects.filter(archived_at__isnull=False).values_list("id", flat=True))
    moved = known.filter(history_date__gte=begin, status__in=to).values("id")
    before: dict[str, Any] = {}
    fields = ("id", "version", "status", "history_date", "name", "tier", "owner__name")
    for version in known.filter(id__in=moved).order_by("id", "history_id").values(*fields):
        same = version["id"] == before.get("id")
        if same and before["status"] == from_ and version["status"] in to and version["history_date"] >= begin:
            told = [
                version["name"],
                version["tier"],
                version["owner__name"] or "",
                "yes" if version["id"] in archived else "",
            ]
            yield version["id"], version["version"], version["history_date"], told
        before = version


def listed(user: User, found: Iterator[Move], query: str) -> Listing:
    """The moves that this person sees as rows, a key each: the vendor's reference and the version of the move."""
    seen, here = set(visible(user, Vendor).values_list("id", flat=True)), zone()
    lines: list[Line] = []
    total = 0
    for number, version, at, told in found:
        total += 1
        if number in seen:
            key = f"{Vendor.ref_of(number)}.{version}"
            lines.append(Line(key, at.astimezone(here).date(), told, len(lines) + 1))
    return Listing(COLUMNS, lines, total, query, "ref and version", "changed on")


def contracted(user: User, first: datetime.date, last: datetime.date) -> Listing:
    """Every contract that began between the two days."""
    every = Contract.objects.live().filter(starts_on__range=(first, last))
    lines: list[Line] = []
    for pk, day, title, vendor in (
        visible(user, every).order_by("id").values_list("id", "starts_on", "title", "vendor__name")
    ):
        lines.append(Line(Contract.ref_of(pk), day, [title, vendor], len(lines) + 1))
    query = f"Contracts with vendors, archived ones apart, that began from {first} to {last}"
    return Listing(("title", "vendor"), lines, every.count(), query, "ref", "starts")


SOURCES: Final[dict[str, Source]] = {
    "vendors_approved": Source("Vendors approved", PopulationKind.VENDORS, approved),
    "vendors_ended": Source("Vendors ended", PopulationKind.VENDORS, ended),
    "vendor_contracts": Source("Contracts with vendors", PopulationKind.VENDORS, contracted),
}
