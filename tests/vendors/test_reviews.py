"""Reviews of vendors: what each tier is asked, who may do what, what blocks, and that an approved one is locked."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction

from evidence.models import Evidence, Occurrence
from foundation.accounts.duties import VENDOR_REVIEW_APPROVAL
from foundation.accounts.models import DutyException
from foundation.organisation.models import today
from foundation.trail.leaf import canonical, sha256
from foundation.trail.models import Entry
from tests.factories.controls import ControlFactory
from tests.factories.evidence import requirement
from tests.factories.people import ExceptionFactory, UserFactory
from tests.factories.vendors import a_document, a_review, a_vendor, answered, approved, day, reviewed, submitted
from vendors import actions, proofs, reviews, schedule
from vendors.models import Vendor, VendorControl, VendorReview, VendorReviewItem
from vendors.questions import asked
from vendors.results import result_of

pytestmark = pytest.mark.django_db
CRITICAL = {"data_classes": ["customer"], "reach": "holds", "criticality": "outage", "region": "other"}
# What is asked, by tier and kind of review, of a vendor that handles customer data abroad.
ASKED = {
    ("low", "due_diligence"): "register",
    ("low", "recurring"): "register changes open_points",
    ("medium", "due_diligence"): "register short_questionnaire dpa transfer breach standing",
    ("high", "due_diligence"): "register report_or_questionnaire worksheet contract dpa transfer access breach "
    "subcontractors standing",
    ("critical", "due_diligence"): "register report worksheet questionnaire contract dpa transfer access breach "
    "subcontractors continuity exit standing",
    ("critical", "recurring"): "register changes report worksheet questionnaire contract dpa transfer access breach "
    "subcontractors continuity exit incidents open_points standing",
}


def test_the_higher_the_tier_the_more_is_asked():
    vendor = Vendor(**CRITICAL)
    found = {(tier, kind): " ".join(one.key for one in asked(tier, kind, vendor)) for tier, kind in ASKED}
    assert found == ASKED
    quiet = Vendor(data_classes=["internal"])
    assert {"dpa", "transfer"} & {one.key for one in asked("critical", "recurring", quiet)} == set()


def test_from_beginning_to_approval(owner, manager, compliance):
    vendor = a_vendor(owner=owner, **CRITICAL)
    review = a_review(vendor, reviewer=owner, approver=manager)
    vendor.refresh_from_db()
    assert (vendor.status, review.tier, review.items.count()) == ("assessing", "critical", 13)
    with pytest.raises(ValidationError, match="under way"):
        a_review(vendor, reviewer=owner, approver=manager)
    with pytest.raises(PermissionDenied):
        reviews.answer(review, actor=manager, key="dpa", answer="yes")
    for wrong in ({"answer": "no"}, {"answer": "maybe"}, {"answer": "yes", "document": "VD-99"}):
        with pytest.raises(ValidationError):
            reviews.answer(review, actor=owner, key="dpa", **wrong)
    paper = a_document(a_vendor(), kind="dpa")  # of somebody else
    with pytest.raises(ValidationError, match="no document of this vendor"):
        reviews.answer(review, actor=owner, key="dpa", answer="yes", document=paper.ref)
    assert len(reviews.blocks(review)) == 12  # all but the optional one
    said = {"conclusion": "approve", "residual": "medium", "residual_reason": "Because.", "summary": "Seen."}
    with pytest.raises(ValidationError, match="Not looked at"):
        reviews.submit(review, actor=owner, **said)
    answered(review, dpa="no")
    with pytest.raises(ValidationError, match="1 not in order"):
        reviews.submit(review, actor=owner, **said)
    said["conclusion"] = "conditional"
    review = reviews.submit(review, actor=owner, **said)
    with pytest.raises(ValidationError, match="not answered any more"):
        reviews.answer(review, actor=owner, key="dpa", answer="yes")
    for person in (owner, compliance):
        with pytest.raises(PermissionDenied):
            reviews.approve(review, actor=person)
    review = reviews.give_back(review, actor=manager, reason="Say more.")
    review = reviews.submit(review, actor=owner, **said)
    review = reviews.approve(review, actor=manager)
    vendor.refresh_from_db()
    assert (vendor.residual, vendor.last_reviewed_on) == ("medium", today())
    assert vendor.next_review_on == today() + datetime.timedelta(days=365)
    assert review.sha256 == sha256(canonical(result_of(review)))
    assert {item["answer"] for item in result_of(review)["questions"]} == {"yes", "no", "na"}
    verbs = Entry.objects.filter(object_type="vendors.vendorreview").order_by("id").values_list("verb", flat=True)
    assert [verb.partition(".")[2] for verb in verbs] == [
        "created", "submitted", "returned", "submitted", "approved",
    ]  # fmt: skip


def test_an_approved_review_is_locked_by_the_database(owner, manager):
    review = reviewed(a_vendor(owner=owner), reviewer=owner, approver=manager)
    number, item = review.pk, review.items.first().pk
    columns = (
        "version, created_at, archived_at, position, key, question, required, answer, note, document_id, review_id"
    )
    copied = columns.replace("key,", "'another',")
    added = f"INSERT INTO vendors_vendorreviewitem ({columns}) SELECT {copied} FROM vendors_vendorreviewitem"
    for statement in (
        f"UPDATE vendors_vendorreview SET summary = 'Other' WHERE id = {number}",
        f"UPDATE vendors_vendorreview SET state = 'open' WHERE id = {number}",
        f"DELETE FROM vendors_vendorreview WHERE id = {number}",
        f"UPDATE vendors_vendorreviewitem SET answer = 'no', note = 'x' WHERE id = {item}",
        f"DELETE FROM vendors_vendorreviewitem WHERE id = {item}",
        added,
    ):
        with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    review.refresh_from_db()
    with pytest.raises(ValidationError, match="cannot be"):
        reviews.cancel(review, actor=manager, reason="No.")
    assert VendorReviewItem.objects.filter(review=review).count() == 4


def test_who_had_a_hand_in_it_does_not_approve_it_but_by_an_exception(owner, manager, compliance):
    review = a_review(a_vendor(owner=owner), reviewer=owner, approver=compliance)
    answered(review, actor=manager)  # a colleague helps
    review = reviews.submit(
        review, actor=owner, conclusion="approve", residual="low", residual_reason="So.", summary="Fine."
    )
    review.approver = manager
    review = reviews.save(review, actor=compliance, verb="vendorreview.updated")
    with pytest.raises(PermissionDenied, match="did or submitted"):
        reviews.approve(review, actor=manager)
    exception = ExceptionFactory(
        duty=VENDOR_REVIEW_APPROVAL.id, beneficiary=manager, approver=compliance, requested_by=owner,
        state=DutyException.State.APPROVED, decided_at=review.submitted_at,
    )  # fmt: skip
    review = reviews.approve(review, actor=manager)
    assert (review.state, review.approved_under) == ("approved", exception)
    assert Entry.objects.get(verb="vendorreview.approved").facts["refs"]["dutyexception"] == exception.pk


def test_a_soc_report_on_file_asks_for_an_approved_worksheet(owner, manager):
    vendor = a_vendor(owner=owner, **CRITICAL)
    review = a_review(vendor, reviewer=owner, approver=manager)
    report = a_document(vendor, actor=owner)
    answered(review)
    assert [one.words for one in reviews.blocks(review)] == [
        f"{report.ref} is a SOC report on file: its worksheet does apply."
    ]
    reviews.answer(review, actor=owner, key="worksheet", answer="yes")
    assert [one.words for one in reviews.blocks(review)] == [
        f"{report.ref} is a SOC report without an approved worksheet."
    ]
    reviews.answer(review, actor=owner, key="worksheet", answer="no", note="It arrived yesterday.")
    assert reviews.blocks(review) == []  # not in order: said so, and used with conditions at most


def test_what_is_not_in_order_becomes_a_finding_once(owner, manager, compliance):
    vendor = a_vendor(owner=owner, data_classes=["personal"], reach="view")
    review = answered(a_review(vendor, reviewer=owner, approver=manager), dpa="no")
    for key in ("register", "nothing"):
        with pytest.raises(ValidationError, match="Only what is not in order"):
            reviews.raise_finding(review, actor=owner, key=key, title="X", severity="high")
    found = reviews.raise_finding(review, actor=owner, key="dpa", title="No agreement", severity="high")
    assert (found.owner, found.source_name, found.external_key) == (owner, "Vendor review", f"{review.ref}/dpa")
    assert vendor.finding_links.get().finding == found
    assert reviews.findings_of(review) == {"dpa": found.pk}
    with pytest.raises(ValidationError, match="already"):
        reviews.raise_finding(review, actor=owner, key="dpa", title="Again", severity="low")


def test_recurring_reviews_fill_the_squares_of_their_controls(owner, manager, compliance):
    vendor = approved(a_vendor(owner=owner), reviewer=owner, approver=manager, judge=compliance)
    control = ControlFactory(ref="VEN-03", frequency="annual", operates_from=datetime.date(today().year, 1, 1))
    proofs.link_control(VendorControl(part="review", control=control, reason="It is the review."), actor=compliance)
    requirement(control)
    review = reviewed(vendor, reviewer=owner, approver=manager)
    item = Evidence.objects.get()
    assert (review.evidence, item.state, item.reviewed_by, item.submitted_by) == (item, "accepted", manager, None)
    assert item.links.get().reason == f"Vendor review {review.ref}. It is the review."
    assert item.sha256 == review.sha256  # the very bytes that were signed
    assert Occurrence.objects.get(control=control, starts_on__lte=today(), ends_on__gte=today()).outcome == "done"


def test_the_job_opens_a_review_ahead_of_its_day_and_only_once(owner, manager, compliance):
    near, far = (approved(a_vendor(owner=owner), reviewer=owner, approver=manager, judge=compliance) for _ in "ab")
    orphan = approved(a_vendor(owner=owner), reviewer=owner, approver=manager, judge=compliance)
    for vendor, on in ((near, day(20)), (far, day(31)), (orphan, day(-9))):
        vendor.next_review_on = on
        actions.save(vendor, actor=compliance, verb="vendor.updated")
    owner.is_active = False
    assert schedule.begin_due_reviews(today()) == 2
    assert schedule.begin_due_reviews(today()) == 0
    review = VendorReview.objects.get(vendor=near, kind="recurring")
    assert (review.due_on, review.reviewer, review.approver) == (day(20), owner, compliance)
    reviews.cancel(review, actor=compliance, reason="It was looked at elsewhere.")
    assert schedule.begin_due_reviews(today()) == 0  # the one of that day was called off
    assert schedule.begin_due_reviews(day(7)) == 1  # a worker that was off catches up
    lone = schedule.pair_for(Vendor(owner=None, approver=None), [compliance])
    assert lone is None  # nobody to do it and another to approve it
    assert schedule.pair_for(Vendor(owner=compliance, approver=compliance), [compliance, manager]) == (
        compliance, manager,
    )  # fmt: skip


def test_residual_is_never_more_than_inherent_and_people_fit(owner, manager, employee):
    vendor = a_vendor(owner=owner)
    for people in (
        (owner, owner),
        (owner, employee),
        (employee, manager),
        (UserFactory(role="control_owner"), manager),
    ):
        with pytest.raises(ValidationError):
            a_review(vendor, reviewer=people[0], approver=people[1])
    with pytest.raises(ValidationError, match="not in use yet"):
        a_review(vendor, reviewer=owner, approver=manager, kind="recurring")
    with pytest.raises(ValidationError, match="which event"):
        a_review(vendor, reviewer=owner, approver=manager, kind="event", why=" ")
    with pytest.raises(ValidationError, match="No more can remain"):
        submitted(a_review(vendor, reviewer=owner, approver=manager), residual="critical")
