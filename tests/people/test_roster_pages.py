"""The roster on its pages and in the API: who sees whom, what a form refuses, what a list is narrowed to."""

import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.search import find
from foundation.trail.models import Entry
from grc.wiring import SEARCH
from people.models import Person
from tests.everywhere.test_queries import queries
from tests.everywhere.world import World
from tests.factories.roster import a_person, changed
from tests.factories.tokens import caller

DAY = datetime.timedelta(days=1)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(user: User, page: str, person: Person | None = None, **said: Any) -> Any:
    """Send the form at a page as it is offered, with what is said on top."""
    client = signed_in(user)
    path = reverse(f"people:person-{page}", args=[person.pk] if person else [])
    form = client.get(path).context["form"]
    data = {form.add_prefix(name): form[name].value() for name in form.fields} | said
    return client.post(path, {name: value for name, value in data.items() if value not in (None, "", False)})


@pytest.fixture
def team(manager: User, employee: User) -> dict[str, Person]:
    """A manager who leads the employee and a leaver, beside somebody of another department."""
    lead = a_person(name="Mona Manager", email="manager@example.com", department="Operations")
    return {
        "lead": lead,
        "employee": a_person(name="Emil Employee", email="employee@example.com", manager=lead),
        "leaver": a_person(name="Lea Leaver", manager=lead, ends_on=today() - DAY, kind="contractor"),
        "later": a_person(name="Nia New", starts_on=today() + DAY, department=""),
    }


def test_who_sees_whom(team: dict[str, Person], manager: User, employee: User, owner: User, admin: User):
    names = {name: person.name for name, person in team.items()}
    for user, seen in (
        (admin, set(names)), (manager, {"lead", "employee", "leaver"}), (employee, {"employee"}), (owner, set()),
    ):  # fmt: skip
        client = signed_in(user)
        listed = {row.name for row in client.get("/people/").context["table"]}
        assert listed == {names[name] for name in seen}, user
        assert {hit.title for hit in find(SEARCH, user, "m") if hit.register == "People"} <= listed
        for name, person in team.items():
            assert (client.get(person.get_absolute_url()).status_code == 200) is (name in seen), (user, name)


def test_the_manager_of_ones_own_is_named_and_linked_to_who_may_see_them(team: dict[str, Person], employee: User):
    page = signed_in(employee).get(team["employee"].get_absolute_url()).content.decode()
    assert "Mona Manager" in page
    assert team["lead"].get_absolute_url() not in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"lead", "employee", "leaver", "later"}),
        ("standing=active", {"lead", "employee"}),
        ("standing=left", {"leaver"}),
        ("standing=future", {"later"}),
        ("kind=contractor", {"leaver"}),
        ("department=Operations", {"lead"}),
        ("department=none", {"later"}),
        ("manager={lead}", {"employee", "leaver"}),
        ("manager=none", {"lead", "later"}),
        ("q=emil", {"employee"}),
        ("q=P-{lead}", {"lead"}),
        ("standing=forged", None),
        ("manager=999999", None),
    ],
)
def test_the_list_is_narrowed(team: dict[str, Person], compliance: User, query: str, names: set[str] | None):
    answer = signed_in(compliance).get(f"/people/?{query.format(lead=team['lead'].pk)}")
    assert answer.status_code == (422 if names is None else 200)
    assert {row.name for row in answer.context["table"]} == {team[name].name for name in names or ()}


def test_a_past_moment_shows_them_as_they_stood(team: dict[str, Person], compliance: User):
    before = datetime.datetime.now(datetime.UTC)
    changed(team["employee"], department="Support", ends_on=today())
    client = signed_in(compliance)
    then = client.get("/people/", {"as_of": before.isoformat(), "department": "Engineering"})
    assert {row.name for row in then.context["table"]} == {"Emil Employee", "Lea Leaver"}
    now = client.get("/people/", {"department": "Engineering"})
    assert {row.name for row in now.context["table"]} == {"Lea Leaver"}


