"""Removals: due by the settings, proved by a later listing and by more than their remover, or excepted (R4.1, R4.2)."""

import datetime

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accessreviews import removals
from accessreviews.deciding import decide
from accessreviews.listings.rows import AccountRow
from accessreviews.models import Assignment, CampaignState, Choice, Known, Removal
from findings.models import Finding, Severity
from foundation.accounts.models import User
from foundation.organisation.actions import change_setting
from foundation.organisation.models import today
from foundation.trail.models import Entry
from tests.factories.listings import a_system, an_account, day
from tests.factories.reviews import a_manager, approved
from tests.factories.rounds import BOSS, a_part, a_removal, accounts, fresh, item, listed_later

SUNDAY = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
NOTE = {"ticket": "OPS-123", "note": "Taken out of the group."}


def others() -> list[AccountRow]:
    """What a listing without the account shows."""
    return [an_account("somebody.else@example.com")]


@pytest.fixture
def part(compliance: User, manager: User, owner: User) -> Assignment:
    """Of a system that `owner` owns; `manager` approves."""
    return a_part(compliance, manager, system=a_system(owner=owner))


@pytest.fixture
def removal(part: Assignment) -> Removal:
    """Of the privileged account, in an approved review."""
    found = a_removal(part)
    approved(part.review)
    return found


def state(removal: Removal) -> str:
    return str(fresh(removal.review.campaign).state)


def done(removal: Removal, by: User) -> Removal:
    return removals.complete(fresh(removal), actor=by, **NOTE)


# ---- due -----------------------------------------------------------------------------------------------------------


def test_they_are_due_in_business_days_from_the_signature(compliance: User, manager: User, owner: User):
    with time_machine.travel(SUNDAY, tick=False):
        system = a_system(owner=owner)
        rows = accounts(1)
        part = a_part(compliance, manager, system=system, rows=rows)
        change_setting("removal_days", 3, actor=compliance, reason="Our policy.")
        plain = rows[0].key
        decide(item(part, plain), actor=part.reviewer, choice=Choice.REMOVE, reason="Left the team.")
        boss = a_removal(part)
    assert (boss.privileged, boss.due_on, boss.owner) == (True, datetime.date(2026, 11, 23), owner)
    other = Removal.objects.get(account__key=plain)
    assert (other.privileged, other.due_on) == (False, datetime.date(2026, 11, 25))


# ---- proved --------------------------------------------------------------------------------------------------------


def test_a_listing_without_it_proves_it_and_closes_the_campaign(removal: Removal):
    assert state(removal) == CampaignState.SIGNED
    listing = listed_later(removal.review.system, others())
    removal = fresh(removal)
    assert (removal.proved_by, removal.confirmed_by) == (listing, None)
    assert state(removal) == CampaignState.CLOSED
    assert Entry.objects.filter(verb="removal.proved", object_id=str(removal.pk)).count() == 1


@pytest.mark.parametrize(
    ("shown", "proved"),
    [
        ({"key": BOSS, "enabled": Known.NO}, True),
        ({"key": BOSS, "roles": ()}, False),
        ({"key": BOSS.upper(), "roles": ("Admin",)}, False),  # the source spells it otherwise: it is there still
        ({"key": BOSS, "enabled": Known.UNKNOWN}, False),
    ],
)
def test_disabled_is_gone_and_anything_else_is_not(removal: Removal, shown: dict, proved: bool):
    listed_later(removal.review.system, [an_account(**shown)], days=0.01)
    assert (fresh(removal).proved_at is not None) == proved


@pytest.mark.parametrize(
    ("roles", "proved"),
    [(("user",), True), (("User", "Admin"), False), ((), False), (("User", "Billing"), False)],
)
def test_a_change_is_proved_by_exactly_the_roles_that_were_to_remain(part: Assignment, roles: tuple, proved: bool):
    removal = a_removal(part, choice=Choice.CHANGE, roles_after=["User"], reason="No admin.")
    assert (removal.kind, removal.roles_after) == (Choice.CHANGE, ["User"])
    listed_later(part.review.system, [an_account(BOSS, roles=roles)], days=0.01)
    assert (fresh(removal).proved_at is not None) == proved


