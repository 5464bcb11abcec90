"""What people fill in about evidence of an incident: collected, handed over, checked."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from foundation.accounts.models import User
from foundation.files.forms import StoredFileField
from foundation.pages.fields import moment_field, offer, words_field
from foundation.pages.forms import VerbForm
from foundation.pages.people import possible_owners
from incidents.models import CustodyItem, CustodyKind, TransferKind


def somebody(label: str) -> forms.ModelChoiceField:
    """Somebody with an account; whoever has none is named in words beside it."""
    return forms.ModelChoiceField(
        User.objects.none(), required=False, label=label, empty_label="Nobody with an account"
    )


class CollectForm(VerbForm):
    """Record a piece of evidence."""

    kind = forms.ChoiceField(choices=CustodyKind.choices, initial=CustodyKind.FILE)
    file = StoredFileField(
        required=False, kinds=None, help_text="Of any kind: it is sealed, and its SHA-256 is counted as it arrives."
    )
    description = forms.CharField(max_length=300, help_text="What it is: “Access log of the gateway, 2 to 4 June”.")
    where = forms.CharField(max_length=300, label="Collected from", help_text="Which system, device, place or person.")
    how = words_field(rows=2, label="How", help_text="By which tool or steps, so that another could judge it.")
    collected_by = somebody("Collected by")
    collector_name = forms.CharField(
        max_length=120, required=False, label="Collected by somebody else", help_text="Who has no account here."
    )
    collected_at = moment_field(required=False, label="Collected", help_text="Empty: now.")
    storage = forms.CharField(
        max_length=300,
        required=False,
        label="Kept in",
        help_text="Where it lies, and what closes it off. A file: here.",
    )
    sha256 = forms.CharField(
        max_length=64, required=False, label="SHA-256", help_text="Of data kept elsewhere, as its collector counted it."
    )
    copy_of = forms.ModelChoiceField(
        CustodyItem.objects.none(), required=False, empty_label="It is an original",
        help_text="Where it is a working copy: of what.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["collected_by"], possible_owners())
        originals: Any = self.fields["copy_of"]
        originals.queryset = CustodyItem.objects.filter(incident=self.target).order_by("id")

    def clean(self) -> dict[str, Any]:
        """A file lies here; anything else lies somewhere that has to be said."""
        said = super().clean() or self.cleaned_data
        if not said.get("storage"):
            if said.get("kind") == CustodyKind.FILE:
                said["storage"] = "Countersign, encrypted"
            else:
                self.add_error("storage", "Say where it is kept.")
        return said


class TransferForm(VerbForm):
    """Record that it went from one hand to another."""

    kind = forms.ChoiceField(choices=TransferKind.choices, initial=TransferKind.HANDED)
    giver = somebody("From")
    giver_name = forms.CharField(max_length=120, required=False, label="From somebody else")
    receiver = somebody("To")
    receiver_name = forms.CharField(max_length=120, required=False, label="To somebody else")
    happened_at = moment_field(required=False, label="When", help_text="Empty: now.")
    purpose = words_field(rows=2, label="What for")
    storage = forms.CharField(max_length=300, label="Kept in", help_text="Where it lies from now on.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("giver", "receiver"):
            offer(self.fields[name], possible_owners())

    def clean(self) -> dict[str, Any]:
        """Each side is one person: an account or a name, never both."""
        said = super().clean() or self.cleaned_data
        for name in ("giver", "receiver"):
            if said.get(name) and said.get(f"{name}_name"):
                self.add_error(f"{name}_name", ValidationError("Choose an account or write a name, not both."))
        return said


class CheckForm(VerbForm):
    """Take the hash again."""

    note = words_field(required=False, rows=2, help_text="Why it is checked now.")
