"""A passkey and an authenticator app in a real browser: added, and signed in with. The passkey's device is virtual."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from foundation.organisation.actions import found
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.people import PASSWORD, code

pytestmark = pytest.mark.django_db(transaction=True)
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def site(live_server, open_page, settings, employee) -> Page:
    """A browser at http://localhost, for whose name it keeps passkeys, with a device; nobody signed in yet."""
    cache.clear()
    found(name="Fernwood", actor=SYSTEM)
    page = open_page(host="localhost")
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return page


def first_step(page: Page, email: str) -> None:
    page.goto("/account/sign-in/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.get_by_label("Signed in as").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_passkey_is_added_and_then_signs_in_alone(site: Page, employee, assert_accessible, shoot):
    Authenticator.objects.filter(user=employee).delete()
    first_step(site, employee.email)
    expect(site.get_by_text("Add a second factor to go on.")).to_be_visible()
    assert_accessible(site)
    shoot(site, "security-enrol")
    site.get_by_role("link", name="Add a passkey").click()
    assert_accessible(site)
    site.get_by_label("Name").fill("Laptop")
    site.get_by_label("Let it sign me in").check()
    site.get_by_role("button", name="Add the passkey").click()
    expect(site.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    assert_accessible(site)
    shoot(site, "recovery-codes")
    site.get_by_role("link", name="I have kept them").click()
    expect(site.get_by_role("heading", level=1)).to_have_text("My work")
    site.goto("/account/security/")
    expect(site.get_by_role("cell", name="Laptop", exact=True)).to_be_visible()
    assert_accessible(site)
    shoot(site, "security")
    sign_out(site)
    site.get_by_role("button", name="Sign in with a passkey").click()
    expect(site.get_by_role("heading", level=1)).to_have_text("My work")
    verbs = list(Entry.objects.filter(verb__startswith="auth.").order_by("id").values_list("verb", flat=True))
    assert verbs == [
        "auth.signed_in", "auth.mfa_added", "auth.recovery_codes_made", "auth.signed_out", "auth.signed_in",
    ]  # fmt: skip


def test_a_passkey_is_the_second_step_too(site: Page, employee):
    first_step(site, employee.email)
    site.get_by_label("Code").fill(code())
    site.get_by_role("button", name="Sign in", exact=True).click()
    expect(site.get_by_role("heading", level=1)).to_have_text("My work")
    site.goto("/account/security/passkeys/add/")
    site.get_by_role("button", name="Add the passkey").click()
    expect(site.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    sign_out(site)
    first_step(site, employee.email)
    site.get_by_role("button", name="Use a passkey").click()
    expect(site.get_by_role("heading", level=1)).to_have_text("My work")


@pytest.mark.parametrize("javascript", [True, False])
def test_an_authenticator_app_is_added_with_and_without_javascript(
    open_page, employee, javascript, assert_accessible, shoot
):
    cache.clear()
    found(name="Fernwood", actor=SYSTEM)
    Authenticator.objects.filter(user=employee).delete()
    page = open_page(javascript=javascript)
    first_step(page, employee.email)
    page.get_by_role("link", name="Add an app").click()
    secret = page.locator("code.secret").inner_text()
    if javascript:
        assert_accessible(page)
        shoot(page, "authenticator-app")
    page.get_by_label("Code").fill(format_hotp_value(hotp_value(secret, int(timezone.now().timestamp()) // 30)))
    page.get_by_role("button", name="Add the app").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My work")


def test_confirming_before_signing_is_accessible(site: Page, employee, assert_accessible, shoot):
    first_step(site, employee.email)
    assert_accessible(site)
    shoot(site, "second-factor")
    site.get_by_label("Code").fill(code())
    site.get_by_role("button", name="Sign in", exact=True).click()
    expect(site.get_by_role("heading", level=1)).to_have_text("My work")
    for path in ("/account/confirm-password/", "/account/confirm/code/", "/account/security/app/remove/"):
        site.goto(path)
        assert_accessible(site)
