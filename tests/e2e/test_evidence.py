"""Evidence in a real browser: handed in, returned, sent anew, accepted by somebody else and by no other door."""

import re

import pytest
from playwright.sync_api import expect

from controls.models import Control
from evidence.coverage.keep import refresh_stale
from evidence.models import Evidence
from foundation.organisation.actions import found
from foundation.organisation.models import today
from foundation.trail.record import SYSTEM
from tests.factories.controls import link, trust_services
from tests.factories.evidence import evidence, operating, requirement
from tests.factories.tokens import caller

PAGES = (
    "/evidence/", "/evidence/{item}/", "/evidence/{item}/content/", "/evidence/{item}/accept/",
    "/evidence/{item}/link/", "/evidence/{item}/version/", "/evidence/new/", "/evidence/new/?control={pk}",
    "/evidence/requirements/", "/evidence/requirements/new/?control={pk}", "/evidence/exemptions/new/?control={pk}",
    "/controls/{pk}/",
)  # fmt: skip


@pytest.fixture
def control(transactional_db, owner) -> Control:
    found(actor=SYSTEM, name="Northwind Ledger")
    trust_services()
    control = operating(owner=owner, ref="IAM-02", name="Access review")
    link(control, "CC6.1")
    requirement(control, "Signed list of accounts", source="Okta, Reports", kinds=["export"])
    refresh_stale()
    return control


def square(page, address: str):
    """This month's square, on the grid or in the control's strip."""
    page.goto(address)
    return page.get_by_role("link", name=re.compile(rf"^{today():%Y-%m}-01 to "))


def fill(page, title: str) -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_label("Kind").select_option(label="Export from a system")
    page.get_by_label("Source system").fill("Okta")


def chosen(name: str, content: bytes) -> dict:
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def refused_at_every_door(page, item, user) -> None:
    """Judging one's own: by the page, by what it would send, by the API in the browser and with a token."""
    for address in (f"/evidence/{item.pk}/accept/", f"/evidence/{item.pk}/return/"):
        token = page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
        sent = {"version": "1", "note": "Mine.", "reason": "Mine.", "csrfmiddlewaretoken": token}
        assert page.request.get(address).status == 403
        assert page.request.post(address, form=sent).status == 403
    sent = {"X-CSRFToken": token, "If-Match": '"1"'}
    program = {"Authorization": f"Bearer {caller(user).secret}", "If-Match": '"1"'}
    for verb, said in (("accept", {}), ("return", {"reason": "Mine."})):
        for headers in (sent, program):
            answer = page.request.post(f"/api/v1/evidence/{item.pk}/{verb}/", data=said, headers=headers)
            assert answer.status == 403


