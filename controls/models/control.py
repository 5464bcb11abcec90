"""A control: what the company does; its status, and the words in which controls are asked for."""

import datetime
from collections.abc import Mapping as ReadOnly
from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Lower
from django.db.models.lookups import LessThanOrEqual
from django.urls import reverse

from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet


class Kind(models.TextChoices):
    """What a control does about the thing that could go wrong."""

    PREVENTIVE = "preventive", "Preventive"
    DETECTIVE = "detective", "Detective"
    CORRECTIVE = "corrective", "Corrective"


class Nature(models.TextChoices):
    """Who or what operates a control."""

    MANUAL = "manual", "Manual"
    AUTOMATED = "automated", "Automated"
    HYBRID = "hybrid", "Hybrid"


class Frequency(models.TextChoices):
    """How often a control operates."""

    CONTINUOUS = "continuous", "Continuous"
    DAILY = "daily", "Daily"
    WEEKLY = "weekly", "Weekly"
    MONTHLY = "monthly", "Monthly"
    QUARTERLY = "quarterly", "Quarterly"
    SEMIANNUAL = "semiannual", "Twice a year"
    ANNUAL = "annual", "Annual"
    PER_EVENT = "per_event", "Per event"


class Status(models.TextChoices):
    """How far a control is implemented, as declared by people. Whether it operates is another, computed thing."""

    PLANNED = "planned", "Planned"
    IN_PROGRESS = "in_progress", "In progress"
    IMPLEMENTED = "implemented", "Implemented"
    NOT_APPLICABLE = "not_applicable", "Not applicable"
    RETIRED = "retired", "Retired"


# The only legal moves. Not applicable is reached by two people alone: propose_not_applicable, approve_not_applicable.
MOVES: ReadOnly[str, tuple[str, ...]] = {
    Status.PLANNED: (Status.IN_PROGRESS, Status.NOT_APPLICABLE),
    Status.IN_PROGRESS: (Status.IMPLEMENTED, Status.PLANNED, Status.NOT_APPLICABLE),
    Status.IMPLEMENTED: (Status.RETIRED, Status.IN_PROGRESS, Status.NOT_APPLICABLE),
    Status.NOT_APPLICABLE: (Status.PLANNED,),
    Status.RETIRED: (Status.PLANNED,),
}
TONES: ReadOnly[str, str] = {
    Status.PLANNED: "mute",
    Status.IN_PROGRESS: "info",
    Status.IMPLEMENTED: "ok",
    Status.NOT_APPLICABLE: "mute",
    Status.RETIRED: "mute",
}
SCOPE: tuple[str, ...] = (Status.PLANNED, Status.IN_PROGRESS, Status.IMPLEMENTED)
IN_SCOPE = Q(status__in=SCOPE, archived_at=None)  # true of live rows and of history rows alike
UNOWNED = Q(owner=None) | Q(owner__is_active=False)  # whoever has left answers for nothing
PROPOSED = Q(archived_at=None, proposed_by__isnull=False, approved_by=None)


def operating(day: datetime.date) -> Q:
    """Controls that operate on a day: implemented, begun, not ended and not archived. Live and history rows."""
    ended = Q(operates_until__isnull=False, operates_until__lt=day)
    return Q(status=Status.IMPLEMENTED, archived_at=None, operates_from__lte=day) & ~ended


LONGEST_REF = 30
REF = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._/-]*\Z",
    "Letters (A to Z), digits, dots, dashes, underscores and slashes, beginning with a letter or a digit; no spaces.",
)


class ControlQuerySet(TrackedQuerySet["Control"]):
    """The words in which controls are asked for."""

    def in_scope(self) -> "ControlQuerySet":
        """Controls that count for a criterion: planned, in progress or implemented, and not archived."""
        return self.filter(IN_SCOPE)

    def without_owner(self) -> "ControlQuerySet":
        """Controls in scope that nobody owns who still has an account."""
        return self.in_scope().filter(UNOWNED)

    def owned_by(self, user: models.Model) -> "ControlQuerySet":
        """Controls that this person owns or operates."""
        return self.filter(Q(owner=user.pk) | Q(operator=user.pk))


