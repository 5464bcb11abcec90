"""Signing in by a real OpenID Connect provider that these tests start: who gets in, as whom, and who does not."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import oidc_provider_mock
import pytest
import requests
import time_machine
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.accounts import actions
from foundation.accounts.models import IdentityProvider, User
from foundation.accounts.providers import reseal_all, sealed
from foundation.accounts.roles import Role
from foundation.accounts.tokens import invitation_path
from foundation.jobs.worker import run_all
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.people import PASSWORD, UserFactory, code

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]  # the provider's own libraries warn
LOGIN = reverse("openid_connect_login", args=["corp"])
SECRET = "a client secret of the tests"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def provider(issuer: str) -> IdentityProvider:
    made = IdentityProvider(
        slug="corp", name="Fernwood", kind="openid_connect", server_url=issuer, client_id="countersign", enabled=True
    )
    made.sealed_secret = sealed(SECRET)
    return save(made, actor=SYSTEM, verb="identityprovider.created")


def change(provider: IdentityProvider, **values: Any) -> None:
    for name, value in values.items():
        setattr(provider, name, value)
    save(provider, actor=SYSTEM, verb="identityprovider.updated")


def knows(issuer: str, sub: str, **claims: Any) -> None:
    """Tell the provider who somebody is."""
    assert requests.put(f"{issuer}/users/{sub}", json=claims, timeout=10).status_code == 204


def asked(client: Client) -> str:
    """Where the button on the sign-in page sends the browser."""
    answer = client.get(LOGIN)
    assert answer.status_code == 302
    return str(answer.url)


def answered(address: str, sub: str) -> dict[str, str]:
    """Sign in at the provider; what it sends the browser back with."""
    back = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=10).headers["Location"]
    assert urlsplit(back).path == reverse("openid_connect_callback", args=["corp"])
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


def come_back(client: Client, answer: dict[str, str]) -> Any:
    return client.get(f"{reverse('openid_connect_callback', args=['corp'])}?{urlencode(answer)}")


def sign_in(client: Client, sub: str) -> Any:
    return come_back(client, answered(asked(client), sub))


def is_in(client: Client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


def told(prefix: str = "auth.") -> list[str]:
    return list(Entry.objects.filter(verb__startswith=prefix).order_by("id").values_list("verb", flat=True))


def why() -> str:
    return str(json.loads(Entry.objects.filter(verb="auth.sso_failed").latest("id").detail)["reason"])


# ---- who gets in ---------------------------------------------------------------------------------------------------


def test_the_first_time_the_verified_address_counts_then_the_subject(
    client: Client, owner: User, provider: IdentityProvider, issuer: str, mailoutbox: list[Any]
):
    knows(issuer, "u-1", email="Owner@example.com", email_verified=True, name="Oskar")
    assert "Sign in with Fernwood" in client.get(reverse("account_login")).content.decode()
    address = asked(client)
    assert "code_challenge=" in address
    assert come_back(client, answered(address, "u-1")).url == reverse("mfa_authenticate"), "our second factor applies"
    client.post(reverse("mfa_authenticate"), {"code": code()})
    assert is_in(client)
    assert told() == ["auth.sso_connected", "auth.signed_in"]
    link = SocialAccount.objects.get()
    assert (link.user, link.provider, link.uid, link.extra_data) == (owner, "corp", "u-1", {})
    assert not SocialApp.objects.exists()
    assert not SocialToken.objects.exists()
    run_all()
    assert "identity provider" in mailoutbox[0].body
    knows(issuer, "u-1", email="renamed@example.com", email_verified=True)
    again = Client()
    assert sign_in(again, "u-1").url == reverse("mfa_authenticate"), "the subject is the person, whatever the address"


def test_a_second_factor_at_the_provider_is_enough_where_the_setting_says_so(
    client: Client, employee: User, provider: IdentityProvider, issuer: str
):
    change(provider, does_mfa=True)
    knows(issuer, "u-2", email=employee.email, email_verified=True)
    sign_in(client, "u-2")
    assert is_in(client)
    Authenticator.objects.filter(user=employee).delete()
    other = Client()
    sign_in(other, "u-2")
    assert is_in(other)
    change(provider, does_mfa=False)
    third = Client()
    sign_in(third, "u-2")
    assert third.get("/").url == reverse("mfa_index"), "otherwise a factor of ours has to be added"


def test_an_account_made_just_in_time_begins_small(client: Client, provider: IdentityProvider, issuer: str):
    change(provider, provisions=True, does_mfa=True, default_role=Role.CONTROL_OWNER)
    knows(issuer, "u-3", email="nia@example.com", email_verified=True, name="Nia New", role="administrator")
    sign_in(client, "u-3")
    made = User.objects.get(email="nia@example.com")
    assert (made.role, made.name, made.has_usable_password()) == (Role.CONTROL_OWNER, "Nia New", False)
    assert is_in(client)
    assert told("user.") == ["user.provisioned"]


# ---- who does not --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"email": "owner@example.com"}, "no verified address"),
        ({"email": "owner@example.com", "email_verified": False}, "no verified address"),
        ({"email": "owner@example.com", "email_verified": "false"}, "no verified address"),
        ({"email": "stranger@example.com", "email_verified": True}, "This provider makes no accounts."),
        ({}, "no verified address"),
    ],
)
def test_nobody_else_gets_in(
    client: Client, owner: User, provider: IdentityProvider, issuer: str, claims: dict[str, Any], reason: str
):
    knows(issuer, "u-4", **claims)
    before = User.objects.count()
    page = sign_in(client, "u-4")
    assert page.status_code == 403
    assert "You were not signed in" in page.content.decode()
    assert not is_in(client)
    assert (why(), told()) == (reason, ["auth.sso_failed"])
    assert (User.objects.count(), SocialAccount.objects.count()) == (before, 0)


def test_the_deactivated_stay_out(client: Client, owner: User, admin: User, provider: IdentityProvider, issuer: str):
    knows(issuer, "u-5", email=owner.email, email_verified=True)
    sign_in(client, "u-5")
    actions.deactivate(owner, actor=admin, reason="Left")
    again = Client()
    assert sign_in(again, "u-5").status_code == 403
    assert why() == "the account is deactivated"
    assert SocialAccount.objects.count() == 1


def test_an_address_that_changed_hands_is_refused(client: Client, owner: User, provider: IdentityProvider, issuer: str):
    knows(issuer, "u-6", email=owner.email, email_verified=True)
    sign_in(client, "u-6")
    knows(issuer, "u-7", email=owner.email, email_verified=True)
    assert sign_in(Client(), "u-7").status_code == 403
    assert why() == "the address belongs to another subject"


def test_an_altered_or_foreign_state_is_refused(client: Client, owner: User, provider: IdentityProvider, issuer: str):
    knows(issuer, "u-8", email=owner.email, email_verified=True)
    answer = answered(asked(client), "u-8")
    assert come_back(client, answer | {"state": answer["state"][::-1] + "x"}).status_code in (401, 403)
    assert come_back(Client(), answer).status_code in (401, 403), "another browser"
    assert not SocialAccount.objects.exists()


def test_a_replayed_or_altered_code_is_refused(client: Client, owner: User, provider: IdentityProvider, issuer: str):
    change(provider, does_mfa=True)
    knows(issuer, "u-9", email=owner.email, email_verified=True)
    used = answered(asked(client), "u-9")
    come_back(client, used)
    assert is_in(client)
    thief = Client()
    fresh_state = parse_qs(urlsplit(asked(thief)).query)["state"][0]
    for stolen in (used["code"], "forged"):
        assert come_back(thief, {"code": stolen, "state": fresh_state}).status_code in (401, 403)
        assert not is_in(thief)
        fresh_state = parse_qs(urlsplit(asked(thief)).query)["state"][0]
    assert come_back(client, used).status_code in (401, 403), "the same answer twice"
    assert told().count("auth.sso_failed") >= 2


def test_nothing_but_signing_in_is_offered(client: Client, owner: User, provider: IdentityProvider, issuer: str):
    knows(issuer, "u-11", email="other@example.com", email_verified=True)
    client.force_login(owner)
    address = client.get(f"{LOGIN}?process=connect").url
    assert come_back(client, answered(address, "u-11")).status_code == 403
    assert not SocialAccount.objects.exists()


def test_a_provider_that_is_off_or_archived_has_no_address(client: Client, provider: IdentityProvider):
    change(provider, enabled=False)
    assert client.get(LOGIN).status_code == 404
    assert "Fernwood" not in client.get(reverse("account_login")).content.decode()


# ---- required ------------------------------------------------------------------------------------------------------


def by_password(client: Client, user: User) -> Any:
    return client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})


def test_where_it_is_required_passwords_let_nobody_in(
    client: Client, owner: User, provider: IdentityProvider, issuer: str
):
    change(provider, required=True)
    assert by_password(client, owner).url == reverse("account_login")
    assert client.get(reverse("mfa_authenticate")).url == reverse("account_login"), "nothing waits for a second factor"
    assert told() == ["auth.sign_in_failed"]
    knows(issuer, "u-12", email=owner.email, email_verified=True)
    assert sign_in(client, "u-12").url == reverse("mfa_authenticate")


def test_break_glass_goes_past_it_and_everybody_hears(
    client: Client, admin: User, provider: IdentityProvider, mailoutbox: list[Any]
):
    change(provider, required=True)
    actions.change_break_glass(admin, actor=admin, reason="The way in when Fernwood is down")
    by_password(client, admin)
    client.post(reverse("mfa_authenticate"), {"code": code()})
    assert is_in(client)
    assert told() == ["auth.signed_in", "auth.break_glass_used"]
    run_all()
    assert [mail.subject for mail in mailoutbox] == [
        "Your way into Countersign changed",
        "Somebody signed in past the identity provider",
    ]


def test_only_an_administrator_is_break_glass_and_the_last_one_stays(
    admin: User, owner: User, provider: IdentityProvider
):
    with pytest.raises(actions.ValidationError):
        actions.change_break_glass(owner, actor=admin, reason="No")
    actions.change_break_glass(admin, actor=admin, reason="Yes")
    change(provider, required=True)
    with pytest.raises(actions.ValidationError):
        actions.change_break_glass(admin, actor=admin, reason="No longer")


# ---- the register --------------------------------------------------------------------------------------------------


def test_the_secret_goes_in_and_never_comes_out(client: Client, admin: User, settings: Any):
    client.force_login(admin)
    form = {
        "name": "Fernwood", "slug": "corp", "kind": "openid_connect", "server_url": "https://id.example.com",
        "client_id": "countersign", "secret": SECRET, "default_role": "employee", "enabled": "on",
    }  # fmt: skip
    page = client.post(reverse("accounts:identityprovider-create"), form)
    row = IdentityProvider.objects.get()
    assert page.url == row.get_absolute_url()
    for name in ("detail", "edit", "history", "trail"):
        assert SECRET not in client.get(reverse(f"accounts:identityprovider-{name}", args=[row.pk])).content.decode()
    told_of = [f"{entry.detail}{entry.private}" for entry in Entry.objects.all()]
    assert not [text for text in told_of if SECRET in text or row.sealed_secret in text]
    assert SECRET not in row.sealed_secret
    settings.MASTER_KEY, settings.MASTER_KEY_FALLBACKS = "another key that only ever seals", [settings.MASTER_KEY]
    assert reseal_all() == 1
    row.refresh_from_db()
    kept = {"version": row.version, **form, "secret": "", "name": "Fernwood ID"}
    assert client.post(reverse("accounts:identityprovider-edit", args=[row.pk]), kept).status_code == 302
    assert IdentityProvider.objects.get().sealed_secret


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"default_role": "administrator"}, "default_role"),
        ({"default_role": "auditor"}, "default_role"),
        ({"kind": "saml"}, "metadata"),
        ({"kind": "saml", "metadata": "<not/>"}, "metadata"),
        ({"kind": "saml", "metadata": "not xml"}, "metadata"),
        ({"server_url": ""}, "server_url"),
        ({"server_url": "file:///etc/passwd"}, "server_url"),
        ({"required": "on"}, "required"),
    ],
)
def test_what_cannot_work_is_refused(client: Client, admin: User, wrong: dict[str, str], field: str):
    client.force_login(admin)
    form = {
        "name": "Fernwood", "slug": "corp", "kind": "openid_connect", "server_url": "https://id.example.com",
        "client_id": "countersign", "default_role": "employee", "enabled": "on",
    }  # fmt: skip
    page = client.post(reverse("accounts:identityprovider-create"), form | wrong)
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert not IdentityProvider.objects.exists()


def test_the_last_way_past_it_stays_whatever_is_done_to_the_account(provider: IdentityProvider, admin: User):
    other = UserFactory(role="administrator")
    actions.change_break_glass(admin, actor=other, reason="The way in when Fernwood is down")
    change(provider, required=True)
    for door in (
        lambda: actions.change_role(admin, "manager", actor=other, reason="Moved"),
        lambda: actions.deactivate(admin, actor=other, reason="Left"),
        lambda: actions.change_break_glass(admin, actor=other, reason="No longer"),
    ):
        admin.refresh_from_db()
        with pytest.raises(ValidationError, match="only way in"):
            door()
    admin.refresh_from_db()
    assert (admin.role, admin.is_active, admin.break_glass) == ("administrator", True, True)


def test_an_invited_person_who_comes_by_it_has_joined_and_the_link_is_dead(
    client: Client, provider: IdentityProvider, admin: User, issuer: str
):
    person = actions.invite(actor=admin, email="nadia@example.com", name="Nadia New", role="employee")
    link = invitation_path(person)
    knows(issuer, "u-30", email=person.email, email_verified=True)
    sign_in(client, "u-30")
    person.refresh_from_db()
    assert person.standing() == "Active"
    assert Client().get(link).status_code == 410


def test_somebody_known_only_there_proves_there_who_they_are(client: Client, provider: IdentityProvider, issuer: str):
    change(provider, does_mfa=True, provisions=True, default_role="employee")
    knows(issuer, "u-31", email="nora@example.com", email_verified=True)
    sign_in(client, "u-31")
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=True):
        app = reverse("mfa_activate_totp")
        asked_again = client.post(app, {"code": "123456"})
        there = urlsplit(asked_again.url)
        assert there.path == LOGIN
        assert parse_qs(there.query) == {"next": [app], "auth_params": ["prompt=login"]}
        address = client.get(asked_again.url).url
        assert parse_qs(urlsplit(address).query)["prompt"] == ["login"]
        assert come_back(client, answered(address, "u-31")).url == app
        assert client.get(app).status_code == 200


def test_what_names_people_at_it_is_not_changed_under_them(
    client: Client, provider: IdentityProvider, owner: User, admin: User, issuer: str
):
    said: dict[str, Any] = {
        "name": "Fernwood", "slug": "corp", "kind": "openid_connect", "server_url": issuer,
        "client_id": "countersign", "enabled": "on", "default_role": "employee",
    }  # fmt: skip
    knows(issuer, "u-32", email=owner.email, email_verified=True)
    sign_in(client, "u-32")
    client.force_login(admin)
    url = reverse("accounts:identityprovider-edit", args=[provider.pk])
    said |= {"version": provider.version}
    refused = client.post(url, said | {"server_url": "https://elsewhere.example.com"})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["server_url"])
    assert client.post(url, said | {"name": "Fernwood Cloud"}).status_code == 302


def test_whoever_has_no_password_is_sent_to_where_one_is_made(client: Client, provider: IdentityProvider, issuer: str):
    change(provider, does_mfa=True, provisions=True, default_role="employee")
    knows(issuer, "u-33", email="nils@example.com", email_verified=True)
    sign_in(client, "u-33")
    answer = client.get(reverse("account_change_password"), follow=True)
    assert answer.status_code == 200


# ---- tied and untied -----------------------------------------------------------------------------------------------


def test_an_answer_to_another_question_is_refused(client: Client, owner: User, provider: IdentityProvider, issuer: str):
    knows(issuer, "u-40", email=owner.email, email_verified=True)
    address = asked(client)
    nonce = parse_qs(urlsplit(address).query)["nonce"][0]
    assert len(nonce) >= 32
    assert client.session["oidc_nonce"] == nonce
    assert come_back(client, answered(address.replace(nonce, "somebody-elses"), "u-40")).status_code == 403
    assert why() == "the answer is to another question"
    assert come_back(client, answered(asked(client).replace(f"nonce={nonce}", "nothing=1"), "u-40")).status_code == 403
    assert not SocialAccount.objects.exists()
    assert sign_in(client, "u-40").url == reverse("mfa_authenticate")


def test_an_administrator_unties_an_account_and_the_next_sign_in_ties_it_anew(
    client: Client, owner: User, admin: User, provider: IdentityProvider, issuer: str, mailoutbox: list[Any]
):
    change(provider, does_mfa=True)
    knows(issuer, "u-41", email=owner.email, email_verified=True)
    knows(issuer, "u-42", email=owner.email, email_verified=True)
    theirs = Client()
    sign_in(theirs, "u-41")
    token, _ = actions.create_token(owner, actor=SYSTEM, name="CI", scopes=["read"])
    assert sign_in(Client(), "u-42").status_code == 403, "the address is another subject's"
    assert "Fernwood" in theirs.get(reverse("mfa_index")).content.decode()
    client.force_login(admin)
    url = reverse("accounts:user-untie-provider", args=[owner.pk])
    page = client.get(owner.get_absolute_url()).content.decode()
    assert url in page
    assert "Fernwood" in page
    owner.refresh_from_db()
    said = {"provider": "corp", "reason": "Their account at Fernwood was made again.", "version": owner.version}
    assert client.post(url, said | {"provider": "elsewhere"}).status_code == 422
    assert client.post(url, said | {"reason": ""}).status_code == 422
    assert is_in(theirs)
    assert client.post(url, said).status_code == 302
    assert not is_in(theirs), "their sessions end"
    token.refresh_from_db()
    assert token.standing() == "Revoked"
    entry = Entry.objects.get(verb="user.provider_untied")
    assert json.loads(entry.detail)["refs"]["provider"] == "corp"
    assert url not in client.get(owner.get_absolute_url()).content.decode()
    sign_in(theirs, "u-42")
    assert is_in(theirs)
    assert SocialAccount.objects.get().uid == "u-42"
    run_all()
    assert any("untied your account" in mail.body for mail in mailoutbox)


def test_untying_what_is_not_tied_changes_nothing(owner: User, admin: User, provider: IdentityProvider):
    with pytest.raises(ValidationError, match="not tied"):
        actions.untie_provider(owner, "corp", actor=admin, reason="Nothing there")
    assert not told("user.provider")


def test_whose_account_goes_past_it_hears_so_by_mail(admin: User, mailoutbox: list[Any]):
    for reason in ("The way in when Fernwood is down", "Somebody else is, now"):
        actions.change_break_glass(admin, actor=admin, reason=reason)
    run_all()
    assert [("can no longer" in mail.body) for mail in mailoutbox] == [False, True]
    assert all("past the identity provider" in mail.body for mail in mailoutbox)
