"""What people fill in about the roster."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from foundation.pages.fields import DAY, text_area
from foundation.pages.forms import RegisterForm
from people.actions import CIRCLE
from people.models import Person
from people.roster import Roster


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
