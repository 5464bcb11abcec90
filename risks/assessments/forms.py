"""What people fill in about rounds of risk assessment."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.fields import DAY, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from risks.assessments.closing import involved
from risks.assessments.rounds import APPROVES, LEADS, TAKES_PART
from risks.models import Assessment, AssessmentKind, AssessmentState, Participant


def people_of(roles: tuple[str, ...]) -> QuerySet[User]:
    """Everybody with one of these roles who may sign in."""
    return User.objects.active().filter(role__in=roles).order_by("name", "id")


class AssessmentForm(RegisterForm):
    """A round's own fields. Its kind stands once it has begun; once submitted, all but who approves it."""

    class Meta:
        model = Assessment
        fields = ("title", "kind", "scope", "trigger", "starts_on", "due_on", "lead", "approver")
        widgets = {"scope": text_area(3), "trigger": text_area(2), "starts_on": DAY, "due_on": DAY}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["lead"], people_of(LEADS), kept=self.instance.lead_id, empty="Choose who runs it")
        offer(self.fields["approver"], people_of(APPROVES), kept=self.instance.approver_id, empty="Choose who approves")
        if self.instance.pk is None:
            self.initial = {"starts_on": today(), "lead": self.user.pk, **self.initial}
            return
        self.fields["kind"].disabled = True
        if self.instance.state == AssessmentState.SUBMITTED:
            for name in set(self.fields) - {"approver", "version"}:
                self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        """Only what is not over is changed; the approver never led it, and takes no part."""
        said = super().clean() or self.cleaned_data
        if self.instance.state in (AssessmentState.CLOSED, AssessmentState.CANCELLED):
            raise forms.ValidationError("It is over: nothing is changed in it any more.")
        approver = said.get("approver")
        named = "approver" in self.changed_data and self.instance.pk
        if named and approver is not None and approver.pk in involved(self.instance):
            words = f"{approver} led it, submitted it or took part in it. The approver is somebody else."
            self.add_error("approver", words)
        if said.get("kind") == AssessmentKind.CHANGE and not said.get("trigger", "").strip():
            self.add_error("trigger", "Say which change prompted it.")
        return said


class PutRiskForm(VerbForm):
    """Put one more risk into a round."""

    risk = forms.CharField(max_length=30, help_text="Its reference, as R-12.")


class ParticipantForm(VerbForm):
    """Name who takes part."""

    user = forms.ModelChoiceField(User.objects.none(), label="Who", empty_label="Choose who takes part")
    part = forms.CharField(max_length=120, help_text="What they speak for, such as “Engineering” or “Finance”.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Participant.objects.live().filter(assessment=self.target).values("user")
        people = people_of(TAKES_PART).exclude(pk__in=known).exclude(pk=self.target.approver_id)
        offer(self.fields["user"], people)


class ConsiderForm(VerbForm):
    """Say what was found of one risk in a round."""

    note = words_field(label="What was found", help_text="Also where nothing changed: what was looked at, and why.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        start = {"note": kwargs["target"].note} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs | {"initial": start})


class LinkControlForm(VerbForm):
    """Link the control that the round is the operation of."""

    control = forms.CharField(max_length=30, help_text="Its reference, as RSK-01.")
    reason = words_field(rows=2, help_text="What the assessment proves about the control.")


class SubmitForm(VerbForm):
    """Submit a round to its approver."""

    conclusion = words_field(rows=5, help_text="What it came to: what is new, what got worse, what is done.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        start = {"conclusion": kwargs["target"].conclusion} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs | {"initial": start})


class ApproveForm(VerbForm):
    """Approve a round, which closes it."""

    statement = words_field(help_text="It stands on the report, with your name and the time.")
