"""A file on its way into a register: previewed line by line, applied whole or not at all, and the same file twice."""

import datetime as dt
import hashlib
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from controls.import_fields import FIELDS
from controls.imports import ControlImporter
from controls.models import Control, Mapping, Wording
from foundation.accounts.models import User
from foundation.files.models import StoredFile
from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.pages.imports.actions import Changed, agree, apply_import, choose_columns, keep_file, plan_of, table_of
from foundation.pages.imports.importer import Plan
from foundation.pages.imports.reading import read
from foundation.pages.imports.table import Unreadable
from foundation.pages.jobs import run_import
from foundation.pages.models import Import
from foundation.trail.keep import save
from foundation.trail.models import Entry
from tests.factories.controls import ControlFactory, link, small_framework, trust_services

STARTER = Path(__file__).parents[2] / "controls" / "starter" / "controls.csv"
HEAD = "id,name,objective,criteria_ids,owner,frequency,review_date,status"


@pytest.fixture
def client(client: Client, compliance: User) -> Client:
    client.force_login(compliance)
    return client


def planned(text: str, user: User, **mapping: str) -> Plan:
    """The plan of a file whose columns are recognised, and chosen as said."""
    table = read(text.encode())
    importer = ControlImporter()
    return importer.plan(table, importer.guess(table.header, {}) | mapping, user)


def errors(text: str, user: User) -> list[tuple[int, str, str]]:
    return [(error.line, error.column, error.words) for error in planned(text, user).errors]


def brought_in(text: str | bytes, user: User, name: str = "controls.csv", **options: Any) -> Import:
    """The file kept, its columns chosen, its plan agreed to and applied."""
    one = previewed(text, user, name, **options)
    agree(one, plan_of(one, user).fingerprint(), "")
    return apply_import(one, actor=user)


def previewed(text: str | bytes, user: User, name: str = "controls.csv", encoding: str = "") -> Import:
    from controls.views import ControlPages

    data = text.encode() if isinstance(text, str) else text
    one = keep_file(user, ControlPages, name=name, file=ContentFile(data, name), encoding=encoding)
    mapping = ControlImporter().guess(table_of(one).header, {})
    return choose_columns(one, mapping, actor=user)


# ---- what the file says ---------------------------------------------------------------------------------------------


def test_no_heading_stands_for_two_fields() -> None:
    seen: dict[str, str] = {}
    for field in FIELDS:
        for heading in field.headings():
            assert seen.setdefault(heading, field.name) == field.name


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (["id", "name", "criteria_ids", "automatable_source"],
         {"ref": "id", "name": "name", "criteria": "criteria_ids", "automatable_source": "automatable_source"}),
        (["Ref", "Control", "Criteria", "Owner", "Next review"],
         {"ref": "Ref", "name": "Control", "criteria": "Criteria", "owner": "Owner", "review_date": "Next review"}),
        (["CONTROL ID", "Control Title", "TSC Criteria", "Control Owner", "Unknown"],
         {"ref": "CONTROL ID", "name": "Control Title", "criteria": "TSC Criteria", "owner": "Control Owner"}),
    ],
)  # fmt: skip
def test_columns_are_recognised_by_their_headings(headings: list[str], expected: dict[str, str]) -> None:
    assert ControlImporter().guess(headings, {}) == expected


def test_the_last_import_is_remembered_where_its_headings_exist() -> None:
    remembered = {"ref": "Key", "name": "Gone", "objective": "Name"}
    assert ControlImporter().guess(["Key", "Name"], remembered) == {"ref": "Key", "name": "Name", "objective": "Name"}


