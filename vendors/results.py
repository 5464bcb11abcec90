"""A review's result as plain data: what an approver signs, and what becomes evidence (`kept` says how it is hashed).

People are named by the numbers of their accounts, as in the trail, so that it can be kept for ever.
"""

from typing import Any

from vendors.models import VendorDocument, VendorReview, VendorReviewItem


def result_of(review: VendorReview) -> dict[str, Any]:
    """What was asked, found and concluded, by whom and when. Two queries."""
    items = VendorReviewItem.objects.filter(review=review).select_related("document").order_by("position")
    return {
        "format": "countersign vendor review 1",
        "review": review.ref,
        "kind": review.kind,
        "why": review.why,
        "vendor": review.vendor_id,
        "tier": review.tier,
        "due_on": review.due_on.isoformat(),
        "reviewer": review.reviewer_id,
        "submitted_by": review.submitted_by_id,
        "submitted_at": moment(review.submitted_at),
        "approved_by": review.approved_by_id,
        "approved_at": moment(review.approved_at),
        "conclusion": review.conclusion,
        "summary": review.summary,
        "residual": review.residual,
        "residual_reason": review.residual_reason,
        "questions": [item_result(item) for item in items],
    }


def item_result(item: VendorReviewItem) -> dict[str, Any]:
    """One question with what was found, and the bytes of the document that shows it."""
    document: VendorDocument | None = item.document
    return {
        "key": item.key, "question": item.question, "answer": item.answer, "note": item.note,
        "document": {"ref": document.ref, "sha256": document.sha256} if document else {},
    }  # fmt: skip


def moment(value: Any) -> str:
    """An aware moment as it stands in the result: UTC, microseconds; nothing for none."""
    return value.isoformat(timespec="microseconds") if value else ""
