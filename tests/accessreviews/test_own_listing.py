"""Countersign is a system of its own inventory: it lists its own accounts, and once in each quarter by itself."""

import time_machine
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accessreviews.listings.jobs import list_own_accounts_once_a_quarter
from accessreviews.listings.own import list_once_a_quarter, list_own_accounts
from accessreviews.models import Known, ListedAccount, Listing, Shape, SignIn
from foundation.accounts.actions import create_token, deactivate
from foundation.accounts.models import IdentityProvider, User
from foundation.jobs.worker import run_all
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM, record
from systems.models import System
from tests.factories.listings import a_system
from tests.factories.people import UserFactory

LIST = "/access-reviews/listings/own/"


def accounts(listing: Listing) -> dict[str, ListedAccount]:
    return {account.key: account for account in ListedAccount.objects.filter(listing=listing)}


def test_every_account_is_listed_with_role_state_factor_and_last_sign_in(admin: User, compliance: User, employee: User):
    with transaction.atomic():
        record("auth.signed_in", compliance, compliance)
    deactivate(employee, actor=admin, reason="Left.")
    token, _ = create_token(compliance, actor=SYSTEM, name="CI", scopes=["read"])
    employee.refresh_from_db()
    compliance.authenticator_set.all().delete()
    listing = list_own_accounts()
    system = System.objects.get(own=True)
    assert (system.name, listing.system, listing.shape, listing.connector) == (
        "Countersign", system, Shape.COUNTERSIGN, "Countersign"
    )  # fmt: skip
    found = accounts(listing)
    assert set(found) == {admin.email, compliance.email, employee.email, f"API token {token.pk}"}
    ours = found[compliance.email]
    assert (ours.roles, ours.mfa, ours.sign_in) == (["Compliance manager"], Known.NO, SignIn.KNOWN)
    assert ours.last_sign_in == timezone.localdate()
    assert ours.privileged
    assert (found[admin.email].mfa, found[admin.email].sign_in) == (Known.YES, SignIn.NEVER)
    assert found[employee.email].enabled == Known.NO
    machine = found[f"API token {token.pk}"]
    assert (machine.standing, machine.owner, machine.roles) == ("machine", compliance, ["API: read"])
    assert listing.source_total == listing.row_count == 4


def test_who_signs_in_by_a_provider_that_asks_for_a_factor_may_have_one(admin: User):
    provider = IdentityProvider(
        slug="corp", name="Corp", kind="openid_connect", server_url="https://id.example.com", client_id="x",
        enabled=True, does_mfa=True,
    )  # fmt: skip
    save(provider, actor=SYSTEM, verb="identityprovider.created")
    admin.authenticator_set.all().delete()
    assert accounts(list_own_accounts())[admin.email].mfa == Known.UNKNOWN


def test_before_anybody_has_an_account_there_is_nothing_to_list(db: None):
    assert list_once_a_quarter() is None
    assert not System.objects.exists()


def test_it_lists_itself_once_in_each_quarter(admin: User):
    with time_machine.travel("2041-08-20 10:00 +0000", tick=False):
        assert list_once_a_quarter() is not None
        assert list_once_a_quarter() is None
    with time_machine.travel("2041-10-02 10:00 +0000", tick=False):
        list_own_accounts_once_a_quarter.enqueue(actor=SYSTEM, title="List own accounts")
        run_all()
    assert Listing.objects.count() == 2


def test_compliance_lists_it_from_the_page_and_nobody_uploads_it(compliance: User, owner: User):
    client = Client()
    client.force_login(compliance)
    assert LIST in client.get("/access-reviews/listings/").content.decode()
    answer = client.post(LIST)
    listing = Listing.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, listing.get_absolute_url())
    assert listing.frozen_by == compliance
    assert LIST not in client.get("/access-reviews/listings/").content.decode()
    assert LIST in client.get(listing.system.get_absolute_url()).content.decode()
    form = client.get("/access-reviews/listings/new/").context["form"]
    assert listing.system not in form.fields["system"].queryset
    theirs = Client()
    theirs.force_login(owner)
    assert theirs.post(LIST).status_code == 403


def test_a_system_of_the_same_name_is_another(admin: User):
    a_system(name="countersign")
    UserFactory(name="Somebody")
    assert list_own_accounts().system.name == "Countersign (this installation)"
