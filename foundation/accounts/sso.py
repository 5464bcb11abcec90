"""Signing in by an identity provider: whose account it is, who is refused, and what the trail says of it.

The account is found by the provider's own name for the person (its subject), and the first time by an address that the
provider says is verified. Nobody signs up; where a provider may make accounts, they begin with a small role.
"""

import secrets
from typing import Any, Final

from allauth.account.utils import get_next_redirect_url
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.stages import AuthenticateStage
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt

from foundation.accounts.actions import provision
from foundation.accounts.jobs import notice_mail
from foundation.accounts.models import IdentityProvider, User
from foundation.accounts.providers import as_app, came_by, in_force
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM, record

MOST: Final = 200_000  # characters of a SAML answer
NONCE: Final = "oidc_nonce"
OIDC: Final = "openid_connect"


class SocialAdapter(DefaultSocialAccountAdapter):
    """How allauth signs people in by a provider here (`settings.SOCIALACCOUNT_ADAPTER`)."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """The providers in force, with their secrets unsealed. allauth's own table stays empty."""
        apps = [as_app(row, getattr(request, NONCE, "")) for row in in_force()]
        return [
            app
            for app in apps
            if (not provider or provider in (app.provider, app.provider_id))
            and (not client_id or client_id == app.client_id)
        ]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Nobody signs up: pre_social_login has found or made the account, or refused."""
        return False

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> Any:
        """Keep the name and the address for a moment, and of the provider's other claims nothing."""
        claims = sociallogin.account.extra_data
        sociallogin.account.extra_data = {}
        if {"userinfo", "id_token"} <= claims.keys() and claims["userinfo"].get("sub") != claims["id_token"].get("sub"):
            raise turned_away(request, sociallogin, Refused("two answers about two people"))
        if sociallogin.provider.id == OIDC and not answers_us(request, claims.get("id_token")):
            raise turned_away(request, sociallogin, Refused("the answer is to another question"))
        person = sociallogin.user
        person.email, person.name = str(data.get("email") or "").lower(), str(data.get("name") or "")
        return person

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find or make the account, before allauth lets anybody in."""
        try:
            admit(sociallogin)
        except Refused as refused:
            raise turned_away(request, sociallogin, refused) from refused

    def on_authentication_error(self, request: HttpRequest, provider: Any, **kwargs: Any) -> None:
        """An answer that was altered, replayed, too old or meant for somebody else."""
        with transaction.atomic():
            app = getattr(provider, "app", None)
            refs = {"provider": app.provider_id if app else str(provider)[:40]}
            record("auth.sso_failed", None, outcome="failed", reason="the answer was not accepted", refs=refs)


class Refused(Exception):
    """Somebody whom a provider vouches for is not let in. The trail says why; the page says the same to everybody."""

    def __init__(self, reason: str, user: User | None = None) -> None:
        super().__init__(reason)
        self.reason, self.user = reason, user


@transaction.atomic
def admit(sociallogin: SocialLogin) -> None:
    """Give the sign-in its account. Raises Refused, with nothing changed."""
    if sociallogin.state.get("process") != "login":
        raise Refused("nothing but signing in is offered")
    if not sociallogin.is_existing:
        tie(sociallogin)
    if not sociallogin.user.is_active:
        raise Refused("the account is deactivated", sociallogin.user)


def tie(sociallogin: SocialLogin) -> None:
    """The first time: tie the provider's subject to the account of its verified address, or make that account."""
    slug, email = sociallogin.account.provider, verified_address(sociallogin)
    if not email:
        raise Refused("no verified address")
    provider = in_force().get(slug=slug)
    user = User.objects.select_for_update().filter(email=email).first() or made(provider, email, sociallogin.user.name)
    if SocialAccount.objects.filter(user=user, provider=slug).exists():
        raise Refused("the address belongs to another subject", user)
    sociallogin.user = sociallogin.account.user = user
    sociallogin.account.save()
    if user.is_active and user.joined_at is None:  # invited: the link in the mail is dead from now on
        user.joined_at = timezone.now()
        user.set_unusable_password()
        save(user, actor=user, verb="user.updated")
    record("auth.sso_connected", user, user, refs={"provider": slug})
    notice_mail.enqueue(actor=SYSTEM, title="Mail a notice", user_id=user.pk, about="sso_connected")


