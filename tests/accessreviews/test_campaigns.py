"""Planning, launching, cancelling; who decides on what by rule; the pages of campaigns and reviews."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accessreviews import campaigns
from accessreviews.models import Assignment, Campaign, CampaignState, Review, ReviewItem, ReviewState
from evidence.actions import withdraw
from foundation.accounts.roles import Role
from foundation.organisation.models import today
from foundation.trail.keep import Stale
from foundation.trail.models import Entry
from tests.factories.listings import a_listing, a_person, a_system, account_of, administrator, an_account
from tests.factories.people import UserFactory
from tests.factories.reviews import a_campaign, a_manager, decided, launched, signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def compliance():
    return UserFactory(name="Cora Vale", role=Role.COMPLIANCE_MANAGER)


@pytest.fixture
def reviewer():
    return a_manager("Rhea Stone")


@pytest.fixture
def approver():
    return a_manager("Abel Frost")


def refusal(call, *args, **kwargs):
    with pytest.raises(ValidationError) as refused:
        call(*args, **kwargs)
    return " ".join(refused.value.messages)


def test_a_plan_takes_in_every_system_in_scope(compliance, approver):
    github, _ = a_system(name="GitHub"), a_system(name="Wiki", in_scope=False)
    campaign = a_campaign(actor=compliance, approver=approver)
    assert [review.system for review in campaign.reviews.all()] == [github]
    assert Entry.objects.filter(verb="review.created").count() == 1


def test_launching_says_everything_that_is_missing_and_changes_nothing(compliance):
    github = a_system(name="GitHub")
    campaign = a_campaign(actor=compliance, approver=None)
    a_system(name="Payroll")  # came into scope since
    words = refusal(campaigns.launch, campaign, actor=compliance)
    for part in ("Name an approver", "Payroll is in scope", "GitHub has no reviewer", "GitHub has no listing"):
        assert part in words
    assert Campaign.objects.get().state == CampaignState.DRAFT
    assert github.reviews.get().state == ReviewState.DRAFT


def test_an_omission_needs_its_reason(compliance, approver, reviewer):
    github, payroll = a_system(name="GitHub"), a_system(name="Payroll")
    a_listing(github)
    campaign = a_campaign(actor=compliance, approver=approver)
    campaigns.set_reviewer(Review.objects.get(system=github), actor=compliance, reviewer=reviewer, by="reviewer")
    left = Review.objects.get(system=payroll)
    assert "Say why" in refusal(campaigns.omit, left, actor=compliance, reason=" ")
    campaigns.omit(left, actor=compliance, reason="Closed down in June; nobody has access.")
    assert campaigns.launch(campaign, actor=compliance).state == CampaignState.OPEN
    assert "nothing to review" not in Campaign.objects.get().name
    assert "cannot be" in refusal(campaigns.take_in, Review.objects.get(pk=left.pk), actor=compliance, reason="Oh.")


def test_a_listing_from_before_the_period_is_not_reviewed(compliance, approver, reviewer):
    github = a_system(name="GitHub")
    a_listing(github)
    campaign = a_campaign(
        actor=compliance, approver=approver, period_from=today() + datetime.timedelta(days=1),
        period_to=today() + datetime.timedelta(days=90), due_on=today() + datetime.timedelta(days=80),
    )  # fmt: skip
    campaigns.set_reviewer(Review.objects.get(), actor=compliance, reviewer=reviewer, by="reviewer")
    assert "has no listing taken on or after" in refusal(campaigns.launch, campaign, actor=compliance)


def test_a_listing_whose_file_was_withdrawn_is_not_reviewed(compliance, approver, reviewer):
    github = a_system(name="GitHub")
    listing = a_listing(github, 3)
    withdraw(listing.evidence, actor=compliance, reason="The export had a filter.")
    campaign = a_campaign(actor=compliance, approver=approver)
    campaigns.set_reviewer(Review.objects.get(), actor=compliance, reviewer=reviewer, by="reviewer")
    assert "has no listing" in refusal(campaigns.launch, campaign, actor=compliance)
    again = a_listing(github, 3)
    assert campaigns.launch(Campaign.objects.get(), actor=compliance).reviews.get().listing == again


def test_the_page_of_a_draft_takes_the_same_queries_however_many_systems(client, compliance, approver):
    client.force_login(compliance)
    counted = []
    for _ in range(2):
        for _ in range(4):
            a_listing(a_system(), 2)
        address = a_campaign(actor=compliance, approver=approver).get_absolute_url()
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert "has no reviewer" in client.get(address).content.decode()
        counted.append(len(captured.captured_queries))
    assert counted[0] == counted[1]


def test_managers_review_their_own_people_and_the_reviewer_the_rest(compliance, approver, reviewer):
    boss = a_manager("Bo Kline")
    lead = a_person("Bo Kline Self", user=boss)
    team = [a_person(f"Team {number}", manager=lead) for number in range(3)]
    system = a_system()
    a_listing(system, [*(account_of(one) for one in team), account_of(lead), an_account("robot")])
    launched([system], actor=compliance, approver=approver, reviewer=reviewer, by="manager")
    parts = {part.reviewer: part for part in Assignment.objects.all()}
    assert {boss: 3, reviewer: 2} == {person: part.item_count for person, part in parts.items()}
    assert "manager of those" in parts[boss].why


def test_nobody_independent_means_no_launch(compliance, approver, reviewer):
    system = a_system(name="Vault")
    administrator(system, reviewer)
    administrator(system, compliance)
    a_listing(system, 2)
    campaign = a_campaign(actor=compliance, approver=approver)
    campaigns.set_reviewer(Review.objects.get(), actor=compliance, reviewer=reviewer, by="reviewer")
    assert "Vault: nobody who is independent can decide on 2 account(s)" in refusal(
        campaigns.launch, campaign, actor=compliance
    )
    assert not ReviewItem.objects.exists()


def test_two_who_launch_at_once_the_second_is_told(compliance, approver, reviewer):
    system = a_system()
    a_listing(system, 2)
    campaign = a_campaign(actor=compliance, approver=approver)
    campaigns.set_reviewer(Review.objects.get(), actor=compliance, reviewer=reviewer, by="reviewer")
    first, second = Campaign.objects.get(), Campaign.objects.get()
    campaigns.launch(first, actor=compliance)
    with pytest.raises(Stale):
        campaigns.launch(second, actor=compliance)
    assert ReviewItem.objects.count() == 2
    assert campaign.reviews.get().state == ReviewState.DECIDING


def test_cancelling_ends_the_decisions(compliance, approver, reviewer):
    system = a_system()
    a_listing(system, 2)
    campaign = launched([system], actor=compliance, approver=approver, reviewer=reviewer)
    assert "Say why" in refusal(campaigns.cancel, campaign, actor=compliance, reason="")
    campaigns.cancel(campaign, actor=compliance, reason="Wrong quarter.")
    part = Assignment.objects.get()
    assert "is cancelled" in refusal(decided, part)
    assert "signed already, or not open" in refusal(signed, part)


def test_several_campaigns_run_at_once(compliance, approver, reviewer):
    system = a_system()
    a_listing(system, 2)
    one = launched([system], actor=compliance, approver=approver, reviewer=reviewer)
    two = launched([system], actor=compliance, approver=approver, reviewer=reviewer, name="After the breach")
    assert {one.state, two.state} == {CampaignState.OPEN}
    assert ReviewItem.objects.count() == 4


# ---- pages ---------------------------------------------------------------------------------------------------------


def test_from_planning_to_launching_on_the_pages(client, compliance, approver, reviewer):
    client.force_login(compliance)
    system = a_system(name="GitHub", owner=reviewer)
    a_listing(system, 3)
    new = reverse("accessreviews:campaign-create")
    start = client.get(new).context["form"].initial
    answer = client.post(new, {**start, "approver": approver.pk})
    campaign = Campaign.objects.get()
    assert answer.url == campaign.get_absolute_url()
    assert "GitHub has no reviewer." in client.get(campaign.get_absolute_url()).content.decode()
    review = Review.objects.get()
    choose = reverse("accessreviews:review-choose-reviewer", args=[review.pk])
    client.post(choose, {"version": review.version, "reviewer": reviewer.pk, "by": "reviewer"})
    launch = reverse("accessreviews:campaign-launch", args=[campaign.pk])
    assert client.post(launch, {"version": campaign.version}).status_code == 302
    shown = client.get(campaign.get_absolute_url()).content.decode()
    assert "Deciding" in shown
    assert "0 of 3" in shown
    assert client.get(review.get_absolute_url()).status_code == 200


def test_the_approver_reviews_nothing(client, compliance, approver, reviewer):
    client.force_login(compliance)
    system = a_system()
    a_listing(system, 2)
    campaign = launched([system], actor=compliance, approver=approver, reviewer=reviewer)
    edit = reverse("accessreviews:campaign-edit", args=[campaign.pk])
    said = client.get(edit).context["form"].initial | {"version": campaign.version, "approver": reviewer.pk}
    answer = client.post(edit, said)
    assert answer.status_code == 422
    assert "The approver is somebody else" in answer.content.decode()


@pytest.mark.parametrize("verb", ["launch", "cancel", "include", "link-control"])
def test_only_the_compliance_manager_plans(client, compliance, approver, reviewer, verb):
    system = a_system()
    a_listing(system, 2)
    campaign = launched([system], actor=compliance, approver=approver, reviewer=reviewer)
    address = reverse(f"accessreviews:campaign-{verb}", args=[campaign.pk])
    for person, status in ((reviewer, 403), (approver, 403), (UserFactory(role=Role.ADMINISTRATOR), 404)):
        client.force_login(person)
        assert client.get(address).status_code == status


def test_the_api_reads_a_campaign_with_its_accounts(client, compliance, approver, reviewer):
    system = a_system(name="GitHub")
    a_listing(system, 3)
    launched([system], actor=compliance, approver=approver, reviewer=reviewer)
    decided(Assignment.objects.get(), "keep")
    client.force_login(compliance)
    campaign = client.get("/api/v1/access-reviews/").json()["results"][0]
    assert (campaign["state"], campaign["accounts"]) == ("open", 3)
    review = client.get("/api/v1/access-reviews/reviews/").json()["results"][0]
    assert (review["item_count"], review["decided"]) == (3, 3)
    accounts = client.get(f"/api/v1/access-reviews/reviews/{review['id']}/accounts/?choice=keep").json()
    assert accounts["count"] == 3
    assert accounts["results"][0]["decided_by"] == reviewer.pk
    assert client.get(f"/api/v1/access-reviews/reviews/{review['id']}/accounts/?choice=x").status_code == 400
