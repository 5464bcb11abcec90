"""The firm's list is brought in whole or not at all, and known again by its references."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from audits.models import Engagement
from audits.models.requests import Request, RequestControl
from audits.requests import actions
from audits.requests.imports import RequestImporter
from foundation.accounts.models import User
from foundation.pages.imports.importer import Plan
from foundation.pages.imports.table import Row, Table
from foundation.pages.models import Import
from tests.factories.controls import ControlFactory
from tests.factories.people import EngagementFactory
from tests.factories.requests import a_request, closed

pytestmark = pytest.mark.django_db
HEADER = ("Number", "Title", "Request details", "Type", "Control", "Assigned to", "Due date", "From", "To")
PAGE = "/audits/requests/import/"


def plan_of(user: User, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> tuple[RequestImporter, Plan]:
    importer = RequestImporter()
    table = Table(header, [Row(number, list(cells)) for number, cells in enumerate(rows, start=2)])
    return importer, importer.plan(table, importer.guess(table.header, {}), user)


def bring_in(user: User, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> Plan:
    importer, plan = plan_of(user, *rows, header=header)
    assert plan.errors == []
    importer.apply(plan, actor=user, reason="The firm's list")
    return plan


def row(ref: str = "A-1", **said: str) -> tuple[str, ...]:
    names = ("title", "details", "kind", "control", "owner", "due", "first", "last")
    values = {"title": f"Wanted {ref}", "kind": "Population", "control": "IAM-01", "due": "2027-01-15"} | said
    return (ref, *(values.get(name, "") for name in names))


@pytest.fixture(autouse=True)
def control(engagement: Engagement) -> None:
    ControlFactory(ref="IAM-01")
    ControlFactory(ref="IAM-02")


def test_a_list_makes_requests_with_owner_day_and_controls(compliance: User, owner: User, engagement: Engagement):
    plan = bring_in(
        compliance, row(owner="owner@example.com", control="iam-01; IAM-02", first="2026-01-01", last="2026-06-30"),
        row("A-2", kind="", due="", control=""),
    )  # fmt: skip
    assert plan.counts() == {"new": 2, "changed": 0, "unchanged": 0}
    first, second = Request.objects.order_by("id")
    assert (first.engagement, first.owner, first.kind, str(first.due_on)) == (
        engagement, owner, "population", "2027-01-15",
    )  # fmt: skip
    assert (second.kind, second.due_on, second.raised_by) == ("document", actions.usual_due(), compliance)
    assert RequestControl.objects.filter(request=first).count() == 2


def test_the_same_list_again_changes_nothing_and_a_newer_one_what_differs(compliance: User):
    bring_in(compliance, row(), row("A-2"))
    assert bring_in(compliance, row(), row("a-2", title="Wanted A-2")).counts() == {
        "new": 0, "changed": 0, "unchanged": 2,
    }  # fmt: skip
    assert bring_in(compliance, row(title="Another"), row("A-2")).counts()["changed"] == 1
    assert bring_in(compliance, row(title="Another", control=""), row("A-2")).counts()["changed"] == 0
    assert RequestControl.objects.live().count() == 2, "a file takes no link away"
    assert Request.objects.filter(title="Another").count() == 1


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (row(kind="opinion"), "Type"),
        (row(control="NO-01"), "Control"),
        (row(control=" ".join(f"X{n}" for n in range(200))), "Control"),
        (row(owner="nobody@example.com"), "Assigned to"),
        (row(owner="auditor@example.com"), "Assigned to"),
        (row(due="15/01/2027"), "Due date"),
        (row(due="2199-01-01"), "Due date"),
        (row(title=""), "Title"),
        (row(title="W" * 201), "Title"),
        (row(""), "Number"),
        (row("A" * 61), "Number"),
        (row(first="2026-02-01"), "Period to"),
        (row(first="2026-02-01", last="2026-01-01"), "Period to"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_can_be_applied(
    compliance: User, auditor: User, cells: tuple[str, ...], column: str
):
    importer, plan = plan_of(compliance, row("B-1"), cells)
    assert [(error.line, error.column) for error in plan.errors] == [(3, column)]
    with pytest.raises(ValueError, match="errors"):
        importer.apply(plan, actor=compliance, reason="No")
    assert not Request.objects.exists()


def test_a_reference_that_stands_twice_is_named(compliance: User):
    _, plan = plan_of(compliance, row(), row("a-1"))
    assert [error.line for error in plan.errors] == [3]


def test_of_several_engagements_the_file_names_one(compliance: User, engagement: Engagement):
    other = EngagementFactory(name="Another examination")
    _, plan = plan_of(compliance, row())
    assert [error.column for error in plan.errors] == ["Engagement"]
    header = (*HEADER, "Engagement")
    bring_in(compliance, (*row(), "another examination"), (*row(), engagement.name), header=header)
    assert set(Request.objects.values_list("engagement_id", flat=True)) == {other.pk, engagement.pk}
    closed(other, compliance)
    _, plan = plan_of(compliance, (*row("A-9"), "Another examination"), header=header)
    assert [error.column for error in plan.errors] == ["Engagement"]


def test_what_is_over_is_not_changed_by_a_file(compliance: User, engagement: Engagement, auditor: User):
    a_request(engagement, state="accepted", auditor=auditor, external_ref="A-1", title="Wanted A-1")
    _, plan = plan_of(compliance, row(title="Another"))
    assert "accepted" in plan.errors[0].words


def test_five_thousand_rows_at_once(compliance: User):
    plan = bring_in(compliance, *(row(f"A-{number}") for number in range(5000)))
    assert plan.counts()["new"] == Request.objects.count() == RequestControl.objects.count() == 5000


@pytest.mark.parametrize(
    "data",
    [
        b"<html><table><tr><td>No</td></tr></table></html>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
        b"",
        b"PK\x03\x04no",
    ],
)
def test_what_is_no_table_is_refused(client: Client, compliance: User, data: bytes):
    client.force_login(compliance)
    answer = client.post(PAGE, {"file": SimpleUploadedFile("list.csv", data), "encoding": ""})
    assert answer.status_code == 422
    assert not Import.objects.exists()


def test_a_formula_comes_in_as_words_and_goes_out_harmless(client: Client, compliance: User):
    bring_in(compliance, row(title='=HYPERLINK("http://example.com")'))
    client.force_login(compliance)
    out = b"".join(client.get("/audits/requests/export.csv").streaming_content).decode()
    assert "=HYPERLINK" in out
    for begin in ("\n=HYPERLINK", ',"=HYPERLINK', ",=HYPERLINK"):
        assert begin not in out


def test_only_the_compliance_manager_brings_a_list_in(client: Client, auditor: User, owner: User):
    for user in (auditor, owner):
        client.force_login(user)
        assert client.get(PAGE).status_code == 403
        assert client.post(PAGE, {"file": io.BytesIO(b"Number,Title\nA-1,x\n")}).status_code == 403
