"""Where an item stands, in words and conditions: whose turn it is, and which of its times count and why."""

from django.db.models import Exists, OuterRef, Q

from evidence.models import Evidence, EvidenceLink, Population, State
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.pages.columns import to_the_minute

# An accepted item was linked to one more control since, and nobody has confirmed yet what it proves there.
LINK_WAITS = Exists(
    EvidenceLink.objects.filter(
        evidence=OuterRef("id"), archived_at=None, confirmed_at=None, linked_at__gt=OuterRef("reviewed_at")
    )
)


# It is for a control, or is the list that samples are drawn from. What another register keeps for itself, such as the
# file behind a listing of accounts, is judged there.
SERVES = Exists(EvidenceLink.objects.filter(evidence=OuterRef("id"), archived_at=None)) | Exists(
    Population.objects.filter(evidence=OuterRef("id"))
)


def judged_by(user: User) -> Q:
    """The items that wait for this person to judge them: asked of them, or of nobody in particular.

    Neither submitted nor collected by them. Access and newer versions are asked elsewhere.
    """
    asked = Q(reviewer=user.pk)
    if user.role in (Role.COMPLIANCE_MANAGER, Role.MANAGER):
        asked |= Q(reviewer=None) & Q(SERVES)
    own = (Q(submitted_by__isnull=False) & Q(submitted_by=user.pk)) | (
        Q(collected_by__isnull=False) & Q(collected_by=user.pk)
    )
    return (Q(state=State.SUBMITTED) | (Q(state=State.ACCEPTED) & Q(LINK_WAITS))) & asked & ~own


def what_counts(item: Evidence) -> str:
    """Which of its times counts for coverage, and why."""
    if item.stamped:
        return f"Capture time and period: stamped by {item.connector or item.source_system} itself."
    if item.stamp_confirmed:
        return f"Capture time and period: {item.reviewed_by} saw the source's own stamp in the content."
    return (
        f"Received {to_the_minute(item.created_at)}. Capture time and period are only stated by a person, "
        "until whoever judges it confirms the source's own stamp."
    )


def come_from(item: Evidence) -> str:
    """The word for where its capture time and period come from: stamped, confirmed or stated."""
    return "stamped" if item.stamped else "stamp confirmed" if item.stamp_confirmed else "stated"
