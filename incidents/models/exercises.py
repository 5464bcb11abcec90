"""Exercises of the response plan: scenario, injects, who took part, what was decided, which gaps showed (domain §7)."""

from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from evidence.models import Evidence
from findings.models import Finding
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from incidents.models.plans import PlanVersion

ATTENDEES = Via("incidents.ExerciseAttendee", "exercise_id", "user")


class ExerciseKind(models.TextChoices):
    """How the plan is exercised."""

    TABLETOP = "tabletop", "Tabletop"
    WALKTHROUGH = "walkthrough", "Walkthrough"
    TECHNICAL = "technical", "Technical drill"
    REAL = "real", "Real incident, recorded as an exercise"


class ExerciseState(models.TextChoices):
    """Where an exercise stands."""

    PLANNED = "planned", "Planned"
    HELD = "held", "Held, being written up"
    SIGNED = "signed", "Signed, waits for approval"
    APPROVED = "approved", "Approved"
    CANCELLED = "cancelled", "Cancelled"


EXERCISE_MOVES: ReadOnly[str, tuple[str, ...]] = {
    ExerciseState.PLANNED: (ExerciseState.HELD, ExerciseState.CANCELLED),
    ExerciseState.HELD: (ExerciseState.SIGNED, ExerciseState.CANCELLED),
    ExerciseState.SIGNED: (ExerciseState.HELD, ExerciseState.APPROVED),
    ExerciseState.APPROVED: (),
    ExerciseState.CANCELLED: (),
}
EXERCISE_TONES: ReadOnly[str, str] = {
    ExerciseState.PLANNED: "info",
    ExerciseState.HELD: "info",
    ExerciseState.SIGNED: "warn",
    ExerciseState.APPROVED: "ok",
    ExerciseState.CANCELLED: "mute",
}


class Exercise(Numbered, Register):
    """One exercise of a version of the plan. The facilitator signs what happened; another person approves it."""

    prefix = "EX"

    title = models.CharField(max_length=160)
    kind = models.CharField(max_length=11, choices=ExerciseKind.choices, default=ExerciseKind.TABLETOP)
    edition = models.ForeignKey(
        PlanVersion, models.PROTECT, verbose_name="plan version", related_name="exercises",
        help_text="The version of the plan that is exercised.",
    )  # fmt: skip
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, null=True, blank=True, related_name="exercises",
        help_text="The real incident, where one counts as the exercise.",
    )  # fmt: skip
    scenario = models.TextField()
    objectives = models.TextField(blank=True)
    held_on = models.DateField("day", help_text="The day on which it is held, or was.")
    place = models.CharField(max_length=160, blank=True, help_text="Room or call.")
    facilitator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="facilitated_exercises")
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="asked_exercises")
    state = models.CharField(max_length=9, choices=ExerciseState.choices, default=ExerciseState.PLANNED, editable=False)
    worked = models.TextField("what worked", blank=True)
    did_not_work = models.TextField("what did not work", blank=True)
    plan_changes = models.TextField("changes to the plan", blank=True)
    no_gaps = models.BooleanField(default=False, help_text="Say so where no gap showed: an empty list would not.")

    signed_at = models.DateTimeField("signed", null=True, editable=False)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    statement = models.TextField("the facilitator's statement", blank=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    approved_at = models.DateTimeField("approved", null=True, editable=False)
    approval_statement = models.TextField(blank=True, editable=False)
    approved_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )
    note = models.TextField(blank=True, editable=False, help_text="Why it came back, or was cancelled.")
    sha256 = models.CharField("hash", max_length=64, blank=True, editable=False, help_text="Over the approved record.")
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="Its result, as recorded."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("facilitator", "approver", ATTENDEES), team=())

    class Meta:
        ordering = ("-held_on", "-id")
        constraints = (
            models.CheckConstraint(condition=~Q(title="") & ~Q(scenario=""), name="incidents_exercise_told"),
            models.CheckConstraint(condition=Q(kind__in=ExerciseKind.values), name="incidents_exercise_kind_known"),
            models.CheckConstraint(condition=Q(state__in=ExerciseState.values), name="incidents_exercise_state_known"),
            models.CheckConstraint(
                condition=~Q(facilitator=F("approver")), name="incidents_exercise_approver_is_another",
                violation_error_message="The approver is another person than the facilitator.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=ExerciseState.APPROVED, signed_by__isnull=False, approved_by__isnull=False,
                      approved_at__isnull=False)
                    & ~Q(sha256="")
                )
                | (~Q(state=ExerciseState.APPROVED) & Q(approved_by=None, approved_at=None, sha256="")),
                name="incidents_exercise_approved_whole",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None)
                | Q(approved_under__isnull=False)
                | (~Q(approved_by=F("signed_by")) & ~Q(approved_by=F("facilitator"))),
                name="incidents_exercise_approved_by_another",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:exercise-detail", args=[self.pk])

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is edited: it was signed or cancelled."""
        return self.state not in (ExerciseState.PLANNED, ExerciseState.HELD)


OF_EXERCISE = Paths(
    owner=(
        "exercise__facilitator", "exercise__approver",
        Via(ATTENDEES.link, ATTENDEES.key, ATTENDEES.slug, row="exercise_id"),
    ),
    team=(),
)  # fmt: skip


class ExerciseAttendee(Register):
    """Somebody takes part, with a role, and says so themselves. Taking them off archives the row.

    Who has no account is named by the facilitator (`name`), and never confirmed.
    """

    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="attendees")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="exercise_parts"
    )
    name = models.CharField("without an account", max_length=120, blank=True)
    role = models.CharField(max_length=120, help_text="What they played, or watched for.")
    confirmed_at = models.DateTimeField(
        "took part", null=True, editable=False, help_text="When they said themselves that they took part."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=(*OF_EXERCISE.owner, "user"), team=())
    ends = ("exercise", "user", "name")
    personal = ("name",)

    class Meta:
        ordering = ("exercise", "id")
        constraints = (
            models.UniqueConstraint(fields=("exercise", "user", "name"), name="incidents_attendee_once"),
            models.CheckConstraint(
                condition=(Q(user__isnull=False, name="") | (Q(user=None, confirmed_at=None) & ~Q(name=""))),
                name="incidents_attendee_is_somebody",
            ),
            models.CheckConstraint(condition=~Q(role=""), name="incidents_attendee_has_role"),
        )

    def __str__(self) -> str:
        return f"{self.who} in {Exercise.ref_of(self.exercise_id)}"

    @property
    def who(self) -> str:
        """Their name, with or without an account."""
        return str(self.user) if self.user is not None else self.name

    def get_absolute_url(self) -> str:
        """The exercise's page."""
        return self.exercise.get_absolute_url()


