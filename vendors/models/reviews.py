"""Reviews of a vendor: due diligence before use and the recurring ones, by tier, approved by another person."""

from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from controls.models import Control
from evidence.models import Evidence
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from vendors.models.papers import VendorDocument
from vendors.models.vendor import Tier, Vendor


class ReviewKind(models.TextChoices):
    """Why it is looked at."""

    DUE_DILIGENCE = "due_diligence", "Due diligence before use"
    RECURRING = "recurring", "Recurring review"
    EVENT = "event", "After an event"


class ReviewState(models.TextChoices):
    """Where a review stands."""

    OPEN = "open", "Open"
    SUBMITTED = "submitted", "Waits for approval"
    APPROVED = "approved", "Approved"
    CANCELLED = "cancelled", "Cancelled"


REVIEW_MOVES: ReadOnly[str, tuple[str, ...]] = {
    ReviewState.OPEN: (ReviewState.SUBMITTED, ReviewState.CANCELLED),
    ReviewState.SUBMITTED: (ReviewState.OPEN, ReviewState.APPROVED, ReviewState.CANCELLED),
    ReviewState.APPROVED: (),
    ReviewState.CANCELLED: (),
}


class Conclusion(models.TextChoices):
    """What the review comes to."""

    APPROVE = "approve", "Use it"
    CONDITIONAL = "conditional", "Use it with conditions"
    REJECT = "reject", "Do not use it"


class VendorReview(Numbered, Register):
    """One look at a vendor: what its tier asks, answered, with what risk remains and what follows (R6.1).

    Approved, it is locked by model and database; corrections are a new review.
    """

    prefix = "VR"

    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="reviews")
    kind = models.CharField(max_length=13, choices=ReviewKind.choices, default=ReviewKind.RECURRING)
    tier = models.CharField(
        max_length=8, choices=Tier.choices, editable=False, help_text="Of the vendor, when it began."
    )
    due_on = models.DateField("due")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="vendor_reviews", help_text="Does it and submits it."
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="vendor_reviews_to_approve",
        help_text="Approves it: another person than the reviewer.",
    )  # fmt: skip
    why = models.TextField("why", blank=True, help_text="Which event, where one prompted it.")
    state = models.CharField(max_length=9, choices=ReviewState.choices, default=ReviewState.OPEN, editable=False)
    residual = models.CharField("residual risk", max_length=8, choices=Tier.choices, blank=True, editable=False)
    residual_reason = models.TextField(
        blank=True, editable=False, help_text="Why this much remains after its controls."
    )
    conclusion = models.CharField(max_length=11, choices=Conclusion.choices, blank=True, editable=False)
    summary = models.TextField(blank=True, editable=False, help_text="What was found, and what follows.")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    submitted_at = models.DateTimeField("submitted", null=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    approved_at = models.DateTimeField("approved", null=True, editable=False)
    approved_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )
    sha256 = models.CharField("hash", max_length=64, blank=True, editable=False, help_text="Over the approved result.")
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="Its result, as recorded."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("reviewer", "approver", "vendor__owner"), team=())

    class Meta:
        ordering = ("-due_on", "-id")
        indexes = (
            models.Index(fields=("state", "due_on"), name="vendors_review_by_state"),
            models.Index(fields=("-due_on", "-id"), name="vendors_review_by_due"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(state__in=ReviewState.values), name="vendors_review_state_known"),
            models.CheckConstraint(condition=Q(kind__in=ReviewKind.values), name="vendors_review_kind_known"),
            models.CheckConstraint(
                condition=~Q(reviewer=F("approver")), name="vendors_review_approver_is_another",
                violation_error_message="The approver is another person than the reviewer.",
            ),
            models.UniqueConstraint(
                fields=("vendor",), condition=Q(state__in=(ReviewState.OPEN, ReviewState.SUBMITTED), archived_at=None),
                name="vendors_review_one_at_a_time",
                violation_error_message="A review of this vendor is under way.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=ReviewState.APPROVED, approved_by__isnull=False, approved_at__isnull=False)
                    & ~Q(sha256="") & ~Q(conclusion="") & ~Q(residual="")
                )
                | (~Q(state=ReviewState.APPROVED) & Q(approved_by=None, approved_at=None, sha256="")),
                name="vendors_review_approved_whole",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(approved_under__isnull=False) | ~Q(approved_by=F("submitted_by")),
                name="vendors_review_approved_by_another",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} of {self.vendor.name}"

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is edited any more."""
        return self.state in (ReviewState.APPROVED, ReviewState.CANCELLED)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("vendors:vendorreview-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return f"{self.get_kind_display()}: {self.vendor.name}"


class Answer(models.TextChoices):
    """What was found about one question."""

    OPEN = "", "Not looked at"
    YES = "yes", "In order"
    NO = "no", "Not in order"
    NOT_APPLICABLE = "na", "Does not apply"


class VendorReviewItem(Register):
    """One question of a review, as the tier asks it (`vendors.questions`), with what was found and where."""

    review = models.ForeignKey(VendorReview, models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField(editable=False)
    key = models.CharField(max_length=30, editable=False)
    question = models.CharField(max_length=300, editable=False)
    required = models.BooleanField(default=True, editable=False)
    answer = models.CharField(max_length=3, choices=Answer.choices, blank=True)
    note = models.TextField(blank=True, help_text="What was seen; why it is not in order, or does not apply.")
    document = models.ForeignKey(VendorDocument, models.PROTECT, null=True, blank=True, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("review__reviewer", "review__approver", "review__vendor__owner"), team=())

    class Meta:
        ordering = ("review", "position")
        constraints = (
            models.UniqueConstraint(fields=("review", "key"), name="vendors_review_item_once"),
            models.CheckConstraint(condition=Q(answer__in=Answer.values), name="vendors_review_answer_known"),
            models.CheckConstraint(
                condition=Q(answer__in=("", "yes")) | ~Q(note=""), name="vendors_review_answer_has_reason",
                violation_error_message="Say why.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.question} ({self.review.ref})"

    def get_absolute_url(self) -> str:
        """The review's page."""
        return self.review.get_absolute_url()


class VendorControl(Register):
    """A control that the work with vendors operates: what is approved here becomes evidence for it (domain VEN-01…06).

    `part`: which work it is. Unlinking archives the row.
    """

    class Part(models.TextChoices):
        """Which work becomes evidence for the control."""

        RECONCILIATION = "reconciliation", "Reconciled register"
        DUE_DILIGENCE = "due_diligence", "Due diligence"
        REVIEW = "review", "Recurring review with worksheet"
        CONTRACT = "contract", "Contract checklist"
        SUBPROCESSORS = "subprocessors", "Sub-processor list and notices"
        EXIT = "exit", "Exit with proof"

    part = models.CharField(max_length=14, choices=Part.choices)
    control = models.ForeignKey(Control, models.PROTECT, related_name="vendor_parts")
    reason = models.TextField(help_text="What the work proves about the control.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    ends = ("part", "control")
    access = Paths(
        owner=("control__owner",),
        category=Via("controls.Mapping", "control_id", "criterion__category__slug", row="control_id"),
    )

    class Meta:
        ordering = ("part", "id")
        constraints = (
            models.UniqueConstraint(fields=("part", "control"), name="vendors_control_once"),
            models.CheckConstraint(
                condition=Q(
                    part__in=["reconciliation", "due_diligence", "review", "contract", "subprocessors", "exit"]
                ),
                name="vendors_control_part_known",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="vendors_control_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.get_part_display()} for {self.control.ref}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("vendors:vendorcontrol-detail", args=[self.pk])
