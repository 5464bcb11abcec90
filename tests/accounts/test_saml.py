"""Signing in by a real SAML identity provider that these tests start; altered, unsigned, replayed, late: refused."""

import base64
import html
import re
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.models import IdentityProvider, User
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.accounts import saml_idp
from tests.factories.people import code

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]  # the provider's own libraries warn
START, ACS = (reverse(name, args=["corp"]) for name in ("saml_login", "saml_acs"))


@pytest.fixture(scope="module")
def idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[saml_idp.IdentityProvider]:
    with saml_idp.running(Path(tmp_path_factory.mktemp("idp"))) as provider:
        yield provider


@pytest.fixture(autouse=True)
def provider(db: None, idp: saml_idp.IdentityProvider, owner: User) -> IdentityProvider:
    cache.clear()
    idp.people = {"oskar": owner.email, "stranger": "stranger@example.com"}
    metadata = requests.get(f"{idp.url}/metadata", timeout=10).text
    made = IdentityProvider(slug="corp", name="Fernwood", kind="saml", metadata=metadata, enabled=True, does_mfa=True)
    return save(made, actor=SYSTEM, verb="identityprovider.created")


@pytest.fixture
def browser() -> Client:
    return Client(SERVER_NAME="localhost", HTTP_HOST="localhost")  # python3-saml knows no host “testserver”


def is_in(client: Client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


def deliver(client: Client, answer: dict[str, str]) -> Any:
    """Post what the provider said to us, as its page makes the browser do, and follow to the end."""
    back = client.post(ACS, answer)
    assert back.status_code == 302
    return client.get(back.url)


def changed(answer: dict[str, str], old: str, new: str) -> dict[str, str]:
    text = base64.b64decode(answer["SAMLResponse"]).decode()
    assert re.search(old, text, re.DOTALL)
    return answer | {"SAMLResponse": base64.b64encode(re.sub(old, new, text, flags=re.DOTALL).encode()).decode()}


def told() -> list[str]:
    return list(Entry.objects.filter(verb__startswith="auth.").order_by("id").values_list("verb", flat=True))


def test_a_full_sign_in(browser: Client, owner: User, idp: saml_idp.IdentityProvider):
    asked = browser.get(START)
    assert asked.url.startswith(f"{idp.url}/sso?SAMLRequest=")
    page = requests.get(f"{asked.url}&as=oskar", timeout=30).text
    fields = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page)}
    assert deliver(browser, fields).status_code == 302
    assert is_in(browser)
    assert told() == ["auth.sso_connected", "auth.signed_in"]
    assert owner.socialaccount_set.get().uid == "oskar"


def test_our_second_factor_applies_unless_the_provider_asks(
    browser: Client, owner: User, idp: saml_idp.IdentityProvider, provider: IdentityProvider
):
    provider.does_mfa = False
    save(provider, actor=SYSTEM, verb="identityprovider.updated")
    assert deliver(browser, idp.answer(browser.get(START).url, "oskar")).url == reverse("mfa_authenticate")
    assert not is_in(browser)
    browser.post(reverse("mfa_authenticate"), {"code": code()})
    assert is_in(browser)


def test_nobody_without_an_account_gets_in(browser: Client, idp: saml_idp.IdentityProvider):
    assert deliver(browser, idp.answer(browser.get(START).url, "stranger")).status_code == 403
    assert told() == ["auth.sso_failed"]


def test_our_metadata_tell_the_provider_about_us(browser: Client):
    page = browser.get(reverse("saml_metadata", args=["corp"]))
    assert page.status_code == 200
    assert saml_idp.ACS in page.content.decode()


def refused(browser: Client, answer: dict[str, str]) -> None:
    page = deliver(browser, answer)
    assert page.status_code in (401, 403)
    assert not is_in(browser)
    assert "auth.signed_in" not in told()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("owner@example.com", "admin@example.com"),
        (">oskar<", ">stranger<"),
        (r"<\w*:?AudienceRestriction.*?AudienceRestriction>", ""),
        (r"NotOnOrAfter=\"20", 'NotOnOrAfter="21'),
    ],
)
def test_an_altered_assertion_is_refused(browser: Client, idp: saml_idp.IdentityProvider, old: str, new: str):
    refused(browser, changed(idp.answer(browser.get(START).url, "oskar"), old, new))


