"""Training: who completed, who is due and who is late on a day, counted by hand; completions by file; evidence."""

import datetime
import json
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evidence.models import EvidenceLink, State
from foundation.accounts.models import User
from foundation.pages.imports.importer import Plan
from foundation.pages.imports.table import Row, Table
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from people import training
from people.completion_imports import CompletionImporter
from people.models import Completion, Course, Person
from people.models.training import later
from people.populations import trained
from people.training import attendance, counted
from people.work import people_work
from tests.factories.evidence import evidence
from tests.factories.evidence import operating as operates
from tests.factories.roster import a_completion, a_course, a_person
from tests.factories.tokens import caller

pytestmark = pytest.mark.usefixtures("in_july")


@pytest.fixture
def in_july() -> Any:
    """The first of July 2026, at noon."""
    with time_machine.travel(datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC), tick=False):
        yield


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [("2026-01-31", 1, "2026-02-28"), ("2024-02-29", 12, "2025-02-28"), ("2026-06-15", 12, "2027-06-15"),
     ("2026-11-30", 1, "2026-12-30"), ("2026-12-31", 2, "2027-02-28")],
)  # fmt: skip
def test_months_later(start: str, months: int, end: str):
    assert later(day(start), months) == day(end)


@pytest.fixture
def staff(compliance: User, manager: User, employee: User) -> dict[str, Person]:
    lead = a_person(name="lead", email="manager@example.com")
    return {
        "lead": lead,
        "old": a_person(name="old", email="employee@example.com", manager=lead),
        "new": a_person(name="new", starts_on=day("2026-06-20")),
        "slow": a_person(name="slow", starts_on=day("2026-05-01"), department="Sales"),
        "contractor": a_person(name="contractor", kind="contractor"),
        "left": a_person(name="left", ends_on=day("2026-06-30")),
        "future": a_person(name="future", starts_on=day("2026-07-02")),
    }


def test_who_stands_how(staff: dict[str, Person], compliance: User):
    course = a_course(applies_from=day("2026-01-01"))
    a_completion(course, staff["lead"], "2025-06-30")  # again by 2026-06-30: late by a day
    a_completion(course, staff["old"], "2025-07-01")  # again by today
    a_completion(course, staff["contractor"], "2024-01-01")
    a_completion(course, staff["contractor"], "2026-06-01")
    wrong = a_completion(course, staff["slow"], "2026-06-01")
    wrong.archived_at = wrong.created_at
    save(wrong, actor=SYSTEM, verb="completion.archived")
    found = [(one.person.name, one.standing, str(one.due_on)) for one in attendance(course, compliance)]
    assert found == [
        ("lead", "Late", "2026-06-30"),
        ("slow", "Late", "2026-05-31"),
        ("new", "Due", "2026-07-20"),
        ("contractor", "Completed", "2027-06-01"),
        ("old", "Completed", "2026-07-01"),
    ]
    assert counted(attendance(course, compliance)) == {"Late": 2, "Due": 1, "Completed": 2}


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"audience": "employees"}, {"lead", "old", "new", "slow"}),
        ({"audience": "departments", "departments": "Sales\nLegal"}, {"slow"}),
        ({"every_months": None}, {"lead", "old", "new", "slow", "contractor"}),
    ],
)
def test_whom_a_course_is_for(staff: dict[str, Person], compliance: User, values: dict, names: set[str]):
    course = a_course(**values)
    assert {one.person.name for one in attendance(course, compliance)} == names
    assert {name for name, person in staff.items() if course.is_for(person)} - {"left", "future"} == names


def test_once_is_enough_where_a_course_says_so(staff: dict[str, Person], compliance: User):
    course = a_course(every_months=None)
    a_completion(course, staff["lead"], "2024-02-01")
    found = {one.person.name: (one.standing, one.due_on) for one in attendance(course, compliance)}
    assert found["lead"] == ("Completed", None)


