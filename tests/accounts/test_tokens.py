"""API tokens: shown once, kept as a hash, cut down to their scopes, and dead with their owner's role."""

import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.accounts import actions
from foundation.accounts.models import Token, User
from foundation.jobs.worker import run_all
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.everywhere.world import World
from tests.factories.tokens import Caller, caller, named

pytestmark = pytest.mark.django_db
ME = "/api/v1/me/"
NEW = reverse("accounts:token-create")


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def status(by: Caller) -> int:
    return by.get(ME).status_code


def test_a_token_is_made_on_its_page_and_shown_once(owner: User):
    client = browser(owner)
    asked = client.post(NEW, {"name": "CI", "scopes": ["read"], "days": "30"})
    assert asked.url == reverse("accounts:token-made", args=[Token.objects.get().pk])
    assert client.head(asked.url).status_code == 302, "a look ahead shows nothing and uses nothing up"
    assert browser(owner).get(asked.url).url == Token.objects.get().get_absolute_url(), "in this browser alone"
    made = client.get(asked.url)
    secret = made.context["secret"]
    assert made.status_code == 200
    assert "no-store" in made["Cache-Control"]
    assert secret.startswith("cs_")
    assert secret in made.content.decode()
    token = Token.objects.get()
    assert client.get(asked.url).url == token.get_absolute_url(), "loaded again: gone, and no second token"
    assert secret not in str(dict(client.session))
    assert (token.user, token.scopes) == (owner, ["read"])
    assert timedelta(days=29) < token.expiry - timezone.now() <= timedelta(days=30)
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get(ME).json()["email"] == owner.email
    for page in (
        token.get_absolute_url(),
        reverse("accounts:token-list"),
        reverse("accounts:token-trail", args=[token.pk]),
    ):
        assert secret not in client.get(page).content.decode()


def test_the_database_holds_no_token(owner: User):
    by = caller(owner)
    by.get(ME)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            assert by.secret not in str(cursor.fetchall()), table
    entry = Entry.objects.get(verb="token.created")
    assert by.token.digest not in f"{entry.detail}{entry.private}"
    assert by.token.token_key not in f"{entry.detail}{entry.private}"


@pytest.mark.parametrize(
    "filled", [{"days": "366"}, {"days": "0"}, {"scopes": ["sign"]}, {"scopes": []}, {"name": " "}]
)
def test_a_token_without_end_scope_or_name_is_not_made(owner: User, filled: dict[str, Any]):
    answer = browser(owner).post(NEW, {"name": "CI", "scopes": ["read"], "days": "30"} | filled)
    assert (answer.status_code, Token.objects.count()) == (422, 0)


def test_making_one_asks_again_who_it_is(owner: User):
    client = browser(owner)
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=True):
        answer = client.post(NEW, {"name": "CI", "scopes": ["read"], "days": "30"})
    assert (answer.status_code, Token.objects.count()) == (302, 0)
    assert reverse("account_reauthenticate") in answer["Location"]


def test_auditors_have_no_tokens(auditor: User):
    with pytest.raises(ValidationError):
        actions.create_token(auditor, actor=SYSTEM, name="x", scopes=["read"])
    assert browser(auditor).get(NEW).status_code == 404
    assert browser(auditor).get("/api/v1/controls/").status_code == 200  # in the browser, within the window


def test_a_token_of_somebody_who_becomes_an_auditor_opens_nothing(owner: User):
    by = caller(owner)
    with connection.cursor() as cursor:  # past the action, which revokes it besides
        cursor.execute("UPDATE accounts_user SET role = 'auditor' WHERE id = %s", [owner.pk])
    assert status(by) == 401


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": ""}])
def test_a_token_ends_at_once_with_its_owner(owner: User, change: dict[str, Any]):
    by = caller(owner)
    assert status(by) == 200
    [(column, value)] = change.items()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE accounts_user SET {column} = %s WHERE id = %s", [value, owner.pk])
    assert status(by) == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda owner, admin: actions.change_role(owner, "employee", actor=admin, reason="Moved."),
        lambda owner, admin: actions.deactivate(owner, actor=admin, reason="Left."),
        lambda owner, admin: actions.reset_mfa(owner, actor=admin, reason="Lost the phone."),
        lambda owner, _: actions.set_password(owner, "quite another sentence", verb="auth.password_reset"),
    ],
)
def test_what_may_follow_a_theft_revokes_tokens_for_good(owner: User, admin: User, change: Any):
    by = caller(owner)
    change(owner, admin)
    owner.refresh_from_db()
    if not owner.is_active:
        actions.reactivate(owner, actor=admin, reason="Back.")
    assert status(by) == 401
    assert Entry.objects.filter(verb="token.revoked").count() == 1