def test_an_unsigned_assertion_is_refused(browser: Client, idp: saml_idp.IdentityProvider):
    refused(browser, idp.answer(browser.get(START).url, "oskar", sign=False))


def test_a_signature_that_was_cut_out_is_refused(browser: Client, idp: saml_idp.IdentityProvider):
    signature = r"<(\w+:)?Signature[ >].*?</(\w+:)?Signature>"
    refused(browser, changed(idp.answer(browser.get(START).url, "oskar"), signature, ""))


def test_somebody_elses_key_is_refused(browser: Client, tmp_path: Path, owner: User, idp: saml_idp.IdentityProvider):
    impostor = saml_idp.IdentityProvider(tmp_path, idp.url)
    impostor.people = idp.people
    refused(browser, impostor.answer(browser.get(START).url, "oskar"))


def test_an_assertion_for_another_site_is_refused(browser: Client, idp: saml_idp.IdentityProvider):
    answer = idp.answer(browser.get(START).url, "oskar", audience=saml_idp.ELSEWHERE)
    refused(browser, answer)


def test_an_old_assertion_is_refused(browser: Client, idp: saml_idp.IdentityProvider):
    with time_machine.travel(timezone.now() - timedelta(hours=3)):
        old = idp.answer(browser.get(START).url, "oskar")
    refused(browser, old)


def test_an_answer_works_once_and_for_the_browser_that_asked(browser: Client, idp: saml_idp.IdentityProvider):
    thief = Client(SERVER_NAME="localhost", HTTP_HOST="localhost")
    answer = idp.answer(browser.get(START).url, "oskar")
    refused(thief, answer)
    deliver(browser, answer)
    assert is_in(browser)
    browser.post(reverse("account_logout"))
    assert deliver(browser, answer).status_code in (401, 403)
    assert not is_in(browser)


def test_a_stolen_answer_does_not_answer_another_request(browser: Client, idp: saml_idp.IdentityProvider):
    """The outer InResponseTo is not signed; the one inside the assertion is."""
    stolen = idp.answer(browser.get(START).url, "oskar")
    thief = Client(SERVER_NAME="localhost", HTTP_HOST="localhost")
    asked = thief.get(START).url
    query = saml_idp.parse_qs(saml_idp.urlsplit(asked).query)
    mine = saml_idp.request_id_of(query["SAMLRequest"][0])
    forged = changed(stolen, r'(<\w+:Response[^>]*InResponseTo=")[^"]*', rf"\g<1>{mine}")
    refused(thief, forged)


def test_what_nobody_asked_for_is_refused(browser: Client, idp: saml_idp.IdentityProvider):
    unasked = changed(idp.answer(browser.get(START).url, "oskar"), r' InResponseTo="[^"]*"', "")
    refused(browser, unasked)


@pytest.mark.parametrize("rubbish", ["", "no base64", base64.b64encode(b"<xml/>").decode()])
def test_rubbish_is_refused(browser: Client, rubbish: str):
    browser.get(START)
    refused(browser, {"SAMLResponse": rubbish, "RelayState": ""})


def test_who_comes_to_prove_it_again_is_asked_by_the_provider(
    browser: Client, owner: User, idp: saml_idp.IdentityProvider
):
    Authenticator.objects.filter(user=owner).delete()
    owner.set_unusable_password()
    save(owner, actor=SYSTEM, verb="user.updated")
    assert "ForceAuthn" not in asked_by(browser.get(START).url)
    deliver(browser, idp.answer(browser.get(START).url, "oskar"))
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=True):
        page = reverse("mfa_activate_totp")
        away = browser.post(page, {"code": "123456"})
        assert away.url.startswith(START), "no password and no factor here: the provider asks"
        asked = browser.get(away.url).url
        assert 'ForceAuthn="true"' in asked_by(asked)
        assert deliver(browser, idp.answer(asked, "oskar")).url == page
        assert browser.get(page).status_code == 200


def asked_by(address: str) -> str:
    packed = parse_qs(urlsplit(address).query)["SAMLRequest"][0]
    return zlib.decompress(base64.b64decode(packed), -15).decode()
