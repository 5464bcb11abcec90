"""Which controls the work with vendors operates, and how its results are linked to them as evidence."""

import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from controls.models import Control
from evidence.actions import For, requirement_of
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.trail.steps import tie, untie
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


@transaction.atomic
def link_control(link: VendorControl, *, actor: User) -> VendorControl:
    """Say for which control a part of the work with vendors is evidence. Raises ValidationError."""
    return tie(link, actor=actor, reason=link.reason)


@transaction.atomic
def unlink_control(link: VendorControl, *, actor: User, reason: str) -> VendorControl:
    """Say that it is that no longer. What was recorded before stays. Raises Stale, ValidationError."""
    return untie(link, actor=actor, reason=reason)


def control_of(ref: str, actor: User) -> Control:
    """The live control of a reference that this person sees. Raises ValidationError."""
    found: Any = visible(actor, Control).filter(ref__iexact=ref.strip(), archived_at=None).first()
    if found is None:
        raise ValidationError({"control": "There is no control with this reference."})
    control: Control = found
    return control
