"""What people fill in about evidence of an incident: collected, handed over, checked."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from foundation.accounts.models import User
from foundation.files.forms import StoredFileField
from foundation.pages.fields import moment_field, offer, words_field
from foundation.pages.forms import VerbForm
from foundation.pages.people import possible_owners
from incidents.custody.hands import holder, last_of
from incidents.models import CustodyItem, CustodyKind, TransferKind

MOST_NUMBER: Final = 2**63 - 1  # of a record
HANDED: Final = TransferKind.HANDED
AGAIN: Final = "Look whether this is still right, then send it again."


NOT_BOTH: Final = "Choose an account or write a name, not both."


def somebody(label: str, empty: str = "Nobody with an account", **options: Any) -> forms.ModelChoiceField:
    """Somebody with an account; whoever has none is named in words beside it."""
    return forms.ModelChoiceField(User.objects.none(), required=False, label=label, empty_label=empty, **options)


def one_of_both(form: forms.Form, account: str, name: str) -> None:
    """One person is an account or a name, never both."""
    if form.cleaned_data.get(account) and form.cleaned_data.get(name):
        form.add_error(name, ValidationError(NOT_BOTH))


class CollectForm(VerbForm):
    """Record a piece of evidence."""

    kind = forms.ChoiceField(choices=CustodyKind.choices, initial=CustodyKind.FILE)
    file = StoredFileField(
        required=False, kinds=None, error_messages={"required": "Add the file."},
        help_text="Of any kind: it is sealed, and its SHA-256 is counted as it arrives. Of a thing there is none.",
    )  # fmt: skip
    description = forms.CharField(max_length=300, help_text="What it is: “Access log of the gateway, 2 to 4 June”.")
    where = forms.CharField(max_length=300, label="Collected from", help_text="Which system, device, place or person.")
    how = words_field(rows=2, label="How", help_text="By which tool or steps, so that another could judge it.")
    collected_by = somebody("Collected by", "I did")
    collector_name = forms.CharField(
        max_length=120, required=False, label="Collected by somebody else", help_text="Only who has no account here."
    )
    collected_at = moment_field(required=False, label="Collected", help_text="Empty: now.")
    storage = forms.CharField(
        max_length=300,
        required=False,
        label="Kept in",
        error_messages={"required": "Say where it is kept."},
        help_text="Of a thing: where it lies, and what closes it off. A file lies here, sealed.",
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
        kind = self.data.get("kind") if self.is_bound else CustodyKind.FILE
        self.fields["file"].required = kind == CustodyKind.FILE
        self.fields["storage"].required = kind != CustodyKind.FILE

    def clean(self) -> dict[str, Any]:
        """A file lies here; anything else lies somewhere that has to be said. One person collected it."""
        said = super().clean() or self.cleaned_data
        if said.get("storage") and said.get("kind") == CustodyKind.FILE:
            self.add_error("storage", "A file lies here, sealed: leave this empty, or choose what kind of thing it is.")
        one_of_both(self, "collected_by", "collector_name")
        return said


class TransferForm(VerbForm):
    """Record that it went from whoever holds it to another hand."""

    after = forms.IntegerField(
        min_value=0, max_value=MOST_NUMBER, widget=forms.HiddenInput,
        help_text="The last transfer that you saw, 0 for none: refused if there is a newer one.",
    )  # fmt: skip
    kind = forms.ChoiceField(choices=TransferKind.choices, initial=TransferKind.HANDED)
    receiver = somebody("To")
    receiver_name = forms.CharField(
        max_length=120, required=False, label="To somebody else", help_text="Only who has no account here."
    )
    happened_at = moment_field(required=False, label="When", help_text="Empty: now.")
    purpose = words_field(rows=2, label="What for")
    storage = forms.CharField(
        max_length=300, required=False, label="Kept in", error_messages={"required": "Say where it lies from now on."},
        help_text="Where it lies from now on. A file stays here, sealed.",
    )  # fmt: skip
    broken = words_field(
        rows=2, required=False, label="The chain was broken",
        help_text="Only where it was found with somebody who should not have it: how that came, how it was noticed.",
    )  # fmt: skip
    giver = somebody("Found with", help_text="Only where the chain was broken: it then goes on from here.")
    giver_name = forms.CharField(
        max_length=120, required=False, label="Found with somebody else", help_text="Only who has no account here."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.last = last_of(kwargs["target"])
        start = {"after": self.last.pk if self.last else 0}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})
        for name in ("giver", "receiver"):
            offer(self.fields[name], possible_owners())
        if self.target.kind == CustodyKind.FILE:
            del self.fields["storage"]
            self.fields["kind"] = forms.ChoiceField(choices=[(HANDED.value, HANDED.label)], initial=HANDED)
        else:
            self.fields["storage"].required = True

    def clean(self) -> dict[str, Any]:
        """Each side is one person. Whoever had not seen the last transfer is told, and may send it again."""
        said = super().clean() or self.cleaned_data
        for name in ("giver", "receiver"):
            one_of_both(self, name, f"{name}_name")
        last = self.last.pk if self.last else 0
        if "after" in said and said["after"] != last:
            self.add_error(None, f"It changed hands meanwhile: {holder(self.target, self.last)} holds it now. {AGAIN}")
            self.data = {**{name: self.data.get(name) for name in self.data}, self.add_prefix("after"): last}
        return said


class CheckForm(VerbForm):
    """Take the hash again."""

    note = words_field(required=False, rows=2, help_text="Why it is checked now.")
