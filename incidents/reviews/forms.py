"""What people fill in about post-incident reviews."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from controls.picking import offer_controls
from findings.models import Severity
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.fields import DAY, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import possible_owners
from incidents.models import PostIncidentReview, ReviewState
from incidents.reviews.columns import SECTIONS
from incidents.reviews.people import possible_approvers


class BeginForm(VerbForm):
    """Begin the review of an incident: whoever does writes it."""

    approver = forms.ModelChoiceField(
        User.objects.none(), empty_label="Choose a person", help_text="Another person than you, who approves it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["approver"], possible_approvers())


class ReviewForm(RegisterForm):
    """What the review says. Failed controls, findings and signatures have their own pages."""

    class Meta:
        model = PostIncidentReview
        fields = (
            "held_on", "present", "facts", "impact", "root_cause", "contributing", "worked", "did_not_work", "lessons",
            "no_control_failed", "author", "approver",
        )  # fmt: skip
        labels = dict(SECTIONS)
        widgets = {
            "held_on": DAY, "present": text_area(2),
            **dict.fromkeys(dict(SECTIONS), text_area(4)),
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["author"], possible_owners(), kept=self.instance.author_id)
        offer(self.fields["approver"], possible_approvers(), kept=self.instance.approver_id)
        self.fields["no_control_failed"].label = "No control failed or was missing"

    def clean_held_on(self) -> Any:
        """A day that has come."""
        day = self.cleaned_data["held_on"]
        if day is not None and day > today():
            raise ValidationError("This day has not come yet.")
        return day

    def clean(self) -> dict[str, Any]:
        """Only one that is being written changes."""
        said = super().clean() or self.cleaned_data
        if self.instance.pk and self.instance.state != ReviewState.DRAFT:
            raise ValidationError(f"{self.instance.ref} is not being written: nothing of it can be changed.")
        return said


class FailedControlForm(VerbForm):
    """Note a control that failed or was missing."""

    control = forms.CharField(max_length=30, help_text="Its reference, as IAM-03.")
    reason = words_field(rows=2, label="How it failed")

    def offer_to(self, user: User) -> None:
        """The controls that this person sees."""
        offer_controls(self.fields["control"], user)


class FindingForm(VerbForm):
    """Raise a finding that follows from the review."""

    title = forms.CharField(max_length=200, help_text="What has to be put right, in a line.")
    severity = forms.ChoiceField(choices=Severity.choices, initial=Severity.HIGH, help_text="Sets its deadline.")
    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody yet", help_text="Sees to it, and plans its actions."
    )
    reason = words_field(rows=3, label="Why it follows")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners())
        if self.target.incident.restricted:
            self.fields["reason"].help_text = "The finding has readers of its own: write nothing they must not know."


class SubmitForm(VerbForm):
    """Submit a review to its approver."""

    note = words_field(required=False, rows=2, help_text="If the approver has to know something.")


class ApproveForm(VerbForm):
    """Approve a review."""

    statement = words_field(rows=2, help_text="What you approve, in your own words. Nothing changes afterwards.")
