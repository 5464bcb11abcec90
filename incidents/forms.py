"""What people fill in about events and incidents."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from controls.picking import offer_controls
from foundation.accounts.models import User
from foundation.files.forms import StoredFileField
from foundation.pages.fields import MOMENT, moment_field, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import possible_owners
from incidents.actions import MOST_PEOPLE
from incidents.models import EntryKind, Incident, IncidentControl, Part, Severity
from incidents.timeline import said_at
from systems.models import DataClass

NOW: Final = "Empty: now. Otherwise the moment at which it happened."
# In words that somebody who was woken up understands; the plan's severity matrix says more.
MEANINGS: Final = (
    (Severity.ONE, "SEV1: confirmed breach, or service down for many"),
    (Severity.TWO, "SEV2: likely breach, or major degradation"),
    (Severity.THREE, "SEV3: contained, limited"),
    (Severity.FOUR, "SEV4: no impact"),
)


def severity_field() -> forms.TypedChoiceField:
    """One of four, as buttons that can be hit on a phone."""
    return forms.TypedChoiceField(choices=MEANINGS, coerce=int, widget=forms.RadioSelect)


class IncidentForm(RegisterForm):
    """What is known of an event: the report, and its later changes. State, severity and people have their own verbs."""

    sensitive = forms.BooleanField(
        required=False,
        label="Sensitive: only compliance managers, whoever leads the response and I may see it",
    )

    class Meta:
        model = Incident
        fields = ("title", "summary", "source", "source_note", "occurred_at", "detected_at")
        labels = {"title": "What happened"}
        widgets = {"summary": text_area(4), "occurred_at": MOMENT, "detected_at": MOMENT}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["sensitive"]

    def clean(self) -> dict[str, Any]:
        """Moments that have come, one after the other."""
        said = super().clean() or self.cleaned_data
        for name in ("occurred_at", "detected_at"):
            try:
                if said.get(name):
                    said_at(said[name], name)
            except ValidationError as refused:
                self.add_error(name, refused.message_dict[name])
        occurred, detected = said.get("occurred_at"), said.get("detected_at")
        if occurred and detected and detected < occurred and not self.errors:
            self.add_error("detected_at", "It was noticed before it began.")
        reported = self.instance.reported_at
        if self.instance.pk and reported:
            for name in ("occurred_at", "detected_at"):
                if said.get(name) and said[name] > reported and name not in self.errors:
                    self.add_error(name, "It was reported earlier than that.")
        return said


class DeclareNowForm(IncidentForm):
    """Declare in one step: a title and a severity suffice."""

    severity = severity_field()
    field_order = ("title", "severity", "summary", "sensitive")


class WhenForm(VerbForm):
    """A verb with the moment at which it happened."""

    happened_at = moment_field(required=False, label="When", help_text=NOW)


class DeclareForm(WhenForm):
    """Make an incident of an event."""

    severity = severity_field()
    reason = words_field(rows=2, label="Why it is an incident")
    field_order = ("severity", "reason", "happened_at")


class SeverityForm(WhenForm):
    """How bad it is now, and why."""

    severity = severity_field()
    reason = words_field(rows=2, help_text="It stands in the timeline beside what it was before.")
    field_order = ("severity", "reason", "happened_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        known = {"severity": kwargs["target"].severity}
        super().__init__(*args, **kwargs | {"initial": known | (kwargs.get("initial") or {})})


class MoveForm(WhenForm):
    """One stage on."""

    note = words_field(label="What was done", help_text="It stands in the timeline.")
    field_order = ("note", "happened_at")


class CommanderForm(VerbForm):
    """Hand over the command."""

    commander = forms.ModelChoiceField(User.objects.none(), empty_label="Choose who leads it")
    reason = words_field(rows=2, help_text="Shift change, skill, rest.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["commander"], possible_owners())


class PersonForm(VerbForm):
    """Name somebody in it."""

    user = forms.ModelChoiceField(User.objects.none(), label="Person", empty_label="Choose")
    part = forms.ChoiceField(choices=[("", "Choose"), *Part.choices])
    reason = words_field(rows=2, required=False, label="What for", help_text="Where the part does not say it.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["user"], possible_owners())


class ImpactForm(VerbForm):
    """Which data and how many people it hit."""

    data_classes = forms.MultipleChoiceField(
        choices=DataClass.choices, required=False, widget=forms.CheckboxSelectMultiple, label="Data that it hit"
    )
    people_affected = forms.IntegerField(
        required=False, min_value=0, max_value=MOST_PEOPLE, help_text="Empty: not known yet."
    )
    impact = words_field(required=False, help_text="Whom and what it hit, in words.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        target = kwargs["target"]
        known = {name: getattr(target, name) for name in ("data_classes", "people_affected", "impact")}
        super().__init__(*args, **kwargs | {"initial": known | (kwargs.get("initial") or {})})


class EntryForm(WhenForm):
    """Write a note or a decision into the timeline."""

    kind = forms.ChoiceField(
        choices=[(one.value, one.label) for one in (EntryKind.NOTE, EntryKind.DECISION)], initial=EntryKind.NOTE
    )
    text = words_field(label="What", help_text="Of a decision also why. It cannot be changed: a mistake is corrected.")
    field_order = ("kind", "text", "happened_at")


class FileForm(WhenForm):
    """Attach a file to the timeline."""

    file = StoredFileField(help_text="A picture, a log, a mail. What proves something belongs into custody instead.")
    text = words_field(rows=2, label="What it shows")
    field_order = ("file", "text", "happened_at")


class CorrectForm(WhenForm):
    """Say what is right instead."""

    text = words_field(label="What is right", help_text="The entry stays as it was; this one names it.")
    happened_at = moment_field(required=False, label="When", help_text="Empty: as the entry said.")
    field_order = ("text", "happened_at")


class LinkSystemForm(VerbForm):
    """Link a system."""

    system = forms.CharField(max_length=160, help_text="Its name, or its reference, as SYS-3.")
    reason = words_field(rows=2, label="How it was hit")


class LinkControlForm(VerbForm):
    """Link a control."""

    control = forms.CharField(max_length=30, help_text="Its reference, as IAM-03.")
    role = forms.ChoiceField(choices=IncidentControl.Role.choices, initial="concerned", label="How it did")
    reason = words_field(rows=2, help_text="What the incident says of it.")

    def offer_to(self, user: User) -> None:
        """The controls that this person sees."""
        offer_controls(self.fields["control"], user)


class LinkRiskForm(VerbForm):
    """Link a risk."""

    risk = forms.CharField(max_length=30, help_text="Its reference, as R-3.")
    reason = words_field(rows=2, help_text="What the incident says of it.")


class LinkVendorForm(VerbForm):
    """Link a vendor."""

    vendor = forms.CharField(max_length=160, help_text="Its reference, as V-3, or its name.")
    reason = words_field(rows=2, help_text="What the vendor has to do with it.")


class LinkFindingForm(VerbForm):
    """Link a finding."""

    finding = forms.CharField(max_length=30, help_text="Its reference, as F-3.")
    reason = words_field(rows=2, help_text="What it has to do with it.")
