"""What is noted of a report, line by line: exceptions, user controls expected of us, subservice organisations.

Lines are written while their worksheet is open, and by anybody who may change it but its approver.
"""

from typing import Any, Final, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from controls.models import Control
from findings.actions import raise_finding
from findings.models import Finding, Kind, SourceKind
from foundation.accounts.access import apart, visible
from foundation.accounts.duties import WORKSHEET_APPROVAL
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.steps import locked, say, tie
from vendors.models import (
    Cuec,
    ReportException,
    Subservice,
    Vendor,
    VendorFinding,
    Worksheet,
    WorksheetState,
    Yes,
)

CLOSED: Final = "It is not open: nothing of it can be changed."
SOURCE: Final = "Worksheets of vendors' reports"  # the source of the findings, beside the key of their line
Line = TypeVar("Line", ReportException, Cuec, Subservice)


def writable(worksheet: Worksheet, actor: User) -> Worksheet:
    """The worksheet, locked, if this person may write on it now.

    Raises ValidationError unless it is open, PermissionDenied for its approver, Stale.
    """
    worksheet = locked(worksheet)
    if worksheet.state != WorksheetState.OPEN:
        raise ValidationError(CLOSED)
    apart(actor, [worksheet.approver_id], WORKSHEET_APPROVAL, worksheet)
    return worksheet


def open_sheet(line: Line, actor: User) -> Line:
    """A line, locked, whose worksheet this person may write on now. Raises as `writable`."""
    found = Worksheet.objects.select_for_update().get(pk=line.worksheet_id)
    writable(found, actor)
    line = locked(line)
    line.worksheet = found
    return line


# ---- adding --------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_exception(worksheet: Worksheet, *, actor: User, **said: Any) -> ReportException:
    """Note an exception: what the report says, what it means for us, what we do. Raises ValidationError."""
    return add(ReportException(worksheet=writable(worksheet, actor)), said, actor)


@transaction.atomic
def add_cuec(worksheet: Worksheet, *, actor: User, **said: Any) -> Cuec:
    """Note a control that the report expects of us, with our answer as far as it is known. Raises ValidationError."""
    return add(Cuec(worksheet=writable(worksheet, actor)), said, actor)


@transaction.atomic
def add_subservice(worksheet: Worksheet, *, actor: User, **said: Any) -> Subservice:
    """Note a subservice organisation that the report names. Raises ValidationError."""
    return add(Subservice(worksheet=writable(worksheet, actor)), said, actor)


def add(line: Line, said: dict[str, Any], actor: User) -> Line:
    """Store a new line."""
    put(line, said, actor)
    return save(line, actor=actor, verb=f"{line._meta.model_name}.created", refs={"worksheet": line.worksheet_id})


def put(line: Any, said: dict[str, Any], actor: User) -> None:
    """Put what was said onto a line; controls and vendors come by their references. Raises ValidationError."""
    named: dict[str, Any] = {"control": control_of, "provider": vendor_of}
    for name, value in said.items():
        found: Any = named[name](value, actor) if name in named else value
        setattr(line, name, found.strip() if isinstance(found, str) else found)
    if isinstance(line, Cuec):
        line.to_confirm = False  # whoever writes on it has looked at it
        agree(line)
    if isinstance(line, Subservice) and line.provider_id == line.worksheet.vendor_id:
        raise ValidationError({"provider": "That is the vendor whose report this is: name the one below it."})
    line.full_clean(exclude=("worksheet",))


def agree(line: Cuec) -> None:
    """What is said of a user control holds together. Raises ValidationError."""
    if line.applies == Yes.NO and (line.control_id or line.finding_id):
        raise ValidationError({"applies": "It has a control or a gap: take the control off, or say that it applies."})
    if line.applies == Yes.NO and not line.note:
        raise ValidationError({"note": "Say why it does not apply."})
    if line.control_id and line.applies == Yes.UNKNOWN:
        line.applies = Yes.YES


