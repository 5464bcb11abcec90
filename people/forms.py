"""What people fill in about the roster."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from controls.models import Control
from foundation.pages.fields import DAY, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from people.actions import CIRCLE
from people.models import Checklist, ChecklistItem, Completion, Course, ItemState, Occasion, Person
from people.roster import Roster
from people.runs import proof_of


class ManagerField(forms.ModelChoiceField):
    """A choice among people, who are told apart by their addresses."""

    def label_from_instance(self, obj: Any) -> str:
        """The name and the address."""
        return f"{obj.name} ({obj.email})"


class PersonForm(RegisterForm):
    """A row of the roster. The account follows from the address."""

    manager = ManagerField(Person.objects.none(), required=False, empty_label="Nobody")

    class Meta:
        model = Person
        fields = (
            "name", "email", "kind", "title", "department", "manager", "starts_on", "ends_on", "external_id", "aliases",
        )  # fmt: skip
        widgets = {"starts_on": DAY, "ends_on": DAY, "aliases": text_area(2)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["manager"]
        others = Person.objects.live().exclude(pk=self.instance.pk)
        kept = Person.objects.filter(pk=self.instance.manager_id)
        field.queryset = (others | kept).order_by("name", "id")

    def _post_clean(self) -> None:
        """Who leads whom, and whose an address is, can only be judged beside everybody else."""
        super()._post_clean()
        if self.errors:
            return
        person: Any = self.instance
        roster = Roster()
        if {"manager"} & set(self.changed_data) and roster.leads(person, person.manager):
            self.add_error("manager", ValidationError(CIRCLE.format(person.manager)))
        for address, other in roster.taken(person, person.addresses()).items():
            self.add_error("aliases" if address != person.email else "email", f"{address} is an address of {other}.")


def offer_controls(field: Any, kept: int | None) -> None:
    """Let a field choose among the controls that are in use, or keep the one that stands there."""
    field.queryset = (Control.objects.live() | Control.objects.filter(pk=kept or 0)).order_by("ref")
    field.empty_label = "None"


# ---- checklists ----------------------------------------------------------------------------------------------------


class ChecklistForm(RegisterForm):
    """What is done whenever somebody joins or leaves."""

    class Meta:
        model = Checklist
        fields = ("title", "occasion", "audience", "items", "applies_from", "control")
        widgets = {"items": text_area(10), "applies_from": DAY}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_controls(self.fields["control"], self.instance.control_id)


class StartChecklistForm(VerbForm):
    """Start a checklist for a person by hand."""

    checklist = forms.ModelChoiceField(Checklist.objects.none(), empty_label="Choose a checklist")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["checklist"]
        found = Checklist.objects.live()
        field.queryset = found if self.target.ends_on else found.filter(occasion=Occasion.ONBOARDING)


class ItemField(forms.ModelChoiceField):
    """A choice among the items of a run."""

    def label_from_instance(self, obj: Any) -> str:
        """What, who and by when."""
        return f"{obj.words} ({obj.by}, due {obj.due_on})"


class CompleteItemForm(VerbForm):
    """Settle one item."""

    item = ItemField(ChecklistItem.objects.none(), empty_label="Choose an item")
    outcome = forms.ChoiceField(
        choices=[one for one in ItemState.choices if one[0] != ItemState.TODO], initial=ItemState.DONE,
        help_text="What does not apply takes a reason.",
    )  # fmt: skip
    note = words_field(required=False, rows=2, help_text="What was done, and where that can be seen; or the reason.")
    proof = forms.CharField(required=False, max_length=30, help_text="Evidence by its reference, as EV-12.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["item"]
        field.queryset = ChecklistItem.objects.filter(run=self.target, state=ItemState.TODO)


class ReopenItemForm(VerbForm):
    """Open an item again."""

    item = ItemField(ChecklistItem.objects.none(), empty_label="Choose an item")
    reason = words_field(rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["item"]
        field.queryset = ChecklistItem.objects.filter(run=self.target).exclude(state=ItemState.TODO)


class CloseForm(VerbForm):
    """Close a checklist whose items are all settled."""

    note = words_field(required=False, rows=2, help_text="Stands in the evidence that is kept of it.")


# ---- training ------------------------------------------------------------------------------------------------------


class CourseForm(RegisterForm):
    """A training course."""

    class Meta:
        model = Course
        fields = (
            "title", "text", "audience", "departments", "applies_from", "due_days", "every_months", "control",
        )  # fmt: skip
        widgets = {"text": text_area(3), "departments": text_area(3), "applies_from": DAY}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_controls(self.fields["control"], self.instance.control_id)


class CompletionForm(RegisterForm):
    """That somebody completed a course. It is never changed afterwards."""

    person = ManagerField(Person.objects.none(), empty_label="Choose who")
    proof = forms.CharField(
        required=False, max_length=30, label="Certificate", help_text="Evidence by its reference, as EV-12."
    )

    class Meta:
        model = Completion
        fields = ("course", "person", "completed_on", "source")
        widgets = {"completed_on": DAY}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        course, person = self.fields["course"], self.fields["person"]
        course.queryset = Course.objects.live().order_by("title")  # type: ignore[attr-defined]
        person.queryset = Person.objects.live().order_by("name", "id")  # type: ignore[attr-defined]

    def clean_proof(self) -> str:
        """Find the certificate that is named."""
        try:
            self.instance.certificate = proof_of(self.user, self.cleaned_data["proof"])
        except ValidationError as refused:
            raise ValidationError(refused.messages) from refused
        return str(self.cleaned_data["proof"])

    def clean(self) -> dict[str, Any]:
        """Say what the database would refuse: that it is recorded already."""
        said = super().clean() or self.cleaned_data
        known = {name: said.get(name) for name in ("course", "person", "completed_on")}
        if all(known.values()) and Completion.objects.live().filter(**known).exists():
            self.add_error(None, "That is recorded already.")
        return said
