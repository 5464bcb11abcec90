"""Signing in and out, being refused, forgetting and changing a password, accepting an invitation: pages and trail."""

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from foundation.accounts import actions
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.accounts.tokens import invitation_path
from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.trail.models import Entry
from tests.factories.people import PASSWORD, code

pytestmark = pytest.mark.django_db
NEW = "quite another sentence"
SIGN_IN = reverse("account_login")


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    """The limits on attempts are counted in the cache, which tests share."""
    cache.clear()
    yield
    cache.clear()


def sign_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    """Both steps, if the first is right. A code works once, so each person here has minutes between two sign-ins."""
    response = client.post(SIGN_IN, {"login": email, "password": password})
    if response.status_code == 302 and response.url == reverse("mfa_authenticate"):
        cache.clear()
        return client.post(response.url, {"code": code()})
    return response


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


def entries(prefix: str = "auth.") -> list[tuple[str, int | None, str]]:
    found = Entry.objects.filter(verb__startswith=prefix).order_by("id")
    return [(entry.verb, entry.actor_id, entry.outcome) for entry in found]


def test_sign_in_and_out(client: Client, owner: User) -> None:
    assert sign_in(client, "Owner@Example.com").status_code == 302
    assert is_signed_in(client)
    client.post(reverse("account_logout"))
    assert not is_signed_in(client)
    assert entries() == [("auth.signed_in", owner.pk, "ok"), ("auth.signed_out", owner.pk, "ok")]
    assert User.history.filter(id=owner.pk).count() == 1, "signing in changes no account"
    assert not EmailAddress.objects.exists(), "User.email is the only truth about addresses"


@pytest.mark.parametrize("typed", ["owner@example.com", "nobody@example.com", "gone@example.com"])
def test_every_refusal_sounds_the_same(client: Client, owner: User, colleague: User, admin: User, typed: str) -> None:
    colleague.email = "gone@example.com"
    actions.deactivate(colleague, actor=admin, reason="Left")
    password = PASSWORD if typed == "gone@example.com" else "wrong"
    response = sign_in(client, typed, password)
    assert response.status_code == 200
    assert response.context["form"].non_field_errors() == [
        "The email address and/or password you specified are not correct."
    ]
    assert not is_signed_in(client)
    assert entries() == [("auth.sign_in_failed", None, "failed")]
    entry = Entry.objects.get(verb="auth.sign_in_failed")
    assert entry.actor_kind == "anonymous"
    assert typed not in entry.detail
    assert json.loads(entry.private or "")["email"] == typed


@time_machine.travel(datetime.datetime(2026, 11, 22, 12, 0, 10, tzinfo=datetime.UTC), tick=False)
def test_too_many_attempts_are_refused_and_on_the_trail(client: Client, owner: User) -> None:
    for _ in range(5):
        sign_in(client, owner.email, "wrong")
    response = sign_in(client, owner.email)
    assert "Too many failed login attempts" in str(response.content)
    assert not is_signed_in(client)
    for _ in range(3):  # whoever goes on does not fill the trail
        sign_in(client, owner.email, "wrong")
    assert len(entries()) == 6
    assert json.loads(Entry.objects.latest("id").detail)["reason"] == "too many attempts"


def test_nobody_signs_up_or_adds_an_address(client: Client, owner: User) -> None:
    client.force_login(owner)
    for path in ("/account/signup/", "/account/email/", "/accounts/signup/", "/accounts/email/"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        lambda owner, admin: actions.deactivate(owner, actor=admin, reason="Left"),
        lambda owner, admin: actions.change_role(owner, Role.MANAGER, actor=admin, reason="Promoted"),
        lambda owner, _admin: actions.set_password(owner, NEW, verb="auth.password_reset"),
    ],
)
def test_sessions_end(client: Client, owner: User, admin: User, change: Any) -> None:
    sign_in(client, owner.email)
    assert is_signed_in(client)
    change(owner, admin)
    assert not is_signed_in(client)


