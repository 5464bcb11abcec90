"""What people fill in about findings and their corrective actions."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from findings.actions import rate, rating
from findings.follow_up import check_plan
from findings.models import CorrectiveAction, Finding, Part
from foundation.accounts.models import User
from foundation.pages.fields import DAY, day_field, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import possible_owners


class FindingForm(RegisterForm):
    """A finding's own fields. Its status, acceptance, links and actions have their own verbs."""

    class Meta:
        model = Finding
        fields = (
            "title", "description", "kind", "severity", "exposed", "exploited", "source", "source_name",
            "external_key", "first_detected_on", "owner", "root_cause",
        )  # fmt: skip
        widgets = {
            "description": text_area(4),
            "root_cause": text_area(3),
            "first_detected_on": DAY,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rated = rating(self.instance) if self.instance.pk else None
        offer(self.fields["owner"], possible_owners(), kept=self.instance.owner_id, empty="Nobody")

    def clean(self) -> dict[str, Any]:
        """Say beside the field what the actions would refuse."""
        said = super().clean() or self.cleaned_data
        if said.get("external_key") and not said.get("source_name"):
            self.add_error("source_name", "A key needs the name of its source.")
        owner = said.get("owner")
        if owner is not None and owner == self.instance.accepted_by:
            self.add_error("owner", "Who approved its acceptance cannot own it while that stands.")
        return said

    def _post_clean(self) -> None:
        """Put the deadline onto a record that was rated anew before its constraints are asked."""
        super()._post_clean()
        if not self.errors and rating(self.instance) != self.rated:
            try:
                rate(self.instance)
            except ValidationError as refused:
                self.add_error(None, refused)


class NoteForm(VerbForm):
    """A note that must be said."""

    note = words_field(help_text="It stands in the trail.")


class SeenForm(VerbForm):
    """What a second person looked at."""

    note = words_field(help_text="What you looked at, and how it shows that it is gone or done.")


class FixForm(VerbForm):
    """Say that it is fixed."""

    root_cause = words_field(help_text="Why it could happen: the cause, not the symptom.")
    note = words_field(label="What was done", help_text="Another person verifies it by this.")
    fixed_on = day_field(required=False, label="Fixed on", help_text="Empty: today.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        start = {"root_cause": kwargs["target"].root_cause} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs | {"initial": start})


class AcceptanceForm(VerbForm):
    """Ask to accept a finding."""

    reason = words_field(help_text="Why it can be lived with, and what stands in meanwhile.")
    until = day_field(help_text="The last day, at most a year ahead. Then it is open again by itself.")


class AcceptForm(VerbForm):
    """Approve a colleague's request."""

    note = words_field(required=False, rows=2, help_text="If something is to be added to the reason.")


class LinkControlForm(VerbForm):
    """Link a control to a finding."""

    control = forms.CharField(max_length=30, help_text="Its reference, as IAM-03.")
    part = forms.ChoiceField(
        choices=Part.choices,
        label="Its part",
        help_text="Compensating: it meets the same risk, operates now, and is tested itself.",
    )
    reason = words_field(rows=2, help_text="How it is concerned, or how it meets the same risk.")


class AddEvidenceForm(VerbForm):
    """Link the proof of a fix."""

    evidence = forms.CharField(max_length=30, help_text="Its reference, as EV-12.")
    reason = words_field(rows=2, help_text="What it proves about the fix.")


class PlanActionForm(VerbForm):
    """Plan a corrective action."""

    what = words_field(rows=2, help_text="What is done so that it does not happen again.")
    owner = forms.ModelChoiceField(User.objects.none(), empty_label="Choose who does it")
    due_on = day_field(label="Due")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners())


class CompleteForm(VerbForm):
    """Say that a corrective action is done."""

    note = words_field(label="What was done", help_text="And where that can be seen.")
    done_on = day_field(required=False, label="Done on", help_text="Empty: today.")


class CorrectiveActionForm(RegisterForm):
    """What a corrective action is, who does it and by when."""

    class Meta:
        model = CorrectiveAction
        fields = ("what", "owner", "due_on")
        widgets = {
            "what": text_area(3),
            "due_on": DAY,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners(), kept=self.instance.owner_id)

    def clean(self) -> dict[str, Any]:
        """A new plan lies ahead, with somebody who is here."""
        said = super().clean() or self.cleaned_data
        if {"owner", "due_on"} & set(self.changed_data) and not self.errors:
            try:
                check_plan(said["owner"], said["due_on"])
            except ValidationError as refused:
                self.add_error(None, refused)
        return said
