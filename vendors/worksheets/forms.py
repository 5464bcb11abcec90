"""What people fill in about a worksheet, its lines and its signatures."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from findings.models import Severity
from foundation.accounts.access import allowed, can
from foundation.accounts.models import User
from foundation.pages.fields import DAY, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import possible_owners
from vendors.models import (
    SOC_REPORTS,
    Cuec,
    DocumentKind,
    ReportException,
    ReportKind,
    Subservice,
    SubserviceMethod,
    Vendor,
    VendorDocument,
    Worksheet,
    WorksheetState,
    Yes,
)
from vendors.worksheets.pasting import MOST_LINES

KINDS: dict[str, str] = {DocumentKind.SOC2_TYPE1: ReportKind.SOC2_TYPE1, DocumentKind.SOC1: ReportKind.SOC1_TYPE2}


def reports_of(user: User) -> QuerySet[VendorDocument]:
    """The SOC reports of those vendors that are this person's to work on; the newest of each chain."""
    mine = allowed(user, "change", Vendor).filter(archived_at=None)
    found = VendorDocument.objects.live().filter(kind__in=SOC_REPORTS, vendor__in=mine, superseded_by=None)
    return found.select_related("vendor").order_by("vendor__name", "-id")


class ReportChoice(forms.ModelChoiceField):
    """A document, called by its vendor too."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.vendor.name}: {obj.ref} {obj.title}"


class WorksheetForm(RegisterForm):
    """What the report says, and what that means for us. Its lines and signatures have their own pages."""

    document = ReportChoice(
        VendorDocument.objects.none(), label="Report", empty_label="Choose a report",
        help_text="A SOC report on file. File it on its vendor's page first.",
    )  # fmt: skip
    bridge = ReportChoice(
        VendorDocument.objects.none(), label="Bridge letter", required=False, empty_label="None",
        help_text="Of the same vendor, where one covers the time after the period.",
    )  # fmt: skip

    class Meta:
        model = Worksheet
        fields = (
            "document", "service", "report_kind", "categories", "auditor", "auditor_known", "opinion", "opinion_basis",
            "period_from", "period_to", "issued_on", "bridge", "bridge_until", "in_scope", "none_excepted",
            "none_expected", "none_carved_out", "response_quality", "conclusion", "next_due_on", "reviewer", "approver",
        )  # fmt: skip
        widgets = {
            **dict.fromkeys(("period_from", "period_to", "issued_on", "bridge_until", "next_due_on"), DAY),
            "opinion_basis": text_area(3), "response_quality": text_area(3), "conclusion": text_area(4),
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        letters = VendorDocument.objects.live().filter(kind=DocumentKind.BRIDGE).select_related("vendor")
        if self.instance.pk:
            reports = VendorDocument.objects.select_related("vendor").filter(vendor=self.instance.vendor_id)
            fields["document"].queryset = reports.filter(kind__in=SOC_REPORTS)
            fields["bridge"].queryset = letters.filter(vendor=self.instance.vendor_id)
        else:
            fields["document"].queryset = reports_of(self.user)
            mine = allowed(self.user, "change", Vendor).filter(archived_at=None)
            fields["bridge"].queryset = letters.filter(vendor__in=mine)
            self.initial.update(self.proposed())
        offer(fields["reviewer"], possible_owners(), kept=self.instance.reviewer_id)
        offer(fields["approver"], possible_owners(), kept=self.instance.approver_id)

    def proposed(self) -> dict[str, Any]:
        """What the document that the address names says about itself, and who asks."""
        number = str(self.initial.get("document", ""))
        found = reports_of(self.user).filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
        start: dict[str, Any] = {"reviewer": self.initial.get("reviewer", self.user.pk)}
        if found is None:
            return start
        return start | {
            "period_from": found.period_from, "period_to": found.period_to, "issued_on": found.issued_on,
            "report_kind": KINDS.get(found.kind, ReportKind.SOC2_TYPE2), "approver": found.vendor.approver_id,
        } | {name: value for name, value in self.initial.items() if name != "document" and value}  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Only an open one changes; the bridge letter is of the same vendor; the approver may approve."""
        said = super().clean() or self.cleaned_data
        if self.instance.pk and self.instance.state != WorksheetState.OPEN:
            raise ValidationError(f"{self.instance.ref} is not open: nothing of it can be changed.")
        document, bridge = said.get("document"), said.get("bridge")
        if document and bridge and document.vendor_id != bridge.vendor_id:
            self.add_error("bridge", "This letter is of another vendor.")
        if document and not self.instance.pk:
            self.instance.vendor = document.vendor
            for name in ("period_from", "period_to", "issued_on"):  # left empty: as the document says itself
                said[name] = said.get(name) or getattr(document, name)
        approver = said.get("approver")
        if approver is not None and not may_approve(approver):
            self.add_error("approver", "Choose a compliance manager or a manager: nobody else approves worksheets.")
        return said


