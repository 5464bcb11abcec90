"""How the work with a vendor ends: the steps of its exit, each with proof, and the last word (VEN exit, domain §6)."""

import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say
from vendors.actions import check_plan
from vendors.approval import event_of, forget_approval, newest_review, review_blocks
from vendors.documents import document_of
from vendors.kept import keep_as_evidence
from vendors.models import (
    MOVES,
    Condition,
    ExitStep,
    ExitStepKind,
    ReviewState,
    Status,
    SubprocessorList,
    Vendor,
    VendorControl,
    VendorReview,
)
from vendors.proofs import operates
from vendors.use import was_in_use

DONE, NOT_APPLICABLE = "done", "not_applicable"
OUTCOMES: Final = ((DONE, "Done"), (NOT_APPLICABLE, "Does not apply"))
KEPT: Final = "The vendor is kept."
EARLIER: Final = "It belongs to an earlier exit; this one has a plan of its own."


@transaction.atomic
def offboard(vendor: Vendor, *, actor: User, owner: User, due_on: datetime.date, reason: str) -> Vendor:
    """Begin to end a vendor: each step of the exit is planned for `owner` by a day. Raises ValidationError."""
    vendor = locked(vendor)
    say(reason, "Say why it is ended.")
    check_plan(owner, due_on)
    move(vendor, Status.OFFBOARDING, MOVES)
    vendor.status_note = reason
    kept = save(vendor, actor=actor, verb="vendor.offboarding", reason=reason)
    put_steps_away(vendor, actor, EARLIER)
    for kind in steps_of(vendor):
        step = ExitStep(vendor=vendor, kind=kind, owner=owner, due_on=due_on)
        save(step, actor=actor, verb="exitstep.created", refs={"vendor": vendor.pk})
    return kept


def steps_of(vendor: Vendor) -> list[str]:
    """The steps that its exit takes: the list of sub-processors is updated where it is, or was told to be, on it."""
    newest = SubprocessorList.objects.order_by("-number").first()
    told = newest is not None and any(entry["vendor"] == vendor.ref for entry in newest.entries)
    return [kind for kind in ExitStepKind.values if kind != ExitStepKind.LISTED or vendor.subprocessor or told]


@transaction.atomic
def keep_on(vendor: Vendor, *, actor: User, reason: str) -> Vendor:
    """Keep a vendor after all, as it was approved; the steps of its exit are withdrawn.

    Raises ValidationError where no approval stands, or where its reviews do not carry one any more.
    """
    vendor = locked(vendor)
    say(reason, "Say why it is kept.")
    if vendor.status != Status.OFFBOARDING:
        raise ValidationError(f"{vendor.ref} is not being ended.")
    if vendor.approved_by_id is None or vendor.owner_id is None or vendor.approved_by_id == vendor.owner_id:
        raise ValidationError("No approval of it stands: end it, and propose it again.")
    if found := review_blocks(vendor, newest_review(vendor)):
        raise ValidationError([block.words for block in found])
    asked = Condition.objects.live().filter(vendor=vendor, met_on=None).exists()
    move(vendor, Status.CONDITIONAL if asked else Status.APPROVED, MOVES)
    vendor.status_note = reason
    put_steps_away(vendor, actor, KEPT)
    return save(vendor, actor=actor, verb="vendor.kept", reason=reason)


def put_steps_away(vendor: Vendor, actor: User, why: str) -> None:
    """Withdraw the steps that stand: of an exit that is called off, or of one before the vendor was wanted again."""
    for step in ExitStep.objects.live().select_for_update().filter(vendor=vendor).order_by("id"):
        step.archived_at = timezone.now()
        save(step, actor=actor, verb="exitstep.archived", reason=why, refs={"vendor": vendor.pk})


