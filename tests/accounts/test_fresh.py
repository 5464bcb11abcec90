"""What signs takes an authentication within five minutes: nothing changes before, and nothing typed is lost."""

import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits.models import Engagement
from controls import actions
from foundation.accounts.access import signs
from foundation.accounts.models import AuditorWindow, IdentityProvider, User
from foundation.accounts.roles import Role
from foundation.accounts.table import SIGNING, TABLE
from foundation.jobs.worker import run_all
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory
from tests.factories.people import PASSWORD, UserFactory, code

pytestmark = pytest.mark.django_db
LATER = datetime.timedelta(minutes=6)
CONFIRM = reverse("account_reauthenticate")


@pytest.fixture
def as_admin(client: Client, admin: User) -> Client:
    client.post(reverse("account_login"), {"login": admin.email, "password": PASSWORD})
    client.post(reverse("mfa_authenticate"), {"code": code()})
    return client


def later() -> Any:
    return time_machine.travel(timezone.now() + LATER, tick=True)


def confirm(client: Client, asked: Any) -> Any:
    """Answer the question for the password, as the page that was led to offers it."""
    assert asked.status_code == 302
    assert urlsplit(asked.url).path == CONFIRM
    back = parse_qs(urlsplit(asked.url).query)["next"][0]
    return client.post(CONFIRM, {"password": PASSWORD, "next": back})


def test_signing_verbs_are_verbs_of_the_table():
    assert SIGNING
    assert {(model, verb) for model, verb in SIGNING if verb not in TABLE[model]} == set()
    assert signs("change_role", User)
    assert not signs("view", User)
    assert not signs("change_role", Engagement)


def test_right_after_signing_in_nobody_is_asked(as_admin: Client, owner: User):
    url = reverse("accounts:user-deactivate", args=[owner.pk])
    assert as_admin.get(url).status_code == 200
    assert as_admin.post(url, {"reason": "Left", "version": owner.version}).status_code == 302
    assert not User.objects.get(pk=owner.pk).is_active


def test_a_form_asks_before_it_is_filled_in(as_admin: Client, owner: User):
    url = reverse("accounts:user-deactivate", args=[owner.pk])
    with later():
        back = confirm(as_admin, as_admin.get(url))
        assert back.url == url
        assert as_admin.get(url).status_code == 200


def test_what_was_typed_changes_nothing_and_is_not_lost(as_admin: Client, owner: User):
    url = reverse("accounts:user-change-role", args=[owner.pk])
    sent = {"reason": "Promoted to lead", "role": Role.MANAGER, "version": owner.version}
    with later():
        asked = as_admin.post(url, sent)
        assert User.objects.get(pk=owner.pk).role == Role.CONTROL_OWNER
        wrong = as_admin.post(CONFIRM, {"password": "not it", "next": url})
        assert wrong.status_code == 200
        assert as_admin.get(url).status_code == 302, "a wrong password confirms nothing"
        form = as_admin.get(confirm(as_admin, asked).url).context["form"]
        assert (form["reason"].value(), form["role"].value()) == ("Promoted to lead", Role.MANAGER)
        assert User.objects.get(pk=owner.pk).role == Role.CONTROL_OWNER, "the person still has to send it"
        assert as_admin.post(url, sent).status_code == 302
    assert User.objects.get(pk=owner.pk).role == Role.MANAGER


def test_a_refusal_comes_before_the_question(client: Client, owner: User, colleague: User):
    client.force_login(owner)
    with later():
        assert client.get(reverse("accounts:user-deactivate", args=[colleague.pk])).status_code == 404


def test_admitting_and_ending_access_ask(client: Client, compliance: User, engagement: Engagement, auditor: User):
    second = UserFactory(role=Role.AUDITOR)
    client.force_login(compliance)
    window = AuditorWindow.objects.get()
    sent = {"user": second.pk, "reason": "Second pair of eyes"}
    with later():
        page = client.get(
            confirm(client, client.post(reverse("audits:engagement-admit-auditor", args=[engagement.pk]), sent)).url
        )
        assert page.context["admit_form"]["reason"].value() == "Second pair of eyes"
        assert AuditorWindow.objects.count() == 1
    end = reverse("audits:engagement-end-access", args=[engagement.pk, window.pk])
    with time_machine.travel(timezone.now() + 3 * LATER):
        client.post(end, {"reason": "Over"})
        assert AuditorWindow.objects.get(pk=window.pk).closes_at == window.closes_at
        form = client.get(confirm(client, client.get(end)).url).context["form"]
        assert form["reason"].value() == "Over"