def test_the_starter_file_comes_in_whole_and_a_second_time_changes_nothing(compliance: User) -> None:
    trust_services()
    data = STARTER.read_bytes()
    first = brought_in(data, compliance)
    assert first.counts == {"new": 80, "changed": 0, "unchanged": 0}
    gov = Control.objects.get(ref="GOV-01")
    assert gov.name == "Code of conduct"
    assert gov.objective == "Everyone knows the conduct expected and has agreed to it on joining and yearly."
    assert gov.frequency == "annual"
    assert gov.owner_role == "HR lead"
    assert (
        gov.expected_evidence == "Approved code; signed acknowledgements matched to the HR roster; handling of breaches"
    )
    assert gov.automatable_source == "In-app: policy acknowledgements + HRIS roster"
    assert gov.status == "planned"
    assert [mapping.criterion.code for mapping in gov.mappings.order_by("criterion__position")] == ["CC1.1", "CC1.5"]
    before = Entry.objects.count(), Mapping.history.count(), Control.history.count()
    again = previewed(data, compliance)
    assert plan_of(again, compliance).counts() == {"new": 0, "changed": 0, "unchanged": 80}
    agree(again, plan_of(again, compliance).fingerprint(), "")
    assert apply_import(again, actor=compliance).counts == {"new": 0, "changed": 0, "unchanged": 80}
    # the two entries of the second import itself: previewed and applied
    assert (Entry.objects.count() - 2, Mapping.history.count(), Control.history.count()) == before


def test_each_record_has_its_history_and_its_entry(compliance: User, owner: User, tmp_path: Path) -> None:
    small_framework(tmp_path)
    brought_in(f"{HEAD}\nA-1,First,Why,CC1.1 P1.1,owner@example.com,Yearly,2027-01-31,implemented\n", compliance)
    control = Control.objects.get(ref="A-1")
    assert (control.owner, control.frequency, control.review_date, control.status) == (
        owner, "annual", dt.date(2027, 1, 31), "implemented",
    )  # fmt: skip
    assert control.history.get().history_user == compliance
    assert "controls.csv" not in "".join(Entry.objects.values_list("detail", flat=True))
    assert control.history.get().history_change_reason == f"Import {Import.objects.get().pk}"
    verbs = [*Entry.objects.filter(actor_id=compliance.pk).order_by("id").values_list("verb", flat=True)]
    assert verbs == ["import.previewed", "control.created", "mapping.created", "mapping.created", "import.applied"]


def test_a_changed_row_changes_only_what_differs(
    compliance: User, owner: User, colleague: User, tmp_path: Path
) -> None:
    small_framework(tmp_path)
    brought_in(f"{HEAD}\nA-1,First,Why,CC1.1 CC1.2,owner@example.com,annual,2027-01-31,implemented\n", compliance)
    text = f'{HEAD}\na-1,First,"Why, then",CC1.2;A1.1,Cole Colleague,annual,,planned\n'
    plan = planned(text, compliance)
    assert plan.errors == []
    assert plan.counts() == {"new": 0, "changed": 1, "unchanged": 0}
    assert [(d.label, d.before, d.after) for d in plan.changed[0].differences] == [
        ("Reference", "A-1", "a-1"),
        ("Objective", "Why", "Why, then"),
        ("Owner", "Oskar Owner", "Cole Colleague"),
        ("Next review", "2027-01-31", ""),
        ("Criteria (a new link has no rationale yet)", "CC1.1, CC1.2", "CC1.2, A1.1"),
    ]
    brought_in(text, compliance)
    control = Control.objects.get(ref="a-1")
    assert (control.owner, control.review_date) == (colleague, None)
    assert control.status == "implemented"  # a file never moves a status
    links = {mapping.criterion.code: mapping.archived_at is None for mapping in control.mappings.all()}
    assert links == {"CC1.1": False, "CC1.2": True, "A1.1": True}


