"""What people fill in about systems, and what the list of them can be narrowed to."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from foundation.accounts.models import User
from foundation.pages.fields import offer, text_area, words_field
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import NOBODY, nobody_or, owner_choices, possible_owners
from systems.fields import LinesField, PairsField
from systems.models import Cadence, Criticality, DataClass, System


class SystemForm(RegisterForm):
    """A system. Who administers it has verbs of its own."""

    data_classes = forms.MultipleChoiceField(
        choices=DataClass.choices, widget=forms.CheckboxSelectMultiple, required=False, label="Data classes"
    )
    privileged_roles = LinesField(
        help_text="Roles that can do harm, one a line, as the system calls them. Whoever holds one is flagged."
    )
    forbidden_pairs = PairsField(
        label="Conflicting roles",
        help_text="Roles that nobody may hold together, a pair a line: Create payments + Approve payments",
    )

    class Meta:
        model = System
        fields = (
            "name", "purpose", "owner", "criticality", "data_classes", "production", "privileged", "in_scope",
            "cadence", "privileged_roles", "forbidden_pairs",
        )  # fmt: skip
        widgets = {"purpose": text_area(3)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners(), kept=self.instance.owner_id, empty="Nobody")
        self.fields["cadence"].choices = [("", "By rule"), *Cadence.choices]  # type: ignore[attr-defined]


class NameAdministratorForm(VerbForm):
    """Who administers a system."""

    user = forms.ModelChoiceField(User.objects.none(), label="Administrator", empty_label="Choose who administers it")
    reason = words_field(rows=2, help_text="Why this person administers it.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["user"], possible_owners())


class SystemFilter(RegisterFilter):
    """Systems. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("name", "purpose")

    criticality = django_filters.ChoiceFilter(choices=Criticality.choices, empty_label="Any")
    owner = django_filters.ChoiceFilter(method="by_owner", empty_label="Anybody")
    scope = django_filters.ChoiceFilter(
        method="by_scope", label="Scope", empty_label="Any", choices=[("in", "In scope"), ("out", "Out of scope")]
    )
    access = django_filters.ChoiceFilter(
        method="by_access", label="Kind", empty_label="Any",
        choices=[("production", "Production"), ("sensitive", "Sensitive access")],
    )  # fmt: skip

    class Meta:
        model = System
        fields = ("criticality",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = nobody_or(owner_choices(System, "owner"))

    def by_owner(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(owner=None) if value == NOBODY else queryset.filter(owner_id=value)

    def by_scope(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(in_scope=value == "in")

    def by_access(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(production=True) if value == "production" else queryset.filter(privileged=True)
