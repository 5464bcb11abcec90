"""Which controls the work with vendors operates: what is signed in it becomes evidence for them (vendors.kept)."""

from django.db import transaction
from django.db.models import QuerySet

from foundation.accounts.models import User
from foundation.trail.steps import tie, untie
from vendors.models import VendorControl


def ties_of(part: str) -> QuerySet[VendorControl]:
    """The controls that a part of the work is evidence for now, as links."""
    found: QuerySet[VendorControl] = VendorControl.objects.live().filter(part=part, control__archived_at=None)
    return found


def operates(part: str) -> bool:
    """Whether a part of the work is evidence for any control."""
    return ties_of(part).exists()


@transaction.atomic
def link_control(link: VendorControl, *, actor: User) -> VendorControl:
    """Say for which control a part of the work with vendors is evidence. Raises as `steps.tie`."""
    return tie(link, actor=actor, reason=link.reason)


@transaction.atomic
def unlink_control(link: VendorControl, *, actor: User, reason: str) -> VendorControl:
    """Say that it is that no longer. What was recorded before stays. Raises as `steps.untie`."""
    return untie(link, actor=actor, reason=reason)