@transaction.atomic
def complete(
    step: ExitStep, *, actor: User, note: str, outcome: str = DONE, document: str = "",
    done_on: datetime.date | None = None,
) -> ExitStep:  # fmt: skip
    """Say that a step is done, and what shows it; or why it does not apply. document: the proof, as VD-12.

    Raises ValidationError without a note, for a day ahead, or where it is settled already.
    """
    step = locked(step)
    say(note, "Say what was done, or why it does not apply.")
    if step.done_on is not None:
        raise ValidationError(f"“{step.get_kind_display()}” is settled already.")
    if done_on and done_on > today():
        raise ValidationError({"done_on": "This day has not come yet."})
    step.document = document_of(step.vendor_id, document, actor)
    step.applicable = outcome == DONE
    if step.kind == ExitStepKind.ERASED and step.applicable and step.document is None:
        raise ValidationError({"document": "File the certificate of erasure with the vendor, and name it here."})
    step.note, step.done_by, step.done_on = note.strip(), actor, done_on or today()
    refs = {"vendor": step.vendor_id}
    return save(step, actor=actor, verb="exitstep.completed", reason=note, refs=refs)


def open_steps(vendor: Vendor) -> list[ExitStep]:
    """The steps that are not settled."""
    return list(ExitStep.objects.live().filter(vendor=vendor, done_on=None).order_by("id"))


@transaction.atomic
def end(vendor: Vendor, *, actor: User, reason: str) -> Vendor:
    """End a vendor: one that was in use once every step of its exit is settled; one that never was, at once.

    Raises ValidationError with the steps that are open.
    """
    vendor = locked(vendor)
    say(reason, "Say what it comes to.")
    if vendor.status != Status.OFFBOARDING and was_in_use(vendor):
        raise ValidationError("It is or was in use: offboard it first, so that its access and data are seen to.")
    if waiting := open_steps(vendor):
        raise ValidationError([f"Open: {step.get_kind_display()}." for step in waiting])
    under_way = (ReviewState.OPEN, ReviewState.SUBMITTED)
    if VendorReview.objects.live().filter(vendor=vendor, state__in=under_way).exists():
        raise ValidationError("A review of it is under way. Cancel it first.")
    before = vendor.status
    move(vendor, Status.ENDED, MOVES)
    forget_approval(vendor)
    vendor.ended_on, vendor.status_note, vendor.next_review_on = today(), reason.strip(), None
    kept = save(vendor, actor=actor, verb="vendor.ended", reason=reason)
    if before == Status.OFFBOARDING:
        as_evidence(kept, actor, reason)
    return kept


def as_evidence(vendor: Vendor, actor: User, note: str) -> None:
    """The exit with its proofs, as evidence for the controls of exits; another person judges it."""
    day, event = today(), event_of(vendor)
    if not operates(VendorControl.Part.EXIT):
        return
    keep_as_evidence(
        exit_result(vendor, note), VendorControl.Part.EXIT, signed_by=actor, at=timezone.now(), alone=True, day=day,
        event=event, period=(day, day), title=f"Vendor exit: {vendor.name}, {event}", what=f"Exit of {vendor.ref}",
        words=f"{vendor.ref}, ended with every step settled.", name=f"{event}.json",
    )  # fmt: skip


def exit_result(vendor: Vendor, note: str) -> dict[str, Any]:
    """What the evidence holds."""
    steps = ExitStep.objects.live().filter(vendor=vendor).select_related("document").order_by("id")
    return {
        "format": "countersign vendor exit 1", "vendor": vendor.ref, "name": vendor.name, "tier": vendor.tier,
        "ended_on": str(vendor.ended_on), "note": note,
        "steps": [
            {
                "kind": step.kind, "applicable": step.applicable, "done_on": str(step.done_on),
                "done_by": step.done_by_id, "note": step.note, "due_on": str(step.due_on),
                "document": {"ref": step.document.ref, "sha256": step.document.sha256} if step.document else {},
            }
            for step in steps
        ],
    }  # fmt: skip
