"""What people fill in about the end of a vendor."""

from typing import Any

from django import forms

from foundation.accounts.models import User
from foundation.pages.fields import day_field, offer, words_field
from foundation.pages.forms import VerbForm
from vendors.exits import OUTCOMES
from vendors.people import possible_vendor_owners


class OffboardForm(VerbForm):
    """Begin to end a vendor."""

    owner = forms.ModelChoiceField(
        User.objects.none(), empty_label="Choose who sees to it", help_text="Of every step; each is done by itself."
    )
    due_on = day_field(label="Due", help_text="By when its access is cut and its data is gone.")
    reason = words_field(rows=2, help_text="Why it is ended.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        start = {"owner": kwargs["target"].owner_id} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs | {"initial": start})
        offer(self.fields["owner"], possible_vendor_owners())


class CompleteForm(VerbForm):
    """Settle one step of an exit."""

    outcome = forms.ChoiceField(choices=OUTCOMES, label="It is")
    note = words_field(label="What shows it", help_text="What was done and where that can be seen; or why not.")
    document = forms.CharField(
        max_length=30, required=False, label="Proof", help_text="A document of this vendor, as VD-12."
    )
    done_on = day_field(required=False, label="Done on", help_text="Empty: today.")