def test_approving_asks_also_within_a_page(client: Client, compliance: User, owner: User):
    control = ControlFactory(owner=owner)
    actions.propose_not_applicable(control, actor=owner, reason="We have no office.")
    url = reverse("controls:control-approve-not-applicable", args=[control.pk])
    client.force_login(compliance)
    before = Entry.objects.count()
    with later():
        asked = client.post(url, {"note": "Agreed.", "next": "/matrix/"}, headers={"HX-Request": "true"})
        assert asked.status_code == 200
        assert asked.content == b"", "htmx would show it in the middle of the page"
        assert asked.headers["HX-Redirect"].startswith(CONFIRM)
        assert Entry.objects.count() == before
        client.post(CONFIRM, {"password": PASSWORD, "next": url})
        page = client.get(url)
        assert page.context["form"]["note"].value() == "Agreed."
        assert page.context["back"] == "/matrix/"
        assert client.get(url).context["form"]["note"].value() is None, "kept once"


def test_a_session_without_a_stamp_is_not_fresh(client: Client, admin: User, owner: User):
    client.force_login(admin)
    session = client.session
    del session["signed_in_at"]
    session.save()
    assert client.get(reverse("accounts:user-deactivate", args=[owner.pk])).status_code == 302


@pytest.fixture
def provider() -> IdentityProvider:
    made = IdentityProvider(slug="corp", name="Fernwood", kind="openid_connect", server_url="https://id.example.com")
    made.client_id = "countersign"
    return save(made, actor=SYSTEM, verb="identityprovider.created")


@pytest.mark.parametrize("page", ["create", "edit", "archive"])
def test_every_change_of_who_gets_in_asks(as_admin: Client, provider: IdentityProvider, page: str):
    url = reverse(f"accounts:identityprovider-{page}", args=[] if page == "create" else [provider.pk])
    assert as_admin.get(url).status_code == 200
    with later():
        asked = as_admin.post(url, {"name": "Elsewhere", "reason": "Because", "version": provider.version})
        assert urlsplit(asked.url).path == CONFIRM
        assert list(IdentityProvider.objects.values_list("name", "archived_at")) == [("Fernwood", None)]
        confirm(as_admin, asked)
        assert b"Elsewhere" in as_admin.get(url).content or page == "archive"


@pytest.mark.parametrize("page", ["create", "edit"])
def test_an_account_and_its_address_take_an_administrator_who_is_there(as_admin: Client, owner: User, page: str):
    url = reverse(f"accounts:user-{page}", args=[] if page == "create" else [owner.pk])
    said = {"name": "Olga", "email": "olga@example.com", "role": "administrator", "version": owner.version}
    with later():
        assert urlsplit(as_admin.post(url, said).url).path == CONFIRM
        assert not User.objects.filter(email="olga@example.com").exists()
        assert as_admin.get(reverse("accounts:user-list")).status_code == 200


def test_a_new_address_ends_sessions_and_the_old_one_is_told(as_admin: Client, owner: User, mailoutbox: list[Any]):
    theirs, before = Client(), owner.email
    theirs.force_login(owner)
    url = reverse("accounts:user-edit", args=[owner.pk])
    said = {"name": owner.name, "email": "olga@example.com", "title": owner.title, "version": owner.version}
    assert as_admin.post(url, said).status_code == 302
    run_all()
    assert [mail.to for mail in mailoutbox] == [[before]]
    assert theirs.get(reverse("accounts:profile")).status_code == 302
    assert as_admin.post(url, said | {"title": "Lead", "version": owner.version + 1}).status_code == 302
    run_all()
    assert len(mailoutbox) == 1
