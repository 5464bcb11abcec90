"""The personnel system's sheet: known by address, managers anywhere in the file, all or nothing, errors by line."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from foundation.accounts.models import User
from foundation.pages.imports.importer import Plan
from foundation.pages.imports.table import Row, Table
from foundation.pages.models import Import
from foundation.trail.models import Entry
from people.imports import PersonImporter
from people.models import Kind, Person
from tests.factories.roster import a_person

HEADER = (
    "Work email", "Full name", "Type", "Position", "Team", "Hire date", "Termination date", "Employee ID", "Reports to",
)  # fmt: skip
BASE = {
    "type": "", "position": "Engineer", "team": "Engineering", "hired": "2024-02-01", "left": "", "id": "", "lead": "",
}  # fmt: skip
CHIEF = "Manager's e-mail"


def row(email: str, **said: str) -> tuple[str, ...]:
    values = {**BASE, **said}
    return (email, said.get("name") or email.partition("@")[0].title(), *(values[key] for key in BASE))


def plan_of(user: User, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> tuple[PersonImporter, Plan]:
    importer = PersonImporter()
    table = Table(header, [Row(number, list(cells)) for number, cells in enumerate(rows, start=2)])
    return importer, importer.plan(table, importer.guess(table.header, {}), user)


def bring_in(user: User, *rows: tuple[str, ...]) -> Plan:
    importer, plan = plan_of(user, *rows)
    assert plan.errors == []
    importer.apply(plan, actor=user, reason="The roster of July")
    return plan


def test_managers_stand_anywhere_in_the_file(admin: User, employee: User):
    bring_in(
        admin,
        row("Low@Example.com", lead="mid@example.com"),
        row("mid@example.com", lead="TOP@example.com", type="Full-time"),
        row("top@example.com", type="contractor", id="7"),
        row("employee@example.com", lead="Top"),
    )
    people = {person.email: person for person in Person.objects.select_related("manager", "user")}
    assert people["low@example.com"].manager == people["mid@example.com"]
    assert people["mid@example.com"].manager == people["top@example.com"]
    assert people["top@example.com"].kind == Kind.CONTRACTOR
    assert (people["employee@example.com"].user, people["employee@example.com"].manager) == (
        employee,
        people["top@example.com"],
    )
    assert {person.version for person in people.values()} == {1}
    assert set(Entry.objects.filter(object_type="people.person").values_list("verb", flat=True)) == {"person.created"}


def test_the_same_file_again_changes_nothing(admin: User):
    rows = (row("low@example.com", lead="top@example.com"), row("top@example.com"))
    bring_in(admin, *rows)
    assert bring_in(admin, *rows).counts() == {"new": 0, "changed": 0, "unchanged": 2}


def test_a_later_file_changes_who_moved_and_who_left(admin: User):
    bring_in(admin, row("low@example.com", lead="top@example.com", type="contractor"), row("top@example.com"))
    plan = bring_in(
        admin,
        row("low@example.com", lead="new@example.com", team="Support"),
        row("top@example.com", left="2026-06-30"),
        row("new@example.com"),
    )
    told = {(one.label, one.before, one.after) for item in plan.changed for one in item.differences}
    assert told == {
        ("Department", "Engineering", "Support"),
        ("Manager's e-mail", "Top", "New"),
        ("Last day", "", "2026-06-30"),
    }
    low = Person.objects.get(email="low@example.com")
    assert (low.manager.email, low.kind) == ("new@example.com", Kind.CONTRACTOR)  # an empty kind changes nobody's


def test_two_can_be_turned_round_in_one_file(admin: User):
    bring_in(admin, row("low@example.com", lead="top@example.com"), row("top@example.com"))
    bring_in(admin, row("low@example.com"), row("top@example.com", lead="low@example.com"))
    assert Person.objects.get(email="top@example.com").manager.email == "low@example.com"


@pytest.mark.parametrize(
    ("rows", "errors"),
    [
        ([row("nobody")], [(2, "Work email")]),
        ([row("", name="Nobody")], [(2, "Work email")]),
        ([row("a@example.com", hired="")], [(2, "Hire date")]),
        ([row("a@example.com", hired="01/02/2026")], [(2, "Hire date")]),
        ([row("a@example.com", left="2020-01-01")], [(2, "Last day")]),
        ([row("a@example.com", type="robot")], [(2, "Type")]),
        ([row("a@example.com", lead="stranger@example.com")], [(2, CHIEF)]),
        ([row("a@example.com", lead="a@example.com")], [(2, CHIEF)]),
        ([row("a@example.com", lead="Sam")], [(2, CHIEF)]),
        (
            [row("a@example.com", lead="b@example.com"), row("b@example.com", lead="a@example.com")],
            [(2, CHIEF), (3, CHIEF)],
        ),
        ([row("a@example.com"), row("A@example.com")], [(3, "")]),
        ([row("a@example.com", id="9")], [(2, "Personnel number")]),
        ([row("a@example.com", id="8"), row("b@example.com", id="8")], [(3, "Personnel number")]),
        ([row("other@example.com")], [(2, "E-mail")]),
        ([row("gone@example.com")], [(2, "E-mail")]),
        ([row("a@example.com", lead="gone@example.com")], [(2, CHIEF)]),
        ([row("sam@example.com", lead="low@example.com")], [(2, CHIEF)]),
        ([row("a@example.com", name="N" * 201)], [(2, "Full name")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_line_and_nothing_is_applied(admin: User, rows: list, errors: list):
    sam = a_person(email="sam@example.com", name="Sam", external_id="9", aliases="other@example.com")
    a_person(name="Sam")
    a_person(email="low@example.com", manager=sam)
    a_person(email="gone@example.com", archived_at=sam.created_at)
    importer, plan = plan_of(admin, *rows, row("fine@example.com"))
    assert [(error.line, error.column) for error in plan.errors] == errors
    with pytest.raises(ValueError, match="errors"):
        importer.apply(plan, actor=admin, reason="Never")
    assert Person.objects.count() == 4


def test_a_file_of_other_addresses(admin: User):
    header = ("email", "name", "start date", "aliases")
    _, plan = plan_of(admin, ("a@example.com", "A", "2024-01-01", "A.B@example.com; c@example.com"), header=header)
    assert plan.errors == []
    assert plan.new[0].instance.aliases == "a.b@example.com\nc@example.com"
    twice = [(f"{one}@example.com", one, "2024-01-01", "X@example.com") for one in "ab"]
    _, plan = plan_of(admin, *twice, header=header)
    assert [(error.line, error.column) for error in plan.errors] == [(3, "Other addresses")]


def test_applying_costs_the_same_for_few_and_for_many(admin: User):
    counts = []
    for size in (3, 30):
        importer, plan = plan_of(admin, *(row(f"m{size}.{n}@example.com") for n in range(size)))
        with CaptureQueriesContext(connection) as asked:
            importer.apply(plan, actor=admin, reason="Growth")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_file_goes_in_by_the_page(admin: User):
    client = Client()
    client.force_login(admin)
    sheet = "email;name;first day\nada@example.com;Ada;2026-01-05\n"
    answer = client.post("/people/import/", {"file": SimpleUploadedFile("roster.csv", sheet.encode())})
    one = Import.objects.get()
    assert answer.status_code == 302
    assert client.get(f"/pages/imports/{one.pk}/columns/").context["form"].columns()[0].value() == "email"
    columns = {f"column_{name}": heading for name, heading in (("email", "email"), ("name", "name"))}
    columns["column_starts_on"] = "first day"
    assert client.post(f"/pages/imports/{one.pk}/columns/", columns).status_code == 302
    assert "Ada" in client.get(f"/pages/imports/{one.pk}/preview/").content.decode()
