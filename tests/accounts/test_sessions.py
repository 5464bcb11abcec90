"""Sessions: unreadable in the database, over in time, listed, ended by their owner or an administrator."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.accounts import actions
from foundation.accounts.jobs import clear_sessions
from foundation.accounts.models import Session, User
from foundation.accounts.roles import Role
from foundation.accounts.sessions import sessions_of, stored_key
from foundation.jobs.worker import run_all
from foundation.organisation.actions import change_setting
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.people import PASSWORD, code

pytestmark = pytest.mark.django_db
END = reverse("account_end_sessions")
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"}


def is_in(client: Client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


def browser(user: User) -> Client:
    client = Client(headers=FIREFOX, REMOTE_ADDR="192.0.2.7")
    client.force_login(user)
    return client


def cookie(client: Client) -> str:
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def test_the_database_holds_neither_cookie_nor_data(client: Client, owner: User):
    client.force_login(owner)
    session = client.session
    session["typed"] = "A delicate matter"
    session.save()
    stored = Session.objects.get(user=owner)
    assert stored.session_key == stored_key(cookie(client)) != cookie(client)
    with pytest.raises(signing.BadSignature):  # what Django's own store would read
        signing.loads(stored.session_data, salt="django.contrib.sessions.SessionStore")
    assert client.session["typed"] == "A delicate matter"
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = stored.session_key
    assert not is_in(thief), "what stands in the table opens nothing"


def test_a_session_that_was_altered_or_sealed_under_a_lost_key_is_over(client: Client, owner: User):
    client.force_login(owner)
    Session.objects.update(session_data="gAAAAABforged")
    assert not is_in(client)


def test_doing_nothing_ends_a_session(owner: User):
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        client = browser(owner)
        for _ in range(3):
            clock.shift(timedelta(minutes=29))
            assert is_in(client), "each request puts the end off"
        clock.shift(timedelta(minutes=31))
        assert not is_in(client)


def test_no_session_lasts_longer_than_the_organisation_says(owner: User):
    change_setting("session_hours", 2, actor=SYSTEM, reason="Access policy, section 3")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = browser(owner)
        for _ in range(11):
            clock.shift(timedelta(minutes=10))
            assert is_in(client)
        clock.shift(timedelta(minutes=11))
        assert not is_in(client)


def test_a_page_that_asks_for_itself_keeps_no_session_alive(owner: User):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = browser(owner)
        for _ in range(4):
            clock.shift(timedelta(minutes=10))
            client.get("/jobs/00000000-0000-0000-0000-000000000000/", headers={"HX-Request": "true"})
        assert not is_in(client)


def test_a_session_is_written_once_a_minute(client: Client, owner: User):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.force_login(owner)
        assert is_in(client)
        first = Session.objects.get(user=owner).seen_at
        clock.shift(timedelta(seconds=30))
        assert is_in(client)
        assert Session.objects.get(user=owner).seen_at == first
        clock.shift(timedelta(seconds=31))
        assert is_in(client)
        assert Session.objects.get(user=owner).seen_at == first + timedelta(seconds=61)


def test_one_sees_and_ends_the_own_sessions_only(owner: User, colleague: User):
    here, there, elsewhere, theirs = browser(owner), browser(owner), browser(owner), browser(colleague)
    assert all(is_in(client) for client in (here, there, elsewhere, theirs))
    page = here.get(reverse("mfa_index")).content.decode()
    assert page.count("Firefox/145.0") == 3
    assert page.count("192.0.2.7") >= 1
    assert cookie(there) not in page
    assert here.post(END, {"session": stored_key(cookie(theirs))}).status_code == 404
    assert here.post(END, {"session": stored_key(cookie(there))}).status_code == 302
    assert [is_in(client) for client in (here, there, elsewhere, theirs)] == [True, False, True, True]
    here.post(END, {"others": "1"})
    assert [is_in(client) for client in (here, elsewhere, theirs)] == [True, False, True]
    entries = Entry.objects.filter(verb="auth.session_revoked").order_by("id")
    assert [(entry.actor_id, json.loads(entry.detail)["refs"]) for entry in entries] == [
        (owner.pk, {"sessions": 1})
    ] * 2


def test_ending_nothing_is_no_entry(client: Client, owner: User):
    client.force_login(owner)
    client.post(END, {"others": "1"})
    assert not Entry.objects.filter(verb="auth.session_revoked").exists()
    assert is_in(client)


@pytest.mark.parametrize(
    "change",
    [
        lambda owner, admin: actions.end_sessions(owner, actor=admin, reason="Laptop stolen"),
        lambda owner, admin: actions.deactivate(owner, actor=admin, reason="Left"),
        lambda owner, admin: actions.change_role(owner, Role.MANAGER, actor=admin, reason="Promoted"),
        lambda owner, admin: actions.reset_mfa(owner, actor=admin, reason="Lost the phone"),
    ],
)
def test_what_an_administrator_does_ends_every_session(owner: User, admin: User, change: Any):
    clients = [browser(owner), browser(owner)]
    change(owner, admin)
    assert not any(is_in(client) for client in clients)
    assert not sessions_of(owner)


def test_a_new_password_takes_the_other_sessions_off_the_list(client: Client, owner: User):
    cache.clear()
    browser(owner)
    client.post(reverse("account_login"), {"login": owner.email, "password": PASSWORD})
    client.post(reverse("mfa_authenticate"), {"code": code()})
    new = "quite another sentence"
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert is_in(client)
    assert [row.session_key for row in sessions_of(owner)] == [stored_key(cookie(client))]


def test_ended_sessions_are_removed(owner: User):
    with time_machine.travel(timezone.now() - timedelta(hours=2)):
        browser(owner)
    browser(owner)
    assert Session.objects.count() == 2
    clear_sessions.enqueue(actor=SYSTEM, title="Remove ended sessions")
    run_all()
    assert Session.objects.count() == 1
