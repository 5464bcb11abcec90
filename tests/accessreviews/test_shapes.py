"""Exports in the shapes of their makers. What is expected was counted by hand in tests/accessreviews/files/."""

import datetime
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import time_machine
from django.core.exceptions import ValidationError

from accessreviews.listings.rows import AccountRow
from accessreviews.listings.shapes import read_accounts
from accessreviews.listings.shapes.own import guessed
from accessreviews.listings.shapes.reading import Unrecognised
from accessreviews.listings.shapes.values import DAY_MONTH, MONTH_DAY, Dialect, roles_in
from accessreviews.models import Known, Shape, SignIn
from foundation.pages.imports.csvfile import WESTERN
from foundation.pages.imports.table import Unreadable
from tests.factories.listings import a_listing, a_system

PULLED = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
FILES = Path(__file__).parent / "files"
OWN = {
    "columns": {
        "key": "Nutzer", "name": "Vorname", "last_name": "Nachname", "email": "E-Mail", "roles": "Rollen",
        "disabled": "Gesperrt", "mfa": "Zwei-Faktor", "sign_in": "Letzte Anmeldung", "created": "Angelegt",
        "machine": "Dienstkonto", "owner_said": "Verantwortlich",
    },
    "yes": ["ja"],
    "no": ["Nein"],
    "never": ["Nie"],
}  # fmt: skip


def read(name: str, **values: Any) -> tuple[Shape, dict[str, AccountRow]]:
    """The shape of a file, and its accounts by key."""
    found = read_accounts((FILES / name).read_bytes(), **values)
    return found.shape, {row.key: row for row in found.rows}


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


# File, shape, privileged roles; counted by hand: accounts, enabled ones, privileged ones, and the flags that only the
# source gives (against a pull on 2026-11-21: dormant is before 2026-08-23).
COUNTED = [
    ("okta.csv", {}, Shape.OKTA, ["Super Administrator", "org administrator"], 10, 7, 3,
     {"privileged": 2, "dormant": 1, "no_mfa": 3, "never_signed_in": 1}),
    ("google.csv", {}, Shape.GOOGLE, ["Super Admin", "User Management Admin"], 7, 5, 2,
     {"privileged": 2, "dormant": 1, "no_mfa": 2, "never_signed_in": 2}),
    ("entra.csv", {"dates": MONTH_DAY}, Shape.ENTRA, ["Global Administrator", "User Administrator"], 6, 5, 3,
     {"privileged": 2, "dormant": 1, "no_mfa": 2}),
    ("github.csv", {}, Shape.GITHUB, ["OWNER"], 5, 5, 2, {"privileged": 2, "dormant": 1, "no_mfa": 1}),
    ("aws.csv", {}, Shape.AWS, ["root"], 7, 6, 1, {"privileged": 1, "dormant": 2, "no_mfa": 2, "never_signed_in": 2}),
    ("own.csv", {"mapping": OWN, "encoding": WESTERN}, Shape.OWN, ["Freigabe"], 4, 3, 1,
     {"privileged": 1, "dormant": 1, "no_mfa": 1}),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "values", "shape", "roles", "count", "enabled", "privileged", "flags"),
    COUNTED,
    ids=lambda one: str(one)[:9],
)
def test_counts_equal_those_by_hand(
    name: str, values: dict[str, Any], shape: Shape, roles: list[str], count: int, enabled: int, privileged: int,
    flags: dict[str, int],
) -> None:  # fmt: skip
    found = read_accounts((FILES / name).read_bytes(), **values)
    assert found.shape == shape
    with time_machine.travel(PULLED, tick=False):
        listing = a_listing(a_system(privileged_roles=roles), found.rows, pulled_at=PULLED)
    assert listing.row_count == count
    assert listing.counts["enabled"].get("yes", 0) == enabled
    assert listing.counts["privileged"] == privileged
    by_source = ("privileged", "dormant", "no_mfa", "never_signed_in")
    assert {flag: number for flag, number in listing.counts["flags"].items() if flag in by_source} == flags


