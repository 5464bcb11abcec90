"""A request in a real browser: answered with a file, returned with a reason, answered again, accepted."""

import pytest
from playwright.sync_api import Page, expect

from audits.models import Engagement
from audits.models.requests import Request
from foundation.accounts.models import User
from foundation.organisation.actions import found
from foundation.trail.record import SYSTEM
from tests.factories.requests import a_request


@pytest.fixture
def request_of(transactional_db: None, engagement: Engagement, owner: User, auditor: User) -> Request:
    """What the owner is to answer."""
    found(actor=SYSTEM, name="Northwind Ledger")
    return a_request(engagement, owner=owner, title="List of access grants")


def answer(page: Page, name: str, content: bytes, note: str) -> None:
    """Hand in a file with a note, and submit."""
    page.get_by_role("link", name="Answer", exact=True).first.click()
    page.get_by_label("Files").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_label("Source system").fill("Okta")
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name="Answer request").click()
    expect(page.get_by_text("is submitted: the auditor looks at it.")).to_be_visible()


def test_there_and_back_until_it_is_accepted(open_page, request_of, owner, auditor, assert_accessible, shoot):
    home = request_of.get_absolute_url()
    mine, his = open_page(user=owner), open_page(user=auditor)
    mine.goto("/")
    expect(mine.get_by_text("List of access grants").first).to_be_visible()
    mine.goto(home)
    assert_accessible(mine)
    answer(mine, "grants.csv", b"user,role\nada,admin\n", "All of the first quarter.")
    his.goto("/")
    expect(his.get_by_text("Submitted: yours to judge")).to_be_visible()
    his.goto(home)
    assert_accessible(his)
    shoot(his, "request-auditor")
    with his.expect_download() as got:
        his.get_by_role("link", name="grants.csv").click()
    assert got.value.path().read_bytes() == b"user,role\nada,admin\n"
    his.get_by_role("link", name="Return", exact=True).click()
    his.get_by_label("Reason").fill("The second quarter is missing.")
    his.get_by_role("button", name="Return request").click()
    mine.goto(home)
    expect(mine.get_by_text("The second quarter is missing.").first).to_be_visible()
    answer(mine, "second.csv", b"user,role\ngrace,reader\n", "The second quarter.")
    his.goto(home)
    his.get_by_role("link", name="Accept", exact=True).click()
    his.get_by_role("button", name="Accept answer").click()
    expect(his.get_by_text("is accepted.")).to_be_visible()
    phone = open_page("phone", user=owner, dark=True)
    phone.goto(home)
    assert_accessible(phone)
    shoot(phone, "request-phone")
    request_of.refresh_from_db()
    assert request_of.state == "accepted"
