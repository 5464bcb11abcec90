"""Forms about accounts: inviting and editing people, changing a role with a reason, one's own profile."""

from typing import Any, Final

import django_filters
from django import forms
from django.conf import settings
from django.db.models import QuerySet

from foundation.accounts.access import can
from foundation.accounts.models import IdentityProvider, User
from foundation.accounts.providers import break_glass_accounts, is_tied, saml_facts, sealed, ties_of
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


# What a person's number at a provider belongs to: under another one the same number is somebody else.
NAMING: Final = ("slug", "kind", "server_url", "metadata")


class IdentityProviderForm(RegisterForm):
    """An identity provider. Its secret goes in and never comes out: empty leaves it as it is."""

    server_url = forms.URLField(
        label="Issuer",
        required=False,
        max_length=300,
        assume_scheme="https",
        help_text="OpenID Connect only: the address of the provider, as it names itself.",
    )
    secret = forms.CharField(
        label="Client secret",
        required=False,
        max_length=190,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="OpenID Connect only. Never shown again; leave it empty to keep what is stored.",
    )

    class Meta:
        model = IdentityProvider
        fields = (
            "name", "slug", "kind", "server_url", "client_id", "secret", "metadata", "enabled", "required",
            "provisions", "default_role", "does_mfa",
        )  # fmt: skip

    def clean_server_url(self) -> str:
        """Encrypted, except on one's own laptop."""
        url: str = self.cleaned_data["server_url"].rstrip("/")
        if url and not url.startswith("https://") and not settings.LOCAL:
            raise forms.ValidationError("The issuer's address must begin with https://.")
        return url

    def clean_metadata(self) -> str:
        """What names no provider, sign-in address and certificate is no metadata."""
        metadata: str = self.cleaned_data["metadata"].strip()
        if metadata:
            try:
                saml_facts(metadata)
            except ValueError as refused:
                raise forms.ValidationError(str(refused)) from refused
        return metadata

    def clean(self) -> dict[str, Any]:
        """Each protocol with what it needs; required only when it works and when there is a way in without it."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        needed = ("server_url", "client_id") if said.get("kind") == IdentityProvider.Kind.OIDC else ("metadata",)
        for name in needed if said.get("kind") else ():
            if name in said and not said[name]:
                self.add_error(name, "This protocol needs it.")
        if said.get("required") and not said.get("enabled"):
            self.add_error("required", "Enable it first.")
        if said.get("required") and not break_glass_accounts().exists():
            self.add_error(
                "required", "Mark an administrator as break-glass first: the way in when the provider is down."
            )
        if self.instance.pk and is_tied(self.stored):
            for name in self.changed_data:
                if name in NAMING and (name != "metadata" or self._names_another()):
                    self.add_error(name, "People sign in by this provider, and this is what names them. Add a new one.")
        if said.get("secret"):
            self.instance.sealed_secret = sealed(said["secret"])
        return said

    @property
    def stored(self) -> IdentityProvider:
        """The provider as it is stored."""
        found: IdentityProvider = IdentityProvider.objects.get(pk=self.instance.pk)
        return found

    def _names_another(self) -> bool:
        """Whether the metadata are of another provider, and not the same one's with a new certificate."""
        before, after = self.stored.metadata, self.cleaned_data.get("metadata")
        return not before or not after or saml_facts(before)["entity_id"] != saml_facts(after)["entity_id"]


class IdentityProviderFilter(RegisterFilter):
    """Identity providers by name."""

    search_fields = ("name", "slug")


class RoleForm(ReasonForm):
    """Another role, and why."""

    role = forms.ChoiceField(choices=[("", "Choose a role"), *Role.choices])
    field_order = ("role", "reason")

    def __init__(self, *args: Any, target: User, **kwargs: Any) -> None:
        super().__init__(*args, target=target, **kwargs)
        self.fields["role"].initial = target.role


class UntieForm(ReasonForm):
    """From which provider, and why."""

    provider = forms.ChoiceField(label="Identity provider")
    field_order = ("provider", "reason")

    def __init__(self, *args: Any, target: User, **kwargs: Any) -> None:
        super().__init__(*args, target=target, **kwargs)
        self.fields["provider"].choices = [(tie.slug, tie.name) for tie in ties_of(target)]  # type: ignore[attr-defined]


class UserFilter(RegisterFilter):
    """Active people unless others are asked for. Auditors search names only: no more is their business."""

    search_fields = ("name", "title", "email")
    archives = False
    role = django_filters.ChoiceFilter(choices=Role.choices, empty_label="Any role")
    show = django_filters.ChoiceFilter(
        method="filter_show",
        label="Show",
        empty_label="Active",
        choices=[("deactivated", "Deactivated"), ("all", "Active and deactivated")],
    )
    hint = "Name or title"

    def unasked(self, found: QuerySet[User]) -> QuerySet[User]:
        """Those who may sign in."""
        return found.filter(is_active=True)

    def filter_show(self, queryset: QuerySet[User], _name: str, value: str) -> QuerySet[User]:
        return queryset.filter(is_active=False) if value == "deactivated" else queryset

    def search(self, queryset: QuerySet[User], _name: str, value: str) -> QuerySet[User]:
        fields = self.search_fields if can(self.user, "view_details", User) else ("name",)
        return queryset.filter(matching(value, fields))