def test_a_listing_pulled_before_the_signature_and_another_systems_prove_nothing(part: Assignment):
    earlier = timezone.now() + datetime.timedelta(minutes=1)
    with time_machine.travel(earlier + datetime.timedelta(hours=1)):
        removal = a_removal(part)
    listed_later(part.review.system, others(), pulled_at=earlier)
    listed_later(a_system(), others(), days=2)
    assert fresh(removal).proved_at is None
    assert fresh(removal).shown_by is None


# ---- by more than its remover --------------------------------------------------------------------------------------


def test_who_removed_it_and_pulled_the_listing_is_not_the_only_verifier(removal: Removal, owner: User, manager: User):
    done(removal, owner)
    listing = listed_later(removal.review.system, others(), pulled_by=owner)
    removal = fresh(removal)
    assert (removal.shown_by, removal.proved_at) == (listing, None)
    assert state(removal) == CampaignState.SIGNED
    with pytest.raises(PermissionDenied):
        removals.confirm(removal, actor=owner, note="I looked.")
    with pytest.raises(ValidationError, match="what you looked at"):
        removals.confirm(fresh(removal), actor=manager, note="")
    removal = removals.confirm(fresh(removal), actor=manager, note="Looked at the console.")
    assert (removal.proved_by, removal.confirmed_by) == (listing, manager)
    assert state(removal) == CampaignState.CLOSED


def test_who_sees_to_it_and_says_nothing_is_not_the_only_verifier_either(removal: Removal, owner: User):
    listed_later(removal.review.system, others(), actor=owner)  # an export that its owner pushed
    assert (fresh(removal).shown_by is not None, fresh(removal).proved_at) == (True, None)
    listing = listed_later(removal.review.system, others(), days=2, pulled_by=a_manager("Paul Puller"))
    assert fresh(removal).proved_by == listing  # somebody else's shows it as well


def test_nothing_is_confirmed_before_a_listing_shows_it(removal: Removal, owner: User, manager: User):
    done(removal, owner)
    with pytest.raises(ValidationError, match="No listing shows"):
        removals.confirm(fresh(removal), actor=manager, note="Looked.")


# ---- refuted -------------------------------------------------------------------------------------------------------


def test_said_to_be_done_and_still_there_it_is_open_again_with_one_finding(removal: Removal, owner: User):
    done(removal, owner)
    listed_later(removal.review.system, [an_account(BOSS)])
    removal = fresh(removal)
    assert (removal.done_at, removal.done_by, removal.proved_at) == (None, None, None)
    assert (removal.finding.severity, removal.finding.owner) == (Severity.HIGH, owner)
    assert "was said to be done" in removal.finding.description
    listed_later(removal.review.system, [an_account(BOSS)], days=10)
    assert Finding.objects.count() == 1
    assert state(removal) == CampaignState.SIGNED


def test_still_there_before_its_deadline_it_is_just_not_done_yet(removal: Removal):
    listed_later(removal.review.system, [an_account(BOSS)], days=0.01)
    assert (fresh(removal).finding, Finding.objects.count()) == (None, 0)


def test_still_there_after_its_deadline_there_is_a_finding(removal: Removal):
    listed_later(removal.review.system, [an_account(BOSS)], days=8)
    assert f"was due on {removal.due_on}" in fresh(removal).finding.description


# ---- done and excepted ---------------------------------------------------------------------------------------------


def test_done_takes_a_ticket_a_note_and_evidence_that_there_is(removal: Removal, owner: User):
    for said in ({"ticket": " ", "note": "x"}, {"ticket": "x", "note": ""}, NOTE | {"proof": "EV-999"}):
        with pytest.raises(ValidationError):
            removals.complete(fresh(removal), actor=owner, **said)
    assert done(removal, owner).ticket == "OPS-123"
    with pytest.raises(ValidationError, match="done already"):
        done(removal, owner)


