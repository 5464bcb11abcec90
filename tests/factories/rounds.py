"""One system's access review made for tests, at any stage, through the actions that everything uses."""

import datetime
from collections.abc import Iterable
from typing import Any

import time_machine
from django.utils import timezone

from accessreviews import campaigns
from accessreviews.deciding import decide
from accessreviews.listings.rows import AccountRow
from accessreviews.models import Assignment, Campaign, Choice, Listing, Removal, Review, ReviewItem
from evidence.models import Evidence
from foundation.accounts.models import User
from people.models import Person
from systems.models import System
from tests.factories.listings import a_listing, a_person, a_system, account_of
from tests.factories.reviews import a_campaign, a_manager, approved, decided, signed

BOSS = "boss@example.com"  # the account that is privileged
REMOVE = {"choice": Choice.REMOVE, "reason": "Not needed any more."}


def accounts(count: int = 2) -> list[AccountRow]:
    """So many people's accounts that nothing flags, and a privileged one."""
    rows = [account_of(a_person()) for _ in range(count)]
    boss = Person.objects.filter(email=BOSS).first() or a_person("Bo Boss", email=BOSS)
    return [*rows, account_of(boss, roles=("Admin",))]


def a_part(
    compliance: User, approver: User, *, system: System | None = None, rows: Iterable[AccountRow] | None = None,
    reviewer: User | None = None, control: str = "", **values: Any,
) -> Assignment:  # fmt: skip
    """One reviewer's part of a launched campaign over one system; every other is omitted."""
    system = system or a_system()
    a_listing(system, accounts() if rows is None else rows)
    campaign = a_campaign(actor=compliance, approver=approver, **values)
    for review in Review.objects.filter(campaign=campaign):
        if review.system_id == system.pk:
            campaigns.set_reviewer(review, actor=compliance, reviewer=reviewer or a_manager(), by="reviewer")
        else:
            campaigns.omit(review, actor=compliance, reason="Another test's.")
    if control:
        campaigns.link_control(campaign, actor=compliance, control=control, reason="It is the quarterly review.")
    campaigns.launch(fresh(campaign), actor=compliance)
    return fresh(Assignment.objects.get(review__campaign=campaign, review__system=system))


def fresh(row: Any) -> Any:
    """The row as it is stored now."""
    return type(row).objects.get(pk=row.pk)


def item(part: Assignment, key: str = BOSS) -> ReviewItem:
    """One account of a part."""
    return ReviewItem.objects.select_related("account").get(assignment=part, account__key=key)


def a_removal(part: Assignment, key: str = BOSS, **decision: Any) -> Removal:
    """Everything is kept but one account, which is to go (or to change); the part is signed."""
    decide(item(part, key), actor=part.reviewer, **{**REMOVE, **decision})
    for other in ReviewItem.objects.filter(assignment=part, decision=None).select_related("account"):
        decide(other, actor=part.reviewer, choice=Choice.KEEP, reason="Needed for the job.")
    signed(fresh(part))
    return Removal.objects.get(review=part.review, account__key=key)


def approved_review(part: Assignment, choice: str = Choice.KEEP) -> Review:
    """The review of a part whose accounts are all decided the same way, signed and approved."""
    decided(part, choice)
    signed(fresh(part))
    return approved(part.review)


def listed_later(system: System, rows: Iterable[AccountRow], days: int = 1, **values: Any) -> Listing:
    """What the system's next listing shows, so many days later."""
    moment = timezone.now() + datetime.timedelta(days=days)
    with time_machine.travel(moment, tick=False):
        return a_listing(system, rows, **{"pulled_at": moment, **values})


def evidence_of(campaign: Campaign) -> Evidence | None:
    """The result of a campaign as it is kept."""
    found: Evidence | None = fresh(campaign).evidence
    return found
