"""User controls across worksheets: the list, what is in force, the control's panel, and what is carried over."""

import csv
import datetime
import io

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from controls.models import Control
from findings.actions import fix, verify
from findings.models import Finding
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from tests.factories.worksheets import a_cuec, a_worksheet, approved, fresh, in_use, operating_control, whole
from vendors.models import Cuec, Vendor, Worksheet
from vendors.worksheets import lines
from vendors.worksheets.blocks import blocks
from vendors.worksheets.carrying import before, carry_over
from vendors.worksheets.columns import state_words
from vendors.worksheets.pasting import paste_cuecs, read


@pytest.fixture
def vendor(owner: User, manager: User) -> Vendor:
    return in_use("Cumulus Hosting", owner=owner, approver=manager)


@pytest.fixture
def first(vendor: Vendor, owner: User, manager: User) -> Worksheet:
    """An approved worksheet: one user control met, one a gap, one that does not apply."""
    operating_control("IAM-02")
    sheet = whole(a_worksheet(vendor, reviewer=owner, approver=manager), none_expected=False)
    a_cuec(sheet, reference="UC-1", applies="yes", control="IAM-02")
    gap = a_cuec(sheet, reference="UC-2", what="Tell the vendor of leavers.")
    lines.open_gap(gap, actor=owner, severity="medium", title="Nobody tells the vendor")
    a_cuec(sheet, reference="UC-3", what="Keep the keys.", applies="no", note="We hold none.")
    return approved(sheet)


def listed(client: Client, **query: str) -> list[list[str]]:
    sheet = client.get(reverse("vendors:cuec-csv"), query).getvalue().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(sheet)))[1:]


def test_the_list_of_user_controls_and_the_panel_of_a_control(
    first: Worksheet, vendor: Vendor, owner: User, manager: User, compliance: User
):
    later = whole(a_worksheet(vendor, reviewer=owner, approver=manager), none_expected=False)
    a_cuec(later, reference="NEW-1", applies="yes", control="IAM-02")  # of an open worksheet: not in force
    client = Client()
    client.force_login(compliance)
    found = {row[0]: row[3] for row in listed(client)}
    assert found == {"UC-1": "Met", "UC-2": "Gap", "UC-3": "Does not apply"}
    assert [row[0] for row in listed(client, gap="gap")] == ["UC-2"]
    assert [row[0] for row in listed(client, gap="met")] == ["UC-1"]
    assert [row[0] for row in listed(client, control="iam-02")] == ["UC-1"]
    assert len(listed(client, show="all")) == 4
    assert listed(client, vendor=str(vendor.pk), gap="weak") == []
    control = Control.objects.get(ref="IAM-02")
    links = reverse("controls:control-links", args=[control.pk])
    assert "Vendors expect this of us" in client.get(links).content.decode()
    control.status = "in_progress"
    save(control, actor=SYSTEM, verb="control.status_updated")
    assert [row[0] for row in listed(client, gap="weak")] == ["UC-1"]
    approved(whole_again(later, control))
    assert [row[0] for row in listed(client)] == ["NEW-1"]  # the newest of the service is in force
    assert len(listed(client, show="approved")) == 4


def whole_again(sheet: Worksheet, control: Control) -> Worksheet:
    """With its control operating again, so that it can be submitted."""
    control.status = "implemented"
    save(control, actor=SYSTEM, verb="control.status_updated")
    return fresh(sheet)


def test_what_was_answered_before_is_carried_over_to_be_confirmed(
    first: Worksheet, vendor: Vendor, owner: User, manager: User
):
    sheet = whole(a_worksheet(vendor, reviewer=owner, approver=manager), none_expected=False)
    assert before(sheet) == first
    a_cuec(sheet, reference="uc-3", what="Keep the keys safe.")
    assert carry_over(sheet, actor=owner) == 2
    one, two = Cuec.objects.filter(worksheet=sheet, to_confirm=True).order_by("id")
    assert (one.reference, one.control.ref, one.applies) == ("UC-1", "IAM-02", "yes")
    assert two.finding == Finding.objects.get()
    assert sum("is carried over: confirm" in block.words for block in blocks(fresh(sheet))) == 2
    lines.confirm(one, actor=owner)
    with pytest.raises(ValidationError, match="does not wait"):
        lines.confirm(fresh(one), actor=owner)
    lines.change_line(two, actor=owner, note="Still so.")
    assert not Cuec.objects.filter(to_confirm=True).exists()
    with pytest.raises(ValidationError, match="noted here already"):
        carry_over(fresh(sheet), actor=owner)
    other = in_use("Alone", owner=owner, approver=manager)
    with pytest.raises(ValidationError, match="no approved worksheet"):
        carry_over(a_worksheet(other, reviewer=owner, approver=manager), actor=owner)