@pytest.mark.django_db
def test_okta() -> None:
    _, found = read("okta.csv")
    ada = found["Ada.King@Example.com"]
    assert (ada.line, ada.email, ada.name, ada.external_id) == (2, "Ada.King@Example.com", "Ada King", "E-001")
    assert ada.roles == ("Super Administrator", "Everyone", "Engineering")
    assert (ada.enabled, ada.mfa, ada.last_sign_in) == (Known.YES, Known.YES, day("2026-11-20"))
    assert found["finn.ode@example.com"].roles == ("Everyone", "Contractors")
    assert found["gus.wirth@example.com"].line == 9  # behind a cell of two lines
    assert {key: (row.enabled, row.sign_in, row.mfa) for key, row in found.items() if row.line > 5} == {
        "eve.lund@example.com": (Known.NO, SignIn.NEVER, Known.NO),
        "finn.ode@example.com": (Known.YES, SignIn.NEVER, Known.NO),
        "gus.wirth@example.com": (Known.NO, SignIn.KNOWN, Known.NO),
        "hana.sato@example.com": (Known.NO, SignIn.KNOWN, Known.UNKNOWN),
        "ivo.kern@example.com": (Known.YES, SignIn.KNOWN, Known.NO),
        "svc-sync@example.com": (Known.YES, SignIn.UNKNOWN, Known.UNKNOWN),
    }
    assert found['dan."o"hara@example.com'].email == "dan.ohara@example.com"


@pytest.mark.django_db
def test_okta_as_its_api_says_it() -> None:
    user = {
        "id": "00u1", "status": "ACTIVE", "created": "2024-01-08T09:00:00.000Z", "lastLogin": None,
        "statusChanged": None, "profile": {"login": "Ada@example.com", "email": "ada@example.com", "firstName": "Ada",
        "lastName": "King", "employeeNumber": "7"},
    }  # fmt: skip
    later = {**user, "status": "SUSPENDED", "profile": {"login": "bob@example.com", "userType": "Service"}}
    found = read_accounts(json.dumps([user, later], indent=1).encode())
    assert found.shape == Shape.OKTA
    ada, bob = found.rows
    assert (ada.key, ada.name, ada.external_id, ada.sign_in) == ("Ada@example.com", "Ada King", "7", SignIn.NEVER)
    assert (bob.enabled, bob.machine, bob.line) == (Known.NO, Known.YES, 16)
    assert found.mapping["key"] == "profile.login"


@pytest.mark.django_db
def test_a_list_of_one_role_is_one_whatever_it_is_called():
    rows = [{"login": "a", "roles": ["Sales, North"]}, {"login": "b", "roles": ["Sales, North", "Admin"]}]
    found = read_accounts(json.dumps(rows).encode(), mapping={"columns": {"key": "login", "roles": "roles"}})
    assert [row.roles for row in found.rows] == [("Sales, North",), ("Sales, North", "Admin")]


@pytest.mark.django_db
def test_google() -> None:
    _, found = read("google.csv")
    assert found["Ada.King@example.com"].roles == ("Super Admin",)
    assert found["bob.stone@example.com"].line == 4
    cleo = found["cleo.marsh@example.com"]
    assert (cleo.sign_in, cleo.last_sign_in, cleo.mfa) == (SignIn.NEVER, None, Known.NO)
    assert found["EVE.LUND@EXAMPLE.COM"].roles == ("User Management Admin", "Help Desk Admin")
    assert found["finn.ode@example.com"].enabled == Known.NO
    assert found["room-oslo@example.com"].mfa == Known.UNKNOWN


@pytest.mark.django_db
def test_entra() -> None:
    _, found = read("entra.csv", dates=MONTH_DAY)
    guest = found["partner_example.org#EXT#@tenant.example.com"]
    assert (guest.email, guest.roles, guest.sign_in) == ("pat@partner.example.com", ("Guest",), SignIn.UNKNOWN)
    assert found["cleo.marsh@example.com"].enabled == Known.NO
    assert found["cleo.marsh@example.com"].email == "cleo.marsh@example.com"
    assert found["bob.stone@example.com"].created_on == day("2024-01-31")
    assert found["dan.ohara@example.com"].roles == ("User Administrator", "Reports Reader")
    assert (found["eve.lund@example.com"].sign_in, found["eve.lund@example.com"].mfa) == (SignIn.UNKNOWN, Known.UNKNOWN)


@pytest.mark.django_db
def test_a_date_that_can_be_two_is_refused_with_its_line() -> None:
    with pytest.raises(ValidationError) as refused:
        read("entra.csv")
    assert refused.value.messages == [
        "Line 3, createdDateTime: “1/31/2024 9:00:00 AM” can be two days: choose whether day or month comes first."
    ]


