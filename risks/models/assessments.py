"""Assessments: dated rounds with participants that end as an approved snapshot which nobody rewrites (R5.3)."""

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
from risks.models.risk import Risk

PARTICIPANTS = Via("risks.Participant", "assessment_id", "user")


class AssessmentKind(models.TextChoices):
    """Why the round is held."""

    ANNUAL = "annual", "Yearly"
    FRAUD = "fraud", "Fraud"
    CHANGE = "change", "After a major change"
    OTHER = "other", "Other"


class AssessmentState(models.TextChoices):
    """Where a round stands."""

    OPEN = "open", "Open"
    SUBMITTED = "submitted", "Waits for approval"
    CLOSED = "closed", "Closed"
    CANCELLED = "cancelled", "Cancelled"


ASSESSMENT_MOVES: ReadOnly[str, tuple[str, ...]] = {
    AssessmentState.OPEN: (AssessmentState.SUBMITTED, AssessmentState.CANCELLED),
    AssessmentState.SUBMITTED: (AssessmentState.OPEN, AssessmentState.CLOSED, AssessmentState.CANCELLED),
    AssessmentState.CLOSED: (),
    AssessmentState.CANCELLED: (),
}
ASSESSMENT_TONES: ReadOnly[str, str] = {
    AssessmentState.OPEN: "info",
    AssessmentState.SUBMITTED: "warn",
    AssessmentState.CLOSED: "ok",
    AssessmentState.CANCELLED: "mute",
}