def asked(removal: Removal, by: User, days: int = 30) -> Removal:
    return removals.request_exception(fresh(removal), actor=by, reason="The job needs it.", until=day(days))


def test_another_person_excepts_it_and_the_campaign_closes(removal: Removal, owner: User, compliance: User):
    for days in (0, 366):
        with pytest.raises(ValidationError, match="A day ahead"):
            asked(removal, compliance, days)
    asked(removal, compliance)
    for person in (compliance, owner):  # who asked; who sees to it
        with pytest.raises(PermissionDenied):
            removals.except_(fresh(removal), actor=person)
    excepted = removals.except_(fresh(removal), actor=a_manager("Eve"), note="Until the migration.")
    assert excepted.is_settled(today())
    assert state(removal) == CampaignState.CLOSED


def test_an_exception_that_has_ended_closes_nothing_before_the_job_has_said_so(part: Assignment, compliance: User):
    removal = a_removal(part)
    asked(removal, compliance)
    removals.except_(fresh(removal), actor=a_manager("Eve"))
    with time_machine.travel(timezone.now() + datetime.timedelta(days=31)):
        approved(part.review)
        assert state(removal) == CampaignState.SIGNED


def test_declined_it_is_as_it_was(removal: Removal, compliance: User, manager: User):
    asked(removal, compliance)
    declined = removals.decline_exception(fresh(removal), actor=manager, reason="No need.")
    assert (declined.exception_until, declined.exception_requested_by) == (None, None)
    assert not declined.is_settled(today())
    asked(declined, compliance)


def test_an_exception_that_ends_is_a_finding_and_to_be_done_again(removal: Removal, compliance: User):
    asked(removal, compliance)
    removals.except_(fresh(removal), actor=a_manager("Eve"))
    assert removals.lapse() == 0
    with time_machine.travel(timezone.now() + datetime.timedelta(days=31)):
        assert removals.lapse() == 1
        assert removals.lapse() == 0
    lapsed = fresh(removal)
    assert (lapsed.is_settled(today()), lapsed.finding.title.startswith(lapsed.ref)) == (False, True)
    assert state(removal) == CampaignState.CLOSED  # what was signed stands; the finding goes on


def test_an_excepted_account_that_is_gone_is_proved_and_lapses_no_more(removal: Removal, compliance: User):
    asked(removal, compliance)
    removals.except_(fresh(removal), actor=a_manager("Eve"))
    listed_later(removal.review.system, [an_account(BOSS)], days=9)
    assert fresh(removal).finding is None  # it may stay
    listing = listed_later(removal.review.system, others(), days=10)
    assert fresh(removal).proved_by == listing
    with time_machine.travel(timezone.now() + datetime.timedelta(days=31)):
        assert removals.lapse() == 0


def test_the_campaign_closes_only_with_its_last_removal(compliance: User, manager: User, owner: User):
    system, rows = a_system(owner=owner), accounts(1)
    part = a_part(compliance, manager, system=system, rows=rows)
    decide(item(part, rows[0].key), actor=part.reviewer, choice=Choice.REMOVE, reason="Left the team.")
    first = a_removal(part)
    approved(part.review)
    listed_later(system, [an_account(rows[0].key)], days=0.01)
    assert (fresh(first).proved_at is not None, state(first)) == (True, CampaignState.SIGNED)
    listed_later(system, others(), days=0.02)
    assert state(first) == CampaignState.CLOSED


def test_an_unapproved_campaign_is_not_closed_by_its_removals(part: Assignment):
    removal = a_removal(part)
    listed_later(part.review.system, others())
    assert fresh(removal).proved_at is not None
    assert state(removal) == CampaignState.OPEN
    approved(part.review)
    assert state(removal) == CampaignState.CLOSED
