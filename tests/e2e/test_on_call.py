"""At three in the morning, on a phone: declaring is found at once, and a record's tabs begin where one is."""

import pytest
from playwright.sync_api import expect

from foundation.accounts.models import User
from tests.factories.incidents import an_incident


@pytest.mark.parametrize("dark", [False, True])
def test_declaring_is_in_sight_as_soon_as_the_menu_is_open(
    open_page, assert_accessible, transactional_db, employee: User, dark: bool
):
    page = open_page("phone", dark=dark, user=employee)
    page.goto("/")
    page.get_by_role("button", name="Open the menu").click()
    declare = page.get_by_role("link", name="Declare incident")
    expect(declare).to_be_in_viewport(ratio=1)
    assert declare.bounding_box()["y"] < 844 / 4
    assert_accessible(page)
    declare.click()
    page.wait_for_url("**/incidents/declare/")


def test_a_row_of_tabs_begins_at_the_current_one(open_page, transactional_db, compliance: User):
    incident = an_incident(commander=compliance)
    page = open_page("phone", user=compliance)
    for tab in ("", "custody/", "review/", "trail/"):
        page.goto(f"/incidents/{incident.pk}/{tab}")
        expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)  # a line of it lies on the row's
    assert page.locator(".tabs").evaluate("row => row.scrollLeft") > 0
    still = open_page("phone", user=compliance, javascript=False)
    still.goto(f"/incidents/{incident.pk}/trail/")
    expect(still.get_by_role("link", name="Trail").last).to_be_visible()  # there, and reached by hand


def test_cards_say_what_their_values_are(open_page, assert_accessible, transactional_db, compliance: User):
    an_incident(commander=compliance)
    page = open_page("phone", user=compliance)
    page.goto("/incidents/")
    label = "cell => getComputedStyle(cell, '::before').content"
    assert "Commander" in page.locator("#listing td[data-label=Commander]").evaluate(label)
    assert_accessible(page)
