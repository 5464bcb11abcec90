"""Reviews of vendors: beginning one, answering it, submitting, approving or returning it (R6.1).

An approved review is locked by model and database; its result becomes evidence for the controls of reviews, and says
what risk remains and when the vendor is looked at again.
"""

import datetime
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from evidence.models import Evidence
from findings.actions import raise_finding as raise_the_finding
from findings.models import Finding, SourceKind
from findings.models import Kind as FindingKind
from foundation.accounts.access import apart, refs_of
from foundation.accounts.duties import VENDOR_REVIEW_APPROVAL
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save, save_many
from foundation.trail.leaf import canonical, sha256
from foundation.trail.steps import locked, move, say, tie
from vendors.approval import Block, assess, assessors
from vendors.cadence import next_review
from vendors.documents import document_of
from vendors.kept import keep_as_evidence
from vendors.models import (
    IN_USE,
    MOVES,
    REVIEW_MOVES,
    SOC_REPORTS,
    Answer,
    Conclusion,
    ReviewKind,
    ReviewState,
    Status,
    Tier,
    Vendor,
    VendorControl,
    VendorDocument,
    VendorFinding,
    VendorReview,
    VendorReviewItem,
    WorksheetState,
)
from vendors.people import may_approve
from vendors.proofs import operates, ties_of
from vendors.questions import WORKSHEET, asked
from vendors.results import result_of
from vendors.tiering import is_above

UNDER_WAY: Final = (ReviewState.OPEN, ReviewState.SUBMITTED)
FOUND_BY: Final = "Vendor review"

# ---- beginning -----------------------------------------------------------------------------------------------------


@transaction.atomic
def begin(
    vendor: Vendor, *, actor: Any, kind: str, reviewer: User, approver: User, due_on: datetime.date, why: str = ""
) -> VendorReview:
    """Begin a review with the questions of the vendor's tier. A proposed vendor is then in assessment.

    Raises ValidationError where one is under way, for a kind that does not fit the vendor's status, or for people who
    cannot do it.
    """
    vendor = locked(vendor)
    check_kind(vendor, kind, why)
    check_people(vendor, reviewer, approver)
    if VendorReview.objects.live().filter(vendor=vendor, state__in=UNDER_WAY).exists():
        raise ValidationError(f"A review of {vendor.ref} is under way.")
    if kind == ReviewKind.DUE_DILIGENCE and vendor.status == Status.PROPOSED:
        move(vendor, Status.ASSESSING, MOVES)
        vendor.status_note = "Its due diligence began."
        save(vendor, actor=actor, verb="vendor.assessing", reason=vendor.status_note)
    review = VendorReview(
        vendor=vendor, kind=kind, tier=vendor.tier, due_on=due_on, reviewer=reviewer, approver=approver, why=why.strip()
    )
    save(review, actor=actor, verb="vendorreview.created", refs={"vendor": vendor.pk})
    items = [
        VendorReviewItem(review=review, position=place, key=one.key, question=one.words, required=one.required)
        for place, one in enumerate(asked(vendor.tier, kind, vendor), 1)
    ]
    save_many(
        items, actor=actor, reason="", refs={"vendorreview": review.pk}, verb_created="vendorreviewitem.created",
        verb_updated="vendorreviewitem.answered",
    )  # fmt: skip
    return review


def check_kind(vendor: Vendor, kind: str, why: str) -> None:
    """Raise ValidationError for a kind of review that does not fit where the vendor stands."""
    if vendor.status == Status.ENDED:
        raise ValidationError("It is ended. Propose it again first.")
    if kind == ReviewKind.DUE_DILIGENCE and vendor.status in IN_USE:
        raise ValidationError({"kind": "It is in use: that takes a recurring review, or one after an event."})
    if kind == ReviewKind.RECURRING and vendor.status not in (*IN_USE, Status.ASSESSING):
        raise ValidationError({"kind": "It is not in use yet: that takes due diligence."})
    if kind == ReviewKind.EVENT and not why.strip():
        raise ValidationError({"why": "Say which event."})


def check_people(vendor: Vendor, reviewer: User, approver: User) -> None:
    """Raise ValidationError for a reviewer who does not see the vendor, or an approver who cannot approve."""
    if reviewer.pk == approver.pk:
        raise ValidationError({"approver": "Another person than the reviewer approves it."})
    if not may_approve(approver):
        raise ValidationError({"approver": f"{approver} cannot approve: that takes a manager's role."})
    if not reviewer.is_active or not (may_approve(reviewer) or reviewer.pk == vendor.owner_id):
        raise ValidationError({"reviewer": f"{reviewer} cannot see the vendor whole."})


