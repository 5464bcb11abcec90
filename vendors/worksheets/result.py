"""An approved worksheet as plain data: what is hashed, what becomes evidence, what anybody can compute again.

The canonical JSON of it (sorted keys, no spaces, UTF-8) is the file of the evidence; SHA-256 over those bytes is the
worksheet's hash. People are named by the numbers of their accounts, as in the trail: it can be kept for ever.
"""

from typing import Any, Final

from vendors.models import Cuec, ReportException, Subservice, Worksheet
from vendors.worksheets.blocks import Lines, lines_of

FORMAT: Final = "countersign SOC report worksheet 1"
# What a worksheet says of the report, field by field.
HEAD: Final = (
    "service", "report_kind", "categories", "auditor", "auditor_known", "opinion", "opinion_basis", "period_from",
    "period_to", "issued_on", "bridge_until", "in_scope", "none_excepted", "none_expected", "none_carved_out",
    "response_quality", "conclusion", "next_due_on",
)  # fmt: skip


def result_of(worksheet: Worksheet, lines: Lines | None = None) -> dict[str, Any]:
    """All that is approved: the report, what it says, what that means for us, and who signed."""
    lines = lines or lines_of(worksheet)
    document, bridge = worksheet.document, worksheet.bridge
    return {
        "format": FORMAT,
        "worksheet": worksheet.ref,
        "vendor": {"ref": worksheet.vendor.ref, "name": worksheet.vendor.name},
        "document": {"ref": document.ref, "name": document.name, "sha256": document.sha256},
        "bridge": {"ref": bridge.ref, "sha256": bridge.sha256} if bridge else None,
        **{name: plain(getattr(worksheet, name)) for name in HEAD},
        "exceptions": [exception_result(one) for one in lines.exceptions],
        "user_controls": [cuec_result(one) for one in lines.cuecs],
        "subservices": [subservice_result(one) for one in lines.subservices],
        "reviewer": worksheet.reviewer_id,
        "approver": worksheet.approver_id,
        "submitted_by": worksheet.submitted_by_id,
        "submitted_at": worksheet.submitted_at.isoformat() if worksheet.submitted_at else "",
        "approved_by": worksheet.approved_by_id,
        "approved_at": worksheet.approved_at.isoformat() if worksheet.approved_at else "",
    }


def plain(value: Any) -> Any:
    """A value as JSON has it: days in ISO, nothing as ""."""
    return value if isinstance(value, bool | int) else "" if value is None else str(value)


def exception_result(one: ReportException) -> dict[str, Any]:
    """One exception."""
    return {
        "reference": one.reference, "what": one.what, "effect": one.effect, "action": one.action,
        "finding": one.finding.ref if one.finding else "",
    }  # fmt: skip


def cuec_result(one: Cuec) -> dict[str, Any]:
    """One user control, with what meets it."""
    return {
        "reference": one.reference, "what": one.what, "applies": one.applies, "note": one.note,
        "control": one.control.ref if one.control else "", "finding": one.finding.ref if one.finding else "",
    }  # fmt: skip


def subservice_result(one: Subservice) -> dict[str, Any]:
    """One subservice organisation, with whom we watch for it."""
    return {
        "reference": one.reference, "name": one.name, "does": one.does, "method": one.method, "csoc": one.csoc,
        "provider": one.provider.ref if one.provider else "", "note": one.note,
        "finding": one.finding.ref if one.finding else "",
    }  # fmt: skip