class Control(Register):
    """One control of the company. Its wording has effective dates and is a model of its own."""

    ref = models.CharField(
        "reference",
        max_length=LONGEST_REF,
        validators=(REF,),
        help_text="Short and lasting, such as IAM-03. Unique, whatever its case.",
    )
    name = models.CharField(max_length=200)
    objective = models.TextField(blank=True, help_text="What is true when the control works.")
    kind = models.CharField(
        "type", max_length=12, choices=Kind.choices, blank=True, help_text="Prevents, detects or corrects."
    )
    nature = models.CharField(max_length=12, choices=Nature.choices, blank=True, help_text="Who or what operates it.")
    frequency = models.CharField(
        max_length=12, choices=Frequency.choices, blank=True, help_text="How often it operates."
    )
    frequency_before = models.CharField(
        max_length=12,
        choices=Frequency.choices,
        blank=True,
        editable=False,
        help_text="How often it operated before a wording changed that; empty while none has.",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_controls",
        help_text="Answers for the control and updates its status.",
    )
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="operated_controls",
        help_text="Carries the control out, when that is somebody else.",
    )
    owner_role = models.CharField(
        max_length=120, blank=True, help_text="The job that should own it, such as “IT lead”: text, not an account."
    )
    expected_evidence = models.TextField(blank=True, help_text="What would prove that the control operated.")
    automatable_source = models.TextField(
        blank=True, help_text="Which system could deliver that evidence without a person."
    )
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PLANNED, editable=False)
    status_note = models.TextField(blank=True, editable=False, help_text="What was said when the status last changed.")
    status_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    operates_from = models.DateField(
        null=True, blank=True, editable=False, help_text="The first day on which it operates: what is expected begins."
    )
    operates_until = models.DateField(
        null=True, blank=True, editable=False, help_text="The last day on which it operated; empty while it does."
    )
    not_applicable_reason = models.TextField(blank=True, editable=False)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True, blank=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    approved_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    last_reviewed_on = models.DateField(null=True, blank=True, editable=False)
    review_date = models.DateField(
        "next review", null=True, blank=True, help_text="The day by which the control is looked at again."
    )

    objects: ClassVar[models.Manager["Control"]] = ControlQuerySet.as_manager()

    access = Paths(
        owner=("owner", "operator"), category=Via("controls.Mapping", "control_id", "criterion__category__slug")
    )

    class Meta:
        ordering = ("ref", "id")
        indexes = (
            models.Index(fields=("ref", "id"), name="controls_control_by_ref"),
            models.Index(fields=("status", "ref"), name="controls_control_by_status"),
            models.Index(fields=("review_date",), name="controls_control_by_review"),
        )
        constraints = (
            models.UniqueConstraint(
                Lower("ref"),
                name="controls_control_ref_once",
                violation_error_message="Another control has this reference.",
            ),
            models.CheckConstraint(condition=~Q(ref="") & ~Q(name=""), name="controls_control_has_ref_and_name"),
            # The characters are the validator's: a pattern in a CHECK needs a function that not every client has.
            models.CheckConstraint(
                condition=~Q(ref__contains=" ") & Q(LessThanOrEqual(Length("ref"), LONGEST_REF)),
                name="controls_control_ref_short_and_whole",
                violation_error_message=f"A reference has no spaces and at most {LONGEST_REF} characters.",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="controls_control_status_known"),
            models.CheckConstraint(condition=Q(kind__in=["", *Kind.values]), name="controls_control_kind_known"),
            models.CheckConstraint(condition=Q(nature__in=["", *Nature.values]), name="controls_control_nature_known"),
            models.CheckConstraint(
                condition=Q(frequency__in=["", *Frequency.values]), name="controls_control_frequency_known"
            ),
            models.CheckConstraint(
                condition=Q(operates_until=None) | Q(operates_until__gte=F("operates_from")),
                name="controls_control_operates_in_order",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by=None, proposed_at=None, not_applicable_reason="", approved_by=None)
                | (Q(proposed_by__isnull=False, proposed_at__isnull=False) & ~Q(not_applicable_reason="")),
                name="controls_control_proposal_whole",
            ),
            models.CheckConstraint(
                # one person alone only under an exception, which that row then names
                condition=Q(approved_by=None, approved_under=None)
                | ~Q(approved_by=F("proposed_by"))
                | Q(approved_by__isnull=False, approved_under__isnull=False),
                name="controls_control_approved_by_second_person",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.NOT_APPLICABLE, approved_by__isnull=False)
                | (~Q(status=Status.NOT_APPLICABLE) & Q(approved_by=None)),
                name="controls_control_not_applicable_approved",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"

    def get_absolute_url(self) -> str:
        """The control's page."""
        return reverse("controls:control-detail", args=[self.pk])

    @property
    def status_tone(self) -> str:
        """The tone of the status's badge."""
        return TONES[self.status]

    @property
    def awaits_second_person(self) -> bool:
        """Whether somebody proposed it as not applicable and nobody else has answered."""
        return self.proposed_by_id is not None and self.approved_by_id is None