# ---- answering -----------------------------------------------------------------------------------------------------


@transaction.atomic
def answer(
    review: VendorReview, *, actor: User, key: str, answer: str, note: str = "", document: str = ""
) -> VendorReviewItem:
    """Say what was found about one question. document: where it is seen, as VD-12.

    Raises PermissionDenied for its approver; ValidationError once it is submitted, and for “no” without a word.
    """
    review = answerable(review, actor)
    item = VendorReviewItem.objects.select_for_update().filter(review=review, key=key).first()
    if item is None:
        raise ValidationError({"key": "It asks no such question."})
    return answered(item, review, actor, answer, note, document)


@transaction.atomic
def answer_all(review: VendorReview, *, actor: User, seen: int, answers: dict[str, dict[str, str]]) -> VendorReview:
    """Say what was found about many questions at once; those that stay as they are leave no entry.

    seen: the sum of the items' versions that the reader saw. Raises as `answer`, and where a colleague answered one.
    """
    review = answerable(review, actor)
    items = list(VendorReviewItem.objects.select_for_update().filter(review=review).order_by("position"))
    if sum(item.version for item in items) != seen:
        raise ValidationError("Somebody answered a question while you were reading. Open the page again.")
    wrong: dict[str, Any] = {}
    for item in items:
        told = answers.get(item.key)
        if told is None:
            continue
        try:
            answered(item, review, actor, **told)
        except ValidationError as refused:
            wrong[f"note_{item.key}"] = [f"{item.question} {' '.join(refused.messages)}"]
    if wrong:
        raise ValidationError(wrong)
    return review


def answered(
    item: VendorReviewItem, review: VendorReview, actor: User, answer: str, note: str, document: str
) -> VendorReviewItem:
    """One item with its answer, saved."""
    if answer not in Answer.values:
        raise ValidationError({"answer": "There is no such answer."})
    if answer in (Answer.NO, Answer.NOT_APPLICABLE) and not note.strip():
        raise ValidationError({"note": "Say why."})
    item.answer, item.note = answer, note.strip()
    item.document = document_of(review.vendor_id, document, actor)
    refs = {"vendorreview": review.pk, "vendor": review.vendor_id}
    return save(item, actor=actor, verb="vendorreviewitem.answered", refs=refs)


def answerable(review: VendorReview, actor: User) -> VendorReview:
    """The open review, locked, for anybody but its approver."""
    review = locked(review)
    if actor.pk == review.approver_id:
        raise PermissionDenied("Who approves a review does not do it.")
    if review.state != ReviewState.OPEN:
        raise ValidationError(f"{review.ref} is {review.get_state_display().lower()}: it is not answered any more.")
    return review


# ---- submitting ----------------------------------------------------------------------------------------------------


def blocks(review: VendorReview) -> list[Block]:
    """What keeps a review from being submitted now, in words; nothing when it can be. Five queries at most."""
    items = list(VendorReviewItem.objects.filter(review=review).order_by("position"))
    asks, vendor_url = f"{review.get_absolute_url()}questions/", review.vendor.get_absolute_url()
    found = [
        Block(f"Not looked at: {item.question}", f"{asks}#id_answer_{item.key}")
        for item in items
        if item.required and not item.answer
    ]
    tier = Vendor.objects.values_list("tier", flat=True).get(pk=review.vendor_id)
    if is_above(tier, review.tier):
        words = f"The vendor's tier is {Tier(tier).label.lower()} by now, and this asks what "
        found.append(
            Block(f"{words}{review.get_tier_display().lower()} is asked: cancel it, and begin another.", vendor_url)
        )
    said = next((item for item in items if item.key == WORKSHEET), None)
    if said is not None and said.answer == Answer.YES and (report := unread_report(review.vendor_id)):
        found.append(unread_block(report))
    if said is not None and said.answer == Answer.NOT_APPLICABLE and (report := newest_report(review.vendor_id)):
        words = f"{report.ref} is a SOC report on file: its worksheet does apply."
        found.append(Block(words, report.get_absolute_url()))
    return found


