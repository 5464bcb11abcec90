"""Bringing a listing in on its page, looking at it, comparing it, and saying whose an account is."""

import csv
import datetime
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accessreviews.models import AccountMatch, ColumnMapping, Known, ListedAccount, Listing, Shape
from evidence.models import Evidence
from foundation.accounts.models import User
from foundation.trail.models import Entry
from systems.models import System
from tests.factories.listings import a_listing, a_person, a_system, account_of, an_account, day

NEW = "/access-reviews/listings/new/"
FILES = Path(__file__).parent / "files"
OWN = b"account;role;blocked\nada;Admin;ja\nbob;Leser;nein\n"


def signed_in(user: User) -> Client:
    """A browser of this person."""
    client = Client()
    client.force_login(user)
    return client


def told(system: System, total: int, **values: Any) -> dict[str, Any]:
    """What the form says beside its file."""
    pulled = timezone.localtime(timezone.now() - datetime.timedelta(minutes=5))
    return {
        "system": system.pk, "source": "Admin console", "query": "Users > Export", "source_total": total,
        "pulled_at": f"{pulled:%Y-%m-%dT%H:%M}", "shape": "", **values,
    }  # fmt: skip


def upload(content: bytes, name: str = "users.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_known_export_is_frozen_at_once(owner: User):
    system = a_system(owner=owner, privileged_roles=["Super Admin"])
    data = (FILES / "google.csv").read_bytes()
    answer = signed_in(owner).post(NEW, told(system, 7, file=upload(data, "users.csv")))
    assert answer.status_code == 302, answer.context["form"].errors
    listing = Listing.objects.get()
    assert answer["Location"] == listing.get_absolute_url()
    assert (listing.shape, listing.row_count, listing.pulled_by) == (Shape.GOOGLE, 7, owner)
    assert listing.mapping["sign_in"] == "Last Sign In [READ ONLY]"
    with listing.evidence.file.open() as kept:
        assert kept.read() == data
    received = signed_in(owner).get(f"{listing.get_absolute_url()}file/")
    assert b"".join(received.streaming_content) == data


def test_unknown_columns_are_mapped_once_with_nothing_lost(owner: User):
    system, client = a_system(owner=owner), signed_in(owner)
    asked = client.post(NEW, told(system, 2, file=upload(OWN)))
    assert asked.status_code == 422
    form = asked.context["form"]
    assert form.header == ["account", "role", "blocked"]
    assert form["column_key"].value() == "account"
    assert form["source"].value() == "Admin console"
    sent = told(system, 3, kept=form["kept"].value(), header=form.header, column_key="account", column_roles="role",
                column_disabled="blocked", yes="ja", no="nein", never="")  # fmt: skip
    refused = client.post(NEW, sent)
    assert refused.status_code == 422
    assert "The source counts 3 and the list holds 2" in refused.content.decode()
    assert not ColumnMapping.objects.exists()
    again = refused.context["form"]
    assert (again["kept"].value(), again["column_roles"].value(), again["yes"].value()) == (sent["kept"], "role", "ja")
    assert client.post(NEW, sent | {"source_total": 2}).status_code == 302
    listing = Listing.objects.get()
    states = dict(ListedAccount.objects.filter(listing=listing).values_list("key", "enabled"))
    assert (listing.shape, states) == (Shape.OWN, {"ada": Known.NO, "bob": Known.YES})
    assert ColumnMapping.objects.get().columns["yes"] == ["ja"]
    later = told(system, 2, file=upload(OWN), pulled_at=f"{timezone.localtime():%Y-%m-%dT%H:%M}")
    assert client.post(NEW, later).status_code == 302  # remembered
    assert Entry.objects.filter(verb="columnmapping.created").count() == 1


@pytest.mark.parametrize(
    ("content", "values", "words"),
    [
        (OWN, {"source_total": ""}, "This field is required."),
        (b"%PDF-1.7", {}, "This is a PDF"),
        (
            b"Okta Username;Status;Last Login\nada;ACTIVE;32.13.2026\n",
            {},
            "Line 2, Last Login: “32.13.2026” is no date.",
        ),
        (b"Okta Username;Status\nada;ACTIVE\nADA;ACTIVE\n", {}, "Line 3: “ADA” stands in line 2 already."),
        (b"Okta Username;Status\nada;ACTIVE\nbob;ACTIVE\n", {"pulled_at": "2999-01-01T10:00"}, "in the future"),
    ],
)
def test_what_is_refused_is_said_beside_the_form(owner: User, content: bytes, values: dict[str, Any], words: str):
    system = a_system(owner=owner)
    answer = signed_in(owner).post(NEW, told(system, 2, file=upload(content)) | values)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Listing.objects.exists()
    assert not Evidence.objects.exists()


def test_a_file_put_by_is_nobody_elses(owner: User, compliance: User):
    system = a_system(owner=owner)
    kept = signed_in(owner).post(NEW, told(system, 2, file=upload(OWN))).context["form"]["kept"].value()
    for word in (kept, "forged", ""):
        answer = signed_in(compliance).post(NEW, told(system, 2, kept=word))
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["file"])


def test_only_own_systems_are_listed_by_their_owner(owner: User, colleague: User):
    a_system(owner=owner)
    other = a_system(owner=colleague)
    answer = signed_in(owner).post(NEW, told(other, 2, file=upload(OWN)))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["system"])
    listing = a_listing(other)
    assert signed_in(owner).get(listing.get_absolute_url()).status_code == 404


