"""What is filed of a vendor: documents, which are never edited, and contracts with their checklist as evidence."""

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from evidence.actions import as_file
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.files.kinds import plain_name
from foundation.files.storage import stored_file
from foundation.trail.keep import save
from foundation.trail.steps import locked
from vendors.clauses import CLAUSES, counted
from vendors.kept import keep_as_evidence
from vendors.models import Contract, DocumentKind, Status, Vendor, VendorControl, VendorDocument
from vendors.proofs import operates

PERIODS = (DocumentKind.SOC2_TYPE2, DocumentKind.BRIDGE)  # which say nothing without the days that they cover


def prepare(vendor: Vendor, file: File, *, actor: User, **told: Any) -> VendorDocument:
    """A document that may be kept, its bytes stored already: outside any transaction. Raises ValidationError.

    What is stored and then refused belongs to no row, and is swept (foundation.files.sweep).
    """
    content, sha256 = as_file(file, file.name or "file")
    name = plain_name(file.name or "file")
    document = VendorDocument(vendor=vendor, name=name, size=content.size or 0, sha256=sha256, brought_by=actor, **told)
    if document.kind in PERIODS and document.period_to is None:
        raise ValidationError({"period_to": "Say until when it covers."})
    document.full_clean(exclude=["file", "content_type"])
    document.file.save(name, content, save=False)
    document.content_type = stored_file(str(document.file.name)).content_type
    return document


def add_document(vendor: Vendor, *, actor: User, file: File, **told: Any) -> VendorDocument:
    """File a document of a vendor. told: title, kind and its days. Raises ValidationError, Stale."""
    document = prepare(vendor, file, actor=actor, **told)
    with transaction.atomic():
        open_vendor(vendor)
        return save(document, actor=actor, verb="vendordocument.created", refs={"vendor": vendor.pk})


def supersede(document: VendorDocument, *, actor: User, file: File, **told: Any) -> VendorDocument:
    """File a newer version of a document: the same vendor and kind. Raises ValidationError where there is one."""
    newer = prepare(document.vendor, file, actor=actor, kind=document.kind, supersedes=document, **told)
    with transaction.atomic():
        stored = locked(document)
        if VendorDocument.objects.filter(supersedes=stored).exists():
            raise ValidationError(f"{stored.ref} has a newer version already. Supersede that one.")
        refs = {"vendor": stored.vendor_id, "supersedes": stored.pk}
        return save(newer, actor=actor, verb="vendordocument.superseded", refs=refs)


def open_vendor(vendor: Vendor) -> Vendor:
    """The vendor, locked; papers can be filed of any that is not archived, an ended one too (proof of its exit)."""
    return locked(vendor)


def document_of(vendor_id: int, ref: str, actor: User) -> VendorDocument | None:
    """The live document of this vendor that a reference (VD-12) names; None for "". Raises ValidationError."""
    if not ref.strip():
        return None
    number = VendorDocument.number_in(ref)
    seen = visible(actor, VendorDocument).filter(vendor_id=vendor_id, archived_at=None)
    found = seen.filter(pk=number).first() if number else None
    if found is None:
        raise ValidationError({"document": f"“{ref[:30]}” is no document of this vendor, as VD-12."})
    return found


# ---- contracts -----------------------------------------------------------------------------------------------------


@transaction.atomic
def add_contract(vendor: Vendor, *, actor: User, document: str = "", **told: Any) -> Contract:
    """Register what was agreed with a vendor. document: the reference of the signed paper. Raises ValidationError."""
    vendor = locked(vendor)
    if vendor.status == Status.ENDED:
        raise ValidationError("It is ended: nothing new is agreed with it. Propose it again first.")
    contract = Contract(vendor=vendor, document=document_of(vendor.pk, document, actor), **told)
    check_contract(contract)
    contract.full_clean()
    return save(contract, actor=actor, verb="contract.created", refs={"vendor": vendor.pk})


def check_contract(contract: Contract) -> None:
    """Raise ValidationError for terms that contradict each other."""
    if set(contract.clauses) - set(CLAUSES):
        raise ValidationError("It names a term that the checklist does not know.")
    if contract.breach_notice_hours is not None and contract.clauses.get("breach") == "no":
        raise ValidationError({"breach_notice_hours": "It has no notice of breaches, and yet hours for it."})
    if contract.notice_days is not None and contract.ends_on is None:
        raise ValidationError({"notice_days": "A contract without an end needs no notice before it."})


@transaction.atomic
def record_contract(contract: Contract, *, actor: User, note: str = "") -> Contract:
    """Record a contract's checklist as evidence for the controls of contracts; another person judges it.

    Raises ValidationError while a term is not looked at, without the signed paper, or where no control is named.
    """
    contract = locked(contract)
    if unseen := counted(contract.clauses)[""]:
        raise ValidationError([f"Not looked at: {words}." for words in unseen])
    if contract.document_id is None:
        raise ValidationError("File the signed paper and name it here first.")
    if not operates(VendorControl.Part.CONTRACT):
        raise ValidationError("No control is named for contracts: say which one under “Controls”.")
    contract.evidence = keep_as_evidence(
        contract_result(contract, note), VendorControl.Part.CONTRACT, signed_by=actor, at=timezone.now(), alone=True,
        title=f"Contract checklist: {contract.vendor.name}, {contract.ref}", what=f"Contract {contract.ref}",
        words=f"{contract.ref}, looked through for the terms that matter.", name=f"{contract.ref}.json",
        day=contract.starts_on, event=contract.ref,
    )  # fmt: skip
    refs = {"vendor": contract.vendor_id, "evidence": contract.evidence.pk}
    return save(contract, actor=actor, verb="contract.evidence_recorded", reason=note, refs=refs)


def contract_result(contract: Contract, note: str) -> dict[str, Any]:
    """What the evidence holds."""
    document: Any = contract.document
    return {
        "format": "countersign vendor contract 1", "contract": contract.ref, "version": contract.version,
        "vendor": {"ref": contract.vendor.ref, "name": contract.vendor.name, "tier": contract.vendor.tier},
        "starts_on": said(contract.starts_on), "ends_on": said(contract.ends_on), "is_dpa": contract.is_dpa,
        "breach_notice_hours": contract.breach_notice_hours, "note": note,
        "terms": {key: contract.clauses.get(key, "") for key in CLAUSES},
        "paper": {"ref": document.ref, "name": document.name, "sha256": document.sha256},
    }  # fmt: skip


def said(day: datetime.date | None) -> str:
    """A day in ISO, or nothing."""
    return day.isoformat() if day else ""