def may_approve(user: User) -> bool:
    """Whether the role of this person lets them approve worksheets that name them."""
    return can(user, "approve", Worksheet)


# ---- lines ---------------------------------------------------------------------------------------------------------


class LineForm(VerbForm):
    """A line of a worksheet: empty to add one, filled to change one (`target` is then the line itself)."""

    reference = forms.CharField(max_length=60, required=False, help_text="How the report numbers it, or on which page.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        target, initial = kwargs["target"], kwargs.get("initial") or {}
        kwargs["initial"] = self.start(target) | initial if isinstance(target, self.line) else initial
        super().__init__(*args, **kwargs)

    line: type[Any] = object

    def start(self, target: Any) -> dict[str, Any]:
        """What a line says now. Controls and vendors by their references."""
        fields = (name for name in self.base_fields if name != "version")
        found = {name: getattr(target, name) for name in fields}
        return {name: getattr(value, "ref", value) for name, value in found.items()}


class ExceptionForm(LineForm):
    """An exception that the report names."""

    line = ReportException
    what = words_field(label="Exception", help_text="What the report says, in our words; and for which control.")
    effect = words_field(2, required=False, label="Effect on us", help_text="What it means for what we use.")
    action = words_field(
        2, required=False, label="Our action", help_text="What we do about it; or why nothing needs doing."
    )


class CuecForm(LineForm):
    """A control that the report expects of us."""

    line = Cuec
    what = words_field(label="Expected of us", help_text="What the report expects, in our words.")
    applies = forms.ChoiceField(choices=Yes.choices, required=False, help_text="Whether it concerns how we use it.")
    control = forms.CharField(
        max_length=30, required=False, label="Our control", help_text="Its reference, as IAM-03: it meets this."
    )
    note = words_field(2, required=False, help_text="Why it does not apply, or how the control meets it.")


class SubserviceForm(LineForm):
    """A subservice organisation that the report names."""

    line = Subservice
    name = forms.CharField(max_length=160)
    does = words_field(2, required=False, label="What it does")
    method = forms.ChoiceField(
        choices=SubserviceMethod.choices, initial=SubserviceMethod.CARVED_OUT,
        help_text="Carved out: its controls are not part of what was tested.",
    )  # fmt: skip
    csoc = words_field(
        2, required=False, label="Controls expected of it", help_text="What the report expects of it (CSOC)."
    )
    provider = forms.CharField(
        max_length=160, required=False, label="Our vendor",
        help_text="The vendor that we use and watch for it: its reference (V-12) or its name.",
    )  # fmt: skip
    note = words_field(2, required=False, help_text="How it is watched, or why that is not needed.")


class PasteForm(VerbForm):
    """Many user controls at once."""

    pasted = forms.CharField(
        max_length=200_000, widget=forms.Textarea(attrs={"rows": 14}), label="User controls",
        help_text=f"One a line: “CC-1 | Restrict who may administer the service”. Up to {MOST_LINES}; all or none.",
    )  # fmt: skip


class GapForm(VerbForm):
    """Raise a finding from a line."""

    title = forms.CharField(max_length=200, help_text="What is missing, in a few words.")
    severity = forms.ChoiceField(choices=Severity.choices, initial=Severity.MEDIUM, help_text="Its deadline follows.")
    description = words_field(required=False, help_text="What could happen until it is closed.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        target = kwargs["target"]
        words = target.name if isinstance(target, Subservice) else target.what
        start = {"title": f"{START[type(target)]}: {words}"[:200], "severity": Severity.MEDIUM}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})


START = {
    Cuec: "User control not met",
    Subservice: "Subservice organisation not watched",
    ReportException: "Exception in a vendor's report",
}


class EmptyForm(VerbForm):
    """A verb that takes nothing but the click."""


class SubmitForm(VerbForm):
    """Submit a worksheet."""

    note = words_field(2, required=False, help_text="What its approver should look at first.")


class StatementForm(VerbForm):
    """Approve a worksheet."""

    statement = words_field(help_text="What you looked at and approve. It stands in the trail with the hash.")
