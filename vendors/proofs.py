"""Which controls the work with vendors operates, and how its results are linked to them as evidence."""

import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from evidence.actions import For, requirement_of
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.steps import locked, say
from vendors.models import VendorControl

OURS: Final = "Countersign"


def links_for(part: str, day: datetime.date, event: str, words: str) -> list[For]:
    """A link for each control that a part of the work is evidence for. `event`: the one event of that day, or "".

    words: what this result is; the link's reason says that and what the part proves about the control.
    """
    found = VendorControl.objects.live().filter(part=part, control__archived_at=None).select_related("control")
    return [
        For(
            control=one.control, reason=f"{words} {one.reason}", occurrence=day, event=event,
            requirement=requirement_of(one.control, day),
        )
        for one in found.order_by("control__ref")
    ]  # fmt: skip


def operates(part: str) -> bool:
    """Whether a part of the work is evidence for any control."""
    return VendorControl.objects.live().filter(part=part, control__archived_at=None).exists()


@transaction.atomic
def link_control(link: VendorControl, *, actor: User) -> VendorControl:
    """Say for which control a part of the work with vendors is evidence; a link that was taken away comes back.

    Raises ValidationError without a reason, or where they are linked already.
    """
    say(link.reason, "Say what the work proves about the control.")
    same = VendorControl.objects.select_for_update().filter(part=link.part, control=link.control)
    known = same.order_by("id").first()
    if known is not None and known.archived_at is None:
        raise ValidationError("They are linked already. Unlink them first to say something else of them.")
    if known is not None:
        link.pk, link.version, link.created_at = known.pk, known.version, known.created_at
    verb, refs = "created" if known is None else "restored", {"control": link.control_id}
    return save(link, actor=actor, verb=f"vendorcontrol.{verb}", reason=link.reason, refs=refs)


@transaction.atomic
def unlink_control(link: VendorControl, *, actor: User, reason: str) -> VendorControl:
    """Say that it is that no longer. What was recorded before stays. Raises Stale, ValidationError."""
    say(reason, "Say why it is unlinked.")
    stored = locked(link)
    stored.archived_at = timezone.now()
    return save(stored, actor=actor, verb="vendorcontrol.archived", reason=reason, refs={"control": stored.control_id})
