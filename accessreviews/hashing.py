"""The hash over final decisions: what a signature is about. Anybody can compute it again from the full list.

Each account is a line of canonical JSON (sorted keys, no spaces, UTF-8), in the order of the listing's lines; each ends
with a newline. The hash of a part is SHA-256 over its lines; that of a review over the canonical JSON of its listing's
SHA-256 and the hashes of its parts, in the order of their numbers.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from accessreviews.models import Assignment, Decision, Review, ReviewItem
from foundation.trail.leaf import canonical

CHUNK = 2000


def items_of(**of: Any) -> Any:
    """The items of a part or a review with account and decision, in the order of the hash."""
    found = ReviewItem.objects.filter(**of).select_related("account", "decision")
    return found.order_by("account__line", "id")


def line_of(item: ReviewItem) -> dict[str, Any]:
    """What is signed of one account: what it is called, what was decided, by whom and when (UTC, microseconds)."""
    decision = getattr(item, "decision", None) or Decision(choice="")
    return {
        "account": item.account.key,
        "choice": decision.choice,
        "roles_after": sorted(decision.roles_after),
        "reason": decision.reason,
        "decided_by": decision.decided_by_id or 0,
        "decided_at": decision.decided_at.isoformat(timespec="microseconds") if decision.decided_at else "",
        "in_bulk": int(decision.in_bulk),
    }


def lines(items: Iterable[ReviewItem]) -> Iterator[bytes]:
    """The lines that are hashed."""
    for item in items:
        yield canonical(line_of(item)).encode() + b"\n"


def hash_of(assignment: Assignment) -> str:
    """SHA-256 over the decisions of a part, hex. Memory stays bounded whatever its size."""
    digest = hashlib.sha256()
    for line in lines(items_of(assignment=assignment).iterator(chunk_size=CHUNK)):
        digest.update(line)
    return digest.hexdigest()


def hash_of_review(review: Review, parts: Iterable[Assignment]) -> str:
    """SHA-256 over a review, hex: its listing and the hashes of its signed parts."""
    listing = review.listing.sha256 if review.listing else ""
    said = {"listing": listing, "parts": [[part.pk, part.decisions_sha256] for part in parts]}
    return hashlib.sha256(canonical(said).encode()).hexdigest()
