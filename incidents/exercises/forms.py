"""What people fill in about exercises of the response plan."""

from typing import Any, Final

from django import forms

from findings.models import Severity
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.fields import DAY, MOST_WORDS, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import possible_owners
from incidents.exercises.actions import RUNS, WRITTEN, runs
from incidents.exercises.signing import APPROVES, FACILITATES, countable, counts, involved, people_of
from incidents.models import Exercise, ExerciseAttendee, ExerciseKind, Incident, PlanVersion, VersionState
from incidents.rows import MOST

WORDS: Final = ("scenario", "objectives", "worked", "did_not_work", "plan_changes")
LONGEST: Final = 2 * MOST_WORDS


class ExerciseForm(RegisterForm):
    """An exercise's own fields. Once it is signed nothing is changed but by returning it."""

    class Meta:
        model = Exercise
        fields = (
            "title", "kind", "edition", "incident", "scenario", "objectives", "held_on", "place", "facilitator",
            "approver", "worked", "did_not_work", "plan_changes", "no_gaps",
        )  # fmt: skip
        widgets = {name: text_area(5 if name == "scenario" else 3) for name in WORDS} | {"held_on": DAY}
        labels = {"no_gaps": "No gap showed", "incident": "Real incident"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in WORDS:
            field: Any = self.fields[name]
            field.max_length = LONGEST
            field.validators.append(forms.CharField(max_length=LONGEST).validators[0])
        one = self.instance
        offer(self.fields["facilitator"], people_of(FACILITATES), kept=one.facilitator_id, empty="Choose who runs it")
        offer(self.fields["approver"], people_of(APPROVES), kept=one.approver_id, empty="Choose who approves it")
        edition: Any = self.fields["edition"]
        edition.queryset = PlanVersion.objects.filter(state=VersionState.APPROVED).select_related("plan")
        if one.pk:
            edition.queryset = PlanVersion.objects.select_related("plan").filter(
                pk__in=[one.edition_id, *edition.queryset.values_list("pk", flat=True)]
            )
        real: Any = self.fields["incident"]
        known = countable() | Incident.objects.filter(pk=one.incident_id) if one.incident_id else countable()
        real.queryset = visible(self.user, known.distinct())
        real.empty_label = "None: it was made up"
        if one.pk is None:
            start = {"held_on": today(), "facilitator": self.user.pk, "edition": edition.queryset.first()}
            self.initial = {**start, **self.initial}

    def clean(self) -> dict[str, Any]:
        """Who writes it, and while it is written; the approver is another; a real incident counts or does not."""
        said = super().clean() or self.cleaned_data
        if self.instance.pk and self.instance.state not in WRITTEN:
            raise forms.ValidationError(f"It is {self.instance.get_state_display().lower()}: nothing is changed in it.")
        if self.instance.pk and not runs(self.user, self.instance):
            raise forms.ValidationError(RUNS)
        approver, facilitator = said.get("approver"), said.get("facilitator")
        if approver is not None and approver == facilitator:
            self.add_error("approver", "The approver is another person than the facilitator.")
        if "approver" in self.changed_data and approver is not None and approver.pk in self.writers():
            self.add_error("approver", f"{approver} facilitated it, or wrote some of its record.")
        real, kind = said.get("incident"), said.get("kind")
        if kind == ExerciseKind.REAL:
            for words in counts(real):
                self.add_error("incident", words)
        elif real is not None:
            self.add_error("incident", "Only an exercise of the kind “real incident” names one.")
        return said

    def writers(self) -> set[int]:
        """Who cannot approve it: whoever wrote at it before, and whoever does by this form."""
        before = involved(self.instance) if self.instance.pk else set()
        writes = {*self.changed_data} - {"version", "facilitator", "approver"}
        return before | ({self.user.pk} if writes else set())


class AttendeeForm(VerbForm):
    """Name who takes part."""

    user = forms.ModelChoiceField(User.objects.none(), required=False, label="Who", empty_label="Somebody else")
    name = forms.CharField(
        max_length=120, required=False, label="Without an account",
        help_text="Recorded as named by you and not confirmed.",
    )  # fmt: skip
    role = forms.CharField(max_length=120, help_text="What they play, or watch for.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = ExerciseAttendee.objects.live().filter(exercise=self.target, user__isnull=False).values("user")
        offer(self.fields["user"], possible_owners().exclude(pk__in=known))


def place_field() -> forms.IntegerField:
    """Where a row stands among its like."""
    return forms.IntegerField(min_value=1, max_value=MOST, label="Place", help_text="In the order of the exercise.")


class RowForm(VerbForm):
    """An inject or a decision: of an exercise, one more; of a row that is there, what it says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        target, start = kwargs["target"], {}
        if not isinstance(target, Exercise):
            start = {name: getattr(target, name) for name in self.base_fields if name != "version"}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})


class InjectForm(RowForm):
    """What the facilitator brings in, and what people did."""

    minute = forms.IntegerField(required=False, min_value=0, max_value=10_080, help_text="From the beginning.")
    text = words_field(label="What happens")
    expected = words_field(required=False, help_text="What the plan would have people do.")
    response = words_field(required=False, help_text="What they did. Written when it is held.")


class DecisionForm(RowForm):
    """What was decided."""

    what = words_field()
    why = words_field(required=False)
    by = forms.CharField(max_length=120, required=False, label="Decided by", help_text="The role that decided.")


class GapForm(VerbForm):
    """Raise a finding from a gap."""

    title = forms.CharField(max_length=200, help_text="What is missing, in a line.")
    severity = forms.ChoiceField(choices=Severity.choices, initial=Severity.MEDIUM)
    description = words_field(label="Which gap", help_text="What the exercise showed.")
    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="No owner yet")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners())


class SignForm(VerbForm):
    """Sign the record. It begins empty: the words of a signature are the signer's own."""

    statement = words_field(
        help_text="In your own words, what you sign. It stands on the record, with your name and the time."
    )


class ApproveForm(VerbForm):
    """Approve the record, in one's own words, too."""

    statement = words_field(help_text="In your own words, what you looked at and approve. It stands on the record.")


class ChangeInjectForm(InjectForm):
    """The same of one that is there, with its place."""

    position = place_field()


class ChangeDecisionForm(DecisionForm):
    """The same of one that is there, with its place."""

    position = place_field()
