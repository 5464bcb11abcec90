"""A worksheet's way: begun, submitted, approved by the other person whom it names, returned, cancelled."""

from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from foundation.accounts.access import apart, refs_of
from foundation.accounts.duties import WORKSHEET_APPROVAL
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.leaf import canonical, sha256
from foundation.trail.steps import locked, move, say
from vendors.kept import keep_as_evidence
from vendors.models import (
    WORKSHEET_MOVES,
    Cuec,
    ReportException,
    Subservice,
    VendorControl,
    Worksheet,
    WorksheetState,
)
from vendors.worksheets.blocks import blocks
from vendors.worksheets.result import HEAD, result_of

# What somebody has read in a report once they wrote it.
READING: Final = (*HEAD, "bridge_id", "document_id")


@transaction.atomic
def begin(worksheet: Worksheet, *, actor: User) -> Worksheet:
    """Begin the worksheet of a report. The vendor is its document's."""
    worksheet.vendor_id = worksheet.document.vendor_id
    refs = {"vendor": worksheet.vendor_id, "vendordocument": worksheet.document_id}
    return save(worksheet, actor=actor, verb="worksheet.created", refs=refs)


@transaction.atomic
def change(worksheet: Worksheet, *, actor: User) -> Worksheet:
    """Store what its form says. Raises Stale, and PermissionDenied for who approves it now or from now on.

    That it is open is the form's to say: its version would not be the stored one any more.
    """
    stored = Worksheet.objects.select_for_update().get(pk=worksheet.pk)
    apart(actor, [stored.approver_id], WORKSHEET_APPROVAL, stored)
    return save(worksheet, actor=actor, verb="worksheet.updated")


@transaction.atomic
def submit(worksheet: Worksheet, *, actor: User, note: str = "") -> Worksheet:
    """Submit it to its approver, who cannot do it. Raises ValidationError with everything that blocks it."""
    worksheet = locked(worksheet)
    apart(actor, [worksheet.approver_id], WORKSHEET_APPROVAL, worksheet)
    move(worksheet, WorksheetState.SUBMITTED, WORKSHEET_MOVES, "state")
    if found := blocks(worksheet):
        raise ValidationError([block.words for block in found])
    worksheet.submitted_by, worksheet.submitted_at = actor, timezone.now()
    return save(worksheet, actor=actor, verb="worksheet.submitted", reason=note)


@transaction.atomic
def approve(worksheet: Worksheet, *, actor: User, statement: str) -> Worksheet:
    """Approve it, as the person whom it names: it is hashed, kept as evidence, and never changed again.

    Raises PermissionDenied for anybody else and for whoever read or submitted it, unless an exception allows that;
    ValidationError without a statement, or where something blocks it by now.
    """
    worksheet = for_approver(worksheet, actor)
    say(statement, "State what you approve.")
    exception = apart(actor, readers(worksheet), WORKSHEET_APPROVAL, worksheet)
    move(worksheet, WorksheetState.APPROVED, WORKSHEET_MOVES, "state")
    if found := blocks(worksheet):
        raise ValidationError(["Something blocks it by now: return it.", *(block.words for block in found)])
    worksheet.approved_by, worksheet.approved_at, worksheet.approved_under = actor, timezone.now(), exception
    result = result_of(worksheet)
    worksheet.sha256 = sha256(canonical(result))
    worksheet.evidence = keep_as_evidence(
        result, VendorControl.Part.REVIEW, signed_by=actor, at=worksheet.approved_at,
        title=f"SOC report worksheet {worksheet.ref}: {worksheet.vendor.name}", what=f"Worksheet {worksheet.ref}",
        name=f"{worksheet.ref}.json", day=today(), event=worksheet.ref,
    )  # fmt: skip
    refs = {"sha256": worksheet.sha256, "evidence": worksheet.evidence_id, **refs_of(exception)}
    return save(worksheet, actor=actor, verb="worksheet.approved", reason=statement, refs=refs)


@transaction.atomic
def give_back(worksheet: Worksheet, *, actor: User, reason: str) -> Worksheet:
    """Return it to its reviewer, with a reason. Raises as `approve`."""
    worksheet = for_approver(worksheet, actor)
    say(reason, "Say what is to be mended.")
    move(worksheet, WorksheetState.OPEN, WORKSHEET_MOVES, "state")
    worksheet.submitted_by = worksheet.submitted_at = None
    return save(worksheet, actor=actor, verb="worksheet.returned", reason=reason)


@transaction.atomic
def cancel(worksheet: Worksheet, *, actor: User, reason: str) -> Worksheet:
    """Cancel one that is not approved, with a reason. Raises ValidationError."""
    worksheet = locked(worksheet)
    say(reason, "Say why it is cancelled.")
    move(worksheet, WorksheetState.CANCELLED, WORKSHEET_MOVES, "state")
    return save(worksheet, actor=actor, verb="worksheet.cancelled", reason=reason)


def for_approver(worksheet: Worksheet, actor: User) -> Worksheet:
    """A submitted worksheet, locked, for its approver. Raises PermissionDenied, ValidationError, Stale."""
    worksheet = locked(worksheet)
    if actor.pk != worksheet.approver_id:
        raise PermissionDenied("The approver whom it names does this.")
    if worksheet.state != WorksheetState.SUBMITTED:
        raise ValidationError("It does not wait for an approval.")
    return worksheet


def readers(worksheet: Worksheet) -> set[int | None]:
    """Everybody who ever was its reviewer, submitted it, or wrote on it (whoever began it did) or on one of its lines.

    From history, so that naming another approver does not wash anybody's hands.
    """
    found: set[int | None] = {worksheet.reviewer_id, worksheet.submitted_by_id}
    before: Any = None
    for row in Worksheet.history.filter(id=worksheet.pk).order_by("history_id"):
        found |= {row.reviewer_id, row.submitted_by_id}
        if before is None or any(getattr(before, name) != getattr(row, name) for name in READING):
            found.add(row.history_user_id)
        before = row
    for model in (ReportException, Cuec, Subservice):
        wrote = model.history.filter(worksheet_id=worksheet.pk)
        found |= set(wrote.order_by().values_list("history_user_id", flat=True).distinct())
    return found - {None}