def test_a_link_that_comes_back_keeps_its_row(compliance: User, tmp_path: Path) -> None:
    small_framework(tmp_path)
    for criteria in ("CC1.1 CC1.2", "CC1.1", "CC1.2 CC1.1"):
        brought_in(f"id,name,criteria\nA-1,First,{criteria}\n", compliance)
    assert Mapping.objects.count() == 2
    back = Mapping.objects.get(criterion__code="CC1.2")
    assert back.archived_at is None
    assert [row.archived_at is None for row in back.history.order_by("history_id")] == [True, False, True]
    told = Entry.objects.filter(object_type="controls.mapping", object_id=str(back.pk)).order_by("id")
    assert [*told.values_list("verb", flat=True)] == ["mapping.created", "mapping.archived", "mapping.restored"]
    assert {(e.facts["refs"]["control"], e.facts["refs"]["criterion"]) for e in told} == {
        (back.control_id, back.criterion_id)
    }


def test_columns_that_are_left_out_leave_records_alone(compliance: User, owner: User, tmp_path: Path) -> None:
    small_framework(tmp_path)
    control = ControlFactory(ref="A-1", name="Old", objective="Stays", owner=owner)
    link(control, "CC1.1")
    brought_in("id,name\nA-1,New\n", compliance)
    control.refresh_from_db()
    assert (control.name, control.objective, control.owner) == ("New", "Stays", owner)
    assert control.mappings.get().archived_at is None


def test_a_wording_comes_with_all_four_parts_and_only_when_it_differs(compliance: User, tmp_path: Path) -> None:
    head = "id,name,who,what,how often,on what,effective from"
    row = "A-1,First,The IT lead,removes accounts,each quarter,on production,2026-01-01"
    brought_in(f"{head}\n{row}\n", compliance)
    wording = Wording.objects.get()
    assert (wording.text, wording.effective_from) == (
        "The IT lead removes accounts, each quarter, on production.", dt.date(2026, 1, 1),
    )  # fmt: skip
    assert (wording.author, wording.reason) == (compliance, f"Import {Import.objects.get().pk}")
    assert Entry.objects.get(verb="wording.written").facts["refs"] == {"control": wording.control_id}
    assert planned(f"{head}\n{row}\n", compliance).counts() == {"new": 0, "changed": 0, "unchanged": 1}
    assert planned(f"{head}\n{row.replace('each quarter', 'monthly')}\n", compliance).counts()["changed"] == 1
    assert errors(f"{head}\nA-2,Second,The IT lead,,,,\n", compliance) == [
        (
            2,
            "Wording: what",
            "A wording has four parts; this one lacks Wording: what, Wording: how often, Wording: on what.",
        )
    ]


def test_our_own_list_as_csv_comes_back_unchanged(
    client: Client, compliance: User, owner: User, tmp_path: Path
) -> None:
    small_framework(tmp_path)
    naughty = ControlFactory(ref="A-1", name="=HYPERLINK(1)", owner=owner, review_date=dt.date(2020, 1, 1))
    link(naughty, "CC1.1", "A1.1")
    ControlFactory(ref="A-2", name="-5 <b>\u202eRTL 👩🏽‍🚀")
    data = b"".join(client.get(reverse("controls:control-csv")))
    assert b"'=HYPERLINK(1)" in data
    plan = plan_of(previewed(data, compliance), compliance)
    assert plan.errors == []
    assert plan.counts() == {"new": 0, "changed": 0, "unchanged": 2}


# ---- errors ---------------------------------------------------------------------------------------------------------