def unread_block(report: VendorDocument) -> Block:
    """That no approved worksheet read a report: whom one waits for that is submitted, or who reads it. One query."""
    open_states = (WorksheetState.SUBMITTED, WorksheetState.OPEN)
    begun = (
        report.worksheets.filter(state__in=open_states).select_related("approver", "reviewer").order_by("-id").first()
    )
    if begun is None:
        return Block(f"{report.ref} is a SOC report without an approved worksheet.", report.get_absolute_url())
    waits = begun.state == WorksheetState.SUBMITTED
    words = f"waits for {begun.approver} to approve it" if waits else f"is not submitted yet by {begun.reviewer}"
    return Block(f"{report.ref} is a SOC report whose worksheet {begun.ref} {words}.", begun.get_absolute_url())


def newest_report(vendor_id: int) -> VendorDocument | None:
    """The newest SOC report on file that is neither archived nor superseded."""
    reports = VendorDocument.objects.live().filter(vendor_id=vendor_id, kind__in=SOC_REPORTS, superseded_by=None)
    return reports.order_by(F("period_to").desc(nulls_last=True), "-id").first()


def unread_report(vendor_id: int) -> VendorDocument | None:
    """The newest SOC report, where no approved worksheet read it."""
    report = newest_report(vendor_id)
    if report is None or report.worksheets.filter(state=WorksheetState.APPROVED).exists():
        return None
    return report


@transaction.atomic
def submit(
    review: VendorReview, *, actor: User, conclusion: str, residual: str, residual_reason: str, summary: str
) -> VendorReview:
    """Submit a review to its approver, with what it concludes and what risk remains.

    Raises ValidationError with all that blocks it; for more risk than there is without any control; and where it says
    to use a vendor as it is although something is not in order.
    """
    review = answerable(review, actor)
    say(summary, "Say what was found, and what follows.")
    say(residual_reason, "Say why this much risk remains.")
    if found := blocks(review):
        raise ValidationError([block.words for block in found])
    if is_above(residual, review.tier):
        raise ValidationError({"residual": "No more can remain than there was before its controls."})
    wrong = VendorReviewItem.objects.filter(review=review, answer=Answer.NO).count()
    if wrong and conclusion == Conclusion.APPROVE:
        raise ValidationError({"conclusion": f"{wrong} not in order: use it with conditions, or not at all."})
    move(review, ReviewState.SUBMITTED, REVIEW_MOVES, "state")
    review.conclusion, review.residual = conclusion, residual
    review.residual_reason, review.summary = residual_reason.strip(), summary.strip()
    review.submitted_by, review.submitted_at = actor, timezone.now()
    return save(review, actor=actor, verb="vendorreview.submitted", reason=summary, refs={"vendor": review.vendor_id})


# ---- the approver --------------------------------------------------------------------------------------------------


@transaction.atomic
def approve(review: VendorReview, *, actor: User, note: str = "") -> VendorReview:
    """Approve a submitted review, as its approver: from now on nothing of it can be changed.

    Raises PermissionDenied for anybody else, and for whoever had a hand in it (unless an exception allows that);
    ValidationError where nothing waits, or where what blocks a submission came up since.
    """
    review = for_approver(review, actor)
    if found := blocks(review):
        raise ValidationError([block.words for block in found])
    exception = apart(actor, assessors(review), VENDOR_REVIEW_APPROVAL, review)
    move(review, ReviewState.APPROVED, REVIEW_MOVES, "state")
    review.approved_by, review.approved_at, review.approved_under = actor, timezone.now(), exception
    review.sha256 = sha256(canonical(result_of(review)))
    review.evidence = as_evidence(review, actor)
    refs = {"vendor": review.vendor_id, "sha256": review.sha256} | refs_of(exception)
    if review.evidence:
        refs["evidence"] = review.evidence.pk
    save(review, actor=actor, verb="vendorreview.approved", reason=note or review.summary, refs=refs)
    onto_vendor(review, actor)
    return review


def onto_vendor(review: VendorReview, actor: User) -> None:
    """What an approved review says of its vendor: the risk that remains, and when it is looked at again.

    One after an event says what remains, but does not stand in for the recurring one. One that says not to use it
    takes a vendor that is approved back into assessment, and plans nothing.
    """
    vendor = Vendor.objects.select_for_update().get(pk=review.vendor_id)
    vendor.residual = review.residual
    if review.kind != ReviewKind.EVENT:
        vendor.last_reviewed_on = today()
        vendor.next_review_on = next_review(vendor.tier, vendor.last_reviewed_on)
    refused = review.conclusion == Conclusion.REJECT
    if refused:
        vendor.next_review_on = None
    vendor = save(vendor, actor=actor, verb="vendor.reviewed", refs={"vendorreview": review.pk})
    if refused and vendor.status in (Status.APPROVED, Status.CONDITIONAL):
        assess(vendor, actor=actor, note=f"{review.ref} concludes not to use it.")


