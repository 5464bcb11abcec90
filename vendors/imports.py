"""Bringing the vendors of a sheet into the register: a vendor is known again by its name."""

from typing import Any

from foundation.accounts.models import User
from foundation.pages.imports.importer import (
    Difference,
    Importer,
    ImportField,
    Item,
    RowError,
    choice,
    day,
    simple,
    yes,
)
from foundation.pages.imports.people import People, person
from systems.models import DataClass
from vendors.actions import rate
from vendors.models import Criticality, Reach, Region, Replaceability, Vendor, Volume
from vendors.people import APPROVERS, OWNERS

CLASSES = {simple(name): value for value, label in DataClass.choices for name in (value, str(label))}


def data_classes(text: str, importer: Any) -> list[str]:
    """Classes of data, apart by commas or semicolons."""
    words = [word for word in text.replace(";", ",").split(",") if word.strip()]
    for word in words:
        if simple(word) not in CLASSES:
            raise ValueError(f"“{word.strip()[:60]}” is none of: {', '.join(str(one) for one in DataClass.labels)}.")
    chosen = {CLASSES[simple(word)] for word in words}
    return [value for value in DataClass.values if value in chosen]


def owner(text: str, importer: Any) -> User | None:
    """Somebody who can own a vendor."""
    return in_role(person(text, importer), OWNERS, "own a vendor")


def approver(text: str, importer: Any) -> User | None:
    """Somebody who can approve one."""
    return in_role(person(text, importer), APPROVERS, "approve a vendor")


def in_role(found: User | None, roles: tuple[str, ...], what: str) -> User | None:
    """The person, if their role allows that."""
    if found is not None and found.role not in roles:
        raise ValueError(f"{found} cannot {what}: the role does not allow it.")
    return found


def given(parse: Any, default: str) -> Any:
    """A parser of a choice of which an empty cell is the least."""
    return lambda text, importer: parse(text, importer) or default


FIELDS = (
    ImportField(
        "name", "Name", required=True,
        created_only=True, help="As people call it. It finds the vendor again.",
        aliases=("vendor", "vendor name", "supplier", "supplier name", "company", "third party"),
    ),
    ImportField("legal_name", "Legal name", aliases=("legal entity", "registered name")),
    ImportField("website", "Website", aliases=("url", "domain", "web")),
    ImportField("service", "Service", aliases=("purpose", "description", "services", "what it does", "product")),
    ImportField(
        "owner", "Owner", parse=owner, aliases=("business owner", "vendor owner", "owner email", "responsible"),
        help="E-mail address of who answers for it; the name will do where it is unique.",
    ),
    ImportField("approver", "Approver", parse=approver, aliases=("approved by", "approver email")),
    ImportField("contact", "Contact", aliases=("contact email", "security contact", "vendor contact")),
    ImportField(
        "data_classes", "Data classes", parse=data_classes, aliases=("data", "data types", "data classification"),
        help="Public, internal, confidential, customer data, personal data; several apart by commas.",
    ),
    ImportField("reach", "Access", parse=given(choice(Reach), Reach.NONE), aliases=("access level", "reach")),
    ImportField(
        "criticality", "Criticality", parse=given(choice(Criticality), Criticality.NONE), aliases=("impact", "outage"),
    ),
    ImportField("volume", "Volume", parse=given(choice(Volume), Volume.NONE), aliases=("volume of data", "records")),
    ImportField("region", "Region", parse=given(choice(Region), Region.SAME)),
    ImportField("locations", "Locations", aliases=("location", "countries", "country", "data location")),
    ImportField(
        "replaceability", "Replaceability", parse=given(choice(Replaceability), Replaceability.DAYS),
        aliases=("replaceable", "lock in"),
    ),
    ImportField("subprocessor", "Sub-processor", parse=yes, aliases=("is subprocessor", "sub processor")),
    ImportField("subservice", "Subservice organisation", parse=yes, aliases=("subservice", "subservice organization")),
    ImportField("personal_data", "Personal data", aliases=("personal data handled",)),
    ImportField("transfer_basis", "Basis of transfers", aliases=("transfer mechanism", "transfer basis")),
    ImportField("started_on", "In use since", parse=day, aliases=("start date", "since", "onboarded")),
)  # fmt: skip


class VendorImporter(Importer):
    """Vendors; a row is known by its name. Status, reviews and papers are nothing that a file says."""

    model = Vendor
    key = "name"
    fields = FIELDS

    def prepare(self, user: User) -> None:
        """Everybody who could own or approve a vendor, by e-mail and by unique name."""
        self.people = People()

    def link(self, items: Any) -> Any:
        """Owner and approver are two people; and the tier that follows is shown with what it follows from."""
        for item in items:
            vendor: Any = item.instance
            if vendor.owner_id is not None and vendor.owner_id in (vendor.approver_id, self.signed(vendor)):
                yield RowError(item.line, "Owner", "Another person than the owner approves it.")
            if self.signed(vendor) and vendor.owner_id is None:
                yield RowError(item.line, "Owner", "What is approved has an owner.")
            self.rated(item)

    def signed(self, vendor: Any) -> int | None:
        """Who approved it, where that stands."""
        number: int | None = vendor.approved_by_id
        return number

    def rated(self, item: Item) -> None:
        """Rate it anew, and say so where that changes."""
        vendor: Any = item.instance
        before = vendor.get_tier_display()
        rate(vendor)
        if vendor.get_tier_display() != before or item.new:
            shown = "" if item.new else before
            item.differences.append(Difference("Tier", shown, str(vendor.get_tier_display())))