def test_every_error_names_its_line_and_column(compliance: User, auditor: User, tmp_path: Path) -> None:
    small_framework(tmp_path)
    text = (
        "id,name,criteria,owner,frequency,review date,status,type\n"
        ",No ref,,,,,,\n"
        "A-2,,,,,,,\n"
        "A-3,x,CC1.1 CC9.9,,,,,\n"
        "A-4,x,,nobody@example.com,,,,\n"
        "A-5,x,,auditor@example.com,,,,\n"
        "A-6,x,,,sometimes,,,\n"
        "A-7,x,,,,03/04/2026,,\n"
        "A-8,x,,,,,not applicable,\n"
        "A-9,x,,,,,,magic\n"
        f"A-10,{'x' * 201},,,,,,\n"
        f"{'R' * 31},x,,,,,,\n"
        "A 12,x,,,,,,\n"
    )
    assert errors(text, compliance) == [
        (2, "id", "Reference is missing."),
        (3, "name", "Name is missing."),
        (4, "criteria", "“CC9.9” is no criterion of a framework that is loaded here."),
        (5, "owner", "Nobody here is called “nobody@example.com”. Invite the person first, or leave the cell empty."),
        (6, "owner", "Nobody here is called “auditor@example.com”. Invite the person first, or leave the cell empty."),
        (7, "frequency", "“sometimes” is none of: Continuous, Daily, Weekly, Monthly, Quarterly, Twice a year, Annual, Per event."),  # noqa: E501
        (8, "review date", "“03/04/2026” is not a date like 2026-11-21."),
        (9, "Status", "A new control cannot start as not applicable, which takes a reason."),
        (10, "type", "“magic” is none of: Preventive, Detective, Corrective."),
        (11, "name", "Ensure this value has at most 200 characters (it has 201)."),
        (12, "id", "Ensure this value has at most 30 characters (it has 31)."),
        (13, "id", "Letters (A to Z), digits, dots, dashes, underscores and slashes, beginning with a letter or a digit; no spaces."),  # noqa: E501
    ]  # fmt: skip


def test_the_same_record_twice_names_both_lines(compliance: User) -> None:
    assert errors("id,name\nA-1,x\nB-1,y\na-1,z\nA-1,w\n", compliance) == [
        (4, "", "“a-1” stands in lines 2 and 4. Keep one of them."),
        (5, "", "“A-1” stands in lines 2 and 5. Keep one of them."),
    ]


def test_an_archived_record_is_not_brought_back_by_a_file(compliance: User) -> None:
    control = ControlFactory(ref="A-1")
    control.archived_at = dt.datetime.now(dt.UTC)
    save(control, actor=compliance, verb="control.archived")
    assert errors("id,name\nA-1,x\n", compliance) == [(2, "Reference", "“A-1” is archived. Restore it first.")]


def test_a_criterion_in_two_frameworks_must_say_which(compliance: User, tmp_path: Path) -> None:
    small_framework(tmp_path)
    trust_services()
    assert errors("id,name,criteria\nA-1,x,CC1.1\n", compliance)[0][2].startswith("“CC1.1” is in several frameworks.")
    plan = planned("id,name,criteria\nA-1,x,small:CC1.1\n", compliance)
    assert plan.errors == []


def test_namesakes_are_told_apart_by_mail(compliance: User, owner: User) -> None:
    from tests.factories.people import UserFactory

    UserFactory(name="Oskar Owner", email="second@example.com", role="control_owner")
    assert errors("id,name,owner\nA-1,x,Oskar Owner\n", compliance) == [
        (2, "owner", "Several people are called “Oskar Owner”. Write the e-mail address instead.")
    ]
    assert planned("id,name,owner\nA-1,x,SECOND@example.com\n", compliance).errors == []


def test_a_plan_with_errors_cannot_be_applied(compliance: User) -> None:
    one = previewed("id,name\nA-1,\nA-2,good\n", compliance)
    plan = plan_of(one, compliance)
    with pytest.raises(ValueError, match="A plan with errors"):
        ControlImporter().apply(plan, actor=compliance, reason="x")
    agree(one, plan.fingerprint(), "")
    with pytest.raises(Changed):
        apply_import(one, actor=compliance)
    assert not Control.objects.exists()


def test_planning_takes_the_same_queries_for_3_and_200_rows(
    compliance: User, owner: User, django_assert_num_queries: Any, tmp_path: Path
) -> None:
    small_framework(tmp_path)
    text = "id,name,criteria,owner\n" + "".join(f"A-{n},x{n},CC1.1,owner@example.com\n" for n in range(200))
    brought_in(text, compliance)
    for rows in (3, 200):
        part = "\n".join(text.replace(",x", ",y").split("\n")[: rows + 1])
        with django_assert_num_queries(6):
            assert planned(part, compliance).counts()["changed"] == rows


