"""The frame and its script: keys, ticked rows, filters as one types, a guard on forms, the drawer; and without it."""

import re

import pytest
from playwright.sync_api import expect

from foundation.organisation.actions import found
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory


@pytest.fixture
def controls(transactional_db):
    found(actor=SYSTEM, name="Northwind Ledger")
    return [ControlFactory(ref=f"IAM-{n:02}", name=f"Review of access {n}") for n in range(1, 9)]


def test_sign_in_is_fit_to_be_seen(open_page, transactional_db, assert_accessible, shoot):
    for viewport, dark in (("desktop", False), ("desktop", True), ("phone", False)):
        page = open_page(viewport, dark=dark)
        page.goto("/account/sign-in/")
        assert_accessible(page)
        shoot(page, f"sign-in-{viewport}{'-dark' if dark else ''}")
        page.get_by_label("Email").fill("nobody@example.com")
        page.get_by_label("Password").fill("wrong in every way")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert_accessible(page)


def test_keys_move_through_rows_and_jump_to_search(open_page, controls, compliance):
    page = open_page(user=compliance)
    page.goto("/controls/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr.current")).to_contain_text("IAM-02")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator("tr.current input[type=checkbox]")).to_be_checked()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("jx")
    expect(page.locator("#search")).to_have_value("jx")


def test_ticked_rows_bring_the_verbs(open_page, controls, compliance, assert_accessible):
    page = open_page(user=compliance)
    page.goto("/controls/")
    verbs = page.locator(".bulk")
    expect(verbs).to_be_hidden()
    boxes = page.locator("tbody input[type=checkbox]")
    boxes.nth(1).check()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(verbs).to_contain_text("4 selected")
    assert_accessible(page)
    page.get_by_label("Select all on this page").check()
    expect(verbs).to_contain_text("8 selected")


def test_filters_follow_what_is_typed_and_stand_in_the_address(open_page, controls, compliance):
    page = open_page(user=compliance)
    page.goto("/controls/")
    page.get_by_label("Search", exact=True).fill("IAM-03")
    expect(page).to_have_url(re.compile(r"/controls/\?q=IAM-03$"))
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_label("Search", exact=True)).to_be_focused()
    expect(page.locator("#live")).to_have_text("1 control found")
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(8)


def test_unsaved_entries_are_not_left_without_a_word(open_page, controls, compliance):
    page = open_page(user=compliance)
    page.goto(f"/controls/{controls[0].pk}/edit/")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_label("Name").fill("Half a thought")
    page.goto("/")
    assert asked == ["beforeunload"]
    page.goto(f"/controls/{controls[0].pk}/edit/")
    page.get_by_label("Name").fill("A whole thought")
    page.get_by_role("button", name="Save control").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("A whole thought")
    assert asked == ["beforeunload"]


def test_light_or_dark_is_remembered_from_the_first_paint(open_page, controls, compliance):
    page = open_page(user=compliance)
    page.goto("/")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.goto("/controls/")
    assert '<html lang="en" data-theme="dark">' in page.request.get("/controls/").text()
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without"])
def test_drawer_opens_on_a_phone(open_page, controls, compliance, javascript):
    page = open_page("phone", user=compliance, javascript=javascript)
    page.goto("/")
    link = page.get_by_role("link", name="Controls", exact=True)
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Open the menu").click()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Controls")


def test_everything_works_without_scripts(open_page, controls, compliance):
    page = open_page(user=compliance, javascript=False)
    page.goto("/controls/")
    page.get_by_label("Search", exact=True).fill("IAM-05")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody input[type=checkbox]").check()
    page.get_by_role("button", name="Assign owner").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.locator("details.who summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_no_row_lies_beyond_the_edge_of_a_phone(open_page, controls, compliance):
    """Each row is a card, and the longest word breaks, in a cell as in the message that says what was done."""
    page = open_page("phone", user=compliance)
    page.goto(f"/controls/{controls[0].pk}/edit/")
    page.get_by_label("Name").fill("x" * 180)
    page.get_by_role("button", name="Save control").click()
    expect(page.locator(".messages")).to_contain_text("x" * 180)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    beyond = "[...document.querySelectorAll('.table-wrap')].filter(one => one.scrollWidth > one.clientWidth).length"
    for path in ("/controls/", "/accounts/", "/trail/"):
        page.goto(path)
        assert page.locator("tbody tr").count()
        assert page.evaluate(beyond) == 0, path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
