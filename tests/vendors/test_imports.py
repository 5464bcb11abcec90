"""Vendors from a sheet: all or nothing, each line by its number, rated as by hand; and found again by their names."""

import pytest

from foundation.pages.imports.importer import Importer
from foundation.pages.imports.table import Row, Table
from tests.factories.vendors import a_vendor, approved
from vendors.imports import VendorImporter
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
HEADER = ["Vendor", "Owner", "Data", "Access", "Criticality", "Sub-processor", "Country"]


def planned(user, *cells):
    importer: Importer = VendorImporter()
    table = Table(HEADER, [Row(number, list(row)) for number, row in enumerate(cells, 2)])
    return importer, importer.plan(table, importer.guess(HEADER, {}), user)


def test_new_ones_are_rated_and_known_ones_found_again(owner, compliance, employee):
    known = a_vendor(name="Alder", owner=owner)
    importer, plan = planned(
        compliance,
        ["Kestrel", "owner@example.com", "Customer data; personal", "Holds our data", "Our service stops", "yes", "SE"],
        ["ALDER", "owner@example.com", "internal", "production", "", "", ""],
    )
    assert (plan.errors, plan.counts()) == ([], {"new": 1, "changed": 1, "unchanged": 0})
    importer.apply(plan, actor=compliance, reason="The register.")
    made = Vendor.objects.get(name="Kestrel")
    assert (made.tier, made.data_classes, made.subprocessor, made.locations) == (
        "critical", ["customer", "personal"], True, "SE",
    )  # fmt: skip
    known.refresh_from_db()
    assert (known.name, known.tier, known.reach) == ("Alder", "critical", "production")
    assert planned(compliance, ["Kestrel", "owner@example.com", "customer,personal", "holds", "outage", "y", "SE"])[
        1
    ].counts() == {"new": 0, "changed": 0, "unchanged": 1}


def test_each_wrong_cell_is_named_and_nothing_is_taken(owner, manager, compliance, employee):
    approved(a_vendor(name="Used", owner=owner), reviewer=owner, approver=manager, judge=compliance)
    importer, plan = planned(
        compliance,
        ["", "", "", "", "", "", ""],
        ["One", "employee@example.com", "secret", "sometimes", "", "maybe", ""],
        ["Two", "nobody@example.com", "", "", "", "", "x" * 300],
        ["Three", "", "", "", "", "", ""],
        ["three", "", "", "", "", "", ""],
        ["Used", "compliance@example.com", "", "", "", "", ""],
        ["used ", "", "", "", "", "", ""],
    )
    assert [(error.line, error.column) for error in plan.errors] == [
        (2, "Vendor"), (3, "Access"), (3, "Data"), (3, "Owner"), (3, "Sub-processor"), (4, "Owner"), (6, ""),
        (7, "Owner"), (8, ""), (8, "Owner"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="cannot be applied"):
        importer.apply(plan, actor=compliance, reason="The register.")
    assert Vendor.objects.count() == 1
