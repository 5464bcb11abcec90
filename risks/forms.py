"""What people fill in about risks, their treatment and their acceptance."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.fields import DAY, day_field, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import possible_owners
from risks.acceptance import WORDED, against, holding, same_words
from risks.models import LEVELS, Effectiveness, Risk, Treatment, TreatmentAction, in_force
from risks.rating import KINDS, Level, rating_of
from risks.treatment import DECIDED, check_plan

PARTS = ("likelihood", "impact")
OPERATES = "Below inherent only with a linked control that operates today."
HELP = {
    "inherent": "As if there were no controls at all.",
    "residual": f"With the controls as they operate now. {OPERATES}",
    "target": "Where the treatment is to bring it; empty while nothing is planned.",
}


class RiskForm(RegisterForm):
    """A risk's own fields. Its ratings, treatment, acceptance, links and actions have their own verbs."""

    class Meta:
        model = Risk
        fields = (
            "title", "cause", "event", "effect", "category", "objective", "assets", "owner", "source", "source_note",
            "fraud", "change_trigger", "identified_on", "review_on",
        )  # fmt: skip
        widgets = {
            **dict.fromkeys(("cause", "event", "effect", "objective", "assets"), text_area(2)),
            "identified_on": DAY,
            "review_on": DAY,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners(), kept=self.instance.owner_id, empty="Nobody")
        if self.instance.pk:
            del self.fields["review_on"]  # rating and reviewing set it: whoever moves it says what was looked at
        else:
            self.fields["identified_on"].initial = today()
            self.fields["review_on"].help_text = "Empty: as the settings say for a new risk."

    def clean_identified_on(self) -> Any:
        """A day that has come."""
        day = self.cleaned_data["identified_on"]
        if day > today():
            raise ValidationError("This day has not come yet.")
        return day

    def clean(self) -> dict[str, Any]:
        """What an acceptance that waits or is in force has against the change (R5.2)."""
        said = super().clean() or self.cleaned_data
        known = {} if self.instance.pk is None else holding([self.instance.pk])
        for acceptance in known.values():
            changed = {name for name in self.changed_data if name in said and self.differs(name)}
            owner = said.get("owner")
            for name, words in against(acceptance, changed, owner and owner.pk).items():
                self.add_error(name, words)
        return said

    def differs(self, name: str) -> bool:
        """Whether a changed field says something else, and not the same with a browser's line ends."""
        before = self.initial.get(name)
        return name not in WORDED or not same_words(before or "", self.cleaned_data[name] or "")


class NoteForm(VerbForm):
    """A note that must be said."""

    note = words_field(help_text="It stands in the trail.")


def level_field(kind: str, part: str) -> forms.IntegerField:
    """One rating of 1 to 5; the words are those of the method in force."""
    needed = kind != "target"
    return forms.IntegerField(
        min_value=1, max_value=5, required=needed, label=f"{kind.capitalize()} {part}",
        widget=forms.Select(choices=[("", "Choose"), *((level, str(level)) for level in LEVELS)]),
    )  # fmt: skip


def rationale_field(kind: str) -> forms.CharField:
    """Why it is rated so."""
    label = f"{kind.capitalize()}: why"
    return words_field(rows=2, required=kind != "target", label=label, help_text=HELP[kind])


