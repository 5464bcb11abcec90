"""Pushing a listing through the API, as rows or as a file, and reading its accounts."""

import datetime
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accessreviews.models import AccountMatch, ListedAccount, Listing, Shape
from foundation.accounts.models import User
from foundation.trail.models import Entry
from systems.models import System
from tests.factories.listings import a_person, a_system, day
from tests.factories.tokens import caller

PUSH = "/api/v1/listings/"
OKTA = b"Okta Username;Status;Last Login\nada@example.com;ACTIVE;2026-01-05\nbob;SUSPENDED;\n"


def told(system: System, **values: Any) -> dict[str, Any]:
    """A listing of two accounts."""
    pulled = (timezone.now() - datetime.timedelta(minutes=5)).replace(microsecond=0)
    rows = [
        {"account": "ada", "email": "ada.king@example.com", "roles": ["Admin", "User"], "enabled": True, "mfa": False,
         "last_sign_in": day(-1).isoformat()},
        {"account": "ci", "machine": True, "owner": "owner@example.com", "last_sign_in": "never"},
    ]  # fmt: skip
    return {
        "system": system.pk, "source": "Our directory", "query": "GET /users", "pulled_at": pulled.isoformat(),
        "source_total": 2, "connector": "directory-sync 1.4", "accounts": rows, **values,
    }  # fmt: skip


def test_rows_are_pushed_once_whatever_the_network_does(owner: User):
    system, ada = a_system(owner=owner), a_person("Ada King")
    api, body = caller(owner), told(system)
    first = api.post(PUSH, body)
    assert first.status_code == 201, first.content
    listing = Listing.objects.get()
    assert first["Location"] == f"{PUSH}{listing.pk}/"
    assert (first.json()["ref"], first.json()["row_count"], first.json()["shape"]) == (listing.ref, 2, Shape.API)
    assert (listing.connector, listing.pulled_by, listing.frozen_by) == ("directory-sync 1.4", None, owner)
    with listing.evidence.file.open() as kept:
        assert [row["account"] for row in json.loads(kept.read())] == ["ada", "ci"]
    again = api.post(PUSH, body)
    assert (again.status_code, again.json()["id"], Listing.objects.count()) == (200, listing.pk, 1)
    accounts = api.get(f"{PUSH}{listing.pk}/accounts/").json()
    assert (accounts["count"], [one["account"] for one in accounts["results"]]) == (2, ["ada", "ci"])
    ours = accounts["results"][0]
    assert (ours["person"], ours["standing"], ours["mfa"], ours["machine"]) == (ada.pk, "active", "no", "unknown")
    assert [flag["flag"] for flag in ours["flags"]] == ["privileged", "no_mfa"]
    assert accounts["results"][1]["owner"] == {"id": owner.pk, "name": "Oskar Owner"}
    flagged = api.get(f"{PUSH}{listing.pk}/accounts/", flag="no_mfa", page_size="1").json()
    assert [one["account"] for one in flagged["results"]] == ["ada"]
    assert Entry.objects.filter(verb="listing.frozen").count() == 1


def test_a_file_is_pushed_once(owner: User):
    system, api = a_system(owner=owner), caller(owner)
    fields = {name: value for name, value in told(system).items() if name not in ("accounts", "connector")}
    for status in (201, 200):
        answer = api.client.post(PUSH, fields | {"file": SimpleUploadedFile("okta.csv", OKTA)})
        assert answer.status_code == status, answer.content
    assert (Listing.objects.get().shape, ListedAccount.objects.count()) == (Shape.OKTA, 2)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"accounts": []}, "accounts"),
        ({"accounts": "all"}, "accounts"),
        ({"accounts": [1, 2]}, "accounts"),
        ({"accounts": [{"account": "a", "rank": 1}, {"account": "b"}]}, "accounts"),
        ({"source_total": 3}, "source_total"),
        ({"source_total": None}, "source_total"),
        ({"query": ""}, "query"),
        ({"pulled_at": "2999-01-01T00:00:00Z"}, "pulled_at"),
        ({"pulled_at": "soon"}, "pulled_at"),
        ({"system": 999}, "system"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_listing_is_refused(owner: User, values: dict[str, Any], field: str):
    answer = caller(owner).post(PUSH, told(a_system(owner=owner)) | values)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Listing.objects.exists()


def test_what_no_account_can_be_is_named_by_its_line(owner: User):
    rows = [{"account": "a"}, {"account": "A"}, {"account": "", "name": "N"}, {"account": "d", "mfa": "perhaps"}]
    answer = caller(owner).post(PUSH, told(a_system(owner=owner), accounts=rows[:3], source_total=3))
    assert "Line 2: “A” stands in line 1 already." in answer.content.decode()
    assert "Line 3 has no account name." in answer.content.decode()
    answer = caller(owner).post(PUSH, told(a_system(owner=owner), accounts=rows[3:], source_total=1))
    assert "Line 1, mfa: “perhaps” is neither yes nor no." in answer.content.decode()


def test_another_owners_system_and_another_scope_are_refused(owner: User, colleague: User):
    system = a_system(owner=colleague)
    assert caller(owner).post(PUSH, told(system)).status_code == 400
    assert caller(colleague, "read").post(PUSH, told(system)).status_code == 403
    assert not Listing.objects.exists()


def test_unknown_columns_are_mapped_on_the_page(owner: User):
    fields = {
        name: value for name, value in told(a_system(owner=owner)).items() if name not in ("accounts", "connector")
    }
    sheet = SimpleUploadedFile("a.csv", b"konto\nada\nbob\n")
    answer = caller(owner).client.post(PUSH, fields | {"file": sheet})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["file"])


def test_account_matches_are_said_changed_and_taken_back(owner: User):
    system, ada, api = a_system(owner=owner), a_person("Ada King"), caller(owner)
    path = "/api/v1/account-matches/"
    made = api.post(path, {"system": system.pk, "key": "al", "kind": "person", "person": ada.ref, "reason": "Asked."})
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    assert made.json()["person"] == ada.pk
    assert api.patch(f"{path}{pk}/", {"reason": "Asked again."}, 1).status_code == 200
    assert AccountMatch.objects.get().person == ada
    assert api.post(f"{path}{pk}/archive/", {"reason": "Wrong."}, 2).status_code == 200
    assert api.post(f"{path}{pk}/restore/", {"reason": "Right."}, 3).status_code == 200
    verbs = Entry.objects.filter(object_type="accessreviews.accountmatch").order_by("id").values_list("verb", flat=True)
    assert [verb.partition(".")[2] for verb in verbs] == ["created", "updated", "archived", "restored"]