def a_mixed_listing(owner: User) -> Listing:
    """A leaver, an administrator without MFA, a machine, an unknown one and an ordinary account."""
    gone, ada, bob = a_person("Gone Lang", ends_on=day(-10)), a_person("Ada King"), a_person("Bob Stone")
    rows = [
        account_of(gone), account_of(ada, roles=("Admin",), mfa=Known.NO), account_of(bob),
        an_account("ci", machine=Known.YES), an_account("who-is-it", mfa=Known.UNKNOWN),
    ]  # fmt: skip
    return a_listing(a_system(owner=owner), rows)


def keys(answer: Any) -> list[str]:
    """The accounts that a page shows."""
    return [line["account"].key for line in answer.context["accounts"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["gone.lang@example.com", "ada.king@example.com", "bob.stone@example.com", "ci", "who-is-it"]),
        ("flag=flagged", ["gone.lang@example.com", "ada.king@example.com", "ci", "who-is-it"]),
        ("flag=no_mfa", ["ada.king@example.com"]),
        ("flag=orphaned", ["who-is-it"]),
        ("standing=machine", ["ci"]),
        ("q=KING ada", ["ada.king@example.com"]),
        ("flag=privileged&q=bob", []),
        ("flag=nonsense&standing=nonsense&page=99", ["gone.lang@example.com", "ada.king@example.com",
                                                     "bob.stone@example.com", "ci", "who-is-it"]),
    ],
)  # fmt: skip
def test_accounts_are_narrowed_by_flag_standing_and_words(owner: User, query: str, found: list[str]):
    listing = a_mixed_listing(owner)
    client = signed_in(owner)
    answer = client.get(f"{listing.get_absolute_url()}?{query}")
    assert (answer.status_code, keys(answer)) == (200, found)
    sheet = b"".join(client.get(f"{listing.get_absolute_url()}accounts.csv?{query}").streaming_content).decode(
        "utf-8-sig"
    )
    assert [row["Account"] for row in csv.DictReader(io.StringIO(sheet))] == found


def test_a_page_tells_the_reasons_and_the_proof(owner: User):
    listing = a_mixed_listing(owner)
    page = signed_in(owner).get(listing.get_absolute_url()).content.decode()
    assert f"Its person left on {day(-10)}, and it is enabled." in page
    assert "Signs in without a second factor." in page
    assert listing.sha256 in page
    assert "key=who-is-it" in page  # whose account is it?
    assert "key=ci" in page


def test_what_changed_is_shown_against_an_earlier_listing(owner: User):
    system = a_system(owner=owner)
    first = a_listing(system, [an_account("gone"), an_account("ada")])
    second = a_listing(system, [an_account("new"), an_account("ada", roles=("Admin",))])
    third = a_listing(system, [an_account("new"), an_account("ada", roles=("Admin",))])
    client = signed_in(owner)
    changes = f"{third.get_absolute_url()}changes/"
    assert client.get(changes).context["counts"] == {"added": 0, "removed": 0, "changed": 0}
    answer = client.get(f"{changes}?with={first.pk}&show=changed")
    assert answer.context["counts"] == {"added": 1, "removed": 1, "changed": 1}
    [change] = answer.context["changes"]
    assert (change.account.key, change.gained, change.lost) == ("ada", ["Admin"], ["User"])
    assert client.get(f"{second.get_absolute_url()}changes/?with={third.pk}").status_code == 404
    assert client.get(f"{first.get_absolute_url()}changes/").status_code == 404


def test_whose_an_account_is_is_said_once_and_used_from_the_next_listing(owner: User):
    system, ada = a_system(owner=owner), a_person("Ada King")
    before = a_listing(system, [an_account("al")])
    said = {
        "system": system.pk,
        "key": "al",
        "kind": "person",
        "person": "ADA.king@example.com",
        "reason": "Asked her.",
    }
    client = signed_in(owner)
    assert client.post("/access-reviews/account-matches/new/", said).status_code == 302
    match = AccountMatch.objects.get()
    assert match.person == ada
    assert client.get(f"/access-reviews/account-matches/{match.pk}/edit/").context["form"]["person"].value() == ada.ref
    again = client.post("/access-reviews/account-matches/new/", said | {"key": "AL"})
    assert (again.status_code, list(again.context["form"].errors)) == (422, ["key"])
    after = a_listing(system, [an_account("al")])
    standing = {one.listing_id: one.standing for one in ListedAccount.objects.all()}
    assert standing == {before.pk: "unmatched", after.pk: "active"}


@pytest.mark.parametrize(
    "values",
    [
        {"person": "nobody@example.com"},
        {"person": ""},
        {"kind": "machine", "person": ""},
        {"reason": ""},
        {"kind": "machine", "person": "ada.king@example.com"},
    ],
)
def test_a_match_names_somebody(owner: User, values: dict[str, str]):
    system = a_system(owner=owner)
    a_person("Ada King")
    said = {
        "system": system.pk,
        "key": "al",
        "kind": "person",
        "person": "ada.king@example.com",
        "reason": "Asked her.",
    }
    assert signed_in(owner).post("/access-reviews/account-matches/new/", said | values).status_code == 422
    assert not AccountMatch.objects.exists()


def test_an_auditor_reads_and_changes_nothing(owner: User, auditor: User):
    listing = a_mixed_listing(owner)
    client = signed_in(auditor)
    base = listing.get_absolute_url()
    for path in (base, f"{base}?flag=flagged", "/access-reviews/listings/", "/systems/", f"{base}accounts.csv"):
        assert client.get(path).status_code == 200, path
    assert "Whose?" not in client.get(base).content.decode()
    assert client.post(NEW, told(listing.system, 2, file=upload(OWN))).status_code == 403