def test_a_closed_gap_and_a_lost_control_are_not_carried_over(
    first: Worksheet, vendor: Vendor, owner: User, manager: User, compliance: User
):
    finding = fix(Finding.objects.get(), actor=owner, root_cause="Nobody knew.", note="We tell them now.")
    verify(finding, actor=compliance, note="Seen.")
    sheet = whole(a_worksheet(vendor, reviewer=owner, approver=manager), none_expected=False)
    carry_over(sheet, actor=owner)
    two = Cuec.objects.get(worksheet=sheet, reference="UC-2")
    assert (two.finding, two.applies) == (None, "")


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("", "Paste one user control a line"),
        ("A | b\nUC-2 Customers enforce it", "Line 2: write it as “reference"),
        ("UC-9|", "Line 1: nothing stands behind the reference."),
        ("UC-1 | again", "Line 1: UC-1 is on the worksheet already."),
        ("A | b\n\nUC-2\x00 | c", "Line 3: it holds a NUL character"),
        (f"{'r' * 61} | text", "more than 60 characters"),
        (f"A | {'t' * 2001}", "more than 2,000 characters"),
        ("\n".join(f"R-{n} | text" for n in range(201)), "200 are taken at once"),
    ],
)
def test_what_cannot_be_pasted(pasted: str, words: str):
    with pytest.raises(ValidationError, match=words):
        read(pasted, {"uc-1"})


def test_pasting_and_pages_cost_the_same_for_many(first: Worksheet, vendor: Vendor, owner: User, manager: User):
    assert read("A\ttwo | bars\n| no reference", set()) == [("A\ttwo", "bars"), ("", "no reference")]
    assert read("A\ttext", set()) == [("A", "text")]
    sheet = a_worksheet(vendor, reviewer=owner, approver=manager)
    client = Client()
    client.force_login(owner)
    costs = []
    for start, count in ((0, 3), (3, 30)):
        pasted = "\n".join(f"R-{n} | Do thing {n}" for n in range(start, start + count))
        with CaptureQueriesContext(connection) as pasting:
            assert paste_cuecs(fresh(sheet), actor=owner, pasted=pasted) == count
        found = [len(pasting)]
        for page in (sheet.get_absolute_url(), f"{reverse('vendors:cuec-list')}?show=all", "/vendors/worksheets/"):
            client.get(page)
            with CaptureQueriesContext(connection) as reading:
                assert client.get(page).status_code == 200
            found.append(len(reading))
        costs.append(found)
    assert costs[0] == costs[1]
    assert max(costs[1][1:]) <= 14


def test_the_list_of_a_past_moment_is_judged_by_then(first: Worksheet, owner: User):
    client = Client()
    client.force_login(owner)
    before = timezone.now()
    control = Control.objects.get(ref="IAM-02")
    control.operates_until = today() - datetime.timedelta(days=1)
    save(control, actor=SYSTEM, verb="control.updated")
    assert states(client) == {"UC-1": "Control does not operate", "UC-2": "Gap", "UC-3": "Does not apply"}
    assert states(client, as_of=before.isoformat()) == {"UC-1": "Met", "UC-2": "Gap", "UC-3": "Does not apply"}


def states(client: Client, **query: str) -> dict[str, str]:
    header, *found = listed(client, column="reference", **query)
    del header
    page = client.get(reverse("vendors:cuec-list"), query).context
    return {one.reference: state_words(one) for one in page["page"].object_list} if found else {}
