"""Identity providers: which are in force, whether one is required, and how their sealed secrets are kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.db.models import QuerySet
from django.http import HttpRequest

from foundation.accounts.models import IdentityProvider, User
from foundation.accounts.roles import Role
from foundation.keys import reseal, seal, unseal
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM

SECRET_PURPOSE = "identity provider"  # noqa: S105 - a name
SAML_ATTRIBUTES = {
    "email": [
        "urn:oid:0.9.2342.19200300.100.1.3",
        "urn:oid:1.2.840.113549.1.9.1.1",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "email",
        "mail",
    ],
    "name": ["http://schemas.microsoft.com/identity/claims/displayname", "urn:oid:2.16.840.1.113730.3.1.241", "name"],
}


def in_force() -> QuerySet[IdentityProvider]:
    """The providers that people can sign in by now."""
    return IdentityProvider.objects.filter(enabled=True, archived_at__isnull=True)


def sso_required() -> bool:
    """Whether everybody has to come by a provider, break-glass accounts excepted."""
    return in_force().filter(required=True).exists()


def is_tied(provider: IdentityProvider) -> bool:
    """Whether somebody has signed in by this provider."""
    return bool(SocialAccount.objects.filter(provider=provider.slug).exists())


@dataclass(frozen=True)
class Tie:
    """An account's person at a provider. `name`: the provider's, or its short name once it is gone."""

    slug: str
    name: str
    since: datetime
    last_used: datetime


def ties_of(user: User) -> list[Tie]:
    """The providers that this account is tied to: two queries."""
    names = dict(IdentityProvider.objects.values_list("slug", "name"))
    found = SocialAccount.objects.filter(user=user).order_by("date_joined", "pk")
    return [Tie(row.provider, names.get(row.provider, row.provider), row.date_joined, row.last_login) for row in found]


def untie(user: User, slug: str) -> int:
    """Forget who the account is at a provider; how many such ties there were. The caller records it."""
    return int(SocialAccount.objects.filter(user=user, provider=slug).delete()[0])


def break_glass_accounts() -> QuerySet[User]:
    """The administrators who may sign in past a required provider."""
    return User.objects.in_role(Role.ADMINISTRATOR).filter(break_glass=True)


def sealed(secret: str) -> str:
    """What is stored of a client secret."""
    return seal(SECRET_PURPOSE, secret)


def reseal_all() -> int:
    """Put every client secret under the newest master key; return how many."""
    rows = list(IdentityProvider.objects.select_for_update().exclude(sealed_secret="").order_by("pk"))
    for row in rows:
        row.sealed_secret = reseal(SECRET_PURPOSE, row.sealed_secret)
        save(row, actor=SYSTEM, verb="identityprovider.updated", reason="The master key was rotated")
    return len(rows)


def as_app(provider: IdentityProvider, nonce: str = "") -> SocialApp:
    """The provider as allauth knows one; never stored, so that the secret is in clear nowhere but in memory.

    `nonce`: what the provider is to put into its answer, where a sign-in begins.
    """
    app = SocialApp(provider=provider.kind, provider_id=provider.slug, name=provider.name)
    if provider.kind == IdentityProvider.Kind.OIDC:
        app.client_id = provider.client_id
        app.secret = unseal(SECRET_PURPOSE, provider.sealed_secret) if provider.sealed_secret else ""
        app.settings = {"server_url": provider.server_url, "oauth_pkce_enabled": True}
        if nonce:
            app.settings["auth_params"] = {"nonce": nonce}
    else:
        app.client_id = provider.slug  # allauth finds SAML providers by this
        app.settings = {
            "idp": saml_facts(provider.metadata),
            "verified_email": True,  # the administrator's own directory, named by certificate
            "attribute_mapping": SAML_ATTRIBUTES,
            "advanced": {
                "strict": True,
                "want_assertion_signed": True,
                "want_name_id": True,
                "want_attribute_statement": False,
                "reject_idp_initiated_sso": True,
                "reject_deprecated_algorithm": True,
            },
        }
    return app


def saml_facts(metadata: str) -> dict[str, str]:
    """Entity id, sign-in address and certificate from a provider's metadata; nothing is fetched.

    Raises ValueError for what says none of this.
    """
    from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser  # 4 MB that few installations need

    try:
        found = OneLogin_Saml2_IdPMetadataParser.parse(metadata.encode()).get("idp", {})
        certificate = found.get("x509cert") or found["x509certMulti"]["signing"][0]
        return {
            "entity_id": found["entityId"],
            "sso_url": found["singleSignOnService"]["url"],
            "x509cert": certificate,
        }
    except (KeyError, IndexError, SyntaxError, TypeError, ValueError) as error:
        raise ValueError("This is no metadata of a SAML identity provider.") from error


def came_by(request: HttpRequest, user: Any) -> IdentityProvider | None:
    """The provider by which the person signed in to this session; None for another way."""
    ways = [proof for proof in get_authentication_records(request, user) if proof["method"] == "socialaccount"]
    return in_force().filter(slug=ways[-1]["provider"]).first() if ways else None