def test_changing_the_password_ends_the_other_sessions_only(client: Client, owner: User, mailoutbox: list[Any]) -> None:
    other = Client()
    sign_in(client, owner.email)
    sign_in(other, owner.email)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert client.post(reverse("account_change_password"), form).status_code == 302
    assert is_signed_in(client)
    assert not is_signed_in(other)
    assert entries()[-1] == ("auth.password_changed", owner.pk, "ok")
    run_all()
    assert [mail.to for mail in mailoutbox] == [[owner.email]]
    assert "was changed" in mailoutbox[0].body


def test_a_weak_password_is_refused(client: Client, owner: User) -> None:
    sign_in(client, owner.email)
    for weak in ("short", "password1234", "oskar owner!"):
        form = {"oldpassword": PASSWORD, "password1": weak, "password2": weak}
        assert client.post(reverse("account_change_password"), form).status_code == 200
    assert User.objects.get(pk=owner.pk).check_password(PASSWORD)


def forgotten(client: Client, email: str) -> Any:
    return client.post(reverse("account_reset_password"), {"email": email})


def test_a_forgotten_password_is_reset_by_mail(
    client: Client, owner: User, mailoutbox: list[Any], settings: Any
) -> None:
    settings.PUBLIC_URL = "http://testserver"
    assert forgotten(client, owner.email).url == reverse("account_reset_password_done")
    assert Job.objects.get().args == {"user_id": owner.pk}
    run_all()
    link = next(line for line in mailoutbox[0].body.splitlines() if line.startswith("http://testserver"))
    page = client.get(link, follow=True)
    assert page.context["form"] is not None
    client.post(page.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    assert User.objects.get(pk=owner.pk).check_password(NEW)
    assert not is_signed_in(client)
    assert entries()[-1] == ("auth.password_reset", owner.pk, "ok")
    again = Client().get(link, follow=True)
    assert again.context["token_fail"]


@pytest.mark.parametrize("typed", ["nobody@example.com", "gone@example.com"])
def test_an_unknown_or_deactivated_address_gets_the_same_answer_and_no_mail(
    client: Client, owner: User, admin: User, typed: str, mailoutbox: list[Any]
) -> None:
    owner.email = "gone@example.com"
    actions.deactivate(owner, actor=admin, reason="Left")
    assert forgotten(client, typed).url == reverse("account_reset_password_done")
    run_all()
    assert mailoutbox == []


def test_reauthentication_takes_the_own_password(client: Client, owner: User) -> None:
    sign_in(client, owner.email)
    url = reverse("account_reauthenticate")
    assert client.post(url, {"password": "wrong"}).status_code == 200
    assert client.post(url, {"password": PASSWORD, "next": "/"}).status_code == 302


def test_an_invitation_is_accepted_on_its_page(client: Client, admin: User) -> None:
    user = actions.invite(actor=admin, email="new@example.com", name="New Person", role=Role.EMPLOYEE)
    link = invitation_path(user)
    assert "New Person" in client.get(link).content.decode()
    assert client.post(link, {"new_password1": NEW, "new_password2": "another"}).status_code == 422
    assert client.post(link, {"new_password1": "short", "new_password2": "short"}).status_code == 422
    response = client.post(link, {"new_password1": NEW, "new_password2": NEW})
    assert response.url == SIGN_IN
    assert sign_in(client, "new@example.com", NEW).status_code == 302
    assert client.get(link).status_code == 410
    assert client.post(link, {"new_password1": PASSWORD, "new_password2": PASSWORD}).status_code == 410


def test_whoever_is_signed_in_does_not_stay_so_under_anothers_invitation(
    client: Client, admin: User, owner: User
) -> None:
    user = actions.invite(actor=admin, email="new@example.com", name="New Person", role=Role.EMPLOYEE)
    client.force_login(owner)
    client.post(invitation_path(user), {"new_password1": NEW, "new_password2": NEW})
    assert not is_signed_in(client)


def test_a_new_hash_of_the_same_password_leaves_no_version(client: Client, owner: User, settings: Any) -> None:
    """Django rehashes a password at sign-in when the hasher's strength changed."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    sign_in(client, owner.email)
    stored = User.objects.get(pk=owner.pk)
    assert stored.password.startswith("pbkdf2_sha256")
    assert stored.version == owner.version
    assert User.history.filter(id=owner.pk).count() == 1
    assert is_signed_in(client)
