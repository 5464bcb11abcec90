"""Checklists of joiners and leavers: read, begun by themselves, settled by whom they name, late and seen, closed."""

import datetime
import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse

from evidence.models import EvidenceLink, State
from foundation.accounts.models import User
from foundation.organisation.actions import found
from foundation.organisation.calendar import Calendar
from foundation.organisation.models import today
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from people import runs
from people.jobs import start_checklists
from people.models import Checklist, ChecklistItem, ChecklistRun, ItemState, Person
from people.steps import Step, read_steps
from people.work import people_work
from tests.factories.evidence import evidence
from tests.factories.evidence import operating as operates
from tests.factories.roster import a_checklist, a_person, changed
from tests.factories.tokens import caller

DAY = datetime.timedelta(days=1)


@pytest.fixture
def team(manager: User, employee: User, admin: User) -> dict[str, Person]:
    lead = a_person(name="Mona Manager", email="manager@example.com")
    return {"lead": lead, "member": a_person(name="Emil", email="employee@example.com", manager=lead)}


@pytest.fixture
def run(team: dict[str, Person]) -> ChecklistRun:
    return runs.start_checklist(team["member"], actor=SYSTEM, checklist=a_checklist())


def item(run: ChecklistRun, words: str) -> ChecklistItem:
    return ChecklistItem.objects.get(run=run, words__startswith=words)