def test_a_page_shows_whom_one_sees(staff: dict[str, Person], compliance: User, manager: User, employee: User):
    course = a_course()
    everybody = {"lead", "old", "new", "slow", "contractor"}
    for user, names in ((compliance, everybody), (manager, {"lead", "old"}), (employee, {"old"})):
        client = Client()
        client.force_login(user)
        page = client.get(course.get_absolute_url())
        assert {one.person.name for one, _ in page.context["people"]} == names


def test_evidence_holds_the_dated_list_for_another_to_judge(staff: dict[str, Person], compliance: User):
    control = operates(frequency="annual")
    course = a_course(control=control)
    a_completion(course, staff["old"], "2026-03-01")
    item = training.record_evidence(course, actor=compliance, note="The year.")
    with item.file.open("rb") as file:
        told = json.loads(file.read())
    assert (item.state, item.row_count, item.submitted_by) == (State.SUBMITTED, 5, compliance)
    assert (item.period_from, item.period_to, item.stamped) == (day("2026-03-01"), day("2026-07-01"), True)
    assert told["counts"] == {"Late": 3, "Due": 1, "Completed": 1}
    assert EvidenceLink.objects.get(evidence=item).control == control
    again = training.record_evidence(course, actor=compliance)  # the same day, kept apart
    assert again.pk != item.pk


@pytest.mark.parametrize(
    ("values", "words"), [({}, "Name the control"), ({"audience": "departments", "departments": "Nobody's"}, "Nobody")]
)
def test_without_control_or_audience_nothing_is_recorded(staff: None, compliance: User, values: dict, words: str):
    course = a_course(control=operates() if values else None, **values)
    with pytest.raises(ValidationError, match=words):
        training.record_evidence(course, actor=compliance)


def test_what_waits_for_whom(staff: dict[str, Person], employee: User, manager: User, compliance: User):
    yearly = a_course(title="Security", applies_from=day("2026-01-01"))
    a_course(title="Sales talk", audience="departments", departments="Sales")
    a_completion(yearly, staff["old"], "2025-07-15")
    waiting = {user: [(one.title, one.kind, str(one.due)) for one in people_work(user)] for user in (employee, manager)}
    assert waiting == {
        employee: [("Security", "Training due", "2026-07-15")],
        manager: [("Security", "Training overdue", "2026-01-31")],
    }
    a_completion(yearly, staff["old"], "2026-07-01")
    assert people_work(employee) == people_work(compliance) == []


def bring_in(user: User, *rows: tuple[str, ...]) -> Plan:
    importer = CompletionImporter()
    header = ("Learner email", "Course title", "Date completed", "Platform")
    table = Table(header, [Row(number, list(cells)) for number, cells in enumerate(rows, start=2)])
    plan = importer.plan(table, importer.guess(header, {}), user)
    if not plan.errors:
        importer.apply(plan, actor=user, reason="The platform's report")
    return plan


def test_completions_come_by_file_once(staff: dict[str, Person], compliance: User):
    course = a_course(title="Security")
    rows = (
        ("Employee@example.com", "security", "2026-06-01", "Academy"),
        ("manager@example.com", course.ref, "2026-06-02", ""),
    )
    assert bring_in(compliance, *rows).counts() == {"new": 2, "changed": 0, "unchanged": 0}
    other = [(email, title, on, "Elsewhere") for email, title, on, _ in rows]
    assert bring_in(compliance, *other).counts() == {"new": 0, "changed": 0, "unchanged": 2}
    assert set(Completion.objects.values_list("person__name", "source")) == {("old", "Academy"), ("lead", "")}


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (("nobody@example.com", "Security", "2026-06-01", ""), "Learner email"),
        (("", "Security", "2026-06-01", ""), "Learner email"),
        (("manager@example.com", "Cooking", "2026-06-01", ""), "Course title"),
        (("manager@example.com", "Security", "2026-07-02", ""), "Date completed"),
        (("manager@example.com", "Security", "01/06/2026", ""), "Date completed"),
        (("manager@example.com", "Security", "", ""), "Date completed"),
        (("manager@example.com", "Security", "2026-06-01", "x" * 121), "Platform"),
    ],
)
def test_a_wrong_cell_is_named(staff: dict[str, Person], compliance: User, cells: tuple[str, ...], column: str):
    a_course(title="Security")
    plan = bring_in(compliance, cells, ("employee@example.com", "Security", "2026-06-01", ""))
    assert [(error.line, error.column) for error in plan.errors] == [(2, column)]
    assert not Completion.objects.exists()