# ---- pages ----------------------------------------------------------------------------------------------------------


def upload(client: Client, data: bytes, name: str = "controls.csv", **more: str) -> Any:
    return client.post(reverse("controls:control-import"), {"file": SimpleUploadedFile(name, data), **more})


def the_import() -> Import:
    return Import.objects.get()


def test_from_file_to_result_on_pages(client: Client, compliance: User, tmp_path: Path) -> None:
    small_framework(tmp_path)
    data = b"Nr,Title,TSC\nA-1,<script>alert(1)</script>,CC1.1\nA-2,Second,\n"
    answer = upload(client, data, "../../etc/our controls.csv")
    one = the_import()
    assert answer.url == reverse("pages:import-columns", args=[one.pk])
    assert (one.sha256, one.size, one.name) == (hashlib.sha256(data).hexdigest(), len(data), "our controls.csv")
    with one.file.open() as kept:
        assert kept.read() == data

    page = client.get(answer.url)
    assert page.context["form"]["column_name"].initial == "Title"
    assert page.context["form"]["column_ref"].initial == ""
    refusal = client.post(answer.url, {"column_name": "Title"})
    assert refusal.status_code == 422
    assert refusal.context["form"].errors["column_ref"] == ["Choose the column that holds the reference."]

    chosen = client.post(answer.url, {"column_ref": "Nr", "column_name": "Title", "column_criteria": "TSC"})
    assert chosen.url == reverse("pages:import-preview", args=[one.pk])
    preview = client.get(chosen.url)
    assert preview.context["counts"] == {"new": 2, "changed": 0, "unchanged": 0}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in preview.content.decode()
    assert "<script>alert(1)" not in preview.content.decode()
    assert not Control.objects.exists()

    agreed = {"fingerprint": preview.context["form"].initial["fingerprint"], "reason": "Our old register"}
    started = client.post(reverse("pages:import-apply", args=[one.pk]), agreed)
    assert started.url == Job.objects.get().get_absolute_url()
    assert not Control.objects.exists()
    run_all()
    assert Job.objects.get().state == "done"
    assert Job.objects.get().message == "2 new, 0 changed, 0 unchanged"
    assert Job.objects.get().result_url == reverse("pages:import-result", args=[one.pk])
    result = client.get(reverse("pages:import-result", args=[one.pk]))
    assert hashlib.sha256(data).hexdigest() in result.content.decode()
    control = Control.objects.get(ref="A-1")
    assert control.name == "<script>alert(1)</script>"
    assert control.history.get().history_change_reason == "Our old register"
    entry = Entry.objects.get(verb="import.applied")
    assert "our controls" not in "".join(Entry.objects.values_list("detail", flat=True))  # only where it can be erased
    assert (entry.via, entry.actor_id, entry.object_type) == ("import", compliance.pk, "pages.import")

    upload(client, b"Nr,Title\nA-3,Third\n")
    again = client.get(reverse("pages:import-columns", args=[Import.objects.latest("id").pk]))
    assert again.context["form"]["column_ref"].initial == "Nr"  # remembered


def test_errors_are_shown_with_their_lines_and_nothing_can_be_applied(client: Client, compliance: User) -> None:
    one = previewed("id,name,owner\nA-1,x,who@example.com\nA-2,y,\n", compliance)
    page = client.get(reverse("pages:import-preview", args=[one.pk])).content.decode()
    assert "Nobody here is called “who@example.com”" in page
    assert reverse("pages:import-apply", args=[one.pk]) not in page
    forced = {"fingerprint": plan_of(one, compliance).fingerprint()}
    client.post(reverse("pages:import-apply", args=[one.pk]), forced)
    run_all()
    assert Job.objects.get().state == "failed"
    assert not Control.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The submitted file is empty."),
        (b"id,name\n", "The file has headings and no rows below them."),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "This is a PNG picture. Choose a CSV or XLSX file."),
        (b"PK\x03\x04" + bytes(50), "The workbook is damaged or no XLSX file."),
        (b"id,name\nA-1,a\x00b\n", "Line 2 holds a NUL character"),
        (b"id,name\nA-1,\xff\n", "Line 2: 0xFF is not UTF-8"),
        (b"id,ID\nA-1,x\n", "Columns 1 and 2 are both called"),
    ],
)
def test_a_file_that_is_no_table_is_answered_beside_the_field(client: Client, data: bytes, words: str) -> None:
    answer = upload(client, data, encoding="")
    assert answer.status_code == 422
    assert answer.context["form"].errors["file"][0].startswith(words)
    assert not Import.objects.exists()


