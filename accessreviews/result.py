"""A campaign's result as plain data: what becomes evidence, what the API answers, what a certificate sums up."""

from typing import Any

from django.db.models import Count

from accessreviews.models import Assignment, Campaign, Choice, Decision, Removal, Review, ReviewItem, ReviewState


def result_of(campaign: Campaign) -> dict[str, Any]:
    """Who reviewed what by when, with counts and hashes. Accounts are in the full list of each review.

    People are named by the numbers of their accounts, as in the trail: it can be kept for ever.
    """
    reviews = campaign.reviews.select_related("system", "listing").order_by("id")
    return {
        "format": "countersign access review 1",
        "campaign": campaign.ref,
        "name": campaign.name,
        "period_from": str(campaign.period_from),
        "period_to": str(campaign.period_to),
        "due_on": str(campaign.due_on),
        "approver": campaign.approver_id,
        "reviews": [review_result(review) for review in reviews],
    }


def review_result(review: Review) -> dict[str, Any]:
    """One system's part of the result."""
    said: dict[str, Any] = {"system": review.system.ref, "name": review.system.name, "accounts": 0}
    if review.state == ReviewState.OMITTED or review.listing is None:
        return said | {"omitted": review.omitted_reason}
    listing = review.listing
    return said | {
        "accounts": review.item_count,
        "listing": {
            "ref": listing.ref, "source": listing.source, "pulled_at": listing.pulled_at.isoformat(),
            "source_total": listing.source_total, "rows": listing.row_count, "sha256": listing.sha256,
        },
        "decisions": tally_of(review),
        "removals": removals_of(review),
        "parts": [part_result(part) for part in review.assignments.order_by("id")],
        "decisions_sha256": review.decisions_sha256,
        "approved_by": review.approved_by_id,
        "approved_at": review.approved_at.isoformat() if review.approved_at else "",
    }  # fmt: skip


def part_result(part: Assignment) -> dict[str, Any]:
    """One reviewer's part."""
    return {
        "reviewer": part.reviewer_id, "delegate": part.delegate_id, "why": part.why, "accounts": part.item_count,
        "signed_by": part.signed_by_id, "signed_at": part.signed_at.isoformat() if part.signed_at else "",
        "decisions_sha256": part.decisions_sha256, "pace": part.pace,
    }  # fmt: skip


def tally_of(review: Review) -> dict[str, int]:
    """How many accounts of a review are kept, changed and removed; and how many flagged and privileged there are."""
    decided = Decision.objects.filter(assignment__review=review).exclude(choice="").order_by()
    counts = dict.fromkeys(Choice.values, 0)
    counts |= dict(decided.values_list("choice").annotate(count=Count("id")))
    items = ReviewItem.objects.filter(review=review)
    counts["flagged"] = items.filter(flagged=True).count()
    counts["privileged"] = items.filter(privileged=True).count()
    counts["flagged_kept"] = decided.filter(choice=Choice.KEEP, item__flagged=True).count()
    return counts


def removals_of(review: Review) -> dict[str, int]:
    """How many removals and changes it asks for, and how many of them are settled."""
    found = Removal.objects.live().filter(review=review)
    return {
        "asked": found.count(),
        "proved": found.filter(proved_at__isnull=False).count(),
        "excepted": found.filter(proved_at=None, excepted_at__isnull=False).count(),
    }