@pytest.mark.django_db
def test_github() -> None:
    _, found = read("github.csv")
    assert found["ada-king"].email == "Ada.King@example.com"
    assert found["ada-king"].last_sign_in == day("2026-11-21")  # 21:14 in California is the next day in UTC
    assert (found["deploy-bot[bot]"].machine, found["deploy-bot[bot]"].sign_in) == (Known.YES, SignIn.UNKNOWN)
    shape, as_json = read("github.json")
    assert shape == Shape.GITHUB
    assert (as_json["bobstone"].mfa, as_json["bobstone"].name, as_json["bobstone"].roles) == (Known.NO, "", ("Member",))
    assert (as_json["bobstone"].sign_in, as_json["bobstone"].line) == (SignIn.UNKNOWN, 3)


@pytest.mark.django_db
def test_aws() -> None:
    _, found = read("aws.csv")
    root = found["<root_account>"]
    assert (root.enabled, root.roles, root.last_sign_in) == (Known.YES, ("root",), day("2026-02-14"))
    assert found["ada.king@example.com"].last_sign_in == day("2026-11-19")  # by the key, later than the password
    assert {key: (row.enabled, row.machine, row.sign_in) for key, row in found.items()} == {
        "<root_account>": (Known.YES, Known.NO, SignIn.KNOWN),
        "ada.king@example.com": (Known.YES, Known.NO, SignIn.KNOWN),
        "Bob.Stone@example.com": (Known.YES, Known.NO, SignIn.KNOWN),
        "cleo": (Known.YES, Known.NO, SignIn.NEVER),
        "ci-deploy": (Known.YES, Known.YES, SignIn.KNOWN),
        "old-batch": (Known.YES, Known.YES, SignIn.NEVER),
        "dan.ohara@example.com": (Known.NO, Known.UNKNOWN, SignIn.KNOWN),
    }


@pytest.mark.django_db
def test_own_columns_in_the_words_of_their_country() -> None:
    _, found = read("own.csv", mapping=OWN, encoding=WESTERN)
    assert found["AKING"] == AccountRow(
        line=2, key="AKING", name="Ada King", email="Ada.King@example.com", roles=("Freigabe", "Buchung"),
        enabled=Known.YES, mfa=Known.YES, machine=Known.NO, sign_in=SignIn.KNOWN, last_sign_in=day("2026-11-20"),
        created_on=day("2024-02-01"),
    )  # fmt: skip
    assert (found["EDI"].machine, found["EDI"].owner_said) == (Known.YES, "owner@example.com")
    with pytest.raises(ValidationError) as refused:
        read("own.csv", mapping={**OWN, "yes": [], "never": []}, encoding=WESTERN)
    assert refused.value.messages == [
        "Line 2, Zwei-Faktor: “ja” is neither yes nor no.",
        "Line 4, Gesperrt: “ja” is neither yes nor no.",
        "Line 5, Dienstkonto: “ja” is neither yes nor no.",
    ]


@pytest.mark.django_db
def test_unknown_columns_have_to_be_mapped() -> None:
    with pytest.raises(Unrecognised) as asked:
        read_accounts(b"account,role,mfa\nada,Admin,yes\n")
    assert asked.value.header == ["account", "role", "mfa"]
    assert guessed(["account", "role", "mfa"]) == {"key": "account", "roles": "role", "mfa": "mfa"}
    mapping = {"columns": {"key": "account", "roles": "role", "mfa": "MFA"}}
    assert [row.roles for row in read_accounts(b"account,role\nada,Admin\n", mapping=mapping).rows] == [("Admin",)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        "login,name,role,mfa,status\nada,Ada,owner,yes,disabled\n",
        "id,username,email,status,last_login\n1,ada,ada@example.com,active,2026-11-01\n",
        "Email,First name,Last name,Status,Last login\nada@example.com,A,B,Locked,2026-11-01\n",
    ],
)
def test_another_systems_export_is_not_taken_for_a_known_shape(text: str) -> None:
    with pytest.raises(Unrecognised):
        read_accounts(text.encode())


@pytest.mark.django_db
def test_headings_that_differ_per_tenant_are_found_by_what_their_cells_say() -> None:
    found = read_accounts(b"USER LOGIN\tStatus\tlast_login\na@example.com\tDEPROVISIONED\t\nb\tACTIVE\t2026-11-01\n")
    assert (found.shape, [row.enabled for row in found.rows]) == (Shape.OKTA, [Known.NO, Known.YES])


