"""The register held against lists: how a file is read, whose a name is, what closing it takes and locks."""

import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evidence.models import State
from foundation.accounts.models import User
from foundation.files.storage import EncryptedStorage
from foundation.pages.imports.table import Unreadable
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.tokens import caller
from tests.factories.vendors import a_vendor, day
from tests.factories.worksheets import fresh, in_use, operating_control, payments
from vendors.models import ReconciledRow, Reconciliation, Vendor, VendorAlias, VendorControl
from vendors.reconciliation import actions
from vendors.reconciliation.names import key_of
from vendors.reconciliation.names_page import absent
from vendors.reconciliation.reading import Asked, read_list

LIST = (
    "Supplier;Betrag;Currency\nGitFort, Inc.;1.234,50;EUR\ngit fort;10,00;EUR\nOld Host GmbH;5,00;EUR\n"
    "Nobody Ltd;1,00;EUR\n"
)
COPIED = "version, created_at, reconciliation_id, line, name, currency, by_hand, note"


def asked(**said: Any) -> Asked:
    return Asked(**{"kind": "payments", "period_from": day(-90), "period_to": day(-1), **said})


def read(content: str | bytes, **said: Any) -> list[Any]:
    data = content.encode() if isinstance(content, str) else content
    return read_list(data, asked(**said))[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GitHub, Inc.", "git hub"),
        ("Müller & Söhne GmbH & Co. KG", "MÜLLER & SÖHNE"),
        ("Acme S.A.", "acme sa"),
        ("L'Atelier B.V.", "LAtelier"),
        ("ＡＣＭＥ Ltd", "acme limited"),
    ],
)
def test_names_that_are_one(one: str, other: str):
    assert key_of(one) == key_of(other) != ""


def test_names_that_are_not():
    assert key_of("Co") == "co"
    assert key_of("Alder Mail") != key_of("Alder Host")
    assert key_of("---") == ""


@pytest.mark.django_db
def test_a_file_is_summed_up_by_name_and_currency():
    found = read(LIST)
    assert [(one.line, one.name, one.amount, one.currency, one.rows) for one in found] == [
        (2, "GitFort, Inc.", Decimal("1244.50"), "EUR", 2), (4, "Old Host GmbH", Decimal("5.00"), "EUR", 1),
        (5, "Nobody Ltd", Decimal("1.00"), "EUR", 1),
    ]  # fmt: skip
    sso = read("Application label\nGitFort\nGITFORT\n", kind="sso")
    assert [(one.name, one.amount, one.rows) for one in sso] == [("GitFort", None, 2)]
    mixed = read("Payee,Amount\nA,€ 5.00\nA,USD 7.00\nA,(2.00) EUR\n")
    assert [(one.amount, one.currency) for one in mixed] == [(Decimal("3.00"), "EUR"), (Decimal("7.00"), "USD")]
    assert read('Name,Total\nA,"1,000"\n', decimals=".")[0].amount == Decimal(1000)
    book = openpyxl.Workbook()
    book.active.append(["Vendor", "Amount", "Date"])
    book.active.append(["GitFort", 12.5, day(-3)])
    stored = io.BytesIO()
    book.save(stored)
    assert read(stored.getvalue())[0].amount == Decimal("12.50")
    assert read("Vendor\n'=HYPERLINK(1)\n".encode("utf-16"))[0].name == "=HYPERLINK(1)"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Vendor,Amount\nA,1.00\n ,2.00\n", "Line 3: it names nobody."),
        ("Vendor,Amount\nA,twelve\n", "Line 2: “twelve” is no amount."),
        ('Vendor,Amount\nA,"1,000"\n', "can be read in two ways"),
        ("Vendor,Amount\nA,9999999999999.00\n", "larger than any"),
        ("Vendor,Date\nA,03/04/2026\n", "Line 2: “03/04/2026” cannot be read as a day."),
        ("Vendor,Date\nA,2019-01-31\n", "lies outside"),
        ("Vendor,Date\nA,2026-02-31\n", "no day of the calendar"),
        ("Vendor,Amount,Currency\nA,1.00,Euros\n", "is no currency"),
        (f"Vendor\n{'x' * 201}\n", "more than 200 characters"),
        ("Vendor\n" + "\n".join(f"N{n}" for n in range(10_001)), "10,000 are taken at once"),
    ],
)  # fmt: skip
def test_what_is_refused_names_its_lines(content: str, words: str):
    with pytest.raises(ValidationError) as refused:
        read(content)
    assert words in " ".join(refused.value.messages)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [b"Sum,Date\n1,2\n", b"", b"Vendor\n", b"Vendor\n\xff\xfeA\n", b"Vendor\nA\x00B\n", b"%PDF-1.7", b'Vendor\n"open\n',
     b"Vendor\n" + b"A\n" * 50_001],
)  # fmt: skip
def test_files_that_are_no_lists(content: bytes):
    with pytest.raises(Unreadable):
        read(content)


