"""Campaigns and their reviews: what is reviewed, by whom, until when, and where it stands."""

import datetime
from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accessreviews.models.listings import ASSIGNMENT, REVIEW, ListedAccount, Listing
from controls.models import Control
from evidence.models import Evidence
from foundation.accounts.paths import Paths, Via
from foundation.organisation.models import day_at
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from systems.models import System


class CampaignState(models.TextChoices):
    """Where a campaign stands."""

    DRAFT = "draft", "Draft"
    OPEN = "open", "Open"
    SIGNED = "signed", "Signed off, removals open"
    CLOSED = "closed", "Closed"
    CANCELLED = "cancelled", "Cancelled"


class ReviewState(models.TextChoices):
    """Where the review of one system in a campaign stands."""

    DRAFT = "draft", "Not launched"
    OMITTED = "omitted", "Omitted"
    DECIDING = "deciding", "Deciding"
    SIGNED = "signed", "Waits for approval"
    APPROVED = "approved", "Approved"
    CANCELLED = "cancelled", "Cancelled"


class By(models.TextChoices):
    """Who reviews a system's accounts."""

    REVIEWER = "reviewer", "One reviewer"
    MANAGER = "manager", "Each person's manager"


# The only legal moves, and whose they are: a permission of the campaign (table.TABLE); "" = the product's own, when
# the last of what is needed was done.
CAMPAIGN_MOVES: ReadOnly[str, ReadOnly[str, str]] = {
    CampaignState.DRAFT: {CampaignState.OPEN: "launch", CampaignState.CANCELLED: "cancel"},
    CampaignState.OPEN: {CampaignState.SIGNED: "", CampaignState.CANCELLED: "cancel"},
    CampaignState.SIGNED: {CampaignState.CLOSED: ""},
    CampaignState.CLOSED: {},
    CampaignState.CANCELLED: {},
}
# Of a review: "sign" is for whoever decides its accounts, "approve" and "return" for the campaign's approver.
REVIEW_MOVES: ReadOnly[str, ReadOnly[str, str]] = {
    ReviewState.DRAFT: {
        ReviewState.DECIDING: "launch", ReviewState.OMITTED: "omit", ReviewState.CANCELLED: "cancel",
    },
    ReviewState.OMITTED: {ReviewState.DRAFT: "omit"},
    ReviewState.DECIDING: {ReviewState.SIGNED: "sign", ReviewState.CANCELLED: "cancel"},
    ReviewState.SIGNED: {
        ReviewState.APPROVED: "approve", ReviewState.DECIDING: "return", ReviewState.CANCELLED: "cancel",
    },
    ReviewState.APPROVED: {},
    ReviewState.CANCELLED: {},
}  # fmt: skip
CAMPAIGN_TONES: ReadOnly[str, str] = {
    CampaignState.DRAFT: "mute",
    CampaignState.OPEN: "info",
    CampaignState.SIGNED: "warn",
    CampaignState.CLOSED: "ok",
    CampaignState.CANCELLED: "mute",
}
REVIEW_TONES: ReadOnly[str, str] = {
    ReviewState.DRAFT: "mute",
    ReviewState.OMITTED: "mute",
    ReviewState.DECIDING: "info",
    ReviewState.SIGNED: "warn",
    ReviewState.APPROVED: "ok",
    ReviewState.CANCELLED: "mute",
}


