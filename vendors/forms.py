"""What people fill in about a vendor itself. Papers, reviews and exits have forms of their own beside this."""

from typing import Any

from django import forms

from foundation.accounts.models import User
from foundation.pages.fields import DAY, day_field, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from systems.models import DataClass
from vendors.models import Condition, Status, Tier, Vendor
from vendors.people import possible_approvers, possible_vendor_owners


class VendorForm(RegisterForm):
    """A vendor's own fields. Its tier follows from them; status, reviews and papers have their own verbs."""

    data_classes = forms.MultipleChoiceField(
        choices=DataClass.choices, widget=forms.CheckboxSelectMultiple, required=False, label="Data classes",
        help_text="Which of our data it sees or holds.",
    )  # fmt: skip

    class Meta:
        model = Vendor
        fields = (
            "name", "legal_name", "website", "service", "owner", "approver", "contact", "data_classes", "reach",
            "criticality", "volume", "region", "locations", "replaceability", "subprocessor", "subservice",
            "personal_data", "transfer_basis", "started_on",
        )  # fmt: skip
        widgets = {"service": text_area(3), "personal_data": text_area(2), "started_on": DAY}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_vendor_owners(), kept=self.instance.owner_id, empty="Nobody")
        offer(self.fields["approver"], possible_approvers(), kept=self.instance.approver_id, empty="Nobody")

    def clean(self) -> dict[str, Any]:
        """Owner and approver are two people, whatever the status: else nobody could ever approve it."""
        said = super().clean() or self.cleaned_data
        if said.get("owner") is not None and said.get("owner") == said.get("approver"):
            self.add_error("approver", "Another person than the owner approves it.")
        if self.instance.status in (Status.APPROVED, Status.CONDITIONAL) and "owner" in said:
            if said["owner"] is None:
                self.add_error("owner", "What is approved has an owner.")
            elif said["owner"].pk == self.instance.approved_by_id:
                self.add_error("owner", "Who approved it cannot own it while that stands.")
        return said


class RaiseTierForm(VerbForm):
    """Put a vendor higher than its attributes say."""

    tier = forms.ChoiceField(
        required=False,
        choices=[("", "As its attributes say"), *(one for one in Tier.choices if one[0] != Tier.LOW)],
        help_text="Higher than its attributes make it; never lower.",
    )
    reason = words_field(rows=2, help_text="What its attributes do not tell.")


class NoteForm(VerbForm):
    """A note that must be said."""

    note = words_field(help_text="It stands in the trail.")


class StatementForm(VerbForm):
    """What a person states who signs."""

    statement = words_field(help_text="What you looked at, and why it can be used. It stands with the approval.")


class AddConditionForm(VerbForm):
    """What has to be done because a vendor is used with conditions."""

    what = forms.CharField(max_length=300, help_text="What the vendor or we have to do.")
    owner = forms.ModelChoiceField(User.objects.none(), empty_label="Choose who sees to it")
    due_on = day_field(label="Due")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_vendor_owners())


class ConditionForm(RegisterForm):
    """What a condition is, who sees to it and by when."""

    class Meta:
        model = Condition
        fields = ("what", "owner", "due_on")
        widgets = {"due_on": DAY}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_vendor_owners(), kept=self.instance.owner_id)

    def clean(self) -> dict[str, Any]:
        """What is met stays as it was met."""
        said = super().clean() or self.cleaned_data
        if self.instance.met_on is not None and self.has_changed():
            self.add_error(None, "It is met: what was asked then is not changed any more.")
        return said


class MeetForm(VerbForm):
    """Say that a condition is met."""

    note = words_field(label="What shows it", help_text="And where that can be seen.")
    met_on = day_field(required=False, label="Met on", help_text="Empty: today.")


class LinkFindingForm(VerbForm):
    """Link a finding to a vendor."""

    finding = forms.CharField(max_length=30, help_text="Its reference, as F-12.")
    reason = words_field(rows=2, help_text="What it says of the vendor.")
