"""The columns of reviews and of the controls that they are evidence for, and the facts on their pages."""

from operator import attrgetter
from typing import Any

from foundation.pages.columns import Column
from vendors.columns import TIER_TONES
from vendors.models import Conclusion, ReviewState
from vendors.paper_columns import VENDOR

STATE_TONES: dict[str, str] = {
    ReviewState.OPEN: "info", ReviewState.SUBMITTED: "warn", ReviewState.APPROVED: "ok", ReviewState.CANCELLED: "mute",
}  # fmt: skip
CONCLUSION_TONES: dict[str, str] = {
    Conclusion.APPROVE: "ok", Conclusion.CONDITIONAL: "warn", Conclusion.REJECT: "bad",
}  # fmt: skip


def due_words(review: Any) -> str:
    """When it is due, with a word when that has passed."""
    late = review.state in (ReviewState.OPEN, ReviewState.SUBMITTED) and review.due_on < review.seen_on
    return f"{review.due_on.isoformat()}{' overdue' if late else ''}"


def kind_words(review: Any) -> str:
    """What the list calls it."""
    return str(review.get_kind_display())


def control_url(one: Any) -> str:
    """The control's page: whoever sees vendors sees controls."""
    return str(one.control.get_absolute_url())


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("kind", "Review", sort="kind", kind="title"),
    VENDOR,
    Column("tier", "Tier", sort="tier", kind="badge", tones=TIER_TONES),
    Column("due", "Due", sort="due_on", kind="date", get=due_words, data=attrgetter("due_on")),
    Column("state", "State", sort="state", kind="badge", tones=STATE_TONES),
    Column("reviewer", "Reviewer", sort="reviewer__name", kind="person"),
    Column("approver", "Approver", sort="approver__name", kind="person"),
    Column("conclusion", "Conclusion", sort="conclusion", kind="badge", tones=CONCLUSION_TONES),
    Column("residual", "Residual risk", kind="badge", tones=TIER_TONES),
    Column("approved_at", "Approved", sort="approved_at", kind="moment", more=True),
)
FACTS = (
    VENDOR,
    Column("kind", "Review"),
    Column("why", "Event"),
    Column("tier", "Tier when it began", kind="badge", tones=TIER_TONES),
    Column("due", "Due", kind="date", get=due_words),
    Column("reviewer", "Reviewer", kind="person"),
    Column("approver", "Approver", kind="person"),
    Column("conclusion", "Conclusion", kind="badge", tones=CONCLUSION_TONES),
    Column("summary", "What was found, and what follows"),
    Column("residual", "Residual risk", kind="badge", tones=TIER_TONES),
    Column("residual_reason", "Why this much remains"),
    Column("submitted_by", "Submitted by", kind="person"),
    Column("submitted_at", "Submitted", kind="moment"),
    Column("approved_by", "Approved by", kind="person"),
    Column("approved_at", "Approved", kind="moment"),
    Column("sha256", "SHA-256 of the result"),
    Column("evidence", "Recorded as", get=attrgetter("evidence")),
)
CONTROL_COLUMNS = (
    Column("part", "Work", sort="part", kind="title"),
    Column("control", "Control", sort="control__ref", get=attrgetter("control"), url=control_url),
    Column("reason", "What it proves"),
)
CONTROL_FACTS = CONTROL_COLUMNS
