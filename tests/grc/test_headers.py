"""What every answer says to browsers, and where nobody can be sent or lured."""

import re

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse

from foundation.accounts.models import User
from tests.everywhere.world import World
from tests.factories.people import PASSWORD, code

ELSEWHERE = (
    "https://evil.example.com/",
    "//evil.example.com/",
    "///evil.example.com",
    "/\\evil.example.com",
    "http:evil.example.com",
    "javascript:alert(1)",
    "\x08//evil.example.com",
    "https://testserver@evil.example.com/",
)
OURS = re.compile(r"^(http://testserver)?/(?![/\\])")


def policy(answer) -> dict[str, set[str]]:
    """The content security policy as {directive: sources}."""
    said = [part.split() for part in answer["Content-Security-Policy"].split(";") if part.strip()]
    return {name: set(sources) for name, *sources in said}


@pytest.mark.parametrize("page", ["/", "/account/sign-in/", "/nowhere/", "/about/", "/controls/"])
def test_the_policy_lists_every_directive(client: Client, compliance: User, page: str):
    if page != "/account/sign-in/":
        client.force_login(compliance)
    found = policy(client.get(page))
    nonce = next(source for source in found["script-src"] if source.startswith("'nonce-"))
    none, own = {"'none'"}, {"'self'"}
    assert {name: sources for name, sources in found.items() if sources} == {
        "default-src": none, "script-src": own | {nonce}, "style-src": own | {nonce}, "img-src": own | {"data:"},
        "font-src": own, "connect-src": own, "frame-src": none, "worker-src": none, "manifest-src": none,
        "media-src": none, "object-src": none, "base-uri": none, "form-action": own, "frame-ancestors": none,
    }  # fmt: skip
    assert "unsafe" not in str(found)


def test_a_nonce_is_used_once(client: Client, db: None):
    first, second = (policy(client.get("/account/sign-in/"))["script-src"] for _ in range(2))
    assert first != second


def test_the_other_headers_stand_on_every_kind_of_answer(client: Client, compliance: User):
    client.force_login(compliance)
    for page in ("/", "/controls/export.csv", "/nowhere/", "/healthz", "/organisation/logo/", "/trail/1/"):
        answer = client.get(page)
        if answer.streaming:
            answer.getvalue()
        assert answer["Permissions-Policy"].startswith("publickey-credentials-create=(self)")
        assert "camera=()" in answer["Permissions-Policy"]
        assert not {"bluetooth", "web-share"} & {one.split("=")[0] for one in answer["Permissions-Policy"].split(", ")}
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer["X-Frame-Options"] == "DENY"
        assert re.fullmatch("[0-9a-f]{32}", answer["X-Request-ID"])


def test_nothing_shown_to_somebody_signed_in_stays_in_a_cache(client: Client, compliance: User):
    client.force_login(compliance)
    assert "no-store" in client.get("/controls/")["Cache-Control"]
    assert "no-store" in client.get("/matrix/export.csv")["Cache-Control"]


def test_cookies_are_out_of_reach(client: Client, compliance: User):
    client.post("/account/sign-in/", {"login": compliance.email, "password": PASSWORD})
    answer = client.post("/account/second-factor/", {"code": code()})
    for cookie in (answer.cookies[settings.SESSION_COOKIE_NAME], client.get("/account/password/").cookies["csrf"]):
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


# ---- nobody is sent elsewhere ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ELSEWHERE)
def test_signing_in_leads_nowhere_else(client: Client, compliance: User, address: str):
    typed = {"login": compliance.email, "password": PASSWORD, "next": address}
    answer = client.post(f"{reverse('account_login')}?next={address}", typed)
    assert answer.status_code == 302
    assert OURS.match(answer.url), answer.url


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_page_that_takes_a_next_leads_elsewhere(world: World, address: str):
    """Every form of a control, signing out and confirming the password: wherever `next` is read."""
    client = Client()
    client.force_login(world.people["compliance"])
    pk = world.control.pk
    sent = {"next": address, "status": "in_progress", "note": "Begun.", "version": world.control.version}
    answers = [
        client.post(f"/controls/{pk}/status/?next={address}", sent),
        client.post(f"/controls/{pk}/review/?next={address}", sent),
        client.get(f"/account/sign-in/?next={address}"),
        client.post(f"/account/confirm-password/?next={address}", {"password": PASSWORD, "next": address}),
        client.post(f"/account/sign-out/?next={address}", {"next": address}),
    ]
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    for answer in answers:
        if answer.status_code == 302:
            assert OURS.match(answer.url), answer.url


def test_every_redirect_to_a_typed_address_asks_whether_it_is_ours():
    """A view that redirects to what a request says must pass it through Django's check: found in the source."""
    suspects = []
    for folder in ("foundation", "controls", "audits", "home", "grc"):
        for path in (settings.BASE_DIR / folder).rglob("*.py"):
            text = path.read_text()
            reads_next = re.search(r"""(GET|POST|data|params)(\.get\(|\[)["']next["']""", text)
            if (reads_next or "HTTP_REFERER" in text) and "url_has_allowed_host_and_scheme" not in text:
                suspects.append(path.name)
    assert suspects == []


@override_settings(ALLOWED_HOSTS=["testserver"])
def test_a_forged_host_is_refused(client: Client, db: None):
    assert client.get("/account/sign-in/", headers={"host": "evil.example.com"}).status_code == 400
