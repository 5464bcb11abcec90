"""What the database itself refuses: listings are frozen, and what was signed is never rewritten (R4.1).

Nothing is added either: no account to a listing that a review took, no account or part to a launched campaign, no
decision to a signed part, no comment to an approved review.
"""

from typing import Final

from foundation.trail.guards import Guard, stays, written_once

_FROZEN: Final = (
    "accessreviews_listing", "accessreviews_listedaccount", "accessreviews_reviewitem", "accessreviews_addendum",
    "accessreviews_comment",
)  # fmt: skip
SIGNED: Final = "Its part is signed: what was decided stands. Corrections are addenda."
APPROVED: Final = "An approved review is never rewritten. Corrections are addenda."


def _signed(row: str) -> str:
    """The condition that the part which a decision belongs to is signed."""
    part = f"SELECT 1 FROM accessreviews_assignment part WHERE part.id = {row}.assignment_id"  # noqa: S608
    return f"EXISTS ({part} AND part.signed_at IS NOT NULL)"


def _approved(row: str) -> str:
    """The condition that the review which a part belongs to is approved."""
    review = f"SELECT 1 FROM accessreviews_review review WHERE review.id = {row}.review_id"  # noqa: S608
    return f"EXISTS ({review} AND review.state = 'approved')"


def _launched(row: str) -> str:
    """The condition that the campaign of a row's review was launched: its accounts are the listings' from then on."""
    found = "SELECT 1 FROM accessreviews_review review JOIN accessreviews_campaign campaign ON"
    whose = f"campaign.id = review.campaign_id WHERE review.id = {row}.review_id"
    return f"EXISTS ({found} {whose} AND campaign.state <> 'draft')"


LAUNCHED: Final = "Its campaign was launched: nothing is added to it."
REVIEWED: Final = "EXISTS (SELECT 1 FROM accessreviews_review review WHERE review.listing_id = NEW.listing_id)"
_OF_PART: Final = "accessreviews_assignment part JOIN accessreviews_review review ON review.id = part.review_id"
COMMENTED: Final = f"EXISTS (SELECT 1 FROM {_OF_PART} WHERE part.id = NEW.assignment_id AND review.state = 'approved')"  # noqa: S608

ACCESS_REVIEW_GUARDS: Final = (
    *written_once("Listings and what was said of them are frozen.", *_FROZEN),
    Guard("accessreviews_listedaccount", "INSERT", "A review took this listing: nothing is added to it.", REVIEWED),
    Guard("accessreviews_reviewitem", "INSERT", LAUNCHED, _launched("NEW")),
    Guard("accessreviews_comment", "INSERT", APPROVED, COMMENTED),
    Guard("accessreviews_assignment", "INSERT", LAUNCHED, _launched("NEW")),
    Guard("accessreviews_decision", "INSERT", SIGNED, _signed("NEW")),
    Guard("accessreviews_decision", "UPDATE", SIGNED, f"{_signed('OLD')} OR {_signed('NEW')}"),
    Guard("accessreviews_decision", "DELETE", "A decision is never deleted: it is undone."),
    Guard("accessreviews_decision", "TRUNCATE", "A decision is never deleted: it is undone."),
    *stays("accessreviews_assignment", APPROVED, _approved("OLD")),
    *stays("accessreviews_review", APPROVED, "OLD.state = 'approved'"),
)
