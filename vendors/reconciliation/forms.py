"""What people say about a list, and about the names on it; and what lists and names can be narrowed to."""

from typing import Any

import django_filters
from django import forms

from foundation.accounts.models import User
from foundation.files.forms import StoredFileField, is_too_large
from foundation.pages.fields import day_field, offer, words_field
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import VerbForm
from foundation.pages.imports.csvfile import WESTERN
from foundation.pages.people import possible_owners
from vendors.models import Match, ReconciledRow, Reconciliation, ReconciliationKind, ReconciliationState, Vendor
from vendors.reconciliation.matching import alike
from vendors.reconciliation.reading import LIMITS, MEGABYTE


class BringForm(forms.Form):
    """A list of whom we pay, or sign in to."""

    kind = forms.ChoiceField(choices=ReconciliationKind.choices)
    source = forms.CharField(max_length=160, help_text="Which system it comes from, and by which query or report.")
    period_from = day_field(label="From")
    period_to = day_field(label="To", help_text="The last day of the period: the list is whole once it is over.")
    file = StoredFileField(
        max_bytes=LIMITS.size, kinds=None, label="File",
        help_text=f"CSV or XLSX, up to {LIMITS.rows:,} rows and {LIMITS.size // MEGABYTE} MB. A column called Vendor, "
        "Supplier, Payee, Application or Name; for payments Amount, Currency and Date where they are there.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )  # fmt: skip
    decimals = forms.ChoiceField(
        required=False, label="Amounts are written",
        choices=[("", "Recognise it"), (".", "1,234.50"), (",", "1.234,50")],
        help_text="Only where an amount can be read in two ways.",
    )  # fmt: skip
    encoding = forms.ChoiceField(
        required=False, label="Text encoding",
        choices=(("", "Recognise it (UTF-8, UTF-16)"), (WESTERN, "Western European (Windows-1252)")),
        help_text="Only for CSV from older programs whose accents come out wrong.",
    )  # fmt: skip
    sheet = forms.CharField(max_length=100, required=False, help_text="Of a workbook; empty: the first.")

    @property
    def too_large(self) -> bool:
        return is_too_large(self)


class MatchForm(VerbForm):
    """Say which vendor a name is."""

    vendor = forms.CharField(max_length=200, help_text="Its reference (V-12) or its name.")
    remember = forms.BooleanField(
        required=False, initial=True, help_text="The next list with this name finds the vendor by itself."
    )
    note = words_field(
        2, required=False, help_text="Of a vendor that has ended: why it is on the list, or which finding."
    )


class ProposeForm(VerbForm):
    """Put an unknown name into the register."""

    name = forms.CharField(max_length=160, help_text="As people call it.")
    service = words_field(2, required=False, help_text="What it does for us, as far as is known.")
    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody yet", help_text="Who has it assessed."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        start = {"name": kwargs["target"].name[:160]}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})
        offer(self.fields["owner"], possible_owners())


class DismissForm(VerbForm):
    """Say that a name is no vendor. What was said of the same name before is offered again."""

    reason = words_field(2, help_text="Such as a refund, a tax office, an employee's expenses.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        earlier = ReconciledRow.objects.filter(name__iexact=kwargs["target"].name, match=Match.NONE).order_by("-id")
        start = {"reason": earlier.values_list("note", flat=True).first() or ""}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})


class DismissManyForm(forms.Form):
    """Say that all the names that are ticked are no vendors."""

    reason = words_field(2)


class CloseForm(VerbForm):
    """Close a reconciliation."""

    conclusion = words_field(help_text="What came of it: who was unknown, and what follows.")


class ReconciliationFilter(RegisterFilter):
    """Reconciliations."""

    search_fields = ("source", "name", "conclusion")
    archives = False

    kind = django_filters.ChoiceFilter(choices=ReconciliationKind.choices, empty_label="Any")
    state = django_filters.ChoiceFilter(choices=ReconciliationState.choices, empty_label="Any")

    class Meta:
        model = Reconciliation
        fields = ("kind", "state")


def candidates(row: ReconciledRow) -> list[Vendor]:
    """The vendors that somebody may mean by a name. Two queries."""
    known = Vendor.objects.filter(archived_at=None).values_list("pk", "name")
    found = alike(row.name, known.iterator(chunk_size=2000))
    by_number = Vendor.objects.in_bulk(found)
    return [by_number[pk] for pk in found if pk in by_number]