def test_on_its_pages(staff: dict[str, Person], compliance: User, employee: User):
    course, proof = a_course(), evidence(operates(), content=b"certificate")
    client = Client()
    client.force_login(compliance)
    said = {"course": course.pk, "person": staff["old"].pk, "completed_on": "2026-06-01"}
    path = reverse("people:completion-create")
    for wrong in ({"completed_on": "2026-07-02"}, {"proof": "EV-999"}, {"person": 999999}, {"course": ""}):
        assert client.post(path, said | wrong).status_code == 422, wrong
    assert client.post(path, said | {"proof": proof.ref}).status_code == 302
    assert client.post(path, said).status_code == 422  # recorded already
    one = Completion.objects.get()
    assert one.certificate == proof
    assert proof.ref in client.get(one.get_absolute_url()).content.decode()
    base = f"/people/completions/{one.pk}/"
    assert client.get(f"{base}edit/").status_code == 404
    assert client.post(f"{base}archive/", {"version": 1, "reason": "Somebody else."}).status_code == 302
    assert client.post(path, said).status_code == 302
    assert client.post(f"{base}restore/", {"version": 2, "reason": "No."}).status_code in (302, 409, 422)
    for wrong in ({"audience": "departments", "departments": " "}, {"every_months": 0}, {"due_days": 366}):
        new = {"title": "New", "audience": "everybody", "due_days": 30, "applies_from": "2026-01-01"}
        answer = client.post(reverse("people:course-create"), new | wrong)
        assert answer.status_code == 422, wrong


def test_the_api_records_completions(staff: dict[str, Person], compliance: User, admin: User):
    tool = caller(compliance).client
    new = {"title": "Security", "audience": "everybody", "applies_from": "2026-01-01", "due_days": 30}
    made = tool.post("/api/v1/courses/", new, content_type="application/json")
    assert made.status_code == 201, made.content
    said = {"course": made.json()["id"], "person": staff["new"].pk, "completed_on": "2026-06-30"}
    told = tool.post("/api/v1/completions/", said, content_type="application/json")
    assert told.status_code == 201, told.content
    assert tool.get("/api/v1/completions/").json()["count"] == 1
    sends = {"content_type": "application/json", "headers": {"If-Match": '"1"'}}
    path = f"/api/v1/completions/{told.json()['id']}/"
    assert tool.patch(path, {"completed_on": "2026-06-29"}, **sends).status_code == 405
    assert Course.objects.get().completions.get().completed_on == day("2026-06-30")


def test_completions_are_a_population(staff: dict[str, Person], compliance: User, manager: User):
    course = a_course(title="Security")
    for name, on in (("old", "2026-03-31"), ("new", "2026-04-01"), ("lead", "2026-06-30"), ("slow", "2026-07-01")):
        a_completion(course, staff[name], on)
    listing = trained(compliance, day("2026-04-01"), day("2026-06-30"))
    assert [(line.data[2], str(line.day)) for line in listing.lines] == [("new", "2026-04-01"), ("lead", "2026-06-30")]
    part = trained(manager, day("2026-04-01"), day("2026-06-30"))
    assert (len(part.lines), part.total) == (1, 2)


def test_a_course_costs_the_same_for_many(staff: dict[str, Person], compliance: User):
    course, counts = a_course(), []
    client = Client()
    client.force_login(compliance)
    for size in (3, 30):
        for _ in range(size):
            a_completion(course, a_person())
        client.get(course.get_absolute_url())
        with CaptureQueriesContext(connection) as asked:
            client.get(course.get_absolute_url())
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[0] <= 14