@pytest.mark.django_db
def test_what_cannot_be_read_is_named_with_its_line_and_never_unknown() -> None:
    lines = ["Okta Username;Status;Last Login"] + [f"a{n};ACTIVE;32.13.2026" for n in range(25)] + ["b;FROZEN;"]
    with pytest.raises(ValidationError) as refused:
        read_accounts("\n".join(lines).encode())
    assert refused.value.messages[0] == "Line 2, Last Login: “32.13.2026” is no date."
    assert (len(refused.value.messages), refused.value.messages[-1]) == (21, "And 6 more.")


@pytest.mark.django_db
def test_a_workbook_is_read_with_its_dates() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["userPrincipalName", "displayName", "accountEnabled", "lastSignInDateTime", "createdDateTime"])
    sheet.append(["ada@example.com", "Ada", True, day("2026-11-20"), day("2024-01-08")])
    stored = io.BytesIO()
    book.save(stored)
    [ada] = read_accounts(stored.getvalue()).rows
    assert (ada.enabled, ada.last_sign_in, ada.created_on) == (Known.YES, day("2026-11-20"), day("2024-01-08"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty"),
        (b"Okta Username,Status\n", "no rows below"),
        (b"%PDF-1.7", "This is a PDF"),
        (b'Okta Username,Status\n"ada,ACTIVE\n', "Line 2: a quote opens here and never closes"),
        (b"Okta Username,Status\nada,ACTIVE,extra\n", "Line 2 has 3 cells"),
        (b"[1, 2]", "Line 1: This JSON holds no array of objects"),
        (b'[{"login": "a"}, {"login": ', "Line 1: the JSON is broken here"),
        (b'[{"login": "a"} {"login": "b"}]', "broken behind this object"),
        (b'{"a": 1}', "no array of objects"),
        (b'[{"login": "\xff"}]', "not"),
        (b"[" * 100_000, "broken here"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read_accounts(data, mapping={"columns": {"key": "login"}})


@pytest.mark.django_db
def test_the_only_array_in_an_object_is_read() -> None:
    data = b'{"@odata.context": "x", "value": [{"userPrincipalName": "a", "displayName": "A", "accountEnabled": true}]}'
    assert [row.key for row in read_accounts(data).rows] == ["a"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-03", "2026-11-03"), ("2026-11-03T23:30:00Z", "2026-11-04"), ("2026/11/03 10:00:00", "2026-11-03"),
        ("2026-11-03 21:14:00 -0800", "2026-11-04"), ("3 November 2026", "2026-11-03"), ("03-Nov-2026", "2026-11-03"),
        ("Nov 3, 2026 11:30 PM UTC", "2026-11-04"), ("Tue, 03 Nov 2026 22:59:00 GMT", "2026-11-03"),
        ("November 3rd, 2026", "2026-11-03"), ("03.11.2026 08:15", "2026-11-03"), ("N/A", None), (" - ", None),
        ("2026-11-03T10:00:00.123456+00:00", "2026-11-03"), ("2026-11-03 10:00:00 PST", "2026-11-03"),
        ("Nov 3, 2026 at 12:05 AM", "2026-11-03"),
    ],
)  # fmt: skip
def test_days_in_the_forms_that_exports_have(text: str, found: str | None) -> None:
    berlin = Dialect(datetime.timezone(datetime.timedelta(hours=1)))
    assert berlin.day(text) == (day(found) if found else None)


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "2026-02-30", "03/04/2026", "20261103", "3 Foo 2026", "nie"])
def test_what_is_no_day_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="“"):
        Dialect().day(text)


def test_which_of_two_comes_first_is_said_once() -> None:
    assert Dialect(dates=DAY_MONTH).day("03/04/2026") == day("2026-04-03")
    assert Dialect(dates=MONTH_DAY).day("03/04/2026 10:00 PM") == day("2026-03-04")
    assert Dialect(dates=MONTH_DAY).day("03.04.2026") == day("2026-04-03")
    assert Dialect(dates=MONTH_DAY).day("4/4/2026") == day("2026-04-04")


def test_never_in_the_words_and_numbers_of_exports() -> None:
    for text in ("Never", "Never logged in", "never  signed in", "1970-01-01T00:00:00.000Z"):
        assert Dialect().sign_in(text) == {"sign_in": SignIn.NEVER}
    assert Dialect().sign_in("") == {"sign_in": SignIn.UNKNOWN}


def test_roles() -> None:
    assert roles_in("Admin, user", "N/A", "ADMIN; Sales, North") == ("Admin", "user", "Sales, North")
    assert roles_in("", "-") == ()