def control_of(ref: str, actor: User) -> Control | None:
    """The control with this reference that the person sees; None for "". Raises ValidationError."""
    if not ref.strip():
        return None
    found = visible(actor, Control).filter(ref__iexact=ref.strip(), archived_at=None).first()
    if found is None:
        raise ValidationError({"control": "There is no control with this reference, as IAM-03."})
    return found


def vendor_of(words: str, actor: User, field: str = "provider") -> Vendor | None:
    """The vendor with this reference or name that the person sees; None for "". Raises ValidationError."""
    if not words.strip():
        return None
    number = Vendor.number_in(words)
    seen = visible(actor, Vendor).filter(archived_at=None)
    found = seen.filter(name__iexact=words.strip()) if number is None else seen.filter(pk=number)
    vendor: Vendor | None = found.first()
    if vendor is None:
        raise ValidationError({field: "There is no vendor with this reference or name, as V-12."})
    return vendor


# ---- changing ------------------------------------------------------------------------------------------------------


@transaction.atomic
def change_line(line: Line, *, actor: User, **said: Any) -> Line:
    """Say a line anew; one that was carried over is confirmed by that. Raises ValidationError, Stale."""
    line = open_sheet(line, actor)
    put(line, said, actor)
    return save(line, actor=actor, verb=f"{line._meta.model_name}.updated", refs={"worksheet": line.worksheet_id})


@transaction.atomic
def confirm(line: Cuec, *, actor: User) -> Cuec:
    """Confirm that what was carried over of a user control still holds. Raises ValidationError where nothing waits."""
    line = open_sheet(line, actor)
    if not line.to_confirm:
        raise ValidationError("It does not wait to be confirmed.")
    line.to_confirm = False
    return save(line, actor=actor, verb="cuec.confirmed", refs={"worksheet": line.worksheet_id})


@transaction.atomic
def remove_line(line: Line, *, actor: User, reason: str) -> Line:
    """Take a line off, with a reason. A finding that it raised stays. Raises ValidationError."""
    line = open_sheet(line, actor)
    say(reason, "Say why it is taken off.")
    line.archived_at = timezone.now()
    refs = {"worksheet": line.worksheet_id}
    return save(line, actor=actor, verb=f"{line._meta.model_name}.archived", reason=reason, refs=refs)


@transaction.atomic
def open_gap(line: Line, *, actor: User, severity: str, title: str, description: str = "") -> Line:
    """Raise a finding from a line: what no control of ours meets, what nobody watches, an exception that concerns us.

    Asked again it changes nothing: a line has one finding. Raises ValidationError.
    """
    line = open_sheet(line, actor)
    if line.finding_id is not None:
        return line
    sheet = line.worksheet
    vendor = Vendor.objects.get(pk=sheet.vendor_id)
    finding = raise_finding(
        actor=actor, title=title[:200], kind=Kind.DEVIATION, severity=severity, source=SourceKind.AUDIT,
        source_name=SOURCE, key=f"{sheet.ref}/{line._meta.model_name}-{line.pk}",
        description=description, owner=vendor.owner or sheet.reviewer,
    )  # fmt: skip
    link(vendor, finding, actor, f"{sheet.ref}: {title}")
    line.finding = finding
    if isinstance(line, Cuec):
        line.applies, line.to_confirm = Yes.YES, False
    refs = {"worksheet": sheet.pk, "finding": finding.pk}
    return save(line, actor=actor, verb=f"{line._meta.model_name}.gap_opened", refs=refs)


def link(vendor: Vendor, finding: Finding, actor: User, reason: str) -> None:
    """Show the finding on its vendor's page, once."""
    if not VendorFinding.objects.live().filter(vendor=vendor, finding=finding).exists():
        tie(VendorFinding(vendor=vendor, finding=finding, reason=reason), actor=actor, reason=reason)
