"""Forms about accounts: inviting and editing people, changing a role with a reason, one's own profile."""

from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import QuerySet

from foundation.accounts.access import can
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.pages.filters import RegisterFilter, matching
from foundation.pages.forms import ReasonForm, RegisterForm


class UserForm(RegisterForm):
    """Invite a person, or change their details. The role is chosen once here; later it takes a reason of its own."""

    role = forms.ChoiceField(choices=[("", "Choose a role"), *Role.choices])

    class Meta:
        model = User
        fields = ("name", "email", "title", "role", "manager")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["role"]
        managers = User.objects.active().exclude(role__in=("", Role.AUDITOR)).exclude(pk=self.instance.pk)
        self.fields["manager"].queryset = managers  # type: ignore[attr-defined]
        self.fields["manager"].help_text = "Their team is everybody whose manager they are."


class ProfileForm(RegisterForm):
    """What people may say about themselves."""

    class Meta:
        model = User
        fields = ("name", "title")


class RoleForm(ReasonForm):
    """Another role, and why."""

    role = forms.ChoiceField(choices=[("", "Choose a role"), *Role.choices])
    field_order = ("role", "reason")


class UserFilter(RegisterFilter):
    """Active people unless others are asked for. Auditors search names only: no more is their business."""

    search_fields = ("name", "title", "email")
    role = django_filters.ChoiceFilter(choices=Role.choices, empty_label="Any role")
    show = django_filters.ChoiceFilter(
        method="filter_show",
        label="Show",
        empty_label="Active",
        choices=[("deactivated", "Deactivated"), ("all", "Active and deactivated")],
    )
    q = django_filters.CharFilter(
        method="search",
        label="Search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name or title"}),
    )
    field_order: ClassVar[tuple[str, ...]] = ("q", "role", "show")

    @property
    def qs(self) -> QuerySet[User]:
        """The people who pass; deactivated ones only when `show` asks for them."""
        found = django_filters.FilterSet.qs.fget(self)
        return found if self.form.cleaned_data.get("show") else found.filter(is_active=True)

    def filter_show(self, queryset: QuerySet[User], _name: str, value: str) -> QuerySet[User]:
        return queryset.filter(is_active=False) if value == "deactivated" else queryset

    def search(self, queryset: QuerySet[User], _name: str, value: str) -> QuerySet[User]:
        fields = self.search_fields if can(self.user, "view_details", User) else ("name",)
        return queryset.filter(matching(value, fields))
