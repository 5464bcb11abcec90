"""An access review in a real browser: 300 accounts decided by keyboard, signed off, approved, read by the auditor."""

import re

import pytest
from playwright.sync_api import expect

from accessreviews.models import Assignment, Campaign, CampaignState, Choice, Decision, Known, Review, ReviewState
from foundation.organisation.actions import found
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from people.models import Person
from tests.factories.controls import ControlFactory, link, trust_services
from tests.factories.listings import a_listing, a_person, a_system, account_of, an_account
from tests.factories.people import UserFactory
from tests.factories.reviews import items_of, launched

ACCOUNTS, FLAGGED = 300, 12
PAGES = (
    "/access-reviews/",
    "/access-reviews/{campaign}/",
    "/access-reviews/{campaign}/history/",
    "/access-reviews/reviews/",
    "/access-reviews/reviews/{review}/",
    "/access-reviews/parts/{part}/",
    "/access-reviews/parts/{part}/?show=all&per_page=100",
    "/access-reviews/parts/{part}/accounts/{item}/",
    "/access-reviews/report/",
    "/access-reviews/removals/",
    "/systems/",
    "/systems/{system}/",
    "/access-reviews/listings/",
    "/access-reviews/listings/{listing}/",
    "/people/",
    "/people/{person}/",
    "/people/courses/",
    "/people/checklist-runs/",
)
FORMS = {  # who fills them in
    "manager": ("/access-reviews/parts/{part}/sign/", "/access-reviews/parts/{part}/delegate/"),
    "compliance": (
        "/access-reviews/new/", "/access-reviews/{campaign}/edit/", "/access-reviews/{campaign}/cancel/",
        "/access-reviews/parts/{part}/reassign/", "/access-reviews/listings/new/", "/systems/new/", "/systems/import/",
        "/people/new/", "/people/import/", "/people/courses/new/", "/people/checklists/new/",
    ),
    "auditor": (),
}  # fmt: skip


@pytest.fixture
def approver(transactional_db):
    return UserFactory(name="Abel Approver", role="manager")


@pytest.fixture
def part(transactional_db, owner, manager, compliance, approver) -> Assignment:
    """300 accounts of one system; a dozen lack a second factor or belong to nobody."""
    found(actor=SYSTEM, name="Northwind Ledger")
    trust_services()
    link(ControlFactory(ref="IAM-06", name="Access review", owner=owner), "CC6.1")
    system = a_system(name="Northgate ID", owner=owner)
    people = [a_person(f"Person {number}") for number in range(40)]
    rows = [an_account(f"ghost-{number}") for number in range(4)]
    rows += [account_of(person, mfa=Known.NO if number < 8 else Known.YES) for number, person in enumerate(people)]
    rows += [
        an_account(f"user{n}", email=f"user{n}@example.com", enabled=Known.NO) for n in range(ACCOUNTS - len(rows))
    ]
    a_listing(system, rows)
    launched([system], actor=compliance, approver=approver, reviewer=manager)
    return Assignment.objects.get()


def decide_by_keyboard(page, part) -> None:
    """The flagged ones with a reason each, then the rest a page at a time."""
    page.goto(part.get_absolute_url())
    for number in range(FLAGGED):  # as fast as keys can be pressed: no answer is waited for
        page.keyboard.press("r" if number < 4 else "k")
        page.keyboard.type("Nobody knows whose it is." if number < 4 else "Enrols this week.")
        page.keyboard.press("Enter")
    expect(page.locator("#part-progress")).to_contain_text(f"{FLAGGED} of {ACCOUNTS}")
    while not page.get_by_text(f"{ACCOUNTS} of {ACCOUNTS}").count():
        page.goto(f"{part.get_absolute_url()}?show=undecided&per_page=100")
        page.get_by_label("Tick all without a flag on this page").check()
        page.get_by_role("button", name="Keep the ticked").click()
        expect(page.get_by_role("main")).to_contain_text("kept.")


def signed(page, link: str, button: str) -> None:
    """Sign with the statement that is there."""
    page.get_by_role("link", name=link).first.click()
    page.get_by_role("button", name=button).click()


def test_300_accounts_by_keyboard_from_the_first_flag_to_the_approval(
    open_page, part, manager, approver, auditor, owner
):
    page = open_page(user=manager)
    decide_by_keyboard(page, part)
    page.goto(part.get_absolute_url())
    expect(page.get_by_role("main")).not_to_contain_text("Before it can be signed off")
    signed(page, "Sign off review", "Sign off review")
    expect(page.get_by_role("main")).to_contain_text("Signed by")
    assert Review.objects.get().state == ReviewState.SIGNED
    judge = open_page(user=approver)
    judge.goto(part.review.get_absolute_url())
    expect(judge.get_by_role("main")).to_contain_text(re.compile(r"12 one by one, .* 288 kept together"))
    signed(judge, "Approve review", "Approve review")
    expect(judge.get_by_role("main")).to_contain_text("Approved and locked.")
    assert Campaign.objects.get().state == CampaignState.SIGNED
    assert Decision.objects.filter(choice=Choice.REMOVE).count() == 4
    reader = open_page(user=auditor)
    reader.goto(f"{part.get_absolute_url()}?show=remove")
    expect(reader.get_by_role("main")).to_contain_text("Nobody knows whose it is.")
    assert reader.locator("[data-decide]").count() == 0
    token = reader.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    said = {"item": "1", "seen": "1", "choice": "keep", "csrfmiddlewaretoken": token}
    assert reader.request.post(f"{part.get_absolute_url()}decide/", form=said).status == 403


def test_without_javascript_one_by_one(open_page, part, manager):
    page = open_page(user=manager, javascript=False)
    page.goto(part.get_absolute_url())
    line = page.locator("tr[data-line]").first
    line.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("alert")).to_contain_text("It is flagged")
    line = page.locator("tr[data-line].wrong")
    line.get_by_label(re.compile("^Reason")).fill("Looked at with its owner.")
    line.get_by_role("button", name="Keep").click()
    expect(page.locator("#part-progress")).to_contain_text(f"1 of {ACCOUNTS}")


@pytest.mark.parametrize(
    ("who", "viewport", "dark"),
    [("manager", "desktop", True), ("compliance", "phone", False), ("auditor", "desktop", False)],
)
def test_every_page_is_accessible(open_page, part, request, assert_accessible, manager, who, viewport, dark):
    page = open_page(viewport, dark=dark, user=request.getfixturevalue(who))
    named = {
        "campaign": part.review.campaign_id, "review": part.review_id, "part": part.pk, "system": part.review.system_id,
        "listing": part.review.listing_id, "person": Person.objects.order_by("pk")[0].pk, "item": items_of(part)[0].pk,
    }  # fmt: skip
    lead = save(Person(name="Lead", email=manager.email, starts_on="2020-01-01", user=manager), actor=SYSTEM,
                verb="person.created")  # fmt: skip
    first = Person.objects.order_by("pk")[0]
    first.manager = lead
    save(first, actor=SYSTEM, verb="person.updated")
    for path in (*PAGES, *FORMS[who]):
        answer = page.goto(path.format(**named))
        assert answer.status == 200, path
        assert_accessible(page)
