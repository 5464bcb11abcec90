"""The register of identity providers."""

import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse

from foundation.accounts.forms import IdentityProviderFilter, IdentityProviderForm
from foundation.accounts.models import IdentityProvider, User
from foundation.accounts.providers import break_glass_accounts
from foundation.pages.columns import Column
from foundation.pages.pages import Pages


class IdentityProviderPages(Pages):
    """Whoever may change these decides who gets in: every change signs (table.SIGNING)."""

    model = IdentityProvider
    form_class, filter_class = IdentityProviderForm, IdentityProviderFilter
    columns: ClassVar = (
        Column("name", "Provider", sort="name", kind="title"),
        Column("kind", "Protocol", sort="kind"),
        Column("state", "Status", kind="badge", tones={"Required": "ok", "Enabled": "ok", "Off": "mute"}),
        Column("makes", "Makes accounts"),
        Column("second_factor", "Second factor"),
    )
    facts: ClassVar = (
        *columns[1:],
        Column("callback", "Send people back to"),
        Column("entity", "We are called"),
        Column("server_url", "Issuer"),
        Column("client_id", "Client ID"),
        Column("secret_state", "Client secret"),
    )
    ordering: ClassVar = ("name",)
    intro = "Single sign-on: people sign in with the company's own accounts, by OpenID Connect or SAML."

    @staticmethod
    def attach(found: list[Any], user: User, moment: datetime.datetime | None) -> None:  # noqa: ARG004 - as it stood
        """What each provider does in words, and what it has to be told about us."""
        for row in found:
            oidc = row.kind == IdentityProvider.Kind.OIDC
            row.state = ("Required" if row.required else "Enabled") if row.enabled else "Off"
            row.makes = row.get_default_role_display() if row.provisions else "No, people are invited"
            row.second_factor = "At the provider" if row.does_mfa else "Here"
            row.callback = _address("openid_connect_callback" if oidc else "saml_acs", row.slug)
            row.entity = "" if oidc else _address("saml_metadata", row.slug)
            row.secret_state = "Stored, sealed" if getattr(row, "sealed_secret", "") else ""

    def put_away(self, target: Any, participle: str, reason: str) -> Any:
        """A required provider comes back only where somebody gets in without it. Raises ValidationError otherwise."""
        if participle == "restored" and target.required and target.enabled and not break_glass_accounts().exists():
            raise ValidationError("Mark an administrator as break-glass first: the way in when the provider is down.")
        return super().put_away(target, participle, reason)


def _address(route: str, slug: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(route, args=(slug,))}"