def test_a_password_that_its_owner_changes_leaves_tokens(owner: User):
    by = caller(owner)
    actions.set_password(owner, "quite another sentence", verb="auth.password_changed")
    assert status(by) == 200


def test_its_owner_hears_of_a_token_by_mail(owner: User, mailoutbox: list[Any]):
    caller(owner)
    run_all()
    assert [(mail.to, "API token" in str(mail.body)) for mail in mailoutbox] == [([owner.email], True)]


def test_a_token_expires(owner: User):
    by = caller(owner)
    with time_machine.travel(timezone.now() + timedelta(days=366), tick=True):
        answer = by.get(ME)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert Token.objects.count() == 1  # nothing is deleted


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer x",
        "Bearer cs_" + "0" * 64,
        "Bearer a b",
        "Bearer \xff\xfe",
        "Bearer cs_\x00",
        "Bearer " + "x" * 9000,
    ],
)
def test_a_forged_token_is_refused_in_one_sentence(db: None, header: str):
    answer = Client(headers={"Authorization": header}).get(ME)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_a_token_that_opens_nothing_is_an_entry_without_its_text(owner: User, admin: User):
    by = caller(owner)
    actions.revoke_token(by.token, actor=admin, reason="Leaked.")
    assert (status(by), forged("cs_" + "0" * 64, "203.0.113.9").status_code) == (401, 401)
    unknown, revoked = Entry.objects.filter(verb="auth.token_failed")
    assert (revoked.object_type, revoked.object_id, revoked.facts["reason"]) == (
        "accounts.token",
        str(by.token.pk),
        "revoked",
    )
    assert (unknown.object_type, unknown.facts["reason"], unknown.ip) == ("", "unknown", "203.0.113.9")
    assert {(entry.actor_kind, entry.outcome, entry.via) for entry in (unknown, revoked)} == {
        ("anonymous", "failed", "api")
    }
    told = "".join(f"{entry.detail}{entry.private}" for entry in Entry.objects.all())
    assert by.secret not in told
    assert "0" * 64 not in told


def forged(token: str, address: str) -> Any:
    return Client(headers={"Authorization": f"Bearer {token}"}, REMOTE_ADDR=address).get(ME)