@pytest.mark.parametrize("javascript", [True, False])
def test_from_submission_to_acceptance(open_page, control, owner, manager, javascript):
    page, judge = open_page(user=owner, javascript=javascript), open_page(user=manager, javascript=javascript)
    places = ("/coverage/", f"/controls/{control.pk}/")
    for place in places:
        expect(square(page, place)).to_have_accessible_name(re.compile(r": not yet due$|: due$"))
    square(page, "/coverage/").click()
    occurrence = page.url
    page.get_by_role("link", name="Attach evidence").click()
    expect(page.get_by_label("Occurrence")).to_have_value(f"{today():%Y-%m}-01")
    expect(page.get_by_role("main")).to_contain_text("Signed list of accounts")
    page.get_by_label("Files").set_input_files(chosen("accounts.csv", b"user,role\nada,admin\n"))
    fill(page, "Accounts of Okta")
    page.get_by_label("Requirement").select_option(label="Signed list of accounts")
    page.get_by_label("What it proves").fill("Every account, with its role.")
    page.get_by_role("button", name="Submit evidence").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Accounts of Okta")
    expect(page.get_by_role("link", name="Accept", exact=True)).to_have_count(0)
    item = Evidence.objects.get()

    judge.goto("/")
    judge.get_by_role("row", name=item.ref).get_by_role("link", name="Judge").click()
    judge.get_by_role("link", name="Return", exact=True).click()
    judge.get_by_label("Reason").fill("The service accounts are missing.")
    judge.get_by_role("button", name="Return evidence").click()

    page.goto("/")
    page.get_by_role("row", name=item.ref).get_by_role("link", name="Send a new version").click()
    expect(page.get_by_role("main")).to_contain_text("The service accounts are missing.")
    page.get_by_label("File").set_input_files(chosen("accounts.csv", b"user,role\nada,admin\nci,reader\n"))
    page.get_by_role("button", name="Send a new version").click()
    expect(page.get_by_role("heading", name="My work")).to_be_visible()
    later = Evidence.objects.get(supersedes=item)

    refused_at_every_door(page, later, owner)
    page.goto(f"/evidence/{later.pk}/")
    expect(page.get_by_role("link", name="Accept", exact=True)).to_have_count(0)
    later.refresh_from_db()
    assert later.state == "submitted"
    for place in places:
        expect(square(page, place)).to_have_accessible_name(re.compile(r"due, evidence waits to be judged$"))

    judge.goto(f"/evidence/{later.pk}/")
    judge.get_by_role("link", name="Accept", exact=True).click()
    judge.get_by_label("I saw the source's own times in it").check()
    judge.get_by_role("button", name="Accept evidence").click()
    expect(judge.get_by_role("main")).to_contain_text(f"Accepted by {manager}")
    later.refresh_from_db()
    assert (later.state, later.reviewed_by, later.stamp_confirmed) == ("accepted", manager, True)
    for place in places:
        expect(square(page, place)).to_have_accessible_name(re.compile(": done$"))
    page.goto(occurrence)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Done")
    expect(page.get_by_role("main")).to_contain_text(f"Met by {later.ref}")


def test_files_are_dropped_and_pictures_pasted(open_page, control, owner):
    page = open_page(user=owner)
    page.goto(f"/evidence/new/?control={control.pk}")
    drop = """([kind, name, type]) => {
        const data = new DataTransfer();
        data.items.add(new File(["some text"], name, { type }));
        const target = kind === "drop" ? document.querySelector("form[data-files]") : document;
        const event = kind === "drop"
            ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
        target.dispatchEvent(event);
    }"""
    page.evaluate(drop, ["drop", "a.txt", "text/plain"])
    page.evaluate(drop, ["paste", "image.png", "image/png"])
    names = page.evaluate("[...document.querySelector('input[type=file]').files].map((file) => file.name)")
    assert (names[0], names[1].startswith("pasted "), len(names)) == ("a.txt", True, 2)
    for number in range(19):
        page.evaluate(drop, ["drop", f"{number}.txt", "text/plain"])
    expect(page.get_by_role("alert")).to_have_text("These are 21 files; 20 go at once.")
    page.get_by_role("button", name="Submit evidence").click()
    expect(page.get_by_label("Files")).to_be_focused()
    assert page.evaluate("document.querySelector('input[type=file]').files.length") == 21
    page.get_by_label("Files").set_input_files([chosen("a.csv", b"1"), chosen("b.csv", b"2")])
    expect(page.get_by_role("alert")).to_have_text("")
    page.get_by_label("Title").fill("Accounts")
    page.get_by_role("button", name="Submit evidence").click()
    expect(page.get_by_role("alert").first).to_contain_text("Choose again: a.csv, b.csv.")
    expect(page.get_by_label("Title")).to_have_value("Accounts")


@pytest.mark.parametrize(("viewport", "dark"), [("desktop", False), ("desktop", True), ("phone", False)])
def test_every_page_of_evidence_is_accessible(
    open_page, control, owner, compliance, assert_accessible, shoot, viewport, dark
):

    item = evidence(control, actor=owner, content=b"user,role\nada,admin\n")
    page = open_page(viewport, dark=dark, user=compliance)
    for path in PAGES:
        page.goto(path.format(pk=control.pk, item=item.pk))
        name = path.strip("/").replace("/", "-").replace("{item}", "n").replace("{pk}", "n").partition("?")[0]
        shoot(page, f"evidence-{name}-{viewport}{'-dark' if dark else ''}")
        assert_accessible(page)