class Assessment(Numbered, Register):
    """One round: who looked at which risks until when. Closing it freezes the register as it stood (CC3.2)."""

    prefix = "AS"

    title = models.CharField(max_length=160)
    kind = models.CharField(max_length=8, choices=AssessmentKind.choices, default=AssessmentKind.ANNUAL)
    scope = models.TextField(blank=True, help_text="What is looked at: which parts of the company, which changes.")
    trigger = models.TextField(blank=True, help_text="Which change, where one prompted it (CC3.4).")
    starts_on = models.DateField("starts")
    due_on = models.DateField("due")
    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="led_assessments", help_text="Runs it and submits it."
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="approved_assessments",
        help_text="Approves the result; never the lead.",
    )  # fmt: skip
    state = models.CharField(
        max_length=9, choices=AssessmentState.choices, default=AssessmentState.OPEN, editable=False
    )
    conclusion = models.TextField(blank=True, editable=False, help_text="What the round came to, in words.")
    submitted_at = models.DateTimeField("submitted", null=True, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    approved_at = models.DateTimeField("approved", null=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    approval_statement = models.TextField(blank=True, editable=False)
    method = models.ForeignKey("risks.Method", models.PROTECT, null=True, editable=False, related_name="+")
    line_count = models.PositiveIntegerField("risks", null=True, editable=False)
    sha256 = models.CharField(
        "hash of the snapshot", max_length=64, blank=True, editable=False, help_text="Over all lines, in order."
    )
    evidence = models.OneToOneField(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="Its result, as JSON."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("lead", "approver", PARTICIPANTS), team=())

    class Meta:
        ordering = ("-starts_on", "-id")
        indexes = (models.Index(fields=("-starts_on", "-id"), name="risks_assessment_by_start"),)
        constraints = (
            models.CheckConstraint(condition=~Q(title=""), name="risks_assessment_has_title"),
            models.CheckConstraint(condition=Q(state__in=AssessmentState.values), name="risks_assessment_state_known"),
            models.CheckConstraint(condition=Q(kind__in=AssessmentKind.values), name="risks_assessment_kind_known"),
            models.CheckConstraint(condition=Q(due_on__gte=F("starts_on")), name="risks_assessment_days_in_order"),
            models.CheckConstraint(
                condition=~Q(lead=F("approver")), name="risks_assessment_approver_is_another",
                violation_error_message="The approver is another person than the lead.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=AssessmentState.CLOSED, approved_by__isnull=False, approved_at__isnull=False,
                      line_count__isnull=False)
                    & ~Q(sha256="")
                )
                | (~Q(state=AssessmentState.CLOSED) & Q(approved_by=None, approved_at=None, sha256="")),
                name="risks_assessment_closed_whole",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("submitted_by")),
                name="risks_assessment_approved_by_another",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is edited any more."""
        return self.state in (AssessmentState.CLOSED, AssessmentState.CANCELLED)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("risks:assessment-detail", args=[self.pk])


class Participant(Register):
    """Somebody takes part in a round, with what they are asked for. Taking them off archives the row."""

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="participants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="assessment_parts")
    part = models.CharField(max_length=120, help_text="What they speak for, such as “Engineering” or “Finance”.")
    confirmed_at = models.DateTimeField(
        "took part", null=True, editable=False, help_text="When they said themselves that they took part."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("user", "assessment__lead"), team=())
    ends = ("assessment", "user")

    class Meta:
        ordering = ("assessment", "id")
        constraints = (
            models.UniqueConstraint(fields=("assessment", "user"), name="risks_participant_once"),
            models.CheckConstraint(condition=~Q(part=""), name="risks_participant_has_part"),
        )

    def __str__(self) -> str:
        return f"{self.user} in {self.assessment.ref}"

    def get_absolute_url(self) -> str:
        """The round's page."""
        return self.assessment.get_absolute_url()


class AssessedRisk(Register):
    """A risk that a round looks at: its ratings when the round began, and what was said of it in the round."""

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="assessed")
    risk = models.ForeignKey(Risk, models.PROTECT, related_name="assessed_in")
    inherent_before = models.PositiveSmallIntegerField(null=True, editable=False)
    residual_before = models.PositiveSmallIntegerField(null=True, editable=False)
    note = models.TextField(blank=True, help_text="What was found, also where nothing changed.")
    considered_at = models.DateTimeField("considered", null=True, editable=False)
    considered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("risk__owner", "assessment__lead", "assessment__approver"), team=())

    class Meta:
        ordering = ("assessment", "risk")
        constraints = (
            models.UniqueConstraint(fields=("assessment", "risk"), name="risks_assessed_once"),
            models.CheckConstraint(
                condition=Q(considered_at=None, considered_by=None)
                | (Q(considered_at__isnull=False, considered_by__isnull=False) & ~Q(note="")),
                name="risks_considered_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.risk.ref} in {self.assessment.ref}"

    def get_absolute_url(self) -> str:
        """The round's page."""
        return self.assessment.get_absolute_url()


class AssessmentControl(Register):
    """A round is how a control operated: its result becomes evidence for the control. Unlinking archives the row."""

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="controls")
    control = models.ForeignKey(Control, models.PROTECT, related_name="assessment_links")
    reason = models.TextField(help_text="What the round proves about the control.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("assessment__lead", "assessment__approver"), team=())
    ends = ("assessment", "control")

    class Meta:
        ordering = ("assessment", "id")
        constraints = (
            models.UniqueConstraint(fields=("assessment", "control"), name="risks_assessment_control_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="risks_assessment_control_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.assessment.ref} for {self.control.ref}"

    def get_absolute_url(self) -> str:
        """The round's page."""
        return self.assessment.get_absolute_url()


class SnapshotLine(models.Model):
    """One risk of a closed round's snapshot, as plain data: frozen by the database, hashed in order (R5.3).

    `facts` is what is hashed; the columns before it repeat what rounds are compared by.
    """

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    risk = models.ForeignKey(Risk, models.PROTECT, related_name="+")
    status = models.CharField(max_length=10)
    inherent_score = models.PositiveSmallIntegerField(null=True)
    inherent_band = models.CharField(max_length=8, blank=True)
    residual_score = models.PositiveSmallIntegerField(null=True)
    residual_band = models.CharField(max_length=8, blank=True)
    facts = models.JSONField(help_text="What the register said of it: fields, ratings, bands, controls, acceptance.")

    class Meta:
        ordering = ("assessment", "position")
        constraints = (
            models.UniqueConstraint(fields=("assessment", "position"), name="risks_line_once"),
            models.UniqueConstraint(fields=("assessment", "risk"), name="risks_line_once_a_risk"),
        )

    def __str__(self) -> str:
        return f"Line {self.position} of {self.assessment_id}"


class Tally(models.Model):
    """How many counted risks lay in each cell of the two heatmaps on a day: derived, and can be counted again.

    `inherent`, `residual`: {"likelihood,impact": how many}.
    """

    day = models.DateField(unique=True)
    risks = models.PositiveIntegerField()
    inherent = models.JSONField(default=dict)
    residual = models.JSONField(default=dict)

    class Meta:
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.risks} risks on {self.day}"
