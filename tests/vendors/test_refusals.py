"""What neither a slip of the pen nor a clever order of steps does to the register of vendors."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from tests.factories.people import UserFactory
from tests.factories.tokens import caller
from tests.factories.vendors import a_contract, a_review, a_vendor, approved, day, reviewed, submitted
from tests.factories.worksheets import STATEMENT, a_worksheet, fresh, in_use, payments, whole
from vendors import actions, approval, exits, populations, reviews, schedule
from vendors.models import Contract, ReconciledRow, Vendor, VendorReview, Worksheet
from vendors.subprocessors.draft import draft
from vendors.subprocessors.publishing import publish
from vendors.subprocessors.work import subprocessors_work
from vendors.work import vendors_work
from vendors.worksheets import signing
from vendors.worksheets.standing import standing_of

pytestmark = pytest.mark.django_db


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_days_out_of_reach_are_refused_and_counted_all_the_same(owner: User, manager: User, compliance: User):
    vendor = in_use("Cumulus", owner=owner, approver=manager)
    page, client = vendor.get_absolute_url(), as_(compliance)
    for first, last in (
        ("0001-01-01", ""),
        (str(day(0)), "9999-12-31"),
        ("1949-12-31", ""),
        (str(day(0)), "2999-01-01"),
    ):
        said = {"title": "Terms", "starts_on": first, "ends_on": last, "version": vendor.version}
        answer = client.post(f"{page}contracts/new/", said)
        assert answer.status_code == 422
        assert "Say a day in the years 1950 to" in answer.content.decode()
        pushed = caller(owner).post(f"/api/v1{page}contracts/", said | {"ends_on": last or None}, vendor.version)
        assert pushed.status_code == 400
    assert not Contract.objects.exists()
    contract = a_contract(vendor)
    form = client.get(f"{contract.get_absolute_url()}edit/").context["form"]
    for name in ("starts_on", "ends_on"):
        assert form.fields[name].validators
    edit = client.post(f"{page}edit/", {"name": "Cumulus", "started_on": "9999-12-31", "version": vendor.version})
    assert "started_on" in edit.context["form"].errors  # a day of the model's own
    sheet = a_worksheet(vendor, reviewer=owner, approver=manager)
    sheet.period_to = datetime.date.max  # as it may stand from before
    contract.starts_on = contract.ends_on = datetime.date.min
    contract.notice_days = 9
    for row in (sheet, contract):
        save(row, actor=compliance, verb=f"{row._meta.model_name}.updated")
    for address in (reverse("vendors:worksheet-list"), sheet.get_absolute_url(), reverse("vendors:contract-list"),
                    f"{page}papers/", contract.get_absolute_url()):  # fmt: skip
        assert client.get(address).status_code == 200, address
    assert not standing_of(Worksheet(period_to=datetime.date.max), day(9999), 3650).stale
    assert Vendor.objects.get().started_on is None


def test_amounts_and_reasons_that_no_database_keeps(owner: User, compliance: User):
    for amount in ("9" * 27, "9" * 300, "-1" + "0" * 27 + ".00", "999999999999.999"):
        with pytest.raises(ValidationError, match=r"Line 3: .* is larger than any amount"):
            payments(f"Vendor,Amount\nBirch,1.00\nAlder,{amount}\n", actor=compliance)
    target = payments("Vendor,Amount\nBirch,1.00\n", actor=compliance)
    page, row = reverse("vendors:reconciliation-dismiss", args=[target.pk]), ReconciledRow.objects.get()
    for reason in ("a\x00b", "", "x" * 4001):
        assert as_(compliance).post(page, {"pk": row.pk, "reason": reason}).status_code == 302
        assert fresh(row).match == ""
    as_(compliance).post(page, {"pk": row.pk, "reason": "A refund."})
    assert fresh(row).note == "A refund."


def test_a_list_as_it_stood_names_vendors_as_they_stood(owner: User, manager: User, compliance: User):
    vendor = in_use("Birch", owner=owner, approver=manager)
    target = payments("Vendor,Amount\nBirch,1.00\n", actor=compliance)
    then = timezone.now().isoformat()
    vendor = fresh(vendor)
    vendor.name, vendor.status, vendor.ended_on = "Renamed", "ended", day(0)
    save(vendor, actor=SYSTEM, verb="vendor.ended")
    csv, client = reverse("vendors:reconciliation-names", args=[target.pk]), as_(compliance)
    for said, status, name, show in (
        ({"as_of": then}, "Approved", "Birch", "known"),
        ({}, "Ended", "Renamed", "ended"),
    ):
        told = client.get(csv, said).getvalue().decode()
        assert f"{vendor.ref} {name},{status}" in told
        shown = client.get(target.get_absolute_url(), said | {"show": show, "q": name}).context
        assert {key: count for key, _, count in shown["shows"] if count} == {show: 1}
        assert [line.vendor.name for line, *_ in shown["names"]] == [name]


def test_what_was_announced_holds_no_earlier_by_a_newer_version(owner: User, manager: User, compliance: User):
    whole_of_it = {
        "subprocessor": True, "service": "Hosts", "personal_data": "Names", "locations": "Spain", "started_on": day(-9),
    }  # fmt: skip
    mail = in_use("Swift Mail", owner=owner, approver=manager, **whole_of_it)
    publish(actor=compliance, reason="First.", effective_on=day(0))
    in_use("Granite", owner=owner, approver=manager, **whole_of_it)
    announced = publish(actor=compliance, reason="New.", effective_on=day(30))
    mail = fresh(mail)
    mail.subprocessor = False
    save(mail, actor=SYSTEM, verb="vendor.updated")
    with pytest.raises(ValidationError, match=f"from {day(30)} on"):
        publish(actor=compliance, reason="Gone.", effective_on=day(0))
    assert as_(compliance).get(reverse("vendors:subprocessorlist-publish")).context["form"].initial[
        "effective_on"
    ] == day(30)
    publish(actor=compliance, reason="Gone.", effective_on=day(30))
    assert [(item.title, item.kind) for item in subprocessors_work(compliance)] == [
        (str(announced), "No notice is recorded")
    ]
    assert draft().pending == day(30)


def test_what_is_assessed_anew_is_used_meanwhile(owner: User, manager: User, compliance: User):
    judge = UserFactory(role="manager")
    vendor = approved(a_vendor(owner=owner, subprocessor=True), reviewer=owner, approver=manager, judge=judge)
    assert len(draft().entries) == 1
    vendor = approval.assess(vendor, actor=compliance, note="It was breached.")
    assert [entry["vendor"] for entry in draft().entries] == [vendor.ref]
    with pytest.raises(ValidationError, match="in use"):
        actions.check_put_away(vendor)
    vendor = exits.offboard(vendor, actor=owner, owner=owner, due_on=day(9), reason="Enough.")
    with pytest.raises(ValidationError, match="No approval of it stands"):
        exits.keep_on(fresh(vendor), actor=owner, reason="Not yet.")
    for step in exits.open_steps(vendor):
        exits.complete(step, actor=owner, outcome="not_applicable", note="No.")
    vendor = exits.end(fresh(vendor), actor=compliance, reason="Gone.")
    assert draft().entries == []
    vendor = approval.propose(vendor, actor=compliance, reason="Again.")
    vendor = approval.assess(vendor, actor=compliance, note="Again.")
    words = [block.words for block in approval.blocks(vendor)]
    assert "No due diligence of it is approved." in words  # the one before its end does not count
    actions.check_put_away(vendor)
    vendor.archived_at = timezone.now()
    save(vendor, actor=compliance, verb="vendor.archived", reason="A mistake.")
    for found in (populations.approved, populations.ended):
        listing = found(compliance, today(), today())
        assert [(listing.total, line.data[-1]) for line in listing.lines] == [(1, "yes")]


def test_a_review_that_says_no_ends_the_approval(owner: User, manager: User, compliance: User):
    judge = UserFactory(role="manager")
    vendor = approved(a_vendor(owner=owner), reviewer=owner, approver=manager, judge=judge)
    reviewed(vendor, reviewer=owner, approver=manager, conclusion="reject", register="no")
    vendor = fresh(vendor)
    assert (vendor.status, vendor.approved_by, vendor.next_review_on) == ("assessing", None, None)
    assert "concludes not to use it" in vendor.status_note
    other = approved(a_vendor(owner=owner), reviewer=owner, approver=manager, judge=judge)
    other = exits.offboard(other, actor=owner, owner=owner, due_on=day(9), reason="Perhaps.")
    reviewed(other, reviewer=owner, approver=manager, kind="event", conclusion="reject")
    with pytest.raises(ValidationError, match="concludes not to use it"):
        exits.keep_on(fresh(other), actor=owner, reason="After all.")


def test_a_tier_that_outgrew_its_review_is_flagged(owner: User, manager: User, compliance: User):
    judge = UserFactory(role="manager")
    vendor = approved(a_vendor(owner=owner), reviewer=owner, approver=manager, judge=judge)
    under_way = submitted(a_review(vendor, reviewer=owner, approver=manager))
    before = fresh(vendor).next_review_on
    vendor = fresh(vendor)
    vendor.reach = "production"
    vendor = actions.keep_vendor(vendor, actor=owner, participle="updated")
    assert vendor.next_review_on < before
    with pytest.raises(ValidationError, match="tier is critical by now"):
        reviews.approve(under_way, actor=manager)
    assert "it is higher now" in as_(owner).get(vendor.get_absolute_url()).content.decode()
    words = "Its tier is higher than what was reviewed"
    assert words not in [item.kind for item in vendors_work(owner)]  # a review is under way
    reviews.cancel(fresh(under_way), actor=manager, reason="It asks too little.")
    assert words in [item.kind for item in vendors_work(owner)]
    reviewed(vendor, reviewer=owner, approver=manager)
    assert words not in [item.kind for item in vendors_work(owner)]
    assert "it is higher now" not in as_(owner).get(vendor.get_absolute_url()).content.decode()


def test_who_began_a_worksheet_does_not_approve_it(owner: User, manager: User, compliance: User):
    vendor = in_use("Cumulus", owner=owner, approver=manager)
    mine = a_worksheet(vendor, reviewer=owner, approver=manager)
    sheet = Worksheet(document=mine.document, reviewer=owner, approver=compliance, **{
        name: getattr(mine, name) for name in (
            "service", "categories", "auditor", "auditor_known", "opinion", "period_from", "period_to", "issued_on",
            "in_scope", "conclusion", "next_due_on",
        )
    })  # fmt: skip
    sheet = whole(signing.begin(sheet, actor=compliance))
    sheet = signing.submit(fresh(sheet), actor=owner)
    with pytest.raises(PermissionDenied):
        signing.approve(sheet, actor=compliance, statement=STATEMENT)


def test_one_vendor_that_cannot_be_reviewed_keeps_no_other_waiting(owner: User, manager: User, compliance: User):
    late, other = (approved(a_vendor(owner=owner), reviewer=owner, approver=manager, judge=compliance) for _ in "ab")
    for vendor in (late, other):
        vendor.next_review_on = day(1)
        save(vendor, actor=compliance, verb="vendor.updated")
    read = schedule.due_soon(today())
    changed = fresh(late)
    changed.contact = "Somebody else"
    save(changed, actor=compliance, verb="vendor.updated")  # between the job's reading and its turn
    assert schedule.begin_each(read) == 1
    assert VendorReview.objects.get(kind="recurring").vendor == other
