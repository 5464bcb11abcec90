"""Approving the use of a vendor (R6.1): what blocks it, who may, conditions, evidence; and how the work ends."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from evidence.models import Evidence, Occurrence
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.models import Entry
from tests.factories.controls import ControlFactory
from tests.factories.evidence import requirement
from tests.factories.people import UserFactory
from tests.factories.populations import population
from tests.factories.tokens import caller
from tests.factories.vendors import a_contract, a_document, a_review, a_vendor, approved, day, reviewed, submitted
from vendors import actions, approval, documents, exits, populations, proofs, reviews
from vendors.models import Condition, ExitStep, Status, Vendor, VendorControl

pytestmark = pytest.mark.django_db


def words(vendor, **said):
    vendor.refresh_from_db()
    return [block.words for block in approval.blocks(vendor, **said)]


def named(vendor, actor, **values):
    """The vendor, changed through the save path of its form."""
    vendor.refresh_from_db()
    for name, value in values.items():
        setattr(vendor, name, value)
    return actions.keep_vendor(vendor, actor=actor, participle="updated")


def test_everything_that_blocks_an_approval_is_said(owner, manager, compliance, employee):
    vendor = a_vendor(data_classes=[], service="")
    assert words(vendor) == [
        "It has no owner with an open account.",
        "What it does and which data it gets is not said: its tier cannot be trusted.",
        "No approver is named who is a compliance manager or a manager.",
        "No due diligence of it is approved.",
    ]
    vendor = named(vendor, compliance, owner=owner, approver=compliance, data_classes=["internal"], service="Mail.")
    review = reviewed(vendor, reviewer=compliance, approver=manager)
    assert words(vendor) == ["Its approver owns or assessed it: name another one."]
    vendor = named(vendor, compliance, approver=manager)
    assert words(vendor) == []
    vendor = named(vendor, compliance, reach="production")
    assert words(vendor) == [f"{review.ref} asked what the medium tier is asked; it is higher now."]
    vendor = named(vendor, compliance, reach="view")
    actions.add_condition(vendor, actor=compliance, what="Sign the DPA", owner=owner, due_on=day(5))
    assert words(vendor) == ["1 condition is open."]
    assert words(vendor, conditional=True) == []
    owner.is_active = False
    save(owner, actor=compliance, verb="user.deactivated")
    assert words(vendor, conditional=True) == ["It has no owner with an open account."]
    vendor.refresh_from_db()
    with pytest.raises(ValidationError, match="no owner with an open account"):
        approval.approve_conditionally(vendor, actor=manager, statement="Fine.")


def test_a_review_older_than_its_tiers_cadence_approves_nothing(owner, manager, compliance, time_machine_days):
    vendor = a_vendor(owner=owner, approver=compliance)
    review = reviewed(vendor, reviewer=owner, approver=manager)
    with time_machine_days(730):
        assert words(vendor) == []
    with time_machine_days(731):
        assert words(vendor) == [f"{review.ref} is 731 days old, more than the cadence of its tier."]


def test_a_review_that_says_no_blocks(owner, manager, compliance):
    vendor = a_vendor(owner=owner, approver=compliance)
    review = reviewed(vendor, reviewer=owner, approver=manager, conclusion="reject")
    assert words(vendor) == [f"{review.ref} concludes not to use it."]


def test_only_its_approver_and_nobody_who_owned_or_assessed_it(owner, manager, compliance, colleague, admin):
    vendor = a_vendor(owner=owner, approver=compliance)
    reviewed(vendor, reviewer=owner, approver=manager)
    for person in (owner, manager, admin, colleague):
        vendor.refresh_from_db()
        with pytest.raises(PermissionDenied):
            approval.approve(vendor, actor=person, statement="Fine.")
    vendor = named(vendor, admin, owner=compliance, approver=None)  # the approver owned it for a moment …
    vendor = named(vendor, admin, owner=owner, approver=compliance)  # … which giving it away does not undo
    with pytest.raises(PermissionDenied, match="owns a vendor or assessed it"):
        approval.approve(vendor, actor=compliance, statement="Fine.")
    judge = UserFactory(role="manager")
    vendor = named(vendor, admin, approver=judge)
    with pytest.raises(ValidationError, match="State what"):
        approval.approve(vendor, actor=judge, statement=" ")
    vendor.refresh_from_db()
    vendor = approval.approve(vendor, actor=judge, statement="Seen the answers.")
    assert (vendor.status, vendor.approved_by, vendor.status_note) == ("approved", judge, "Seen the answers.")
    vendor.owner = judge
    with pytest.raises(IntegrityError), transaction.atomic():
        save(vendor, actor=admin, verb="vendor.updated")


def test_conditions_are_met_before_a_person_approves_without_them(owner, manager, compliance):
    vendor = a_vendor(owner=owner, approver=compliance, data_classes=["personal"], reach="view")
    review = submitted(
        a_review(vendor, reviewer=owner, approver=manager), conclusion="conditional", residual="medium", dpa="no"
    )
    reviews.approve(review, actor=manager)
    assert words(vendor) == [f"{review.ref} concludes to use it with conditions, and none was set."]
    assert words(vendor, conditional=True) == ["No condition is open: say what has to be done."]
    condition = actions.add_condition(vendor, actor=compliance, what="Sign the DPA", owner=owner, due_on=day(30))
    with pytest.raises(ValidationError, match="This day has passed"):
        actions.add_condition(vendor, actor=compliance, what="X", owner=owner, due_on=day(-1))
    vendor.refresh_from_db()
    vendor = approval.approve_conditionally(vendor, actor=compliance, statement="Until the DPA is signed.")
    assert vendor.status == Status.CONDITIONAL
    with pytest.raises(ValidationError, match="1 condition is open"):
        approval.approve(vendor, actor=compliance, statement="Now.")
    with pytest.raises(ValidationError, match="what shows"):
        actions.meet(condition, actor=owner, note="")
    condition = actions.meet(condition, actor=owner, note="Signed, VD-1.")
    with pytest.raises(ValidationError, match="met already"):
        actions.meet(condition, actor=owner, note="Again.")
    vendor.refresh_from_db()
    assert approval.approve(vendor, actor=compliance, statement="Seen the paper.").status == Status.APPROVED
    verbs = Entry.objects.filter(object_type="vendors.vendor").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == [
        "vendor.created", "vendor.assessing", "vendor.reviewed", "vendor.approved_conditionally", "vendor.approved",
    ]  # fmt: skip


def test_an_approval_fills_the_square_of_its_event(owner, manager, compliance):
    control = ControlFactory(ref="VEN-02", frequency="per_event", operates_from=datetime.date(today().year, 1, 1))
    proofs.link_control(VendorControl(part="due_diligence", control=control, reason="It was."), actor=compliance)
    requirement(control)
    judge = UserFactory(role="manager")
    vendor = approved(a_vendor(owner=owner), reviewer=owner, approver=manager, judge=judge)
    item = Evidence.objects.get()
    link = item.links.get()
    assert (item.state, item.reviewed_by, link.event) == ("accepted", judge, f"{vendor.ref}.{vendor.version}")
    found = populations.approved(compliance, day(-30), today())
    assert [(line.key, line.day, line.data) for line in found.lines] == [
        (link.event, today(), [vendor.name, "medium", "Oskar Owner", ""]),
    ]  # fmt: skip
    assert populations.approved(owner, day(-30), today()).total == 1
    assert populations.ended(compliance, day(-30), today()).total == 0
    one_day = (str(today()), str(today()))
    population((link.event, one_day[0]), actor=compliance, controls=[control], period=one_day)
    square = Occurrence.objects.get(control=control, event=link.event)
    assert (square.outcome, square.starts_on, square.evidence) == ("done", today(), item)


def test_leaving_takes_every_step_with_its_proof(owner, manager, compliance):
    vendor = approved(a_vendor(owner=owner), reviewer=owner, approver=manager, judge=compliance)
    control = ControlFactory(ref="VEN-06")
    proofs.link_control(VendorControl(part="exit", control=control, reason="It is the exit."), actor=compliance)
    with pytest.raises(ValidationError, match="offboard it first"):
        exits.end(vendor, actor=compliance, reason="Gone.")
    vendor = exits.offboard(vendor, actor=owner, owner=owner, due_on=day(30), reason="Replaced.")
    assert [step.kind for step in exits.open_steps(vendor)] == [
        "access", "returned", "erased", "integrations", "payments",  # it is on no list of sub-processors
    ]  # fmt: skip
    assert "listed" in exits.steps_of(Vendor(subprocessor=True))
    client, step = Client(), exits.open_steps(vendor)[0]
    client.force_login(owner)
    settling = f"{reverse('vendors:exitstep-complete', args=[step.pk])}?next={vendor.get_absolute_url()}"
    assert settling in client.get(vendor.get_absolute_url()).content.decode()
    vendor = exits.keep_on(vendor, actor=owner, reason="Not yet.")
    assert (vendor.status, exits.open_steps(vendor)) == ("approved", [])
    vendor = exits.offboard(vendor, actor=owner, owner=owner, due_on=day(30), reason="Replaced.")
    for step in exits.open_steps(vendor):
        assert step.get_kind_display() in str(refusal(vendor, compliance))
        if step.kind == "erased":
            with pytest.raises(ValidationError, match="certificate"):
                exits.complete(step, actor=owner, note="They say so.")
            proof = a_document(vendor, actor=owner, kind="exit").ref
            exits.complete(step, actor=owner, note="Certificate.", document=proof)
        elif step.kind == "listed":
            with pytest.raises(ValidationError, match="does not apply"):
                exits.complete(step, actor=owner, outcome="not_applicable", note="")
            exits.complete(step, actor=owner, outcome="not_applicable", note="It never was on the list.")
        else:
            exits.complete(step, actor=owner, note="Done.")
    with pytest.raises(ValidationError, match="settled already"):
        exits.complete(ExitStep.objects.live().first(), actor=owner, note="Again.")
    vendor.refresh_from_db()
    vendor = exits.end(vendor, actor=compliance, reason="All gone.")
    assert (vendor.status, vendor.ended_on, vendor.next_review_on, vendor.approved_by) == ("ended", today(), None, None)
    item = Evidence.objects.get()
    assert (item.submitted_by, item.links.get().event) == (compliance, f"{vendor.ref}.{vendor.version}")
    assert [line.key for line in populations.ended(compliance, today(), today()).lines] == [item.links.get().event]
    for refused in (lambda: a_contract(vendor), lambda: a_review(vendor, reviewer=owner, approver=manager)):
        with pytest.raises(ValidationError, match="ended"):
            refused()
    vendor.refresh_from_db()
    vendor = approval.propose(vendor, actor=compliance, reason="We want it back.")
    assert (vendor.status, vendor.ended_on) == ("proposed", None)
    assert exits.end(vendor, actor=compliance, reason="Or not.").status == "ended"  # never in use this time
    vendor.refresh_from_db()
    vendor = approval.propose(vendor, actor=compliance, reason="After all.")
    vendor = approved(vendor, reviewer=owner, approver=manager, judge=compliance)
    vendor = exits.offboard(vendor, actor=owner, owner=owner, due_on=day(30), reason="Replaced anew.")
    assert len(exits.open_steps(vendor)) == 5  # a plan of its own: what was settled before settles nothing now
    assert ExitStep.objects.live().filter(vendor=vendor, done_on__isnull=False).count() == 0
    assert ExitStep.objects.filter(vendor=vendor, done_on__isnull=False).count() == 5


def refusal(vendor, actor):
    with pytest.raises(ValidationError) as refused:
        exits.end(vendor, actor=actor, reason="Gone.")
    return refused.value


def test_a_contracts_checklist_becomes_evidence_once_all_is_looked_at(owner, compliance, manager):
    vendor = a_vendor(owner=owner)
    contract = a_contract(vendor, clauses={"audit": "no"})
    assert len(documents.counted(contract.clauses)[""]) == 8
    with pytest.raises(ValidationError, match="Not looked at"):
        documents.record_contract(contract, actor=compliance)
    for wrong in ({"clauses": {"audits": "no"}}, {"notice_days": 30, "ends_on": None},
                  {"breach_notice_hours": 24, "clauses": {"breach": "no"}}, {"ends_on": day(-999)}):  # fmt: skip
        with pytest.raises(ValidationError):
            a_contract(vendor, **wrong)
    contract.clauses = dict.fromkeys(documents.CLAUSES, "yes")
    contract.document = a_document(vendor, kind="contract")
    contract = save(contract, actor=compliance, verb="contract.updated")
    with pytest.raises(ValidationError, match="No control is named"):
        documents.record_contract(contract, actor=compliance)
    control = ControlFactory(ref="VEN-04")
    proofs.link_control(VendorControl(part="contract", control=control, reason="The terms."), actor=compliance)
    contract = documents.record_contract(contract, actor=compliance, note="All there.")
    link = contract.evidence.links.get()
    assert (contract.evidence.state, link.event, link.occurrence) == ("submitted", contract.ref, contract.starts_on)
    assert [line.key for line in populations.contracted(manager, day(-400), today()).lines] == [contract.ref, "VC-1"][
        :1
    ]


def test_links_to_controls_come_back_and_what_is_in_use_is_not_archived(owner, manager, compliance):
    control = ControlFactory()
    link = proofs.link_control(VendorControl(part="exit", control=control, reason="So."), actor=compliance)
    with pytest.raises(ValidationError, match="already"):
        proofs.link_control(VendorControl(part="exit", control=control, reason="So."), actor=compliance)
    proofs.unlink_control(link, actor=compliance, reason="Another one.")
    again = proofs.link_control(VendorControl(part="exit", control=control, reason="After all."), actor=compliance)
    assert (again.pk, VendorControl.objects.count(), again.archived_at) == (link.pk, 1, None)
    vendor = approved(a_vendor(owner=owner), reviewer=owner, approver=manager, judge=compliance)
    with pytest.raises(ValidationError, match="in use"):
        actions.check_put_away(vendor)
    assert (Vendor.objects.in_use().count(), Condition.objects.count()) == (1, 0)


@pytest.fixture
def time_machine_days():
    """Travel so many days ahead."""
    import time_machine

    return lambda days: time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days))


def test_whoever_ever_did_or_submitted_a_review_approves_neither_it_nor_the_vendor(owner, manager, compliance):
    vendor = a_vendor(owner=owner)
    review = a_review(vendor, reviewer=manager, approver=compliance)
    review = submitted(review)
    review = reviews.give_back(review, actor=compliance, reason="Look again.")
    review.reviewer = owner
    review = save(review, actor=compliance, verb="vendorreview.updated")
    review.refresh_from_db()
    said = {"conclusion": "approve", "residual": "low", "residual_reason": "So.", "summary": "Fine."}
    review = reviews.submit(review, actor=owner, **said)
    assert {manager.pk, owner.pk} <= approval.assessors(review)
    reviews.approve(review, actor=compliance)
    assert words(named(vendor, compliance, approver=manager)) == ["Its approver owns or assessed it: name another one."]


def test_what_is_met_is_not_offered_to_be_edited(owner, compliance):
    condition = actions.add_condition(
        a_vendor(owner=owner), actor=compliance, what="Sign the DPA", owner=owner, due_on=day(5)
    )
    client = Client()
    client.force_login(compliance)
    edit = reverse("vendors:condition-edit", args=[condition.pk])
    assert edit in client.get(condition.get_absolute_url()).content.decode()
    actions.meet(condition, actor=owner, note="Signed.")
    page = client.get(condition.get_absolute_url()).content.decode()
    assert edit not in page
    assert reverse("vendors:condition-meet", args=[condition.pk]) not in page


def test_a_vendor_is_looked_at_as_it_is_stored_before_it_is_archived(owner, manager, compliance):
    """Whoever archives it may have read it before somebody began a review, or approved it."""
    vendor = a_vendor(owner=owner)
    stale = Vendor.objects.get(pk=vendor.pk)
    approved(vendor, reviewer=owner, approver=manager, judge=compliance)
    assert stale.status == "proposed"
    with pytest.raises(ValidationError, match="It is in use"), transaction.atomic():
        actions.check_put_away(stale)


def test_the_api_says_what_a_review_asks(owner, manager, employee):
    vendor = a_vendor(owner=owner)
    review = a_review(vendor, reviewer=owner, approver=manager)
    first, second, *_ = review.items.order_by("position")
    reviews.answer(review, actor=owner, key=first.key, answer="no", note="Nobody knows.")
    found = reviews.raise_finding(review, actor=owner, key=first.key, title="Nobody knows it", severity="low")
    address = f"/api/v1/vendor-reviews/{review.pk}/questions/"
    told = caller(owner).get(address).json()["results"]
    assert [one["key"] for one in told] == list(review.items.order_by("position").values_list("key", flat=True))
    assert told[0] == {
        "key": first.key, "question": first.question, "is_required": first.required, "answer": "no",
        "note": "Nobody knows.", "document": None, "finding": found.ref,
    }  # fmt: skip
    assert (told[1]["key"], told[1]["answer"], told[1]["finding"]) == (second.key, "", "")
    assert caller(employee).get(address).status_code == 404
    assert caller(owner).get(f"{address}?show=all").status_code == 400


def test_nobody_who_had_a_hand_in_a_review_is_named_its_approver(owner, manager, compliance):
    vendor = a_vendor(owner=owner)
    review = a_review(vendor, reviewer=owner, approver=manager)
    helper, fresh_eyes = UserFactory(role="manager"), UserFactory(role="manager")
    item = review.items.order_by("position").first()
    reviews.answer(review, actor=helper, key=item.key, answer="yes")
    client = Client()
    client.force_login(compliance)
    page = reverse("vendors:vendorreview-edit", args=[review.pk])
    said = {"reviewer": owner.pk, "due_on": str(day(9)), "version": review.version}
    refused = client.post(page, {**said, "approver": helper.pk})
    assert refused.status_code == 422
    assert refused.context["form"].errors == {"approver": ["Who had a hand in it does not approve it."]}
    assert client.post(page, {**said, "approver": fresh_eyes.pk}).status_code == 302
