"""The main job in a real browser: an owner updates a status, a manager prints the matrix, an auditor reads."""

import pytest
from playwright.sync_api import Page, expect

from controls.models import Control
from foundation.jobs.worker import run_all
from foundation.organisation.actions import found
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory, link, trust_services
from tests.factories.people import PASSWORD, code

PAGES = (
    "/", "/controls/", "/controls/{pk}/", "/controls/{pk}/edit/", "/controls/{pk}/status/", "/controls/{pk}/criteria/",
    "/controls/{pk}/reword/", "/controls/{pk}/history/", "/controls/{pk}/trail/", "/controls/{pk}/archive/",
    "/controls/new/", "/controls/import/", "/controls/scope/", "/matrix/", "/audits/", "/audits/new/", "/trail/",
    "/accounts/", "/jobs/", "/search/?q=access", "/organisation/", "/organisation/holidays/", "/accounts/me/",
    "/nowhere/",
)  # fmt: skip


@pytest.fixture
def control(transactional_db, owner) -> Control:
    found(actor=SYSTEM, name="Northwind Ledger")
    trust_services()
    control = ControlFactory(ref="IAM-01", name="Access request and approval", owner=owner)
    link(control, "CC6.1")
    return control


def sign_in(page: Page, email: str) -> None:
    page.goto("/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Code").fill(code())
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="My work")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_an_owner_updates_a_status_from_my_work_and_it_stands_in_the_trail(open_page, control, owner, javascript):
    page = open_page(javascript=javascript)
    sign_in(page, owner.email)
    page.get_by_role("row", name="IAM-01").get_by_role("link", name="Update status").first.click()
    page.get_by_label("Status").select_option(label="In progress")
    page.get_by_label("Note").fill("Roles agreed with the team.")
    page.get_by_role("button", name="Update status").click()
    expect(page.get_by_role("heading", name="My work")).to_be_visible()
    stored = Control.objects.get(pk=control.pk)
    assert (stored.status, stored.status_note) == ("in_progress", "Roles agreed with the team.")
    page.goto(f"/controls/{control.pk}/trail/")
    expect(page.get_by_role("main")).to_contain_text("updated the status")
    expect(page.get_by_role("main")).to_contain_text("Roles agreed with the team.")


def test_a_manager_prints_the_matrix(open_page, control, compliance):
    page = open_page(user=compliance)
    page.goto("/matrix/")
    expect(page.get_by_role("main")).to_contain_text("CC6.1")
    page.get_by_role("button", name="PDF").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("matrix")
    run_all()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")


def test_an_auditor_reads_and_can_change_nothing(open_page, control, auditor):
    page = open_page(user=auditor)
    page.goto(f"/controls/{control.pk}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("IAM-01")
    for name in ("Edit", "Update status", "Record review", "Archive"):
        expect(page.get_by_role("main").get_by_text(name, exact=True)).to_have_count(0)
    token = page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    sent = {"status": "in_progress", "note": "Mine now.", "version": "1", "csrfmiddlewaretoken": token}
    answer = page.request.post(f"/controls/{control.pk}/status/", form=sent)
    assert answer.status == 403
    assert Control.objects.get(pk=control.pk).status == "planned"
    verbs = list(Entry.objects.filter(actor_id=auditor.pk).order_by("id").values_list("verb", flat=True))
    assert verbs[-2:] == ["page.read", "access.refused"]


def test_the_second_of_two_editors_is_told_and_loses_nothing(open_page, control, compliance):
    first, second = open_page(user=compliance), open_page(user=compliance)
    for page in (first, second):
        page.goto(f"/controls/{control.pk}/edit/")
    first.get_by_label("Name").fill("Access request, approval and removal")
    first.get_by_role("button", name="Save control").click()
    second.get_by_label("Objective").fill("Access fits the role.")
    second.get_by_role("button", name="Save control").click()
    expect(second.get_by_role("alert").first).to_contain_text("changed while you were editing")
    expect(second.get_by_label("Objective")).to_have_value("Access fits the role.")
    assert Control.objects.get(pk=control.pk).objective == ""
    second.get_by_role("button", name="Save control").click()
    expect(second).to_have_url(f"{second.url.split('/controls/')[0]}/controls/{control.pk}/")
    assert Control.objects.get(pk=control.pk).objective == "Access fits the role."


@pytest.mark.parametrize(("viewport", "dark"), [("desktop", False), ("desktop", True), ("phone", False)])
def test_every_page_is_accessible(open_page, control, compliance, assert_accessible, viewport, dark):
    page = open_page(viewport, dark=dark, user=compliance)
    for path in PAGES:
        page.goto(path.format(pk=control.pk))
        assert_accessible(page)


def test_the_past_is_unmistakable(open_page, control, compliance):
    page = open_page(user=compliance)
    page.goto(f"/controls/{control.pk}/?as_of={control.created_at.isoformat().replace('+', '%2B')}")
    page.goto("/controls/?as_of=2020-01-01")
    expect(page.get_by_role("main")).to_contain_text("As it stood on")
    expect(page.get_by_role("link", name="New control")).to_have_count(0)
