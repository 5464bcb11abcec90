"""The hash over final decisions: what a signature is about. Anybody can compute it again from the full list.

Each account is a line of canonical JSON (sorted keys, no spaces, UTF-8), in the order of the listing's lines; each ends
with a newline. The hash of a part is SHA-256 over its lines; that of a review over the canonical JSON of its listing's
SHA-256 and the hashes of its parts, in the order of their numbers.
"""

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

from accessreviews.models import Assignment, Review, ReviewItem
from foundation.trail.leaf import canonical, sha256, sha256_of_lines

CHUNK = 2000
SIGNED = (
    "account__key", "decision__choice", "decision__roles_after", "decision__reason", "decision__decided_by",
    "decision__decided_at", "decision__in_bulk",
)  # fmt: skip


def items_of(**of: Any) -> Any:
    """The items of a part or a review, in the order of the hash."""
    return ReviewItem.objects.filter(**of).order_by("account__line", "id")


def line_of(
    account: str, choice: str | None, roles_after: list[str] | None, reason: str | None, decided_by: int | None,
    decided_at: datetime.datetime | None, in_bulk: bool | None,
) -> dict[str, Any]:  # fmt: skip
    """What is signed of one account: what it is called, what was decided, by whom and when (UTC, microseconds)."""
    return {
        "account": account,
        "choice": choice or "",
        "roles_after": sorted(roles_after or []),
        "reason": reason or "",
        "decided_by": decided_by or 0,
        "decided_at": decided_at.isoformat(timespec="microseconds") if decided_at else "",
        "in_bulk": int(bool(in_bulk)),
    }


def lines(part: Assignment) -> Iterator[bytes]:
    """The lines of a part that are hashed. One query, as plain values: an object each would take thrice the time."""
    for values in items_of(assignment=part).values_list(*SIGNED).iterator(chunk_size=CHUNK):
        yield canonical(line_of(*values)).encode() + b"\n"


def hash_of(assignment: Assignment) -> str:
    """SHA-256 over the decisions of a part, hex."""
    return sha256_of_lines(lines(assignment))


def hash_of_review(review: Review, parts: Iterable[Assignment]) -> str:
    """SHA-256 over a review, hex: its listing and the hashes of its signed parts."""
    listing = review.listing.sha256 if review.listing else ""
    said = {"listing": listing, "parts": [[part.pk, part.decisions_sha256] for part in parts]}
    return sha256(canonical(said))