def test_fifty_megabytes_are_refused_in_words(client: Client) -> None:
    answer = upload(client, b"id,name\n" + b"A-1,x\n" * 8_700_000, encoding="cp1252")
    assert answer.status_code == 413
    assert answer.context["form"].errors["file"] == ["This file has 49.8 MB; 10 MB is the most that is taken here."]
    assert answer.context["form"]["encoding"].value() == "cp1252"  # what was chosen is kept
    assert not Import.objects.exists()


def test_an_edit_between_preview_and_import_is_not_overwritten(client: Client, compliance: User) -> None:
    control = ControlFactory(ref="A-1", name="Old")
    one = previewed("id,name\nA-1,From the file\nA-2,Second\n", compliance)
    seen = client.get(reverse("pages:import-preview", args=[one.pk])).context["form"].initial
    control.objective = "A colleague's words"
    save(control, actor=compliance, verb="control.updated")
    client.post(reverse("pages:import-apply", args=[one.pk]), seen)
    run_all()
    job = Job.objects.get()
    assert (job.state, job.message) == (
        "failed", "The records changed since you looked at the preview. Nothing was imported; look at it again.",
    )  # fmt: skip
    preview = reverse("pages:import-preview", args=[one.pk])
    assert f'href="{preview}"' in client.get(job.get_absolute_url()).content.decode()
    control.refresh_from_db()
    assert (control.name, Control.objects.count()) == ("Old", 1)
    # the preview can be looked at again, and then it goes through
    seen = client.get(reverse("pages:import-preview", args=[one.pk])).context["form"].initial
    client.post(reverse("pages:import-apply", args=[one.pk]), seen)
    run_all()
    control.refresh_from_db()
    assert (control.name, control.objective) == ("From the file", "A colleague's words")


def test_two_clicks_make_one_import(client: Client, compliance: User) -> None:
    one = previewed("id,name\nA-1,x\n", compliance)
    seen = client.get(reverse("pages:import-preview", args=[one.pk])).context["form"].initial
    first = client.post(reverse("pages:import-apply", args=[one.pk]), seen)
    second = client.post(reverse("pages:import-apply", args=[one.pk]), seen)
    assert first.url == second.url == Job.objects.get().get_absolute_url()
    run_all()
    assert Control.objects.count() == 1
    third = client.post(reverse("pages:import-apply", args=[one.pk]), seen, follow=True)
    assert third.redirect_chain[-1][0] == reverse("pages:import-result", args=[one.pk])
    assert Job.objects.count() == 1


def test_the_job_can_run_twice(compliance: User) -> None:
    one = brought_in("id,name\nA-1,x\n", compliance)
    entries = Entry.objects.count()
    run_import.enqueue(actor=compliance, title="again", import_id=one.pk)
    run_all()
    assert Job.objects.get().state == "done"
    assert Entry.objects.count() == entries


