"""What people fill in about policies, their versions and exceptions."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from foundation.accounts.models import User
from foundation.pages.fields import day_field, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import possible_owners
from people.models import Kind, Person
from policies.content import check_text
from policies.drafting import why_owned
from policies.models import Audience, Part, Policy, PolicyGroup, Status
from policies.people import possible_approvers
from policies.text.markdown import LONGEST

EXACTLY = forms.Textarea(attrs={"rows": 28, "spellcheck": "true", "class": "source", "dir": "auto"})


class PolicyForm(RegisterForm):
    """A policy's own fields. Its words stand in its versions; audience, approvers and controls have their own verbs."""

    class Meta:
        model = Policy
        fields = ("title", "summary", "owner", "review_days")
        widgets = {"summary": text_area(2)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners(), kept=self.instance.owner_id, empty="Nobody")
        if self.instance.status in (Status.IN_FORCE, Status.RETIRED):
            self.fields["title"].help_text = "It stands in the text that was approved: amend the policy to change it."

    def clean(self) -> dict[str, Any]:
        """What is in force keeps its approved title, and an owner."""
        said = super().clean() or self.cleaned_data
        named = self.instance.pk and self.instance.status in (Status.IN_FORCE, Status.RETIRED)
        if named and "title" in self.changed_data:
            self.add_error("title", "Amend the policy to give it another title.")
        if self.instance.pk and "owner" in said and said["owner"] is None and (words := why_owned(self.instance)):
            self.add_error("owner", words)
        return said


class NoteForm(VerbForm):
    """A note that must be said."""

    note = words_field(help_text="It stands in the trail.")


class OptionalNoteForm(VerbForm):
    """A note for whoever wants to add one."""

    note = words_field(required=False, rows=2)


class SubmitForm(VerbForm):
    """A word to the approvers, for whoever wants to say one."""

    note = words_field(required=False, rows=2, label="To the approvers")


class AmendForm(VerbForm):
    """What the next version is for."""

    change_note = words_field(label="What changes", help_text="And why. It stands in the version's record.")
    material = forms.BooleanField(
        required=False, label="A material change",
        help_text="People acknowledge it anew: the number's first part rises.",
    )  # fmt: skip


class WriteForm(VerbForm):
    """What a draft says."""

    title = forms.CharField(max_length=200)
    text = forms.CharField(
        max_length=LONGEST, required=False, strip=False, widget=EXACTLY, help_text="In Markdown, at most 200 KB."
    )
    change_note = words_field(required=False, rows=2, label="What changes")
    material = forms.BooleanField(
        required=False, label="A material change",
        help_text="People acknowledge it anew. A first version is always material.",
    )  # fmt: skip
    effective_on = day_field(
        required=False, label="Comes into force", help_text="Empty: on the day on which it is approved."
    )

    def __init__(self, *args: Any, target: Any, **kwargs: Any) -> None:
        names = ("title", "text", "change_note", "material", "effective_on")
        known = {name: getattr(target, name) for name in names}
        super().__init__(*args, target=target, **kwargs | {"initial": known | (kwargs.get("initial") or {})})

    def clean_text(self) -> str:
        """A text that may stand: its numbers are settings."""
        text: str = self.cleaned_data["text"]
        try:
            check_text(text)
        except ValidationError as refused:
            raise ValidationError(refused.messages) from refused
        return text


class AudienceForm(VerbForm):
    """Whom a policy is for."""

    audience = forms.ChoiceField(choices=Audience.choices, widget=forms.RadioSelect, label="For")
    kinds = forms.MultipleChoiceField(
        choices=Kind.choices, required=False, widget=forms.CheckboxSelectMultiple, label="Everybody of a kind"
    )
    departments = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    acknowledged = forms.BooleanField(
        required=False, label="They acknowledge it", help_text="On joining, yearly, and after a material change."
    )
    reason = words_field(rows=2)

    def __init__(self, *args: Any, target: Any, **kwargs: Any) -> None:
        groups = list(PolicyGroup.objects.live().filter(policy=target.pk).values_list("kind", "department"))
        known = {
            "audience": target.audience, "acknowledged": target.acknowledged,
            "kinds": [kind for kind, _ in groups if kind], "departments": [name for _, name in groups if name],
        }  # fmt: skip
        super().__init__(*args, target=target, **kwargs | {"initial": known | (kwargs.get("initial") or {})})
        here = Person.objects.live().exclude(department="").order_by().values_list("department", flat=True)
        names = sorted({*here.distinct(), *known["departments"]})
        departments: Any = self.fields["departments"]
        departments.choices = [(name, name) for name in names]

    def clean(self) -> dict[str, Any]:
        """Everybody, or groups."""
        said = super().clean() or self.cleaned_data
        groups = [*said.get("kinds", []), *said.get("departments", [])]
        if said.get("audience") == Audience.GROUPS and not groups:
            self.add_error("audience", "Choose at least one group.")
        if said.get("audience") == Audience.EVERYBODY and groups:
            self.add_error("audience", "It is for everybody, or for groups: not both.")
        return said


class ApproverForm(VerbForm):
    """Who must approve every version."""

    approver = forms.ModelChoiceField(User.objects.none(), empty_label="Choose")
    reason = words_field(rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["approver"], possible_approvers())


class LinkControlForm(VerbForm):
    """For which control, and what of the policy is evidence."""

    control = forms.CharField(max_length=40, help_text="Its reference.")
    part = forms.ChoiceField(choices=Part.choices, label="Evidence")
    reason = words_field(rows=2, label="What it proves", help_text="It stands on every item of evidence.")


class PolicyExceptionForm(VerbForm):
    """What is asked to be excepted."""

    what = forms.CharField(max_length=200, label="From which rule")
    for_whom = forms.CharField(max_length=200, label="For", help_text="Which people, systems or cases.")
    reason = words_field(help_text="Why the rule cannot be kept.")
    compensating = words_field(label="What stands in meanwhile", help_text="Or why nothing needs to.")
    until = day_field(label="Last day")