@pytest.fixture
def known(owner: User, manager: User) -> Vendor:
    return in_use("GitFort", owner=owner, approver=manager)


@pytest.fixture
def ended(owner: User) -> Vendor:
    vendor = a_vendor(name="Old Host", owner=owner)
    vendor.status, vendor.ended_on = "ended", day(-200)
    return save(vendor, actor=SYSTEM, verb="vendor.ended")


def row(name: str) -> ReconciledRow:
    found: ReconciledRow = ReconciledRow.objects.filter(name__startswith=name).latest("id")
    return found


def test_names_are_settled_and_remembered(known: Vendor, ended: Vendor, compliance: User, owner: User):
    target = payments(LIST, actor=compliance)
    assert (target.row_count, target.rows.count()) == (4, 3)
    assert row("GitFort").vendor == known
    assert row("Old Host").vendor == ended
    assert (row("Nobody").match, row("Nobody").vendor) == ("", None)
    with pytest.raises(ValidationError, match="1 name is unknown"):
        actions.close(fresh(target), actor=compliance, conclusion="All known.")
    actions.match(row("Nobody"), actor=compliance, vendor=known)
    assert VendorAlias.objects.get().name == "Nobody Ltd"
    actions.dismiss(row("Nobody"), actor=compliance, reason="A refund after all.")
    again = payments(LIST.replace("Nobody Ltd", "NOBODY"), actor=compliance, name="again.csv")
    assert row("NOBODY").vendor == known
    with pytest.raises(ValidationError, match="It has ended"):
        actions.match(row("NOBODY"), actor=compliance, vendor=ended)
    actions.match(row("NOBODY"), actor=compliance, vendor=ended, note="A last invoice.")  # the alias moves
    assert VendorAlias.objects.live().get().vendor == ended
    third = payments("Vendor\nBrand New\nTwo Vendors\nTax Office\n", actor=compliance)
    a_vendor(name="Two Vendors Inc")
    made = actions.propose(row("Brand New"), actor=compliance, name="Brand New", owner=owner)
    assert (made.status, made.tier, made.owner, row("Brand New").vendor) == ("proposed", "low", owner, made)
    with pytest.raises(ValidationError, match="Another vendor has this name"):
        actions.propose(row("Two Vendors"), actor=compliance, name="brand new")
    chosen = [row("Two Vendors").pk, row("Tax Office").pk, row("NOBODY").pk]
    assert actions.dismiss_all(fresh(third), actor=compliance, reason="No vendors.", chosen=chosen) == 2
    assert row("NOBODY").match == "vendor"  # of another list
    assert Entry.objects.filter(verb="reconciledrow.matched").count() >= 4
    assert again.state == "open"


def test_a_name_of_two_vendors_is_unknown(compliance: User):
    a_vendor(name="Birch Ltd")
    a_vendor(name="Birch Inc")
    payments("Vendor\nBIRCH\n", actor=compliance)
    assert row("BIRCH").match == ""


