"""What keeps a post-incident review from being submitted, each as words and the field that mends it (R7.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from incidents.models import EVENTS, PostIncidentReview, ReviewControl, ReviewFinding
from incidents.reviews.people import may_approve

# Fields that must be said, and what is asked for where they are empty.
ASKED: Final = (
    ("facts", "Tell what happened, in order."),
    ("impact", "Say whom and what it hit, and for how long."),
    ("root_cause", "Name the root cause."),
    ("worked", "Say what worked."),
    ("lessons", "Say what changes because of it."),
)


@dataclass(frozen=True)
class Block:
    """One thing that is missing. field: of the form that mends it; "" where a verb does."""

    words: str
    field: str = ""


def blocks(review: PostIncidentReview) -> list[Block]:
    """Everything that keeps a review from being submitted; nothing when it can be. Two queries at most."""
    return list(found_in(review))


def found_in(review: PostIncidentReview) -> Iterator[Block]:
    """The blocks, one after the other."""
    if review.incident.state in EVENTS:
        yield Block("What it is about is no incident any more.")
    for field, words in ASKED:
        if not getattr(review, field).strip():
            yield Block(words, field)
    failed = ReviewControl.objects.live().filter(review=review).exists()
    if not failed and not review.no_control_failed:
        yield Block("Name the controls that failed, or say that none did.", "no_control_failed")
    if failed and review.no_control_failed:
        yield Block("It says that no control failed, and names some that did.", "no_control_failed")
    if not may_approve(review.approver, review.incident):
        yield Block(f"{review.approver} cannot approve it: name somebody else.", "approver")


def warnings(review: Any) -> list[str]:
    """What does not block it and must not be overlooked. One query."""
    if ReviewFinding.objects.live().filter(review_id=review.pk).exists():
        return []
    return ["No finding was raised from it: nothing will be followed up once the incident is closed."]