def test_a_person_is_added_changed_archived_and_restored(admin: User, employee: User):
    answer = send(admin, "create", name="Emil", email="Employee@example.com", starts_on="2026-01-05")
    person = Person.objects.get()
    assert (answer.status_code, person.email, person.user) == (302, "employee@example.com", employee)
    assert send(admin, "edit", person, title="Analyst", ends_on="2026-06-30").status_code == 302
    assert send(admin, "archive", person, reason="Twice here.").status_code == 302
    assert send(admin, "restore", person, reason="No.").status_code == 302
    told = Entry.objects.filter(object_type="people.person").order_by("id").values_list("verb", flat=True)
    assert list(told) == ["person.created", "person.updated", "person.archived", "person.restored"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"email": "manager@example.com"}, "email"),
        ({"email": "MANAGER@example.com"}, "email"),
        ({"email": "other@example.com"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"name": ""}, "name"),
        ({"name": "N" * 201}, "name"),
        ({"starts_on": "yesterday"}, "starts_on"),
        ({"ends_on": "2019-01-01"}, "__all__"),
        ({"kind": "robot"}, "kind"),
        ({"aliases": "manager@example.com"}, "aliases"),
        ({"aliases": "call me"}, "aliases"),
        ({"manager": "999999"}, "manager"),
        ({"external_id": "7"}, "external_id"),
    ],
)
def test_a_form_that_cannot_be_changes_nothing(team: dict[str, Person], compliance: User, said: dict, field: str):
    changed(team["lead"], aliases="other@example.com", external_id="7")
    answer = send(compliance, "edit", team["employee"], **said)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert Person.objects.get(pk=team["employee"].pk).version == 1


def test_a_circle_is_said_beside_the_manager(team: dict[str, Person], compliance: User):
    answer = send(compliance, "edit", team["lead"], manager=team["employee"].pk)
    assert answer.status_code == 422
    assert "stands below them" in str(answer.context["form"].errors["manager"])


def test_who_leads_somebody_is_not_archived(team: dict[str, Person], compliance: User):
    answer = send(compliance, "archive", team["lead"], reason="Twice here.")
    assert answer.status_code == 422
    assert "2 people have them as manager" in answer.content.decode()


def test_the_second_of_two_editors_is_told(team: dict[str, Person], compliance: User):
    client, person = signed_in(compliance), team["employee"]
    form = client.get(reverse("people:person-edit", args=[person.pk])).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    changed(person, title="Analyst")
    answer = client.post(reverse("people:person-edit", args=[person.pk]), data | {"title": "Chef"})
    assert answer.status_code == 409
    assert Person.objects.get(pk=person.pk).title == "Analyst"


def test_the_api_adds_reads_and_changes(team: dict[str, Person], admin: User, employee: User):
    tool = caller(admin)
    lead = team["lead"]
    new = {"name": "Ada", "email": "Ada@example.com", "starts_on": "2026-01-05", "manager": lead.pk}
    answer = tool.client.post("/api/v1/people/", new, content_type="application/json")
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["email"], told["manager_email"], told["standing"]) == ("ada@example.com", lead.email, "Active")
    path = f"/api/v1/people/{told['id']}/"
    sends = {"content_type": "application/json", "headers": {"If-Match": answer["ETag"]}}
    bad = tool.client.patch(path, {"ends_on": "2020-01-01"}, **sends)
    assert bad.status_code == 400
    assert tool.client.patch(path, {"department": "Support"}, **sends).status_code == 200
    assert tool.client.patch(path, {"department": "Sales"}, **sends).status_code == 412
    assert tool.client.get("/api/v1/people/?department=Support").json()["count"] == 1
    assert caller(employee).client.get(path).status_code == 404


def test_the_list_asks_as_often_for_many_as_for_few(world: World):
    client = signed_in(world.people["compliance"])
    person = world.arguments["people"]["pk"]
    counts = []
    for size in (3, 27):
        for _ in range(size):
            a_person(manager=Person.objects.get(pk=person))
        pages = ("/people/", f"/people/{person}/", f"/people/{person}/edit/", "/people/export.csv")
        counts.append([queries(client, page, world) for page in pages])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 12