def test_items_are_read_line_by_line():
    lines = ("Close it |  1 Business Day after | Administrator", "", "Talk|2 days before|a.b@example.com")
    text = "\n".join([*lines, "Bye | same day | manager"])
    assert read_steps(text) == [
        Step("Close it", 1, True, "administrator"),
        Step("Talk", -2, False, "a.b@example.com"),
        Step("Bye", 0, False, "manager"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no items"),
        ("Close it", "what | when | who"),
        (" | same day | manager", "what | when | who"),
        ("A | same day | manager\nClose it | soon | manager", "Line 2: “soon”"),
        ("Close it | same day | somebody", "neither themselves"),
        ("Close it | same day | control owner", "neither themselves"),
        ("x" * 301 + " | same day | manager", "300 characters"),
        ("A | same day | manager\n" * 101, "at most 100"),
        ("A | 9999 days after | manager", "no time"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(text: str, words: str):
    with pytest.raises(ValueError, match="(?s)" + words.replace("|", r"\|")):
        read_steps(text)


@pytest.mark.parametrize(
    ("offset", "business", "day"),
    [(0, False, "2026-07-03"), (3, False, "2026-07-06"), (-3, False, "2026-06-30"), (1, True, "2026-07-07"),
     (-1, True, "2026-07-02"), (-3, True, "2026-06-30"), (0, True, "2026-07-03")],
)  # fmt: skip
def test_days_are_counted_in_both_directions(offset: int, business: bool, day: str):
    friday, monday = datetime.date(2026, 7, 3), datetime.date(2026, 7, 6)
    calendar = Calendar(range(5), {monday})
    assert runs.due_on(friday, offset, calendar, in_business_days=business).isoformat() == day


def test_a_run_asks_whom_the_checklist_names(run: ChecklistRun, employee: User, manager: User):
    told = [(one.words, one.assignee, one.role) for one in run.items.order_by("position")]
    assert told == [
        ("Read the handbook", employee, ""),
        ("Show them round", manager, ""),
        ("Make the accounts", None, "administrator"),
    ]
    assert run.due_on == run.day + 3 * DAY


def test_it_begins_by_itself_once_for_joiners_and_leavers_from_its_day_on(team: dict[str, Person]):
    leaving = a_checklist(title="Leaving", occasion="offboarding", applies_from=today(), audience="employee")
    a_checklist(title="Joining", applies_from=today())
    new = a_person(name="New", starts_on=today() + 5 * DAY)
    changed(team["member"], ends_on=today() + 9 * DAY)
    a_person(name="Gone before", ends_on=today() - DAY)
    a_person(name="Contractor", kind="contractor", ends_on=today() + DAY)
    for _ in range(2):
        start_checklists(None)
        begun = ChecklistRun.objects.values_list("checklist__title", "person__name", "day").order_by("checklist__title")
        assert list(begun) == [("Joining", "New", new.starts_on), ("Leaving", "Emil", today() + 9 * DAY)]
    assert set(ChecklistRun.objects.values_list("started_by", flat=True)) == {None}
    with pytest.raises(ValidationError, match="already"):
        runs.start_checklist(Person.objects.get(pk=team["member"].pk), actor=SYSTEM, checklist=leaving)


def test_an_open_run_follows_the_last_day_and_ends_with_it(team: dict[str, Person], employee: User, admin: User):
    a_checklist(
        occasion="offboarding", applies_from=today(), items="A | same day | themselves\nB | 2 days after | manager"
    )
    changed(team["member"], ends_on=today() + 9 * DAY)
    start_checklists(None)
    begun = ChecklistRun.objects.get()
    runs.complete_item(begun, actor=employee, item=item(begun, "A"))
    changed(team["member"], ends_on=today() + 30 * DAY)
    start_checklists(None)
    begun.refresh_from_db()
    assert (begun.day, begun.due_on) == (today() + 30 * DAY, today() + 32 * DAY)
    assert [one.due_on for one in begun.items.order_by("position")] == [today() + 9 * DAY, today() + 32 * DAY]
    changed(team["member"], ends_on=None)
    start_checklists(None)
    begun.refresh_from_db()
    assert begun.archived_at is not None
    assert people_work(employee) == []


def test_items_are_settled_by_whom_they_name_or_who_keeps_the_roster(
    run: ChecklistRun, employee: User, manager: User, compliance: User
):
    with pytest.raises(PermissionDenied):
        runs.complete_item(run, actor=employee, item=item(run, "Show"))
    runs.complete_item(run, actor=employee, item=item(run, "Read"), note="Read it.")
    with pytest.raises(ValidationError, match="done already"):
        runs.complete_item(run, actor=compliance, item=item(run, "Read"))
    with pytest.raises(ValidationError, match="why it does not apply"):
        runs.complete_item(run, actor=manager, item=item(run, "Show"), outcome=ItemState.NOT_APPLICABLE)
    with pytest.raises(ValidationError, match="no evidence"):
        runs.complete_item(run, actor=manager, item=item(run, "Show"), proof="EV-999")
    runs.complete_item(run, actor=compliance, item=item(run, "Show"), outcome="not_applicable", note="Works remotely.")
    assert item(run, "Show").done_by == compliance


def test_an_item_is_opened_again_with_a_reason_and_stays_late(run: ChecklistRun, employee: User):
    runs.complete_item(run, actor=employee, item=item(run, "Read"))
    assert item(run, "Read").is_late(today())  # since 2020
    with pytest.raises(ValidationError):
        runs.reopen_item(run, actor=employee, item=item(run, "Read"), reason=" ")
    again = runs.reopen_item(run, actor=employee, item=item(run, "Read"), reason="An old version.")
    assert (again.state, again.done_by, again.due_on) == (ItemState.TODO, None, datetime.date(2020, 1, 4))


def settle(run: ChecklistRun, actor: User) -> None:
    for one in ChecklistItem.objects.filter(run=run, state=ItemState.TODO):
        runs.complete_item(run, actor=actor, item=one, note="Done.")


def test_closing_it_makes_evidence_that_somebody_else_judges(team: dict[str, Person], compliance: User, admin: User):
    control = operates(frequency="per_event")
    proof = evidence(control, content=b"ticket")
    run = runs.start_checklist(team["member"], actor=admin, checklist=a_checklist(control=control))
    runs.complete_item(run, actor=compliance, item=item(run, "Read"), note="Signed.", proof=proof.ref)
    with pytest.raises(ValidationError, match="Open: Show them round"):
        runs.close_run(run, actor=admin)
    settle(run, admin)
    closed = runs.close_run(run, actor=admin, note="All done.")
    kept = closed.evidence
    with kept.file.open("rb") as file:
        told = json.loads(file.read())
    assert (kept.state, kept.submitted_by, kept.source_system) == (State.SUBMITTED, admin, "Countersign")
    assert [(one["state"], one["late"], one["proof"]) for one in told["items"]] == [
        ("done", True, proof.ref), ("done", True, ""), ("done", True, ""),
    ]  # fmt: skip
    link = EvidenceLink.objects.get(evidence=kept)
    assert (link.control, link.event, link.occurrence) == (control, team["member"].ref, team["member"].starts_on)
    with pytest.raises(ValidationError, match="closed"):
        runs.reopen_item(closed, actor=admin, item=item(run, "Read"), reason="Late thought.")


def test_what_waits_for_whom(run: ChecklistRun, employee: User, manager: User, admin: User, compliance: User):
    def waiting(user: User) -> list[tuple[str, str]]:
        return [(one.title.partition(":")[0], one.kind) for one in people_work(user)]

    assert waiting(employee) == [("Read the handbook", "Overdue: onboarding")]
    assert waiting(manager) == [("Show them round", "Overdue: onboarding")]
    assert waiting(admin) == [("Make the accounts", "Overdue: onboarding")]
    settle(run, admin)
    assert waiting(employee) == []
    assert waiting(compliance) == waiting(admin) == [("New here", "Every item is settled")]


def test_on_its_pages(run: ChecklistRun, employee: User, manager: User, admin: User, owner: User):
    def send(user: User, page: str, **said: Any) -> int:
        client = Client()
        client.force_login(user)
        run.refresh_from_db()
        path = reverse(f"people:checklistrun-{page}", args=[run.pk])
        return client.post(path, {"version": run.version, **said}).status_code

    def page(user: User, path: str) -> str:
        client = Client()
        client.force_login(user)
        return client.get(path).content.decode()

    assert send(owner, "complete-item", item=item(run, "Read").pk, outcome="done") == 404
    assert send(employee, "complete-item", item=item(run, "Show").pk, outcome="done") == 403
    assert send(employee, "complete-item", item=item(run, "Read").pk, outcome="todo") == 422
    assert send(employee, "complete-item", item=999999, outcome="done") == 422
    assert send(employee, "complete-item", item=item(run, "Read").pk, outcome="done") == 302
    assert send(employee, "reopen-item", item=item(run, "Read").pk, reason="No.") == 302
    assert "Show them round" not in page(employee, run.get_absolute_url())  # only what is theirs
    assert "Show them round" in page(manager, run.get_absolute_url())
    assert run.ref in page(admin, "/people/checklist-runs/?state=late")
    assert run.ref in page(admin, run.person.get_absolute_url())
    assert send(admin, "close") == 422
    settle(run, admin)
    assert send(admin, "close") == 302
    listed = [run.ref in page(admin, f"/people/checklist-runs/?state={state}") for state in ("open", "closed", "late")]
    assert listed == [False, True, True]  # what was done late stays late
    verbs = set(Entry.objects.filter(object_type__startswith="people.checklist").values_list("verb", flat=True))
    assert verbs >= {"checklistrun.started", "checklistitem.completed", "checklistitem.reopened", "checklistrun.closed"}


def test_a_person_is_started_by_hand_on_the_page_and_by_the_api(team: dict[str, Person], admin: User):
    checklist = a_checklist()
    client = Client()
    client.force_login(admin)
    path = reverse("people:person-start-checklist", args=[team["member"].pk])
    said = {"version": team["member"].version, "checklist": checklist.pk}
    assert client.post(path, said).status_code == 302
    assert client.post(path, said).status_code == 422
    tool = caller(admin).client
    told = tool.get("/api/v1/checklist-runs/").json()["results"]
    assert [(one["standing"], one["late"], len(one["items"])) for one in told] == [("Late", 3, 3)]
    sends = {"content_type": "application/json", "headers": {"If-Match": '"1"'}}
    base = f"/api/v1/checklist-runs/{told[0]['id']}/"
    settled = tool.post(f"{base}complete-item/", {"item": told[0]["items"][0]["id"], "outcome": "done"}, **sends)
    assert settled.status_code == 200, settled.content
    assert settled.json()["items"][0]["state"] == "done"
    new = {"title": "Leaving", "occasion": "offboarding", "items": "Nothing", "applies_from": "2026-01-01"}
    assert tool.post("/api/v1/checklists/", new, content_type="application/json").status_code == 400
    new["items"] = "A | same day | manager"
    assert tool.post("/api/v1/checklists/", new, content_type="application/json").status_code == 201
    assert Checklist.objects.count() == 2


def test_the_first_of_two_who_settle_an_item_wins(run: ChecklistRun, admin: User, compliance: User):
    found(name="Fernwood", actor=SYSTEM)
    one = item(run, "Make")
    runs.complete_item(run, actor=admin, item=one)
    with pytest.raises(ValidationError, match="done already"):
        runs.complete_item(run, actor=compliance, item=one)
    assert item(run, "Make").done_by == admin