class Campaign(Numbered, Register):
    """One round of access reviews over a period, usually a quarter (R4.1, R4.2). Several can run at once."""

    prefix = "AR"

    name = models.CharField(max_length=200, help_text="Such as “Access review, 2026 Q3”.")
    period_from = models.DateField("first day", help_text="Of the quarter or other period that it is the review of.")
    period_to = models.DateField("last day")
    due_on = models.DateField("due", help_text="By when every system is signed off and approved.")
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="The second person: approves what reviewers signed, and reviews nothing in it.",
    )  # fmt: skip
    state = models.CharField(max_length=9, choices=CampaignState.choices, default=CampaignState.DRAFT, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    launched_at = models.DateTimeField("launched", null=True, editable=False)
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    signed_at = models.DateTimeField("signed off", null=True, editable=False, help_text="When the last was approved.")
    closed_at = models.DateTimeField("closed", null=True, editable=False)
    evidence = models.OneToOneField(
        Evidence, models.PROTECT, null=True, editable=False, related_name="campaign", help_text="Its result, as JSON."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=(
            "approver",
            Via(REVIEW, "campaign_id", "reviewer"),
            Via(REVIEW, "campaign_id", "system__owner"),
            Via(REVIEW, "campaign_id", Via(ASSIGNMENT, "review_id", "reviewer")),
            Via(REVIEW, "campaign_id", Via(ASSIGNMENT, "review_id", "delegate")),
        ),
        team=(),
    )

    class Meta:
        ordering = ("-period_to", "-id")
        constraints = (
            models.CheckConstraint(condition=Q(state__in=CampaignState.values), name="accessreviews_campaign_state"),
            models.CheckConstraint(condition=~Q(name=""), name="accessreviews_campaign_has_name"),
            models.CheckConstraint(
                condition=Q(period_to__gte=F("period_from")), name="accessreviews_campaign_in_order",
                violation_error_message="The period ends before it begins.",
            ),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("period_from")), name="accessreviews_campaign_due_after_begin",
                violation_error_message="It cannot be due before its period begins.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=(CampaignState.DRAFT, CampaignState.CANCELLED))
                | Q(approver__isnull=False, launched_at__isnull=False),
                name="accessreviews_campaign_launched_whole",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is edited any more."""
        return self.state in (CampaignState.CLOSED, CampaignState.CANCELLED)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("accessreviews:campaign-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return self.name

    def period(self) -> str:
        """The period, in words."""
        return f"{self.period_from} to {self.period_to}"

    def is_late(self, day: datetime.date) -> bool:
        """Whether it should have been signed off before this day."""
        done = day_at(self.signed_at) if self.signed_at else day
        return self.state not in (CampaignState.DRAFT, CampaignState.CANCELLED) and done > self.due_on


class CampaignControl(Register):
    """A campaign is how a control operated: its result becomes evidence for the control. Unlinking archives the row."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="controls")
    control = models.ForeignKey(Control, models.PROTECT, related_name="campaign_links")
    reason = models.TextField(help_text="What the review proves about the control.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=(
            "campaign__approver", "control__owner",
            Via(REVIEW, "campaign_id", "reviewer", row="campaign_id"),
            Via(REVIEW, "campaign_id", "system__owner", row="campaign_id"),
            Via(REVIEW, "campaign_id", Via(ASSIGNMENT, "review_id", "reviewer"), row="campaign_id"),
            Via(REVIEW, "campaign_id", Via(ASSIGNMENT, "review_id", "delegate"), row="campaign_id"),
        ),
        team=(),
    )  # fmt: skip
    ends = ("campaign", "control")

    class Meta:
        ordering = ("campaign", "id")
        constraints = (
            models.UniqueConstraint(fields=("campaign", "control"), name="accessreviews_campaign_control_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="accessreviews_campaign_control_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.campaign.ref} for {self.control.ref}"

    def get_absolute_url(self) -> str:
        """The campaign's page."""
        return self.campaign.get_absolute_url()


class Review(Register):
    """One system in a campaign: its listing, its reviewer, and both signatures. Locked once it is approved."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="reviews")
    system = models.ForeignKey(System, models.PROTECT, related_name="reviews")
    by = models.CharField("reviewed by", max_length=8, choices=By.choices, default=By.REVIEWER)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Decides on every account, or on those that have no manager.",
    )  # fmt: skip
    omitted_reason = models.TextField(blank=True, editable=False, help_text="Why an in-scope system is left out.")
    listing = models.ForeignKey(Listing, models.PROTECT, null=True, blank=True, editable=False, related_name="reviews")
    state = models.CharField(max_length=9, choices=ReviewState.choices, default=ReviewState.DRAFT, editable=False)
    item_count = models.PositiveIntegerField("accounts", default=0, editable=False)
    decisions_sha256 = models.CharField(max_length=64, blank=True, editable=False, help_text="Of all final decisions.")
    statement = models.TextField(blank=True, editable=False, help_text="What the approver stated.")
    approved_at = models.DateTimeField("approved", null=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=(
            "campaign__approver", "reviewer", "system__owner",
            Via(ASSIGNMENT, "review_id", "reviewer"), Via(ASSIGNMENT, "review_id", "delegate"),
        ),
        team=(),
    )  # fmt: skip

    class Meta:
        ordering = ("campaign", "system__name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("campaign", "system"), name="accessreviews_review_once",
                violation_error_message="This system is in the campaign already.",
            ),
            models.CheckConstraint(condition=Q(state__in=ReviewState.values), name="accessreviews_review_state"),
            models.CheckConstraint(
                condition=~Q(state=ReviewState.OMITTED) | ~Q(omitted_reason=""),
                name="accessreviews_review_omitted_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(state__in=(ReviewState.DRAFT, ReviewState.OMITTED, ReviewState.CANCELLED))
                | Q(listing__isnull=False),
                name="accessreviews_review_of_a_listing",
            ),
            models.CheckConstraint(
                condition=(Q(state=ReviewState.APPROVED, approved_by__isnull=False, approved_at__isnull=False)
                & ~Q(decisions_sha256="") & ~Q(statement=""))
                | (~Q(state=ReviewState.APPROVED) & Q(approved_by=None, approved_at=None)),
                name="accessreviews_review_approved_whole",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.system.name} in {self.campaign.ref}"

    @property
    def ref(self) -> str:
        """What a list of things to do calls it: its campaign's reference."""
        return Campaign.ref_of(self.campaign_id)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("accessreviews:review-detail", args=[self.pk])


class Assignment(Register):
    """The accounts of a review that one person decides on and signs for; a delegate may decide beside them."""

    review = models.ForeignKey(Review, models.PROTECT, related_name="assignments")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="access_assignments")
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="access_delegations"
    )
    why = models.CharField(max_length=200, help_text="By which rule these accounts came to this person.")
    item_count = models.PositiveIntegerField("accounts", editable=False)
    flagged_count = models.PositiveIntegerField("flagged", editable=False, help_text="They come first.")
    statement = models.TextField(blank=True, editable=False, help_text="What was stated when it was signed.")
    decisions_sha256 = models.CharField(max_length=64, blank=True, editable=False, help_text="Of its final decisions.")
    pace = models.JSONField(
        default=dict, blank=True, editable=False, help_text="How fast it was decided, kept when it is signed: see pace."
    )
    signed_at = models.DateTimeField("signed", null=True, editable=False)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("reviewer", "delegate", "review__campaign__approver", "review__system__owner"), team=())

    class Meta:
        ordering = ("review", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(signed_at=None, signed_by=None)
                | (Q(signed_at__isnull=False, signed_by__isnull=False) & ~Q(decisions_sha256="") & ~Q(statement="")),
                name="accessreviews_assignment_signed_whole",
            ),
            models.CheckConstraint(
                condition=Q(signed_by=None) | Q(signed_by=F("reviewer")), name="accessreviews_assignment_signed_by_own"
            ),
            models.CheckConstraint(
                condition=Q(delegate=None) | ~Q(delegate=F("reviewer")), name="accessreviews_assignment_delegate_other"
            ),
        )

    def __str__(self) -> str:
        return f"{self.reviewer}'s part of {self.review}"

    @property
    def ref(self) -> str:
        """What a list of things to do calls it: its campaign's reference."""
        return self.review.ref

    def get_absolute_url(self) -> str:
        """Where its accounts are decided."""
        return reverse("accessreviews:assignment-detail", args=[self.pk])


class ReviewItem(models.Model):
    """One account to be decided, assigned when its campaign was launched. `position` begins with the flagged ones."""

    review = models.ForeignKey(Review, models.PROTECT, related_name="+")
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="+")
    account = models.ForeignKey(ListedAccount, models.PROTECT, related_name="+")
    position = models.PositiveIntegerField(help_text="In its assignment, counted from 1.")
    flagged = models.BooleanField(help_text="It is judged by itself: no bulk keep, a reason also to keep it.")
    privileged = models.BooleanField()
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+",
        help_text="Whose account it is, or who answers for it: never decides on it.",
    )  # fmt: skip

    class Meta:
        ordering = ("assignment", "position")
        constraints = (
            models.UniqueConstraint(fields=("assignment", "position"), name="accessreviews_item_position_once"),
            models.UniqueConstraint(fields=("review", "account"), name="accessreviews_item_account_once"),
        )

    def __str__(self) -> str:
        return str(self.account)
