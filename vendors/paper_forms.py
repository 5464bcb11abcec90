"""What people fill in about documents and contracts."""

import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from foundation.files.forms import StoredFileField
from foundation.pages.act import put_onto
from foundation.pages.fields import DAY, day_field, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from vendors.clauses import ANSWERS, CLAUSES
from vendors.documents import check_contract, document_of
from vendors.models import Contract, DocumentKind
from vendors.models.papers import MOST_DAYS

CLAUSE: str = "clause_"
MOST_HOURS = 24 * 90


class DaysForm(forms.Form):
    """The file of a document, and the days for which it speaks."""

    file = StoredFileField(help_text="A PDF, a picture, a table or a text.")
    title = forms.CharField(max_length=200, help_text="What it is: “SOC 2 Type II report 2026”.")
    period_from = day_field(required=False, label="Covers from", help_text="The first day that it covers.")
    period_to = day_field(required=False, label="Covers to", help_text="The last day; of a bridge letter, too.")
    issued_on = day_field(required=False, label="Issued")
    expires_on = day_field(required=False, label="Expires", help_text="The last day on which it can be relied on.")


class AddDocumentForm(DaysForm, VerbForm):
    """File a document of a vendor."""

    kind = forms.ChoiceField(choices=[("", "Choose a kind"), *DocumentKind.choices])

    field_order = ("file", "kind", "title", "period_from", "period_to", "issued_on", "expires_on")


class SupersedeForm(DaysForm, VerbForm):
    """File a newer version of a document."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        start = {"title": kwargs["target"].title} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs | {"initial": start})


def clause_field(key: str) -> forms.ChoiceField:
    """One term of the checklist: held, missing, or not looked at."""
    return forms.ChoiceField(label=CLAUSES[key], choices=ANSWERS, required=False)


class TermsForm(forms.Form):
    """What was agreed, until when, and which of the terms that matter it holds."""

    title = forms.CharField(max_length=200, help_text="What it is called: “Master services agreement”.")
    reference = forms.CharField(max_length=120, required=False, help_text="How the signed paper is numbered.")
    starts_on = day_field(label="Starts")
    ends_on = day_field(required=False, label="Ends", help_text="Empty: until somebody ends it.")
    renews_itself = forms.BooleanField(required=False, label="Renews by itself")
    notice_days = forms.IntegerField(
        required=False, min_value=0, max_value=MOST_DAYS, label="Notice", help_text="Days before its end."
    )
    is_dpa = forms.BooleanField(required=False, label="Is or holds a data-processing agreement")
    document = forms.CharField(
        max_length=30, required=False, label="Signed paper", help_text="A document of this vendor, as VD-12."
    )
    breach_notice_hours = forms.IntegerField(
        required=False, min_value=0, max_value=MOST_HOURS, label="Notice of breaches, hours",
        help_text="In which the vendor must tell us.",
    )  # fmt: skip
    clause_security = clause_field("security")
    clause_confidentiality = clause_field("confidentiality")
    clause_breach = clause_field("breach")
    clause_audit = clause_field("audit")
    clause_subprocessors = clause_field("subprocessors")
    clause_transfer = clause_field("transfer")
    clause_erasure = clause_field("erasure")
    clause_insurance = clause_field("insurance")
    clause_continuity = clause_field("continuity")
    note = words_field(required=False, rows=2)

    def clauses(self) -> dict[str, str]:
        """The checklist as it is kept: what nobody looked for is left out."""
        said = {key: self.cleaned_data.get(f"{CLAUSE}{key}", "") for key in CLAUSES}
        return {key: answer for key, answer in said.items() if answer}

    def days_in_order(self, said: dict[str, Any]) -> None:
        """Say beside the field that it ends before it starts."""
        first, last = said.get("starts_on"), said.get("ends_on")
        if isinstance(first, datetime.date) and isinstance(last, datetime.date) and last < first:
            self.add_error("ends_on", "It ends before it starts.")


class AddContractForm(TermsForm, VerbForm):
    """Register a contract of a vendor."""

    def clean(self) -> dict[str, Any]:
        """Its days in order."""
        said = super().clean() or self.cleaned_data
        self.days_in_order(said)
        return said

    def said(self) -> dict[str, Any]:
        """The terms as the action takes them."""
        told = {name: value for name, value in super().said().items() if not name.startswith(CLAUSE)}
        return told | {"clauses": self.clauses()}


class ContractForm(TermsForm, RegisterForm):
    """Change a contract and its checklist."""

    class Meta:
        model = Contract
        fields = (
            "title", "reference", "starts_on", "ends_on", "renews_itself", "notice_days", "is_dpa",
            "breach_notice_hours", "note",
        )  # fmt: skip
        widgets = {"starts_on": DAY, "ends_on": DAY, "note": text_area(2)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        contract = kwargs.get("instance")
        start: dict[str, Any] = {}
        if contract is not None:
            start = {f"{CLAUSE}{key}": answer for key, answer in contract.clauses.items()}
            start["document"] = contract.document.ref if contract.document_id else ""
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})

    def clean(self) -> dict[str, Any]:
        """Its days in order, terms that do not contradict each other, and the signed paper found."""
        said = super().clean() or self.cleaned_data
        self.days_in_order(said)
        self.paper = None
        try:
            self.paper = document_of(self.instance.vendor_id, said.get("document") or "", self.user)
        except ValidationError as refused:
            self.add_error("document", refused.messages[0])
        said.pop("document", None)  # a reference in words: the page's own keep() puts the paper onto the contract
        return said

    def _post_clean(self) -> None:
        """The whole checklist against the terms, once both are on the contract."""
        super()._post_clean()
        self.instance.clauses = self.clauses()
        if not self.errors:
            try:
                check_contract(self.instance)
            except ValidationError as refused:
                put_onto(self, refused)


class RecordForm(VerbForm):
    """Record a contract's checklist as evidence."""

    note = words_field(required=False, rows=2, help_text="What the reviewer of the evidence should know.")