def made(provider: IdentityProvider, email: str, name: str) -> User:
    """An account for an address that nobody invited, where the provider may make some."""
    try:
        return provision(provider, email=email, name=name)
    except ValidationError as refused:
        raise Refused(" ".join(refused.messages)) from refused


def verified_address(sociallogin: SocialLogin) -> str:
    """The address that the provider says is verified, in lower case; "" for none. Some say "false" as a text."""
    for address in sociallogin.email_addresses:
        if str(address.verified).lower() == "true":
            return str(address.email).lower()
    return ""


def turned_away(request: HttpRequest, sociallogin: SocialLogin, refused: Refused) -> ImmediateHttpResponse:
    """The answer to somebody who is refused, once the trail has it."""
    with transaction.atomic():
        refs = {"provider": sociallogin.account.provider}
        record("auth.sso_failed", None, refused.user, outcome="refused", reason=refused.reason, refs=refs)
    return ImmediateHttpResponse(render(request, "socialaccount/authentication_error.html", status=403))


def answers_us(request: HttpRequest, id_token: dict[str, Any] | None) -> bool:
    """Whether the provider's token holds the number that this browser was sent there with."""
    nonce = str(request.session.get(NONCE) or "")
    return bool(nonce) and constant_time_compare(nonce, str((id_token or {}).get("nonce")))


@login_not_required
def oidc_login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """To the provider, with a number that it has to put into its answer: allauth sends and asks for none."""
    nonce = request.session.setdefault(NONCE, secrets.token_urlsafe(24))
    setattr(request, NONCE, nonce)  # list_apps reads it there
    answer: HttpResponse = oidc.login(request, provider_id=provider_id)
    return answer


def saml_view(name: str) -> Any:
    """A view of allauth's for SAML, imported when it is asked for: XML signatures take 10 MB that most never need."""
    from allauth.socialaccount.providers.saml import views

    return getattr(views, name)


@login_not_required
def saml_login(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """To the provider; somebody who is signed in comes to prove it, so the provider has to ask (ForceAuthn)."""
    if not request.user.is_authenticated:
        answer: HttpResponse = saml_view("login")(request, organization_slug=organization_slug)
        return answer
    from allauth.socialaccount.providers.saml.utils import build_auth, get_app_or_404

    provider = get_app_or_404(request, organization_slug).get_provider(request)
    asked = build_auth(request, provider)
    where = asked.login(return_to="", force_authn=True)
    back = get_next_redirect_url(request)
    provider.stash_redirect_state(request, AuthProcess.LOGIN, back, state_id=asked.get_last_request_id())
    return redirect(where)


@login_not_required
def saml_metadata(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """What a SAML provider has to know of us."""
    answer: HttpResponse = saml_view("metadata")(request, organization_slug=organization_slug)
    return answer


@csrf_exempt  # the provider's page posts it; the state that only this browser holds is asked for in the next step
@login_not_required
def acs(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """The start of it: keeps the provider's answer for a moment. Nothing is kept for strangers or of any size."""
    known = in_force().filter(slug=organization_slug, kind=IdentityProvider.Kind.SAML).exists()
    if not known or len(request.POST.get("SAMLResponse", "")) > MOST:
        raise Http404
    answer: HttpResponse = saml_view("acs")(request, organization_slug=organization_slug)
    return answer


@login_not_required
def finish_acs(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """The end of a SAML sign-in. What is not even XML, allauth would answer with an error of ours."""
    try:
        answer: HttpResponse = saml_view("finish_acs")(request, organization_slug=organization_slug)
    except (SyntaxError, ValueError):
        with transaction.atomic():
            refs = {"provider": organization_slug}
            record("auth.sso_failed", None, outcome="failed", reason="the answer was not readable", refs=refs)
        return render(request, "socialaccount/authentication_error.html", status=403)
    return answer


class SecondFactorStage(AuthenticateStage):
    """Asks for the second factor, unless the provider that was come by has asked already."""

    def _should_handle(self, request: HttpRequest) -> bool:
        provider = came_by(request, self.login.user)
        return not (provider is not None and provider.does_mfa) and super()._should_handle(request)
