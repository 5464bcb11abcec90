"""Policies in a real browser: the preview beside the text, with and without JavaScript, and pages without a barrier."""

import pytest
from playwright.sync_api import expect

from policies.models import PolicyVersion
from tests.everywhere.routes import address
from tests.everywhere.world import World
from tests.factories.policies import a_policy, draft_of

PAGES = (
    ("policies:policy-list", "compliance"),
    ("policies:policy-detail", "compliance"),
    ("policies:policyversion-detail", "manager"),
    ("policies:policyversion-write", "compliance"),
    ("policies:policyversion-approve", "manager"),
    ("policies:policy-compare", "compliance"),
    ("policies:policy-change-audience", "compliance"),
    ("policies:policyexception-detail", "manager"),
    ("policies:library", "compliance"),
    ("policies:starter", "compliance"),
)


@pytest.mark.parametrize("javascript", [True, False])
def test_the_preview_shows_what_was_typed_and_stores_nothing(open_page, transactional_db, compliance, javascript: bool):
    version = draft_of(a_policy(text="Before."))
    page = open_page(user=compliance, javascript=javascript)
    page.goto(f"/policies/versions/{version.pk}/write/")
    page.locator("textarea[name=text]").fill("**Doors** are shut within {{ sla_low_days }}.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("Doors are shut within 180 days.")
    expect(page.locator("#preview strong")).to_have_text("Doors")
    expect(page.locator("textarea[name=text]")).to_have_value("**Doors** are shut within {{ sla_low_days }}.")
    version.refresh_from_db()
    assert version.text == "Before."
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url(f"**/policies/versions/{version.pk}/")
    assert PolicyVersion.objects.get().text == "**Doors** are shut within {{ sla_low_days }}."


@pytest.mark.parametrize(("viewport", "dark"), [("desktop", False), ("phone", False), ("desktop", True)])
def test_pages_have_no_barrier(open_page, world: World, assert_accessible, shoot, viewport: str, dark: bool):
    pages = {who: open_page(viewport, dark=dark, user=world.people[who]) for who in ("compliance", "manager")}
    for name, who in PAGES:
        page = pages[who]
        answer = page.goto(address(name, world))
        assert answer.status == 200, name
        shoot(page, f"{name.replace(':', '-')}-{viewport}{'-dark' if dark else ''}")
        assert_accessible(page)
