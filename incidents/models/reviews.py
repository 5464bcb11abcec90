"""The post-incident review: what happened and why, which controls failed, what is done about it (R7.2)."""

from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from controls.models import Control
from evidence.models import Evidence
from findings.models import Finding
from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from incidents.models.incident import Incident
from incidents.models.sight import of_part


class ReviewState(models.TextChoices):
    """Where a review stands."""

    DRAFT = "draft", "In work"
    SUBMITTED = "submitted", "Waits for approval"
    APPROVED = "approved", "Approved"
    CANCELLED = "cancelled", "Cancelled"


REVIEW_MOVES: ReadOnly[str, tuple[str, ...]] = {
    ReviewState.DRAFT: (ReviewState.SUBMITTED, ReviewState.CANCELLED),
    ReviewState.SUBMITTED: (ReviewState.DRAFT, ReviewState.APPROVED, ReviewState.CANCELLED),
    ReviewState.APPROVED: (),
    ReviewState.CANCELLED: (),
}
REVIEW_TONES: ReadOnly[str, str] = {
    ReviewState.DRAFT: "info",
    ReviewState.SUBMITTED: "warn",
    ReviewState.APPROVED: "ok",
    ReviewState.CANCELLED: "mute",
}


class PostIncidentReview(Numbered, Register):
    """One review of an incident. Approved by another person, hashed and frozen; a reopened incident may get another."""

    prefix = "PR"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="reviews")
    state = models.CharField(max_length=9, choices=ReviewState.choices, default=ReviewState.DRAFT, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="authored_incident_reviews", help_text="Writes it."
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="asked_incident_reviews",
        help_text="Another person, who approves it.",
    )  # fmt: skip
    held_on = models.DateField("held", null=True, blank=True, help_text="The day of the meeting, if there was one.")
    present = models.TextField("who took part", blank=True)
    facts = models.TextField(blank=True, help_text="What happened, in order, without blame.")
    impact = models.TextField(blank=True, help_text="Whom and what it hit, for how long.")
    root_cause = models.TextField(blank=True)
    contributing = models.TextField("contributing causes", blank=True)
    worked = models.TextField("what worked", blank=True)
    did_not_work = models.TextField("what did not work", blank=True)
    lessons = models.TextField(blank=True, help_text="What changes: plan, controls, training.")
    no_control_failed = models.BooleanField(
        default=False, help_text="Say so where none did: an empty list of failed controls would not."
    )

    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    submitted_at = models.DateTimeField("submitted", null=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    approved_at = models.DateTimeField("approved", null=True, editable=False)
    approval_statement = models.TextField(blank=True, editable=False)
    approved_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )
    note = models.TextField(blank=True, editable=False, help_text="Why it came back, or was cancelled.")
    sha256 = models.CharField("hash", max_length=64, blank=True, editable=False, help_text="Over the approved review.")
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="Its result, as recorded."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=(*of_part().owner, "author", "approver"), team=(), confined=of_part().confined
    )  # of a restricted incident its people alone: name the approver in it

    class Meta:
        ordering = ("incident", "-id")
        verbose_name = "post-incident review"
        constraints = (
            models.UniqueConstraint(
                fields=("incident",), condition=Q(state__in=("draft", "submitted")), name="incidents_review_one_open",
                violation_error_message="A review of this incident is being written already.",
            ),
            models.CheckConstraint(condition=Q(state__in=ReviewState.values), name="incidents_review_state_known"),
            models.CheckConstraint(
                condition=~Q(author=F("approver")), name="incidents_review_approver_is_another",
                violation_error_message="The approver is another person than the author.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=ReviewState.APPROVED, approved_by__isnull=False, approved_at__isnull=False)
                    & ~Q(sha256="") & ~Q(facts="") & ~Q(root_cause="")
                )
                | (~Q(state=ReviewState.APPROVED) & Q(approved_by=None, approved_at=None, sha256="")),
                name="incidents_review_approved_whole",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None)
                | Q(approved_under__isnull=False)
                | (~Q(approved_by=F("submitted_by")) & ~Q(approved_by=F("author"))),
                name="incidents_review_approved_by_another",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} of {Incident.ref_of(self.incident_id)}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:postincidentreview-detail", args=[self.pk])

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is edited any more."""
        return self.state in (ReviewState.APPROVED, ReviewState.CANCELLED)

    @property
    def title(self) -> str:
        """What a search shows."""
        return f"Review of {Incident.ref_of(self.incident_id)}"


class ReviewControl(Register):
    """A control that failed or was missing, as the review found."""

    review = models.ForeignKey(PostIncidentReview, models.PROTECT, related_name="failures")
    control = models.ForeignKey(Control, models.PROTECT, related_name="incident_failures")
    reason = models.TextField("how it failed")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = of_part("review__incident", more=("review__author", "review__approver"))
    ends = ("review", "control")

    class Meta:
        ordering = ("review", "id")
        constraints = (
            models.UniqueConstraint(fields=("review", "control"), name="incidents_review_control_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_review_control_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.control.ref} in {PostIncidentReview.ref_of(self.review_id)}"

    def get_absolute_url(self) -> str:
        """The review's page."""
        return self.review.get_absolute_url()


class ReviewFinding(Register):
    """A finding that the review raised: its corrective actions go on after the incident is closed (R7.2)."""

    review = models.ForeignKey(PostIncidentReview, models.PROTECT, related_name="findings")
    finding = models.ForeignKey(Finding, models.PROTECT, related_name="incident_reviews")
    reason = models.TextField("why it follows")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = of_part("review__incident", more=("review__author", "review__approver"))
    ends = ("review", "finding")

    class Meta:
        ordering = ("review", "id")
        constraints = (
            models.UniqueConstraint(fields=("review", "finding"), name="incidents_review_finding_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_review_finding_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.finding.ref} from {PostIncidentReview.ref_of(self.review_id)}"

    def get_absolute_url(self) -> str:
        """The review's page."""
        return self.review.get_absolute_url()
