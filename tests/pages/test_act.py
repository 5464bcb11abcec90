"""A verb's page, whatever the register: the question, the refusals, the way back, and what htmx gets."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from foundation.accounts.models import IdentityProvider, User
from foundation.pages.act import put_onto
from foundation.pages.forms import ReasonForm
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def as_admin(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def page(user: User, verb: str = "deactivate") -> str:
    return reverse(f"accounts:user-{verb}", args=[user.pk])


def said(user: User, **more: str) -> dict[str, object]:
    return {"reason": "Agreed.", "version": user.version, **more}


def test_it_asks_then_acts_says_so_and_goes_to_the_record(as_admin: Client, owner: User):
    asked = as_admin.get(page(owner))
    assert asked.context["form"]["version"].value() == owner.version
    answer = as_admin.post(page(owner), said(owner), follow=True)
    assert answer.redirect_chain == [(owner.get_absolute_url(), 302)]
    assert f"{owner} is deactivated." in answer.content.decode()
    assert '"reason":"Agreed."' in Entry.objects.filter(verb="user.deactivated").get().detail


def test_it_goes_back_to_the_page_it_was_asked_for_on_and_nowhere_else(as_admin: Client, owner: User):
    asked = as_admin.get(f"{page(owner, 'end-sessions')}?next=/accounts/")
    assert 'name="next" value="/accounts/"' in asked.content.decode()
    assert as_admin.post(page(owner, "end-sessions"), said(owner, next="/accounts/")).url == "/accounts/"
    owner.refresh_from_db()
    away = as_admin.post(page(owner, "end-sessions"), said(owner, next="//evil.example/"))
    assert away.url == owner.get_absolute_url()


def test_who_comes_second_is_told_and_changes_nothing(as_admin: Client, admin: User, owner: User):
    seen = said(owner, role="manager")
    owner.title = "Changed by somebody else"
    save(owner, actor=admin, verb="user.updated")
    answer = as_admin.post(page(owner, "change-role"), seen)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Somebody changed this account while you were reading." in text
    assert "Agreed." in text, "what was typed is not lost"
    assert "Now: Control owner" in text, "the page shows what is stored, not what was tried"
    assert User.objects.get(pk=owner.pk).role == "control_owner"


def test_what_the_action_refuses_stands_on_the_form(as_admin: Client, admin: User):
    UserFactory(role="administrator")
    plain = UserFactory(role="employee")
    answer = as_admin.post(page(plain, "change-break-glass"), said(plain))
    assert answer.status_code == 422
    assert "Only an administrator who has a password" in answer.content.decode()
    assert not User.objects.get(pk=plain.pk).break_glass


def test_a_refusal_that_names_a_field_stands_beside_it_and_one_the_form_lacks_above(owner: User):
    form = ReasonForm({"reason": "x", "version": "1"}, target=owner)
    assert form.is_valid()
    put_onto(form, ValidationError({"reason": "Say why.", "approver": "Somebody else approves."}))
    assert form.errors["reason"] == ["Say why."]
    assert form.non_field_errors() == ["Somebody else approves."]


def test_htmx_gets_the_form_alone_and_is_then_led_back(as_admin: Client, owner: User):
    form = as_admin.get(page(owner), headers=HTMX).content.decode()
    assert "<form" in form
    assert "<html" not in form
    assert as_admin.post(page(owner), said(owner), headers=HTMX)["HX-Redirect"] == owner.get_absolute_url()


def test_a_required_provider_is_not_restored_without_a_way_in(as_admin: Client):
    known = IdentityProvider(slug="acme", name="Acme", kind="openid_connect", enabled=True, required=True)
    save(known, actor=SYSTEM, verb="identityprovider.created")
    known.archived_at = known.created_at
    save(known, actor=SYSTEM, verb="identityprovider.archived")
    url = reverse("accounts:identityprovider-restore", args=[known.pk])
    answer = as_admin.post(url, {"reason": "Again.", "version": known.version})
    assert answer.status_code == 422
    assert "Mark an administrator as break-glass first" in answer.content.decode()
    assert IdentityProvider.objects.get(pk=known.pk).archived_at is not None