class RateForm(VerbForm):
    """Inherent, residual and target rating at once, so that R5.1 is asked of all three together."""

    inherent_likelihood, inherent_impact = level_field("inherent", "likelihood"), level_field("inherent", "impact")
    inherent_rationale = rationale_field("inherent")
    residual_likelihood, residual_impact = level_field("residual", "likelihood"), level_field("residual", "impact")
    residual_rationale = rationale_field("residual")
    target_likelihood, target_impact = level_field("target", "likelihood"), level_field("target", "impact")
    target_rationale = rationale_field("target")
    review_on = day_field(required=False, label="Next review", help_text="Empty: as its band's cadence says.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        known: dict[str, Any] = {}
        for kind in KINDS:
            if level := rating_of(kwargs["target"], kind):
                known |= {f"{kind}_{name}": getattr(level, name) for name in (*PARTS, "rationale")}
        super().__init__(*args, **kwargs | {"initial": known | (kwargs.get("initial") or {})})
        self.method = in_force()
        for kind in KINDS:
            for part in PARTS:
                names = [
                    (level, f"{level} {one['name']}")
                    for level, one in zip(LEVELS, getattr(self.method, part), strict=True)
                ]
                self.fields[f"{kind}_{part}"].widget.choices = [("", "Choose"), *names]

    def clean(self) -> dict[str, Any]:
        """A target is there whole or not at all."""
        said = super().clean() or self.cleaned_data
        parts = [f"target_{name}" for name in (*PARTS, "rationale")]
        given = [name for name in parts if said.get(name)]
        if given and len(given) < len(parts):
            for name in parts:
                if name not in given and name not in self.errors:
                    self.add_error(name, "A target has a likelihood, an impact and a reason.")
        return said

    def said(self) -> dict[str, Any]:
        """The three ratings as the action takes them."""
        values = self.cleaned_data
        levels = {
            kind: Level(values[f"{kind}_likelihood"], values[f"{kind}_impact"], values[f"{kind}_rationale"])
            for kind in KINDS
            if values[f"{kind}_likelihood"]
        }
        return {**levels, "review_on": values["review_on"]}


class TreatForm(VerbForm):
    """Decide how a risk is treated."""

    treatment = forms.ChoiceField(
        choices=[(one.value, one.label) for one in DECIDED],
        help_text="To accept it instead, ask for that: another person decides.",
    )
    reason = words_field(help_text="Why so, and what comes of it.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        target = kwargs["target"]
        start = {"reason": target.treatment_reason, "treatment": target.treatment}
        known = start if target.treatment not in ("", Treatment.ACCEPT) else {}
        super().__init__(*args, **kwargs | {"initial": known | (kwargs.get("initial") or {})})


class ReviewForm(VerbForm):
    """Say that a risk was looked at and nothing changed."""

    note = words_field(label="What was looked at", help_text="And why it stays as it is.")
    review_on = day_field(required=False, label="Next review", help_text="Empty: as its band's cadence says.")


class AcceptanceForm(VerbForm):
    """Ask to accept a risk."""

    reason = words_field(help_text="Why it is right to live with what remains.")
    compensating = words_field(
        label="Compensating controls", help_text="What stands in meanwhile; or why nothing needs to."
    )
    until = day_field(label="Until", help_text="The last day. Then it is open again by itself.")


class ApproveForm(VerbForm):
    """Accept a risk that a colleague asked about."""

    note = words_field(required=False, rows=2, help_text="If something is to be added to the reason.")


class LinkControlForm(VerbForm):
    """Link a control to a risk."""

    control = forms.CharField(max_length=30, help_text="Its reference, as IAM-03.")
    effectiveness = forms.ChoiceField(
        choices=Effectiveness.choices, initial=Effectiveness.UNTESTED, help_text="How far it lowers the risk."
    )
    reason = words_field(rows=2, help_text="How it makes it less likely or less bad.")


class LinkVendorForm(VerbForm):
    """Link a vendor to a risk."""

    vendor = forms.CharField(max_length=160, help_text="Its reference, as V-3, or its name.")
    reason = words_field(rows=2, help_text="What the vendor has to do with it.")


class LinkFindingForm(VerbForm):
    """Link a finding to a risk."""

    finding = forms.CharField(max_length=30, help_text="Its reference, as F-3.")
    reason = words_field(rows=2, help_text="What it says of the risk.")


class PlanActionForm(VerbForm):
    """Plan a step of a risk's treatment."""

    what = forms.CharField(max_length=300, help_text="What is done.")
    owner = forms.ModelChoiceField(User.objects.none(), empty_label="Choose who does it")
    due_on = day_field(label="Due")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners())


class CompleteForm(VerbForm):
    """Say that a step is done."""

    note = words_field(label="What was done", help_text="And where that can be seen.")
    done_on = day_field(required=False, label="Done on", help_text="Empty: today.")


class TreatmentActionForm(RegisterForm):
    """What a step is, who does it and by when."""

    class Meta:
        model = TreatmentAction
        fields = ("what", "owner", "due_on")
        widgets = {"due_on": DAY}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners(), kept=self.instance.owner_id)

    def clean(self) -> dict[str, Any]:
        """A new plan lies ahead, with somebody who is here; what is done stands as it was planned."""
        said = super().clean() or self.cleaned_data
        if self.instance.is_over:
            raise ValidationError(f"{self.instance.ref} is done: what was planned stands.")
        if {"owner", "due_on"} & set(self.changed_data) and not self.errors:
            try:
                check_plan(said["owner"], said["due_on"])
            except ValidationError as refused:
                self.add_error(None, refused)
        return said
