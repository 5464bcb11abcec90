"""What is done about a risk, and who agreed to live with it until when (R5.2)."""

from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from risks.models.method import Band
from risks.models.risk import Risk


class TreatmentAction(Numbered, Register):
    """One step of a risk's treatment plan, with its owner and day."""

    prefix = "TA"

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="actions")
    what = models.CharField(max_length=300, help_text="What is done.")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="treatment_actions")
    due_on = models.DateField("due")
    done_on = models.DateField("done", null=True, editable=False)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    done_note = models.TextField(blank=True, editable=False, help_text="What was done, and where that shows.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("owner", "risk__owner"))

    class Meta:
        ordering = ("due_on", "id")
        indexes = (models.Index(fields=("due_on", "id"), name="risks_action_by_due"),)
        constraints = (
            models.CheckConstraint(condition=~Q(what=""), name="risks_action_says_what"),
            models.CheckConstraint(
                condition=Q(done_on=None, done_by=None, done_note="")
                | (Q(done_on__isnull=False, done_by__isnull=False) & ~Q(done_note="")),
                name="risks_action_done_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.what}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("risks:treatmentaction-detail", args=[self.pk])

    @property
    def is_over(self) -> bool:
        """Whether it is done: what was planned stands from then on."""
        return self.done_by_id is not None

    @property
    def title(self) -> str:
        """What a search shows."""
        return self.what


class AcceptanceState(models.TextChoices):
    """What became of a request to accept a risk."""

    REQUESTED = "requested", "Waits for approval"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    ENDED = "ended", "Ended before its day"
    LAPSED = "lapsed", "Lapsed on its day"


ACCEPTANCE_MOVES: ReadOnly[str, tuple[str, ...]] = {
    AcceptanceState.REQUESTED: (AcceptanceState.APPROVED, AcceptanceState.DECLINED, AcceptanceState.WITHDRAWN),
    AcceptanceState.APPROVED: (AcceptanceState.ENDED, AcceptanceState.LAPSED),
    AcceptanceState.DECLINED: (),
    AcceptanceState.WITHDRAWN: (),
    AcceptanceState.ENDED: (),
    AcceptanceState.LAPSED: (),
}


class Acceptance(Numbered, Register):
    """A request to live with what remains of a risk until a day; its band, as rated then, says who may approve it.

    What was approved is never rewritten: it only ends. The rule by band is `risks.acceptance.APPROVERS`.
    """

    prefix = "RA"

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="acceptances")
    score = models.PositiveSmallIntegerField(editable=False, help_text="The residual score that is accepted.")
    band = models.CharField(max_length=8, choices=Band.choices, editable=False, help_text="Of that score, as asked.")
    reason = models.TextField(help_text="Why it is right to live with it.")
    compensating = models.TextField(
        "compensating controls", help_text="What stands in meanwhile; or why nothing needs to."
    )
    until = models.DateField("accepted until", help_text="The last day.")
    state = models.CharField(
        max_length=9, choices=AcceptanceState.choices, default=AcceptanceState.REQUESTED, editable=False
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+",
        help_text="Who owned the risk when it was asked.",
    )  # fmt: skip
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    decided_as = models.CharField(max_length=30, blank=True, editable=False, help_text="By which line of the table.")
    decided_at = models.DateTimeField("decided", null=True, editable=False)
    decision_note = models.TextField(blank=True, editable=False)
    ended_at = models.DateTimeField("ended", null=True, editable=False)
    ended_reason = models.TextField(blank=True, editable=False)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("requested_by", "risk__owner"))

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("state", "until"), name="risks_acceptance_by_state"),)
        constraints = (
            models.CheckConstraint(condition=Q(band__in=Band.values), name="risks_acceptance_band_known"),
            models.CheckConstraint(condition=Q(state__in=AcceptanceState.values), name="risks_acceptance_state_known"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(compensating=""), name="risks_acceptance_has_reason"),
            models.UniqueConstraint(
                fields=("risk",),
                condition=Q(state__in=(AcceptanceState.REQUESTED, AcceptanceState.APPROVED)),
                name="risks_acceptance_one_at_a_time",
                violation_error_message="That was asked already, or is accepted.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=(AcceptanceState.REQUESTED, AcceptanceState.WITHDRAWN), decided_by=None)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="risks_acceptance_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None)
                | Q(state=AcceptanceState.DECLINED)
                | (~Q(decided_by=F("requested_by")) & ~Q(decided_by=F("owner"))),
                name="risks_acceptance_approved_by_another",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} of {self.risk.ref}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("risks:acceptance-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return self.risk.title
