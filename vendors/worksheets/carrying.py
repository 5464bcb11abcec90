"""What the vendor's worksheet before said of user controls, carried over: proposed, each to be confirmed."""

from django.core.exceptions import ValidationError
from django.db import transaction

from findings.models import Finding, unresolved
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save_many
from vendors.models import Cuec, Vendor, Worksheet, WorksheetState, Yes
from vendors.worksheets.lines import writable


def before(worksheet: Worksheet) -> Worksheet | None:
    """The vendor's approved worksheet before this one, of the same service where that is said. One query."""
    found = Worksheet.objects.live().filter(vendor_id=worksheet.vendor_id, state=WorksheetState.APPROVED)
    earlier = list(found.exclude(pk=worksheet.pk).order_by("-approved_at", "-id"))
    same = [one for one in earlier if one.service.casefold() == worksheet.service.casefold()]
    return next(iter([*(same if worksheet.service else []), *earlier]), None)


@transaction.atomic
def carry_over(worksheet: Worksheet, *, actor: User) -> int:
    """Carry the user controls of the worksheet before over, as it answered them, each to be confirmed.

    One that is noted here already (by its reference, or its words) is passed over; a control that was archived since,
    and a gap that was closed, are not carried over. Returns how many. Raises ValidationError where there is nothing.
    """
    worksheet = writable(worksheet, actor)
    earlier = before(worksheet)
    if earlier is None:
        vendor = Vendor.objects.get(pk=worksheet.vendor_id)
        raise ValidationError(f"{vendor.name} has no approved worksheet to carry over from.")
    known = {key_of(one) for one in Cuec.objects.live().filter(worksheet=worksheet)}
    found = Cuec.objects.live().filter(worksheet=earlier).select_related("control").order_by("id")
    gaps = Finding.objects.filter(unresolved(today()), archived_at=None, cuecs__in=found)
    open_gaps: set[int | None] = set(gaps.values_list("id", flat=True))
    lines = [proposed(one, worksheet, open_gaps) for one in found if key_of(one) not in known]
    if not lines:
        raise ValidationError(f"Everything that {earlier.ref} names is noted here already.")
    refs = {"worksheet": worksheet.pk, "earlier": earlier.pk}
    created, _ = save_many(
        lines, actor=actor, verb_created="cuec.created", verb_updated="cuec.updated",
        reason=f"Carried over from {earlier.ref}.", refs=refs,
    )  # fmt: skip
    return created


def key_of(one: Cuec) -> str:
    """By what a user control is known again from report to report."""
    return (one.reference or one.what).casefold()


def proposed(one: Cuec, worksheet: Worksheet, open_gaps: set[int | None]) -> Cuec:
    """A user control as the earlier worksheet answered it."""
    control = one.control if one.control is not None and one.control.archived_at is None else None
    gap = one.finding_id if one.finding_id in open_gaps else None
    lost = one.applies == Yes.YES and control is None and gap is None
    return Cuec(
        worksheet=worksheet, reference=one.reference, what=one.what, note=one.note, control=control, finding_id=gap,
        applies=Yes.UNKNOWN if lost else one.applies, to_confirm=True,
    )  # fmt: skip
