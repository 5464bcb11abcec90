"""What waits for a person in access reviews, what a search finds, and what a control shows of its reviews."""

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accessreviews import removals
from accessreviews.deciding import delegate
from accessreviews.models import Removal
from accessreviews.panel import reviews_panel
from accessreviews.work import reviews_work
from foundation.accounts.models import User
from tests.factories.controls import ControlFactory
from tests.factories.listings import a_listing, a_system, an_account, day
from tests.factories.reviews import a_campaign, a_manager, approved, decided, signed
from tests.factories.rounds import BOSS, a_part, a_removal, fresh, listed_later


def work(user: User) -> list[tuple[str, str]]:
    return [(one.kind, one.action) for one in reviews_work(fresh(user))]


def test_a_part_waits_until_it_is_signed_and_a_delegate_until_it_is_decided(compliance: User, manager: User):
    part, helper = a_part(compliance, manager), a_manager("Hal Helper")
    delegate(part, actor=part.reviewer, delegate=helper, reason="Away.")
    assert work(part.reviewer) == work(helper) == [("0 of 3 decided", "Decide")]
    decided(part)
    assert (work(part.reviewer), work(helper)) == ([("All decided", "Sign off")], [])
    signed(fresh(part))
    assert (work(part.reviewer), work(manager)) == ([], [("Signed; waits for your approval", "Look at it")])
    approved(part.review)
    assert work(manager) == []


def test_removals_wait_for_owner_then_for_another(compliance: User, manager: User, owner: User):
    part = a_part(compliance, manager, system=a_system(name="Git", owner=owner))
    removal = a_removal(part)
    approved(part.review)
    assert (work(owner), work(compliance)) == ([("Remove access", "Mark as done")], [])
    removals.complete(fresh(removal), actor=owner, ticket="OPS-1", note="Gone.")
    assert work(owner) == []
    listed_later(part.review.system, [an_account("other")], days=0.001, pulled_by=owner)
    assert work(owner) == []
    assert work(manager) == work(compliance) == [("A listing shows that it is gone", "Confirm")]
    removals.request_exception(fresh(removal), actor=compliance, reason="It stays.", until=day(9))
    assert work(manager) == [("Cora Compliance asks to except it", "Decide")]
    assert work(owner) == []
    removals.decline_exception(fresh(removal), actor=manager, reason="No.")
    removals.confirm(fresh(removal), actor=manager, note="Looked.")
    assert work(manager) == work(compliance) == []
    assert Removal.objects.get().proved_at is not None


def test_a_draft_waits_for_compliance_and_for_its_listings(compliance: User, manager: User, owner: User):
    system = a_system(name="Git", owner=owner)
    a_campaign(actor=compliance, approver=manager)
    assert work(compliance) == [("Planned, to be launched", "Look at it")]
    assert work(owner) == [("No listing for Access review, 2026 Q3", "Bring one")]
    a_listing(system)
    assert work(owner) == []


def test_it_takes_the_same_queries_for_few_and_many(compliance: User, manager: User, owner: User):
    taken = []
    for count in (3, 30):
        rows = [an_account(roles=("Admin",)) for _ in range(count)]
        part = a_part(compliance, manager, rows=rows, reviewer=a_manager(), system=a_system(owner=owner))
        decided(part, "remove")
        signed(fresh(part))
        for person in (owner, manager):
            with CaptureQueriesContext(connection) as queries:
                reviews_work(person)
            taken.append(len(queries))
    assert taken[:2] == taken[2:]


def test_a_search_finds_campaigns_and_removals(client: Client, compliance: User, manager: User, colleague: User):
    removal = a_removal(a_part(compliance, manager))
    campaign = removal.review.campaign
    for person, seen in ((compliance, True), (colleague, False)):
        client.force_login(person)
        for words, found in ((removal.ref, removal), (BOSS, removal), (campaign.ref, campaign), ("2026 Q3", campaign)):
            text = client.get(reverse("search"), {"q": words}, follow=True).content.decode()
            assert (found.get_absolute_url() in text) == seen, words


def test_a_control_shows_the_reviews_that_are_its_operation(client: Client, compliance: User, manager: User):
    control: Any = ControlFactory(ref="IAM-05")
    assert reviews_panel(compliance, control, None) is None
    part = a_part(compliance, manager, control=control.ref)
    client.force_login(compliance)
    text = client.get(reverse("controls:control-evidence", args=[control.pk])).content.decode()
    assert part.review.campaign.get_absolute_url() in text
    assert "It is the quarterly review." in text
