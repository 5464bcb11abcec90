"""The second factor: asked for, demanded, sealed, on the trail, reset by an administrator, and the last one stays."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.accounts import actions
from foundation.accounts.models import User
from foundation.accounts.second_factor import OPEN_ROUTES, reseal_all
from foundation.jobs.worker import run_all
from foundation.keys import Unreadable, unseal
from foundation.organisation.actions import found
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.everywhere.routes import all_routes
from tests.factories.people import PASSWORD, SECRET, code

pytestmark = pytest.mark.django_db
SECURITY = reverse("mfa_index")
STEP = reverse("mfa_authenticate")


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def bare(employee: User) -> User:
    """Somebody without a second factor."""
    Authenticator.objects.filter(user=employee).delete()
    return employee


def first_step(client: Client, user: User) -> Any:
    return client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})


def is_in(client: Client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


def told(prefix: str = "auth.") -> list[str]:
    return list(Entry.objects.filter(verb__startswith=prefix).order_by("id").values_list("verb", flat=True))


def enrol(client: Client) -> str:
    """Add an authenticator app by its pages; the secret that it was given."""
    secret: str = client.get(reverse("mfa_activate_totp")).context["form"].secret
    shown = format_hotp_value(hotp_value(secret, int(timezone.now().timestamp()) // 30))
    assert client.post(reverse("mfa_activate_totp"), {"code": shown}).url == reverse("mfa_view_recovery_codes")
    return secret


# ---- signing in ----------------------------------------------------------------------------------------------------


def test_a_password_alone_is_not_enough(client: Client, owner: User):
    assert first_step(client, owner).url == STEP
    assert not is_in(client)
    assert client.post(STEP, {"code": "000000"}).status_code == 200
    assert not is_in(client)
    assert client.post(STEP, {"code": code()}).status_code == 302
    assert is_in(client)
    assert told() == ["auth.mfa_failed", "auth.signed_in"]
    failed, signed = Entry.objects.filter(verb__startswith="auth.").order_by("id")
    assert (failed.actor_kind, failed.object_id, failed.outcome) == ("anonymous", str(owner.pk), "failed")
    assert json.loads(signed.detail)["refs"] == {"proofs": ["password", "totp"]}


def test_a_code_works_once_also_within_its_tolerance(owner: User):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        shown = code()
        for shift, works in ((0, True), (20, False), (20, False)):
            clock.shift(shift)
            client = Client()
            first_step(client, owner)
            client.post(STEP, {"code": shown})
            assert is_in(client) is works


def test_wrong_codes_are_limited(client: Client, owner: User):
    first_step(client, owner)
    for number in range(5):
        client.post(STEP, {"code": f"00000{number}"})
    page = client.post(STEP, {"code": code()})
    assert "Too many failed login attempts" in page.content.decode()
    assert not is_in(client)
    assert told() == ["auth.mfa_failed"] * 6


def test_no_code_or_secret_is_on_the_trail_or_in_plain_sight(client: Client, bare: User):
    client.force_login(bare)
    secret = enrol(client)
    codes = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    stored = [str(row.data) for row in Authenticator.objects.filter(user=bare)]
    entries = [f"{entry.detail} {entry.private}" for entry in Entry.objects.all()]
    for value in (secret, *codes):
        assert not [text for text in (*stored, *entries) if value in text]
    row = Authenticator.objects.get(user=bare, type="totp")
    assert unseal("mfa", row.data["secret"]) == secret


def test_a_recovery_code_works_once(client: Client, bare: User):
    client.force_login(bare)
    enrol(client)
    codes = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    assert len(codes) == 10
    assert client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"] == ["****"] * 10, "shown once"
    for works in (True, False):
        other = Client()
        first_step(other, bare)
        other.post(STEP, {"code": codes[0]})
        assert is_in(other) is works


# ---- enrolling -----------------------------------------------------------------------------------------------------


def test_without_a_second_factor_every_page_leads_to_one(client: Client, bare: User):
    client.force_login(bare)
    for path in ("/", "/accounts/me/", "/search/", reverse("account_change_password")):
        assert client.get(path).url == SECURITY
    assert client.post("/accounts/me/", {"name": "Mallory"}).url == SECURITY
    assert User.objects.get(pk=bare.pk).name != "Mallory"
    page = client.get(SECURITY)
    assert page.status_code == 200
    assert page.context["must_enrol"]
    assert set(all_routes()) >= OPEN_ROUTES


def test_enrolling_asks_for_the_password_once(client: Client, bare: User):
    assert first_step(client, bare).status_code == 302
    enrol(client)
    assert client.get("/accounts/me/").status_code == 200
    assert told() == ["auth.signed_in", "auth.mfa_added", "auth.recovery_codes_made"]


def test_enrolling_later_does_ask(client: Client, bare: User):
    client.force_login(bare)
    with time_machine.travel(timezone.now() + timezone.timedelta(minutes=6)):
        assert client.get(reverse("mfa_activate_totp")).url.startswith(reverse("account_reauthenticate"))


def test_the_exemption_of_a_demo_hangs_on_the_database(client: Client, bare: User):
    client.force_login(bare)
    assert client.get("/accounts/me/").url == SECURITY
    found(name="Fernwood", actor=SYSTEM, is_demo=True)
    assert client.get("/accounts/me/").status_code == 200


def test_a_company_that_is_no_demo_is_not_exempt_whatever_the_address(client: Client, bare: User):
    found(name="Fernwood", actor=SYSTEM)
    client.force_login(bare)
    assert bare.email.endswith("@example.com")
    assert client.get("/accounts/me/").url == SECURITY


def test_in_a_demo_an_enrolled_person_is_still_asked(client: Client, owner: User):
    found(name="Fernwood", actor=SYSTEM, is_demo=True)
    assert first_step(client, owner).url == STEP


# ---- removing ------------------------------------------------------------------------------------------------------


def passkey(user: User) -> Authenticator:
    return Authenticator.objects.create(user=user, type="webauthn", data={"name": "Ring", "credential": {}})


def test_the_last_factor_stays(client: Client, owner: User):
    client.force_login(owner)
    assert client.post(reverse("mfa_deactivate_totp")).url == SECURITY
    key = passkey(owner)
    assert client.post(reverse("mfa_deactivate_totp")).status_code == 302
    assert client.post(reverse("mfa_remove_webauthn", args=[key.pk])).url == SECURITY
    assert list(Authenticator.objects.filter(user=owner)) == [key]
    assert told() == ["auth.signed_in", "auth.mfa_removed"]


def test_a_failed_removal_leaves_no_entry(client: Client, owner: User):
    client.force_login(owner)
    client.post(reverse("mfa_deactivate_totp"))
    assert told() == ["auth.signed_in"]


def test_a_passkey_is_renamed_and_somebody_elses_is_not(client: Client, owner: User, colleague: User):
    mine, theirs = passkey(owner), passkey(colleague)
    client.force_login(owner)
    client.post(reverse("mfa_edit_webauthn", args=[mine.pk]), {"name": "Laptop"})
    assert client.post(reverse("mfa_edit_webauthn", args=[theirs.pk]), {"name": "Stolen"}).status_code == 404
    assert client.post(reverse("mfa_remove_webauthn", args=[theirs.pk])).status_code == 404
    assert [str(row) for row in Authenticator.objects.filter(type="webauthn").order_by("pk")] == ["Laptop", "Ring"]
    assert told() == ["auth.signed_in", "auth.mfa_renamed"]


def test_new_recovery_codes_replace_the_old(client: Client, bare: User):
    client.force_login(bare)
    enrol(client)
    old = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    client.post(reverse("mfa_generate_recovery_codes"))
    page = client.get(reverse("mfa_view_recovery_codes"))
    new = page.context["unused_codes"]
    assert [str(one) for one in page.context["messages"]] == [], "what is to be said stands above the codes"
    assert not set(old) & set(new)
    assert told()[-1] == "auth.recovery_codes_made"
    assert "auth.mfa_removed" not in told()


def test_changes_are_told_by_mail(
    client: Client, bare: User, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
):
    client.force_login(bare)
    with django_capture_on_commit_callbacks(execute=True):
        enrol(client)
    run_all()
    assert [mail.to for mail in mailoutbox] == [[bare.email]]
    assert "An authenticator app was added" in mailoutbox[0].body


# ---- resetting -----------------------------------------------------------------------------------------------------


def test_an_administrator_resets_and_sessions_end(client: Client, admin: User, owner: User, mailoutbox: list[Any]):
    theirs = Client()
    theirs.force_login(owner)
    client.force_login(admin)
    url = reverse("accounts:user-reset-mfa", args=[owner.pk])
    assert client.post(url, {"reason": "Lost the phone; called back", "version": owner.version}).status_code == 302
    assert not is_in(theirs)
    assert not Authenticator.objects.filter(user=owner).exists()
    entry = Entry.objects.get(verb="user.mfa_reset")
    assert (entry.actor_id, entry.object_id) == (admin.pk, str(owner.pk))
    assert json.loads(entry.detail)["reason"] == "Lost the phone; called back"
    run_all()
    assert "removed the second factors" in mailoutbox[-1].body
    first_step(theirs, owner)
    assert theirs.get("/accounts/me/").url == SECURITY


def test_a_reset_takes_a_reason_somebody_else_and_a_factor(admin: User, owner: User, bare: User):
    with pytest.raises(PermissionDenied):
        actions.reset_mfa(admin, actor=admin, reason="Mine")
    with pytest.raises(ValidationError):
        actions.reset_mfa(owner, actor=admin, reason=" ")
    assert Authenticator.objects.filter(user=owner).exists(), "a refusal takes nothing"
    with pytest.raises(ValidationError):
        actions.reset_mfa(bare, actor=admin, reason="Lost")


def test_the_list_says_who_has_which(client: Client, admin: User, owner: User, bare: User, auditor: User):
    passkey(owner)
    for person in (admin, auditor):
        client.force_login(person)
        page = client.get(reverse("accounts:user-list"))
        shown = {row.name: [text for text, *_ in row.cells] for row in page.context["table"]}
        assert "Authenticator app, Passkey" in shown[str(owner)]
        assert "None" in shown[str(bare)]


# ---- keys ----------------------------------------------------------------------------------------------------------


def test_secrets_move_to_the_newest_master_key(owner: User, settings: Any):
    old, new = settings.MASTER_KEY, "another key that only ever seals what tests make"
    settings.MASTER_KEY, settings.MASTER_KEY_FALLBACKS = new, [old]
    assert reseal_all() == Authenticator.objects.exclude(type="webauthn").count()
    settings.MASTER_KEY_FALLBACKS = []
    assert unseal("mfa", Authenticator.objects.get(user=owner).data["secret"]) == SECRET
    settings.MASTER_KEY = old
    with pytest.raises(Unreadable):
        unseal("mfa", Authenticator.objects.get(user=owner).data["secret"])