def test_attempts_from_one_address_are_limited_and_do_not_fill_the_trail(owner: User):
    by = caller(owner)
    by.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    with time_machine.travel("2026-11-22 10:00:05Z", tick=False):
        answers = [forged(f"cs_{number:064x}", "203.0.113.9") for number in range(15)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 5
        assert (answers[-1]["Retry-After"], answers[-1].json()["code"]) == ("56", "too_many_requests")
        reasons = [entry.facts["reason"] for entry in Entry.objects.filter(verb="auth.token_failed")]
        assert sorted(reasons) == ["too many attempts"] + ["unknown"] * 10
        assert status(by) == 200  # a good token from the same address is no attempt
        assert forged("x", "203.0.113.10").status_code == 401
    with time_machine.travel("2026-11-22 10:01:00Z", tick=False):
        assert forged("x", "203.0.113.9").status_code == 401


def test_a_whole_ipv6_network_counts_as_one_address(db: None):
    with time_machine.travel("2026-11-22 10:00:05Z", tick=False):
        answers = [forged("x", f"2001:db8::{number:x}").status_code for number in range(1, 12)]
        assert answers == [401] * 10 + [429]
        assert forged("x", "2001:db8:0:1::1").status_code == 401


def test_a_token_opens_no_page(owner: User):
    by = caller(owner)
    assert by.get("/controls/").status_code == 302


def test_scopes_cut_down(world: World):
    control = f"/api/v1/controls/{world.control.pk}/"
    reader, reporter = caller(world.people["owner"], "read"), caller(world.people["owner"], "write:status")
    said = {"status": "in_progress", "note": "Begun."}
    refused = reader.post(f"{control}status/", said, version=1)
    assert (refused.status_code, "write:status" in refused.json()["detail"]) == (403, True)
    entry = Entry.objects.first()
    assert (entry.verb, entry.outcome, entry.actor_kind, entry.via) == ("access.refused", "refused", "token", "api")
    assert (entry.object_type, entry.object_id) == ("controls.control", str(world.control.pk))
    assert reporter.get(control).status_code == 403
    assert reporter.post(f"{control}status/", said, version=1).status_code == 200
    assert reporter.post("/api/v1/controls/", {}).status_code == 403
    manager = caller(world.people["compliance"], "write:status")
    assert manager.post("/api/v1/controls/", {"ref": "A", "name": "x"}).status_code == 403


def test_what_a_token_did_is_one_s_own_trail(world: World):
    by = caller(world.people["employee"])
    before = Entry.objects.count()
    assert by.post("/api/v1/engagements/", {}).status_code == 404
    assert Entry.objects.count() == before
    assert by.client.post("/api/v1/trail/", "{}", "application/json", headers=named(1)).status_code == 405
    by = caller(world.people["employee"], "write")
    assert by.get("/api/v1/trail/").status_code == 403
    told = browser(world.people["employee"]).get("/api/v1/trail/", {"verb": "access.refused"}).json()
    assert [(row["actor_kind"], row["who"]) for row in told["results"]] == [
        ("token", f"Emil Employee (API token {by.token.pk})")
    ]


def test_the_day_of_the_last_use_is_written_once_a_day(owner: User, django_assert_num_queries: Any):
    by = caller(owner)
    by.get(ME)
    token = Token.objects.get()
    assert (token.last_used_on, token.version) == (timezone.now().date(), 1)
    assert token.history.count() == 1


def test_requests_are_counted(owner: User, colleague: User, settings: Any):
    settings.API_REQUESTS_A_MINUTE = 3
    by, other = caller(owner), caller(colleague)
    with time_machine.travel("2026-11-22 10:00:05Z", tick=False):
        assert [status(by) for _ in range(4)] == [200, 200, 200, 429]
        answer = by.get(ME)
        assert (answer["Retry-After"], answer.json()["code"]) == ("56", "too_many_requests")
        assert status(other) == 200
    with time_machine.travel("2026-11-22 10:01:00Z", tick=False):
        assert status(by) == 200


def test_who_sees_and_revokes_which(admin: User, compliance: User, owner: User, colleague: User):
    mine, theirs = caller(owner), caller(colleague)
    listed = {
        user.name: {int(row.pk) for row in browser(user).get(reverse("accounts:token-list")).context["table"]}
        for user in (admin, compliance, owner)
    }
    assert listed == {
        admin.name: {mine.token.pk, theirs.token.pk}, compliance.name: {mine.token.pk, theirs.token.pk},
        owner.name: {mine.token.pk},
    }  # fmt: skip
    revoke = reverse("accounts:token-revoke", args=[theirs.token.pk])
    said = {"reason": "Leaked.", "version": "1"}
    assert browser(owner).post(revoke, said).status_code == 404
    assert browser(compliance).post(revoke, said).status_code == 403
    assert status(theirs) == 200
    assert browser(admin).post(revoke, {"version": "1"}).status_code == 422
    assert browser(admin).post(revoke, said).status_code == 302
    assert (status(theirs), status(mine)) == (401, 200)
    assert browser(admin).post(revoke, said).status_code == 302  # again: it stays revoked
    assert Entry.objects.filter(verb="token.revoked").count() == 1


def test_the_command_makes_one(owner: User):
    out = io.StringIO()
    call_command(
        "token",
        "create",
        "Owner@example.com",
        "--name",
        "Nightly",
        "--scope",
        "write:status",
        "--days",
        "7",
        stdout=out,
    )
    [secret] = out.getvalue().split()
    token = Token.objects.get()
    assert (token.user, token.name, token.scopes) == (owner, "Nightly", ["write:status"])
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get(ME).status_code == 403  # no scope to read
    assert Entry.objects.get(verb="token.created").actor_kind == "system"


@pytest.mark.parametrize(
    "asked",
    [["nobody@example.com", "--name", "x"], ["owner@example.com", "--name", "x", "--days", "400"],
     ["auditor@example.com", "--name", "x"]],
)  # fmt: skip
def test_the_command_says_why_not(owner: User, auditor: User, asked: list[str]):
    with pytest.raises(CommandError):
        call_command("token", "create", *asked)
    assert not Token.objects.exists()
