"""The SOC report worksheet: what blocks it, who signs it, and that nothing of it can be written afterwards."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from controls.models import Control
from controls.models.control import operating
from evidence.models import State
from findings.models import Finding
from foundation.accounts.models import User
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.keep import save
from foundation.trail.leaf import canonical, sha256
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.people import ExceptionFactory
from tests.factories.vendors import a_document, a_vendor, day
from tests.factories.worksheets import STATEMENT, a_cuec, a_worksheet, approved, fresh, in_use, operating_control, whole
from vendors.models import Cuec, Vendor, VendorControl, VendorFinding, Worksheet
from vendors.worksheets import lines, signing
from vendors.worksheets.blocks import blocks, lines_of, warnings
from vendors.worksheets.result import result_of
from vendors.worksheets.standing import standing_of


@pytest.fixture
def vendor(owner: User, manager: User) -> Vendor:
    return in_use("Cumulus Hosting", owner=owner, approver=manager)


@pytest.fixture
def sheet(vendor: Vendor, owner: User, manager: User) -> Worksheet:
    """Whole but for its lists; `owner` reads, `manager` approves."""
    return a_worksheet(vendor, reviewer=owner, approver=manager)


def words(sheet: Worksheet) -> str:
    return " ".join(block.words for block in blocks(fresh(sheet)))


@pytest.mark.django_db
def test_days_of_a_report():
    sheet = Worksheet(period_to=day(-400), bridge_until=day(-10))
    stands = standing_of(sheet, day(0), 365)
    assert (stands.gap, stands.stale, stands.covered) == (400, True, False)
    assert stands.gap_words == "400 days since its period ended"
    assert stands.bridge_words == f"Bridge letter until {day(-10)}, which is over"
    assert not standing_of(sheet, day(-35), 365).stale  # its last day of 365
    assert standing_of(sheet, day(-34), 365).stale
    assert standing_of(sheet, day(-10), 365).covered
    assert standing_of(Worksheet(), day(0), 365).gap is None


def test_what_blocks_a_worksheet_until_everything_is_said(vendor: Vendor, owner: User, manager: User):
    empty = dict.fromkeys(
        ("service", "categories", "auditor", "auditor_known", "opinion", "in_scope", "conclusion"), ""
    )
    days = dict.fromkeys(("period_from", "period_to", "issued_on", "next_due_on"))
    sheet = a_worksheet(vendor, reviewer=owner, approver=manager, **empty, **days)
    said = words(sheet)
    for part in ("opinion is not read", "period ends", "period begins", "inside its scope", "licensed", "next report"):
        assert part in said
    for noun in ("exceptions", "user controls", "subservice organisations"):
        assert f"Note the {noun} that the report names, or say that it names none." in said
    with pytest.raises(ValidationError) as refused:
        signing.submit(sheet, actor=owner)
    assert refused.value.messages == [block.words for block in blocks(sheet)]
    assert fresh(sheet).state == "open"
    sheet = a_worksheet(vendor, reviewer=owner, approver=manager, opinion="qualified")
    assert "qualified opinion rests" in words(sheet)
    assert words(whole(sheet, opinion_basis="Change approvals of one system.")) == ""


def test_user_controls_are_met_or_a_gap_and_subservices_watched(sheet: Worksheet, owner: User, manager: User):
    sheet = whole(sheet, none_expected=False, none_carved_out=False)
    cuec = a_cuec(sheet)
    assert "say whether it applies" in words(sheet)
    cuec = lines.change_line(cuec, actor=owner, applies="yes")
    assert "name our control, or open a gap" in words(sheet)
    planned = operating_control("IAM-01")
    planned.status = "planned"
    save(planned, actor=SYSTEM, verb="control.status_updated")
    cuec = lines.change_line(cuec, actor=owner, control="iam-01")
    assert "IAM-01 is planned, so it meets nothing yet." in words(sheet)
    with pytest.raises(ValidationError, match="no control with this reference"):
        lines.change_line(cuec, actor=owner, control="NOPE-1")
    with pytest.raises(ValidationError, match="Say why it does not apply"):
        lines.change_line(fresh(cuec), actor=owner, applies="no", control="", note="")
    until = operating_control("IAM-02", operates_until=day(-1))
    cuec = lines.change_line(fresh(cuec), actor=owner, control="IAM-02")
    assert f"IAM-02 operates no longer since {day(-1)}" in words(sheet)
    until.operates_from, until.operates_until = day(1), None
    until = save(until, actor=SYSTEM, verb="control.updated")
    assert "IAM-02 does not operate yet" in words(sheet)
    assert not Control.objects.filter(operating(day(0)), ref="IAM-02").exists()
    until.operates_from = day(0)
    save(until, actor=SYSTEM, verb="control.updated")
    cuec = lines.change_line(fresh(cuec), actor=owner, control="IAM-02")
    assert "UC-1" not in words(sheet)
    told = {"name": "Deepcold Storage", "method": "carved_out", "csoc": "Encrypt what is stored."}
    other = lines.add_subservice(fresh(sheet), actor=owner, **told)
    assert "name the vendor that we watch" in words(sheet)
    proposed = a_vendor(name="Deepcold")
    with pytest.raises(ValidationError, match="whose report this is"):
        lines.change_line(other, actor=owner, provider=sheet.vendor.ref)
    other = lines.change_line(fresh(other), actor=owner, provider=in_use("Coldline", owner=owner, approver=manager).ref)
    assert words(sheet) == ""
    with pytest.raises(ValidationError, match="no vendor with this reference"):
        lines.change_line(other, actor=owner, provider="Deepcold")  # which the owner does not see
    proposed.owner = owner
    save(proposed, actor=SYSTEM, verb="vendor.updated")
    lines.change_line(fresh(other), actor=owner, provider="deepcold")
    assert "is not a vendor that we use and watch" in words(sheet)
    lines.open_gap(fresh(other), actor=owner, severity="high", title="Nobody watches Deepcold")
    assert words(sheet) == ""


def test_a_gap_raises_one_finding_however_often_it_is_asked(sheet: Worksheet, owner: User):
    cuec = a_cuec(sheet)
    first = lines.open_gap(cuec, actor=owner, severity="medium", title="Nobody restricts it")
    again = lines.open_gap(fresh(cuec), actor=owner, severity="critical", title="Twice")
    assert first.finding_id == again.finding_id
    finding = Finding.objects.get()
    assert (finding.severity, finding.owner, finding.source_name) == ("medium", owner, lines.SOURCE)
    assert VendorFinding.objects.get().finding == finding
    assert fresh(cuec).applies == "yes"
    raised = lines.add_exception(fresh(sheet), actor=owner, what="Two leavers kept access.", reference="X-1")
    assert "say what it means for us" in words(sheet)
    assert "say what we do, or raise a finding" in words(sheet)
    lines.open_gap(raised, actor=owner, severity="low", title="Ask about the leavers")
    assert "say what we do" not in words(sheet)
    assert Finding.objects.count() == 2
    lines.remove_line(fresh(cuec), actor=owner, reason="Noted twice.")
    assert not lines_of(sheet).cuecs
    assert Finding.objects.count() == 2


def test_who_signs_what(sheet: Worksheet, owner: User, manager: User, compliance: User):
    sheet = whole(sheet)
    with pytest.raises(PermissionDenied):
        lines.add_cuec(fresh(sheet), actor=manager, what="Mine")  # the approver
    with pytest.raises(PermissionDenied):
        signing.submit(fresh(sheet), actor=manager)
    sheet = signing.submit(sheet, actor=owner)
    with pytest.raises(ValidationError, match="not open"):
        lines.add_cuec(sheet, actor=owner, what="Late")
    for person in (owner, compliance):
        with pytest.raises(PermissionDenied):
            signing.approve(sheet, actor=person, statement=STATEMENT)
    sheet = signing.give_back(sheet, actor=manager, reason="Look at the scope again.")
    sheet.approver, sheet.reviewer = owner, manager  # who read it is named approver instead
    sheet = save(sheet, actor=SYSTEM, verb="worksheet.updated")
    sheet = signing.submit(sheet, actor=compliance)
    with pytest.raises(PermissionDenied, match="cannot approve"):
        signing.approve(sheet, actor=owner, statement=STATEMENT)
    ExceptionFactory(
        beneficiary=owner, approver=compliance, requested_by=manager, state="approved", duty="worksheet.approve"
    )
    sheet = signing.approve(sheet, actor=owner, statement=STATEMENT)
    assert sheet.approved_under is not None
    assert Entry.objects.get(verb="worksheet.approved").facts["refs"]["dutyexception"] == sheet.approved_under.pk


def test_an_approved_worksheet_is_hashed_kept_and_locked(
    sheet: Worksheet, owner: User, manager: User, compliance: User
):
    control = operating_control("VEN-03", frequency="annual")
    link = VendorControl(part=VendorControl.Part.REVIEW, control=control, reason="It is read every year.")
    save(link, actor=compliance, verb="vendorcontrol.created")
    sheet = whole(sheet, none_expected=False, none_carved_out=False, none_excepted=False, response_quality="Plain.")
    a_cuec(sheet, applies="yes", control="VEN-03")
    lines.add_exception(fresh(sheet), actor=owner, what="One late review.", effect="None.", action="We ask again.")
    lines.add_subservice(fresh(sheet), actor=owner, name="Deepcold", method="inclusive")
    sheet = approved(sheet)
    kept: Any = sheet.evidence
    assert kept.state == State.ACCEPTED
    assert kept.sha256 == sheet.sha256 == sha256(canonical(result_of(sheet)))
    assert [one.control for one in kept.links.all()] == [control]
    assert kept.file.read() == canonical(result_of(fresh(sheet))).encode()
    refused(sheet)
    for call in (
        lambda: lines.add_cuec(fresh(sheet), actor=owner, what="Late"),
        lambda: lines.change_line(Cuec.objects.get(), actor=owner, what="Otherwise"),
        lambda: signing.cancel(fresh(sheet), actor=compliance, reason="No."),
        lambda: signing.give_back(fresh(sheet), actor=manager, reason="No."),
    ):
        with pytest.raises(ValidationError):
            call()


def refused(sheet: Worksheet) -> None:
    """No SQL changes it, adds to it or deletes from it."""
    statements = ["UPDATE vendors_worksheet SET conclusion = 'x'", "DELETE FROM vendors_worksheet"]
    for table in ("reportexception", "cuec", "subservice"):
        name = f"vendors_{table}"
        columns = columns_of(name)
        copied = ", ".join(columns)
        statements += [
            f"UPDATE {name} SET reference = 'x'",
            f"DELETE FROM {name}",
            f"INSERT INTO {name} ({copied}) SELECT {copied} FROM {name} LIMIT 1",
        ]
    for statement in statements:
        with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def columns_of(table: str) -> list[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, table)
    return [column.name for column in found if column.name != "id"]


def test_pages_of_a_worksheet(vendor: Vendor, owner: User, manager: User, compliance: User):
    client = Client()
    client.force_login(owner)
    document = a_document(vendor, actor=owner)
    new = f"{reverse('vendors:worksheet-create')}?document={document.pk}"
    assert new in client.get(document.get_absolute_url()).content.decode()
    page = client.get(new)
    assert page.context["form"].initial["period_to"] == document.period_to
    told = {"document": document.pk, "report_kind": "soc2_type2", "reviewer": owner.pk, "approver": owner.pk}
    wrong = client.post(new, told | {"approver": owner.pk})
    assert wrong.status_code == 422
    assert "another person than the reviewer" in wrong.content.decode()
    assert client.post(new, told | {"approver": manager.pk}).status_code == 302
    sheet = Worksheet.objects.get()
    assert sheet.vendor == vendor
    assert sheet.ref in client.get(f"{vendor.get_absolute_url()}papers/").content.decode()
    detail = client.get(sheet.get_absolute_url())
    assert f"/vendors/worksheets/{sheet.pk}/edit/#id_opinion" in detail.content.decode()
    pasting = reverse("vendors:worksheet-paste-cuecs", args=[sheet.pk])
    answer = client.post(pasting, {"pasted": "UC-1 | Restrict it\nUC-1 | Again\n| \nfree text", "version": 1})
    assert answer.status_code == 422
    assert "Line 2: UC-1 is on line 1 already." in answer.content.decode()
    assert "Line 3: nothing stands behind the reference." in answer.content.decode()
    assert not Cuec.objects.exists()
    assert client.post(pasting, {"pasted": "UC-1 | Restrict it\n\n| free text", "version": 1}).status_code == 302
    assert list(Cuec.objects.order_by("id").values_list("reference", "what")) == [
        ("UC-1", "Restrict it"), ("", "free text"),
    ]  # fmt: skip
    cuec = Cuec.objects.order_by("id").first()
    edit = reverse("vendors:cuec-edit", args=[cuec.pk])
    assert client.get(edit).context["form"].initial["what"] == "Restrict it"
    assert client.post(edit, {"what": "x", "control": "NOPE", "version": 1}).status_code == 422
    answer = client.post(edit, {"what": "Restrict who", "applies": "no", "note": "Not used.", "version": 1})
    assert answer.url == f"{sheet.get_absolute_url()}#cuec-{cuec.pk}"
    assert client.post(edit, {"what": "Stale", "version": 1}).status_code == 422
    gap = reverse("vendors:cuec-gap", args=[Cuec.objects.order_by("-id").first().pk])
    assert client.post(gap, {"title": "Gap", "severity": "low", "version": 1}).status_code == 302
    assert client.get(sheet.get_absolute_url()).content.decode().count("F-") >= 1
    submit = client.post(reverse("vendors:worksheet-submit", args=[sheet.pk]), {"version": 1})
    assert submit.status_code == 422
    assert "The opinion is not read yet." in submit.content.decode()
    client.force_login(manager)
    assert client.get(edit).status_code == 200  # he may change others of his; the action refuses the approver
    assert client.post(edit, {"what": "Mine", "version": 2}).status_code == 403
    paper = html_for(paper_for(sheet.get_absolute_url(), compliance), cover_for(compliance))
    assert "User controls expected of us" in paper
    assert "Restrict who" in paper


def test_a_worksheet_as_it_stood(sheet: Worksheet, owner: User, compliance: User):
    cuec = a_cuec(sheet)
    then = fresh(cuec).history.latest("history_id").history_date.isoformat()
    lines.change_line(fresh(cuec), actor=owner, what="Said otherwise.")
    client = Client()
    client.force_login(compliance)
    page = client.get(sheet.get_absolute_url(), {"as_of": then}).content.decode()
    assert "Restrict who administers the service." in page
    assert "Said otherwise." not in page
    assert "Said otherwise." in client.get(sheet.get_absolute_url()).content.decode()
    history = client.get(reverse("vendors:worksheet-history", args=[sheet.pk])).content.decode()
    assert "Said otherwise." in history


def test_warnings_say_what_does_not_block(sheet: Worksheet):
    sheet = whole(sheet, period_from=day(-800), period_to=day(-436), in_scope="no", auditor_known="no")
    found = " ".join(warnings(sheet, lines_of(sheet), standing_of(sheet, day(0))))
    for part in ("stale since", "outside the report's scope", "not known to be licensed"):
        assert part in found
    assert words(sheet) == ""