def test_closing_keeps_and_locks_it(known: Vendor, compliance: User):
    control = operating_control("VEN-01", frequency="quarterly")
    link = VendorControl(part=VendorControl.Part.RECONCILIATION, control=control, reason="Nobody is unknown.")
    save(link, actor=compliance, verb="vendorcontrol.created")
    target = payments("Vendor,Amount\nGitFort,5.00\n", actor=compliance)
    known.refresh_from_db()
    known.status, known.ended_on, known.approved_by, known.approved_at = "ended", day(0), None, None
    save(known, actor=compliance, verb="vendor.ended")
    with pytest.raises(ValidationError, match="1 name is of vendors that have ended"):
        actions.close(fresh(target), actor=compliance, conclusion="Everybody is known.")
    known.refresh_from_db()
    actions.match(row("GitFort"), actor=compliance, vendor=known, note="Its last invoice.")
    target = actions.close(fresh(target), actor=compliance, conclusion="Everybody is known.")
    kept: Any = target.evidence
    assert (kept.state, kept.sha256) == (State.SUBMITTED, target.result_sha256)  # another person judges it
    assert [one.control for one in kept.links.all()] == [control]
    for statement in (
        "UPDATE vendors_reconciliation SET conclusion = 'x'", "DELETE FROM vendors_reconciliation",
        "UPDATE vendors_reconciledrow SET note = 'x'", "DELETE FROM vendors_reconciledrow",
        f"INSERT INTO vendors_reconciledrow ({COPIED}, match) SELECT {COPIED}, '' FROM vendors_reconciledrow LIMIT 1",
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
            connection.cursor().execute(statement)
    for call in (
        lambda: actions.dismiss(row("GitFort"), actor=compliance, reason="No."),
        lambda: actions.cancel(fresh(target), actor=compliance, reason="No."),
        lambda: actions.close(fresh(target), actor=compliance, conclusion="Again."),
    ):
        with pytest.raises(ValidationError):
            call()


def test_vendors_on_no_list(known: Vendor, owner: User, manager: User, compliance: User):
    free = in_use("Free Tool", owner=owner, approver=manager)
    in_use("Begun later", owner=owner, approver=manager, started_on=day(0))
    target = payments("Vendor\nGitFort\n", actor=compliance)
    assert list(absent(target)) == [free]


def test_thousands_of_names_cost_as_many_queries_as_few(known: Vendor, compliance: User):
    counts = []
    for count in (3, 30):
        content = "Vendor,Amount\n" + "".join(f"Supplier {count} {n},1.00\n" for n in range(count))
        with CaptureQueriesContext(connection) as captured:
            target = payments(content, actor=compliance)
        assert target.rows.count() == count
        counts.append(len(captured))
    assert counts[0] == counts[1]
    client = Client()
    client.force_login(compliance)
    pages = []
    for one in Reconciliation.objects.order_by("id"):
        client.get(one.get_absolute_url())
        with CaptureQueriesContext(connection) as captured:
            assert client.get(one.get_absolute_url()).status_code == 200
        pages.append(len(captured))
    assert pages[0] == pages[1] <= 12


def test_pages_and_files_of_a_reconciliation(known: Vendor, ended: Vendor, compliance: User, manager: User):
    client = Client()
    client.force_login(compliance)
    new = reverse("vendors:reconciliation-create")
    told = {"kind": "payments", "source": "Ledger", "period_from": str(day(-90)), "period_to": str(day(-1))}
    file = SimpleUploadedFile("p.csv", b"Vendor,Amount\n,1.00\n")
    wrong = client.post(new, told | {"file": file})
    assert wrong.status_code == 422
    assert "Line 2: it names nobody." in wrong.content.decode()
    assert client.post(new, told | {"period_to": str(day(1)), "file": file}).status_code == 422
    assert not Reconciliation.objects.exists()
    answer = client.post(new, told | {"file": SimpleUploadedFile("p.csv", LIST.encode())})
    target = Reconciliation.objects.get()
    assert answer.url == target.get_absolute_url()
    page = client.get(target.get_absolute_url()).content.decode()
    assert "1 name is of vendors that have ended." in page
    assert page.index("Nobody Ltd") < page.index("Old Host GmbH") < page.index("GitFort, Inc.")
    match = reverse("vendors:reconciledrow-match", args=[row("Nobody").pk])
    assert client.post(match, {"vendor": "V-999999", "version": 1}).status_code == 422
    answer = client.post(match, {"vendor": known.ref, "remember": "on", "version": 1})
    assert answer.url == f"{target.get_absolute_url()}?show=unknown"
    sheet = client.get(reverse("vendors:reconciliation-names", args=[target.pk]), {"show": "ended"})
    assert [line.split(",")[1] for line in sheet.getvalue().decode("utf-8-sig").splitlines()] == [
        "Name",
        "Old Host GmbH",
    ]
    file_of = client.get(reverse("vendors:reconciliation-file", args=[target.pk]))
    assert file_of.getvalue() == LIST.encode()
    names = caller(compliance).client.get(f"/api/v1/vendor-reconciliations/{target.pk}/names/?show=ended").json()
    assert [(one["name"], one["found"]) for one in names["results"]] == [("Old Host GmbH", "ended")]
    pushed = caller(compliance).client.post(
        "/api/v1/vendor-reconciliations/", told | {"file": ContentFile(LIST.encode(), name="p.csv")}
    )
    assert pushed.status_code == 201, pushed.content
    client.force_login(manager)
    assert client.get(target.get_absolute_url()).status_code == 200
    assert client.get(match).status_code == 403
    assert client.post(reverse("vendors:reconciliation-dismiss", args=[target.pk])).status_code == 403


def test_another_name_is_shown_with_the_vendor_and_taken_off(owner: User, compliance: User):
    vendor = a_vendor(name="GitFort", owner=owner)
    alias = save(VendorAlias(vendor=vendor, name="GF Hosting"), actor=compliance, verb="vendoralias.created")
    page, off = f"{vendor.get_absolute_url()}links/", reverse("vendors:vendoralias-archive", args=[alias.pk])
    client = Client()
    client.force_login(owner)
    shown = client.get(page).content.decode()
    assert "GF Hosting" in shown
    assert off not in shown
    assert client.post(off, {"reason": "No.", "version": alias.version}).status_code == 403
    client.force_login(compliance)
    assert off in client.get(page).content.decode()
    assert client.post(off, {"reason": " ", "version": alias.version}).status_code == 422
    answer = client.post(off, {"reason": "It is another company.", "version": alias.version})
    assert answer.url == page
    entry = Entry.objects.get(verb="vendoralias.archived")
    assert (entry.facts["reason"], entry.facts["refs"]) == ("It is another company.", {"vendor": vendor.pk})
    assert "GF Hosting" not in client.get(page).content.decode()
    assert fresh(alias).archived_at is not None


def test_the_file_of_a_list_is_stored_before_the_transaction(compliance: User, monkeypatch: pytest.MonkeyPatch):
    """A store may be slow: SQLite's one writer must not wait for it."""
    stored: list[bool] = []
    keep = EncryptedStorage._save

    def watched(self: EncryptedStorage, *args: Any) -> str:
        stored.append(len(connection.savepoint_ids) > depth)
        return keep(self, *args)

    depth = len(connection.savepoint_ids)
    monkeypatch.setattr(EncryptedStorage, "_save", watched)
    actions.bring(
        ContentFile(b"Supplier,Amount,Currency\nGitFort,1.00,EUR\n", name="list.csv"), actor=compliance,
        kind="payments", source="ERP", period_from=day(-90), period_to=day(-1),
    )  # fmt: skip
    assert stored == [False]
