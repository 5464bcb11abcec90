"""The register of identity providers."""

import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse

from foundation.accounts import fresh
from foundation.accounts.access import get_allowed, require
from foundation.accounts.forms import IdentityProviderFilter, IdentityProviderForm
from foundation.accounts.models import IdentityProvider, User
from foundation.pages.columns import Column
from foundation.pages.pages import Pages


class IdentityProviderPages(Pages):
    """Whoever may change these decides who gets in: adding and changing ask who it is."""

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

    def create_page(self) -> HttpResponse:
        require(self.user, "add", IdentityProvider)
        fresh.require(self.request, "add", IdentityProvider)
        return super().create_page()

    def edit_page(self, pk: int) -> HttpResponse:
        fresh.require(self.request, "change", get_allowed(self.user, "change", IdentityProvider, pk))
        return super().edit_page(pk)

    def put_away_page(self, pk: int, participle: str, archived_at: datetime.datetime | None) -> HttpResponse:
        """Archiving shuts a way in, restoring opens it."""
        fresh.require(self.request, "archive", get_allowed(self.user, "archive", IdentityProvider, pk))
        return super().put_away_page(pk, participle, archived_at)


def _address(route: str, slug: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(route, args=(slug,))}"