class Inject(Register):
    """One piece of news that the facilitator brings in, what was expected, and what people did."""

    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="injects")
    position = models.PositiveSmallIntegerField(default=0)
    minute = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Minutes from the beginning.")
    text = models.TextField("what happens")
    expected = models.TextField(blank=True, help_text="What the plan would have people do.")
    response = models.TextField(blank=True, help_text="What they did.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = OF_EXERCISE

    class Meta:
        ordering = ("exercise", "position", "id")
        constraints = (models.CheckConstraint(condition=~Q(text=""), name="incidents_inject_says_what"),)

    def __str__(self) -> str:
        return f"Inject {self.position} of {Exercise.ref_of(self.exercise_id)}"

    def get_absolute_url(self) -> str:
        """The exercise's page."""
        return self.exercise.get_absolute_url()


class ExerciseDecision(Register):
    """What was decided in the exercise, by whom and why."""

    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="decisions")
    position = models.PositiveSmallIntegerField(default=0)
    what = models.TextField()
    why = models.TextField(blank=True)
    by = models.CharField("decided by", max_length=120, blank=True, help_text="The role that decided.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = OF_EXERCISE

    class Meta:
        ordering = ("exercise", "position", "id")
        constraints = (models.CheckConstraint(condition=~Q(what=""), name="incidents_exercise_decision_says_what"),)

    def __str__(self) -> str:
        return f"Decision {self.position} of {Exercise.ref_of(self.exercise_id)}"

    def get_absolute_url(self) -> str:
        """The exercise's page."""
        return self.exercise.get_absolute_url()


class ExerciseFinding(Register):
    """A gap that the exercise showed, as a finding: it is followed there."""

    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="gaps")
    finding = models.ForeignKey(Finding, models.PROTECT, related_name="exercise_gaps")
    reason = models.TextField("which gap")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = OF_EXERCISE
    ends = ("exercise", "finding")

    class Meta:
        ordering = ("exercise", "id")
        constraints = (
            models.UniqueConstraint(fields=("exercise", "finding"), name="incidents_gap_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_gap_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.finding.ref} from {Exercise.ref_of(self.exercise_id)}"

    def get_absolute_url(self) -> str:
        """The exercise's page."""
        return self.exercise.get_absolute_url()