@transaction.atomic
def give_back(review: VendorReview, *, actor: User, reason: str) -> VendorReview:
    """Return a submitted review to its reviewer, with a reason. Raises as `approve`."""
    review = for_approver(review, actor)
    say(reason, "Say what is missing.")
    move(review, ReviewState.OPEN, REVIEW_MOVES, "state")
    review.submitted_by = review.submitted_at = None
    return save(review, actor=actor, verb="vendorreview.returned", reason=reason, refs={"vendor": review.vendor_id})


@transaction.atomic
def cancel(review: VendorReview, *, actor: User, reason: str) -> VendorReview:
    """Call a review off, with a reason; what was answered stays to be read. Raises ValidationError."""
    review = locked(review)
    say(reason, "Say why it is called off.")
    move(review, ReviewState.CANCELLED, REVIEW_MOVES, "state")
    return save(review, actor=actor, verb="vendorreview.cancelled", reason=reason, refs={"vendor": review.vendor_id})


def for_approver(review: VendorReview, actor: User) -> VendorReview:
    """The submitted review, locked, for its approver. Raises PermissionDenied, ValidationError."""
    review = locked(review)
    if actor.pk != review.approver_id:
        raise PermissionDenied("The approver whom the review names does this.")
    if review.state != ReviewState.SUBMITTED:
        raise ValidationError(f"{review.ref} does not wait for an approval.")
    return review


def as_evidence(review: VendorReview, approver: User) -> Evidence | None:
    """A recurring review's result as accepted evidence for its controls; none where no control is named.

    It is the register's own record, made by nobody: reviewer and approver signed what is in it. Due diligence becomes
    evidence with the vendor's approval, of which it is a part.
    """
    part = VendorControl.Part.REVIEW
    if review.kind == ReviewKind.DUE_DILIGENCE or review.approved_at is None or not operates(part):
        return None
    return keep_as_evidence(
        result_of(review), part, signed_by=approver, at=review.approved_at, day=today(), period=(today(), today()),
        title=f"Vendor review {review.ref}: {review.vendor.name}", what=f"Vendor review {review.ref}",
        name=f"{review.ref}.json",
    )  # fmt: skip


# ---- findings ------------------------------------------------------------------------------------------------------


@transaction.atomic
def raise_finding(review: VendorReview, *, actor: User, key: str, title: str, severity: str) -> Finding:
    """Raise a finding from a question that is not in order, and link it to the vendor. Raises ValidationError."""
    review = locked(review)
    item = VendorReviewItem.objects.filter(review=review, key=key).first()
    if item is None or item.answer != Answer.NO:
        raise ValidationError({"key": "Only what is not in order becomes a finding."})
    if review.state not in UNDER_WAY:
        raise ValidationError(f"{review.ref} is {review.get_state_display().lower()}.")
    if Finding.objects.filter(source_name=FOUND_BY, external_key=key_of(review, item)).exists():
        raise ValidationError({"key": "A finding was raised from it already."})
    about = ties_of(VendorControl.Part.REVIEW)
    found = raise_the_finding(
        actor=actor, title=title, kind=FindingKind.DEVIATION, severity=severity, source=SourceKind.PERSON,
        source_name=FOUND_BY, key=key_of(review, item), description=f"{item.question}\n\n{item.note}",
        owner=review.vendor.owner,
        controls=[(one.control, f"Found by {review.ref}.") for one in about.select_related("control")],
    )  # fmt: skip
    reason = f"Not in order in {review.ref}: {item.question}"
    tie(VendorFinding(vendor_id=review.vendor_id, finding=found, reason=reason), actor=actor, reason=reason)
    return found


def key_of(review: VendorReview, item: VendorReviewItem) -> str:
    """What a finding from a question is known by."""
    return f"{review.ref}/{item.key}"


def findings_of(review: VendorReview) -> dict[str, int]:
    """The findings that were raised from a review, by the key of the question. One query."""
    start = f"{review.ref}/"
    raised = Finding.objects.filter(Q(source_name=FOUND_BY) & Q(external_key__startswith=start))
    return {key.removeprefix(start): number for key, number in raised.values_list("external_key", "id")}
