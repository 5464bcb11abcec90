"""What people fill in about response plans: the plan, the texts of a draft, its parts, and the verbs."""

from typing import Any, Final

from django import forms

from foundation.accounts.models import User
from foundation.pages.fields import MOST_WORDS, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import possible_owners
from incidents.models import ContactKind, PlanVersion, ResponsePlan, VersionState
from incidents.plans.approving import possible_approvers
from incidents.plans.content import ALL_TEXTS
from incidents.rows import MOST

MOST_TEXT: Final = 20_000  # characters of one text of a plan: nobody reads more at night
MOST_MINUTES: Final = 44_640  # a month


class ResponsePlanForm(RegisterForm):
    """A plan's own fields; what it says is written in its versions."""

    class Meta:
        model = ResponsePlan
        fields = ("title", "owner", "summary")
        widgets = {"summary": text_area(2)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners(), kept=self.instance.owner_id, empty="No owner")
        self.fields["summary"].max_length = MOST_WORDS  # type: ignore[attr-defined]
        if self.instance.pk is None:
            self.initial = {"owner": self.user.pk, **self.initial}


class PlanVersionForm(RegisterForm):
    """The texts of a draft."""

    class Meta:
        model = PlanVersion
        fields = ("change_note", *ALL_TEXTS)
        widgets = {name: text_area(10 if name in ("first_steps", "steps") else 6) for name in ALL_TEXTS}
        widgets["change_note"] = text_area(2)
        help_texts = {"first_steps": "A step a line; the first ten are printed on the first page."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("change_note", *ALL_TEXTS):
            self.fields[name] = forms.CharField(
                max_length=MOST_TEXT, required=False, widget=self.fields[name].widget, label=self.fields[name].label,
                help_text=self.fields[name].help_text,
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Only a draft is written."""
        if self.instance.state != VersionState.DRAFT:
            raise forms.ValidationError(
                f"Only a draft is written: this version is {self.instance.get_state_display().lower()}."
            )
        return super().clean() or self.cleaned_data


class DraftForm(VerbForm):
    """Begin a new version."""

    change_note = words_field(label="What changes", help_text="Why a new version is written. It can be changed later.")


class SubmitForm(VerbForm):
    """Submit a draft to who approves it."""

    approver = forms.ModelChoiceField(
        User.objects.none(), empty_label="Choose who approves it", help_text="Somebody who wrote none of it."
    )
    change_note = words_field(label="What changes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        start = {"change_note": kwargs["target"].change_note, "approver": kwargs["target"].approver_id}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})
        offer(self.fields["approver"], possible_approvers(self.target))


class ApproveForm(VerbForm):
    """Approve a version. It begins empty: the words of a signature are the signer's own."""

    statement = words_field(help_text="In your own words, what you read and approve. It stands on the plan.")


class ReviewForm(VerbForm):
    """Sign that the plan was looked at, in one's own words, too."""

    statement = words_field(help_text="In your own words, what you looked at. Kept with your name and the time.")


def place_field() -> forms.IntegerField:
    """Where a row stands among its like."""
    return forms.IntegerField(min_value=1, max_value=MOST, label="Place", help_text="In the order of the plan.")


class PartForm(VerbForm):
    """A part of a draft: of a version, one more; of a row that is there, what it says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        target = kwargs["target"]
        start = {}
        if not isinstance(target, PlanVersion):
            start = {name: getattr(target, name) for name in self.base_fields if name != "version"}
            start |= {name: getattr(target, f"{name}_id") for name in ("user", "deputy") if name in self.base_fields}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})


class RoleForm(PartForm):
    """A role of the response."""

    role = forms.CharField(max_length=80, help_text="Commander, technical lead, communications, legal, scribe.")
    user = forms.ModelChoiceField(User.objects.none(), required=False, label="Held by", empty_label="Nobody here")
    name = forms.CharField(max_length=120, required=False, label="Held by, without an account")
    telephone = forms.CharField(max_length=60, required=False, help_text="Printed on the first page.")
    deputy = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody here")
    deputy_name = forms.CharField(max_length=120, required=False, label="Deputy, without an account")
    deputy_telephone = forms.CharField(max_length=60, required=False, label="Deputy's telephone")
    duties = words_field(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("user", "deputy"):
            kept = getattr(self.target, f"{name}_id", None)
            offer(self.fields[name], possible_owners(), kept=kept)

    def clean(self) -> dict[str, Any]:
        """One person holds it, and another stands in."""
        said = super().clean() or self.cleaned_data
        for user, name in (("user", "name"), ("deputy", "deputy_name")):
            if said.get(user) and said.get(name):
                self.add_error(name, "Choose an account, or write a name.")
        if said.get("user") and said.get("user") == said.get("deputy"):
            self.add_error("deputy", "The deputy is somebody else.")
        return said


class ContactForm(PartForm):
    """Whom to call."""

    kind = forms.ChoiceField(choices=ContactKind.choices)
    name = forms.CharField(max_length=120, help_text="A person, a desk or a firm.")
    what = forms.CharField(max_length=200, label="What for")
    telephone = forms.CharField(max_length=60, required=False)
    email = forms.CharField(max_length=254, required=False, label="Address", help_text="Mail or web.")
    hours = forms.CharField(
        max_length=120, required=False, label="Reached", help_text="When, and under which contract number."
    )


class PlaybookForm(PartForm):
    """What to do in one sort of incident."""

    title = forms.CharField(max_length=160)
    trigger = words_field(2, required=False, label="When", help_text="How one knows that it is this.")
    steps = forms.CharField(max_length=MOST_TEXT, widget=text_area(12), help_text="A step a line.")


class SeverityForm(PartForm):
    """What a severity means, and what it asks for."""

    meaning = words_field()
    acknowledge_minutes = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_MINUTES, label="Acknowledged within",
        help_text="Minutes; empty: nothing is promised.",
    )  # fmt: skip
    update_minutes = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_MINUTES, label="Updates every",
        help_text="Minutes; empty: at close.",
    )  # fmt: skip
    escalate = words_field(2, required=False, label="Who is told")


class ChangeRoleForm(RoleForm):
    """The same of one that is there, with its place."""

    position = place_field()


class ChangeContactForm(ContactForm):
    """The same of one that is there, with its place."""

    position = place_field()


class ChangePlaybookForm(PlaybookForm):
    """The same of one that is there, with its place."""

    position = place_field()
