"""The trail in a browser: filtered with scripts and without, read entry by entry."""

import re

import pytest
from playwright.sync_api import expect

from controls.actions import update_status
from foundation.organisation.actions import found
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory


@pytest.fixture
def moved(transactional_db, owner):
    """The entry of a status that `owner` changed."""
    found(actor=SYSTEM, name="Northwind Ledger")
    control = ControlFactory(ref="IAM-03", name="Access review", owner=owner)
    update_status(control, actor=owner, status="in_progress", note="The first review has begun")
    return Entry.objects.get(verb="control.status_updated")


def test_an_entry_is_fit_to_be_read(open_page, moved, compliance, assert_accessible):
    page = open_page("phone", dark=True, user=compliance)
    page.goto(f"/trail/{moved.pk}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Oskar Owner updated the status of a control")
    assert_accessible(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_filters_lead_to_an_entry(open_page, moved, compliance, javascript):
    page = open_page(user=compliance, javascript=javascript)
    page.goto("/trail/")
    page.get_by_label("Register").select_option("controls.control")
    page.get_by_label("Record", exact=True).fill("iam-03")
    page.get_by_role("button", name="Filter").click()
    rows = page.locator("#listing tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("The first review has begun")
    expect(page).to_have_url(re.compile("record=iam-03"))
    page.get_by_role("link", name=f"Entry {moved.pk}").click()
    expect(page.locator("main")).to_contain_text(moved.leaf_hash().hex())


def test_a_wrong_filter_says_what_is_missing(open_page, moved, compliance, assert_accessible):
    page = open_page(user=compliance)
    page.goto("/trail/?q=review")
    expect(page.locator("#listing")).to_contain_text("needs a time range")
    expect(page.locator("#listing tbody tr")).to_have_count(0)
    assert_accessible(page)
