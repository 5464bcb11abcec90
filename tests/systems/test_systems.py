"""The inventory of systems: its form and file, who administers one, how often its access is reviewed."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from foundation.accounts.models import User
from foundation.pages.imports.table import Row, Table
from foundation.trail.models import Entry
from systems.imports import SystemImporter
from systems.models import Cadence, System, SystemAdministrator
from tests.factories.listings import a_listing, a_system, administrator
from tests.factories.tokens import caller

HEADER = ("Application", "Owner", "Tier", "Data", "Prod", "Admin roles", "Review frequency")
FILLED = {"name": "GitHub", "criticality": "high", "version": ""}


def signed_in(user: User) -> Client:
    """A browser of this person."""
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("values", "cadence", "words"),
    [
        ({"production": True}, Cadence.QUARTERLY, "Quarterly (by rule: production)"),
        ({"production": False, "privileged": True}, Cadence.QUARTERLY, "Quarterly (by rule: sensitive access)"),
        (
            {"production": True, "privileged": True}, Cadence.QUARTERLY,
            "Quarterly (by rule: production and sensitive access)",
        ),
        ({"production": False}, Cadence.SEMI_ANNUAL, "Twice a year (by rule: neither production nor sensitive)"),
        ({"production": True, "cadence": "monthly"}, Cadence.MONTHLY, "Monthly"),
    ],
)  # fmt: skip
def test_the_cadence_is_said_or_follows_the_rule(values: dict, cadence: Cadence, words: str):
    system = System(name="Okta", **values)
    assert (system.review_cadence, system.cadence_words()) == (cadence, words)


def test_role_names_and_pairs_are_lines_of_text(compliance: User):
    roles = "Owner\r\n owner \r\n\r\nBilling  manager"
    sent = FILLED | {
        "privileged_roles": roles,
        "forbidden_pairs": "Create + Approve\nA-B + C",
        "data_classes": ["customer"],
    }
    assert signed_in(compliance).post("/systems/new/", sent).status_code == 302
    system = System.objects.get()
    assert system.privileged_roles == ["Owner", "Billing manager"]
    assert system.forbidden_pairs == [["Create", "Approve"], ["A-B", "C"]]
    page = signed_in(compliance).get(f"/systems/{system.pk}/edit/").content.decode()
    assert "Owner\nBilling manager</textarea>" in page
    assert "Create + Approve\nA-B + C</textarea>" in page


@pytest.mark.parametrize("pairs", ["Create", "Create + Create", "A + B + C", " + B"])
def test_what_is_no_pair_is_refused(compliance: User, pairs: str):
    answer = signed_in(compliance).post("/systems/new/", FILLED | {"forbidden_pairs": pairs})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["forbidden_pairs"])
    assert not System.objects.exists()


def test_a_name_stands_once_whatever_its_case(compliance: User):
    a_system(name="github")
    answer = signed_in(compliance).post("/systems/new/", FILLED)
    assert answer.status_code == 422
    assert "Another system has this name." in answer.content.decode()


def test_an_owner_changes_the_own_system_and_no_other(owner: User):
    own, other = a_system(owner=owner), a_system()
    client = signed_in(owner)
    assert client.get(f"/systems/{own.pk}/edit/").status_code == 200
    assert client.get(f"/systems/{other.pk}/edit/").status_code == 403
    assert client.get("/systems/new/").status_code == 403


def test_administrators_are_named_and_removed_with_a_reason(compliance: User, owner: User, manager: User):
    system = a_system(owner=owner)
    client = signed_in(owner)
    named = {"user": manager.pk, "reason": "Runs it.", "version": 1}
    assert client.post(f"/systems/{system.pk}/administrators/new/", named).status_code == 302
    link = SystemAdministrator.objects.get()
    assert (link.user, link.reason) == (manager, "Runs it.")
    again = client.post(f"/systems/{system.pk}/administrators/new/", named)
    assert (again.status_code, "linked already" in again.content.decode()) == (422, True)
    page = client.get(f"/systems/{system.pk}/").content.decode()
    assert "Mona Manager" in page
    assert "Remove Mona" not in page  # only compliance takes one away
    removed = {"reason": "Moved on.", "version": 1}
    assert client.post(f"/systems/administrators/{link.pk}/unlink/", removed).status_code == 403
    assert signed_in(compliance).post(f"/systems/administrators/{link.pk}/unlink/", removed).status_code == 302
    assert "Mona Manager" not in client.get(f"/systems/{system.pk}/").content.decode()
    history = client.get(f"/systems/{system.pk}/history/").content.decode()
    assert "Moved on." in history


def test_its_page_shows_the_newest_listing(owner: User):
    system = a_system(owner=owner)
    listing = a_listing(system, 4)
    page = signed_in(owner).get(f"/systems/{system.pk}/").content.decode()
    assert listing.ref in page
    assert "<b>4</b> accounts, <b>4</b> to be judged alone" in page
    assert f"/access-reviews/listings/new/?system={system.pk}" in page


def test_a_sheet_of_systems_is_brought_in_and_again_changes_nothing(compliance: User, owner: User):
    rows = [
        ("GitHub", owner.email, "Critical", "Customer data; confidential", "yes", "Owner; Admin", ""),
        ("Wiki", "", "", "", "no", "", "once a year"),
    ]
    for counts in ({"new": 2, "changed": 0, "unchanged": 0}, {"new": 0, "changed": 0, "unchanged": 2}):
        importer = SystemImporter()
        table = Table(HEADER, [Row(number, list(cells)) for number, cells in enumerate(rows, start=2)])
        plan = importer.plan(table, importer.guess(HEADER, {}), compliance)
        assert (plan.errors, plan.counts()) == ([], counts)
        importer.apply(plan, actor=compliance, reason="Our inventory")
    github, wiki = System.objects.order_by("name")
    assert (github.owner, github.criticality, github.production) == (owner, "critical", True)
    assert (github.data_classes, github.privileged_roles) == (["confidential", "customer"], ["Owner", "Admin"])
    assert (wiki.criticality, wiki.cadence) == ("medium", "annual")


def test_what_a_sheet_cannot_say_is_named_with_its_line(compliance: User):
    importer = SystemImporter()
    table = Table(HEADER, [Row(2, ["GitHub", "nobody@example.com", "huge", "secret", "maybe", "", "daily"])])
    plan = importer.plan(table, importer.guess(HEADER, {}), compliance)
    assert {(error.line, error.column) for error in plan.errors} == {
        (2, "Owner"), (2, "Tier"), (2, "Data"), (2, "Prod"), (2, "Review frequency")
    }  # fmt: skip


def test_the_api_reads_and_writes_systems(compliance: User, owner: User):
    api = caller(compliance)
    made = api.post("/api/v1/systems/", {"name": "GitHub", "criticality": "low", "privileged_roles": "Owner\nAdmin"})
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    assert (made.json()["privileged_roles"], made.json()["review_cadence"]) == (["Owner", "Admin"], "semi_annual")
    changed = api.patch(f"/api/v1/systems/{pk}/", {"production": True}, 1)
    assert (changed.status_code, changed.json()["privileged_roles"]) == (200, ["Owner", "Admin"])
    path = f"/api/v1/systems/{pk}/name-administrator/".replace("name-administrator", "administrators")
    assert api.post(path, {"user": owner.pk, "reason": "Runs it."}, 2).status_code == 200
    assert SystemAdministrator.objects.get().user == owner
    assert api.post(f"/api/v1/systems/{pk}/archive/", {"reason": "Gone."}, 2).status_code == 200
    assert api.post(f"/api/v1/systems/{pk}/restore/", {"reason": "Back."}, 3).status_code == 200
    verbs = Entry.objects.filter(object_type="systems.system").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["system.created", "system.updated", "system.archived", "system.restored"]


def test_countersign_is_one_system_at_most(db: None):
    a_system(own=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_system(own=True)


def test_who_administers_it_is_seen_as_it_stood(compliance: User, manager: User):
    link = administrator(a_system(), manager)
    assert str(link) == f"{manager} administers {link.system.name}"
    assert link.get_absolute_url() == link.system.get_absolute_url()
