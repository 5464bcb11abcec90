"""The pages of vendors and of what belongs to them: what they show, to whom, and what they refuse."""

import pytest
from django.test import Client

from tests.factories.vendors import a_contract, a_document, a_vendor

pytestmark = pytest.mark.django_db


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def test_lists_and_records_are_shown(compliance, owner, employee):
    vendor = a_vendor(owner=owner)
    papers = a_document(vendor, actor=owner), a_contract(vendor, actor=owner, clauses={"audit": "no"})
    page = vendor.get_absolute_url()
    for address in ("/vendors/", page, f"{page}papers/", f"{page}links/", f"{page}history/", f"{page}trail/",
                    *(f"/vendors/{word}/" for word in ("documents", "contracts", "conditions", "exit-steps")),
                    *(paper.get_absolute_url() for paper in papers), "/vendors/new/", f"{page}edit/",
                    "/vendors/import/", f"{page}assess/", f"{page}contracts/new/", f"{page}documents/new/",
                    f"{page}offboard/", f"{papers[1].get_absolute_url()}edit/"):  # fmt: skip
        assert as_(compliance).get(address).status_code == 200, address
        assert as_(employee).get(address).status_code == 404, address
