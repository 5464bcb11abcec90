"""Pages about accounts in a browser: the verbs' forms, exceptions, a new token, what a phone shows."""

import pytest
from playwright.sync_api import expect

from foundation.accounts import exceptions
from foundation.organisation.actions import found
from foundation.pages.api.views import endpoints_on_page
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory
from tests.factories.people import ExceptionFactory


@pytest.fixture
def exception(transactional_db, owner, manager, compliance):
    """In force for the owner of the control that it is about."""
    found(actor=SYSTEM, name="Northwind Ledger")
    control = ControlFactory(ref="IAM-01", name="Review of access", owner=owner)
    asked = ExceptionFactory(
        beneficiary=owner, approver=manager, requested_by=compliance, object_type="controls.control",
        object_id=str(control.pk),
    )  # fmt: skip
    return exceptions.approve_exception(asked, actor=manager, reason="Agreed.")


@pytest.mark.parametrize(("viewport", "dark"), [("desktop", True), ("phone", False)])
def test_what_these_pages_show_everybody_can_read(open_page, exception, owner, viewport, dark, assert_accessible):
    endpoints_on_page()  # made once for each process, which takes seconds
    page = open_page(viewport, dark=dark, user=owner)
    for path in (
        "/accounts/exceptions/",
        f"/accounts/exceptions/{exception.pk}/",
        f"/accounts/exceptions/{exception.pk}/history/",
        f"/controls/{exception.object_id}/",
        f"/controls/{exception.object_id}/status/",
        "/accounts/me/",
        "/account/security/",
        "/api/docs/",
    ):
        page.goto(path)
        assert_accessible(page)
    beyond = (
        "[...document.querySelectorAll('.table-wrap, pre')].filter(one => one.scrollWidth > one.clientWidth).length"
    )
    for path in ("/account/security/", "/api/docs/"):
        page.goto(path)
        assert page.evaluate(beyond) == 0, path


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without"])
def test_a_new_token_is_shown_once_and_copied(open_page, exception, owner, javascript, assert_accessible):
    page = open_page(user=owner, javascript=javascript)
    page.goto("/accounts/tokens/new/")
    page.get_by_label("Name").fill("CI")
    page.get_by_label("Read what you see").check()
    page.get_by_role("button", name="Create API token").click()
    secret = page.get_by_label("Your token").input_value()
    assert secret.startswith("cs_")
    copy = page.get_by_role("button", name="Copy")
    if javascript:
        assert_accessible(page)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        copy.click()
        expect(page.locator("#live")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == secret
    else:
        expect(copy).to_be_hidden()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("CI")
    assert secret not in page.content()
    page.goto("/accounts/tokens/")
    expect(page.locator("tbody tr")).to_have_count(1)
