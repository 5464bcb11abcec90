"""Risks and vendors in a real browser: a risk is added and rated, and no page of theirs has a barrier."""

import pytest
from playwright.sync_api import expect

from foundation.trail.models import Entry
from risks.models import Risk, Status
from tests.everywhere.routes import address, all_routes
from tests.everywhere.table import READS
from tests.everywhere.world import PEOPLE, World

FILES = ("csv", "json", "file", "sheet", "names", "download")
LOOKED_AT = [("compliance", "desktop", True), ("compliance", "phone", False), ("manager", "desktop", False)]


def test_a_risk_is_added_and_rated(open_page, transactional_db, compliance):
    page = open_page(user=compliance)
    page.goto("/risks/new/")
    page.get_by_label("Title").fill("A vendor leaks our customers' data")
    page.get_by_label("Category").select_option("vendor")
    page.get_by_role("button", name="Add risk").or_(page.get_by_role("button", name="Create")).first.click()
    risk = Risk.objects.get()
    page.goto(f"/risks/{risk.pk}/rate/")
    for kind in ("inherent", "residual"):
        page.locator(f"[name={kind}_likelihood]").select_option("3")
        page.locator(f"[name={kind}_impact]").select_option("5")
        page.locator(f"[name={kind}_rationale]").fill("It happened to others.")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(f"**/risks/{risk.pk}/")
    risk.refresh_from_db()
    assert (risk.status, risk.residual_score) == (Status.ASSESSED, 15)
    expect(page.locator("main")).to_contain_text("High")
    assert Entry.objects.filter(verb="risk.rated", object_id=str(risk.pk)).count() == 1


@pytest.mark.parametrize(("who", "viewport", "dark"), LOOKED_AT)
def test_every_page_is_accessible(open_page, world: World, assert_accessible, who: str, viewport: str, dark: bool):
    """Each page of the two registers is looked at once: by one of three people, small, dark or wide."""
    page = open_page(viewport, dark=dark, user=world.people[who])
    turn, looked = LOOKED_AT.index((who, viewport, dark)), 0
    routes = [name for name in all_routes() if name.startswith(("risks:", "vendors:"))]
    for name in routes[turn :: len(LOOKED_AT)]:
        if READS[name].split()[PEOPLE.index(who)] != "200" or name.endswith(FILES):
            continue
        answer = page.goto(address(name, world))
        assert answer.status == 200, name
        assert_accessible(page)
        looked += 1
    assert looked > 20