def test_a_file_that_was_exchanged_on_the_disk_is_not_applied(client: Client, compliance: User) -> None:
    one = previewed("id,name\nA-1,x\n", compliance)
    stored = StoredFile.objects.get(path=one.file.name)
    Path(storages["sealed"].path(stored.place)).write_bytes(b"id,name\nA-1,y\n")
    with pytest.raises(Unreadable, match="not the one that was uploaded"):
        plan_of(one, compliance)
    assert client.get(reverse("pages:import-preview", args=[one.pk])).url == reverse("controls:control-import")
    told = Entry.objects.filter(verb="file.refused").count()
    Import.objects.filter(pk=one.pk).update(state="confirmed", agreed="0" * 64)
    run_import.enqueue(actor=compliance, title="apply", import_id=one.pk)
    run_all()
    assert Job.objects.get().state == "failed"
    assert Job.objects.get().message.startswith("The stored file is not the one that was uploaded")
    assert Entry.objects.filter(verb="file.refused").count() == told + 1  # the job's transaction did not take it along


def test_workbooks_offer_their_sheets(client: Client) -> None:
    book = openpyxl.Workbook()
    first, second = book.active, book.create_sheet("Controls")
    assert first is not None
    first.append(["Read me"])
    first.append(["..."])
    second.append(["id", "name", "review date"])
    second.append(["A-1", "First", dt.date(2027, 1, 31)])
    out = io.BytesIO()
    book.save(out)
    step = upload(client, out.getvalue(), "ours.xlsx").url
    form = client.get(step).context["form"]
    assert [name for name, _ in form.fields["sheet"].choices] == ["Sheet", "Controls"]
    assert client.post(step, {"sheet": "Controls"}).url == step
    assert client.get(step).context["form"]["column_ref"].initial == "id"
    chosen = {"sheet": "Controls", "column_ref": "id", "column_name": "name", "column_review_date": "review date"}
    preview = client.get(client.post(step, chosen).url)
    assert preview.context["counts"] == {"new": 1, "changed": 0, "unchanged": 0}
    assert [d.after for d in preview.context["items"][0].differences] == ["A-1", "First", "2027-01-31"]


# ---- who ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "start", "step"),
    [("owner", 403, 404), ("manager", 403, 404), ("auditor", 403, 404), ("outsider", 404, 404), ("employee", 404, 404)],
)
def test_nobody_else_imports(request: pytest.FixtureRequest, compliance: User, who: str, start: int, step: int) -> None:
    one = previewed("id,name\nA-1,x\n", compliance)
    client = Client()
    client.force_login(request.getfixturevalue(who))
    assert client.get(reverse("controls:control-import")).status_code == start
    for name in ("columns", "preview", "result"):
        assert client.get(reverse(f"pages:import-{name}", args=[one.pk])).status_code == step
    answer = client.post(reverse("pages:import-apply", args=[one.pk]), {"fingerprint": "0" * 64, "reason": ""})
    assert answer.status_code == (403 if who == "auditor" else 404)
    assert not Job.objects.exists()


def test_a_colleague_with_the_same_role_sees_only_his_own_imports(compliance: User) -> None:
    from tests.factories.people import UserFactory

    one = previewed("id,name\nA-1,x\n", compliance)
    client = Client()
    client.force_login(UserFactory(role="compliance_manager"))
    assert client.get(reverse("controls:control-import")).status_code == 200
    assert client.get(reverse("pages:import-preview", args=[one.pk])).status_code == 404
    agree(one, plan_of(one, compliance).fingerprint(), "")
    apply_import(one, actor=compliance)
    assert client.get(reverse("pages:import-result", args=[one.pk])).status_code == 200  # what changed is no secret


def test_a_role_that_was_taken_away_ends_an_import_that_waits(client: Client, compliance: User) -> None:
    one = previewed("id,name\nA-1,x\n", compliance)
    seen = client.get(reverse("pages:import-preview", args=[one.pk])).context["form"].initial
    client.post(reverse("pages:import-apply", args=[one.pk]), seen)
    compliance.role = "control_owner"
    save(compliance, actor=compliance, verb="user.role_changed")
    assert client.get(reverse("pages:import-preview", args=[one.pk])).status_code == 403
    run_all()
    assert Job.objects.get().message == "You may no longer import into this register."
    assert not Control.objects.exists()
