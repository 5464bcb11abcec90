"""Each time that a control has to operate, and how it turned out: computed, never set by hand (R3.6, R9.2)."""

import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from controls.models import Control, Frequency, Wording
from evidence.models.items import Evidence
from evidence.models.links import BY_CONTROL
from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet


class Outcome(models.TextChoices):
    """What the evidence says about an occurrence. The day decides what an open one is: see `Occurrence.standing`."""

    OPEN = "open", "Open"
    DONE = "done", "Done"
    LATE = "late", "Late"
    EXCEPTED = "excepted", "Excepted"
    NONE = "none", "No occurrence"


class Occurrence(models.Model):
    """One expected occurrence of a control, with its outcome: a cache that `coverage.keep` rebuilds from the registers.

    It has no history of its own; the past is computed anew from the history of what it follows from.
    """

    control = models.ForeignKey(Control, models.PROTECT, related_name="occurrences")
    starts_on = models.DateField()
    ends_on = models.DateField()
    due_on = models.DateField(help_text="The last day of grace: evidence that is captured later is late.")
    event = models.CharField(max_length=200, blank=True, help_text="The event's key in its population, if it is one.")
    frequency = models.CharField(max_length=12, choices=Frequency.choices)
    wording = models.ForeignKey(Wording, models.PROTECT, null=True, related_name="+", help_text="In force at its end.")
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.OPEN)
    waiting = models.BooleanField(default=False, help_text="Whether evidence for it waits to be judged.")
    why = models.CharField(max_length=20, blank=True, help_text="What is lacking: a key of coverage.judge.WHY.")
    evidence = models.ForeignKey(Evidence, models.PROTECT, null=True, related_name="+", help_text="What decides it.")

    access = Paths(owner=("control__owner", "control__operator"), category=BY_CONTROL)

    class Meta:
        ordering = ("control", "starts_on", "event")
        indexes = (models.Index(fields=("starts_on", "ends_on"), name="evidence_occurrence_by_day"),)
        constraints = (
            models.UniqueConstraint(fields=("control", "starts_on", "event"), name="evidence_occurrence_once"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on"), due_on__gte=F("ends_on")), name="evidence_occurrence_in_order"
            ),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="evidence_occurrence_outcome_known"),
        )

    def __str__(self) -> str:
        return f"{self.control.ref} {self.words}"

    def get_absolute_url(self) -> str:
        """The page that shows its proof."""
        address = reverse("evidence:occurrence", args=[self.control_id, self.starts_on])
        return f"{address}?{urlencode({'event': self.event})}" if self.event else address

    @property
    def words(self) -> str:
        """Its days."""
        return f"{self.starts_on}" if self.starts_on == self.ends_on else f"{self.starts_on} to {self.ends_on}"

    def standing(self, day: datetime.date) -> str:
        """What it is on a day: not_yet_due, due or missing while it is open, else its outcome."""
        if self.outcome != Outcome.OPEN:
            return self.outcome
        if day < self.starts_on:
            return "not_yet_due"
        return "due" if day <= self.due_on else "missing"


class ReadinessTally(models.Model):
    """How many criteria of each series were in which state when a day ended: derived, and can be counted again.

    `series`: {code: {state: how many}}, of the whole programme, over the programme's year in which the day lies.
    """

    day = models.DateField(unique=True)
    series = models.JSONField(default=dict)

    class Meta:
        ordering = ("day",)

    def __str__(self) -> str:
        return f"Readiness on {self.day}"


class Basis(models.Model):
    """From which versions of a control and its wordings its occurrences were computed: other ones mean anew."""

    control = models.OneToOneField(Control, models.PROTECT, primary_key=True, related_name="basis")
    seen = models.CharField(max_length=200, help_text="See coverage.keep.")

    def __str__(self) -> str:
        return self.seen


class ExemptionState(models.TextChoices):
    """Where a request to except occurrences stands."""

    REQUESTED = "requested", "Requested"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"


class Exemption(Register):
    """Occurrences that are excepted: why nothing proves them, asked by one person and approved by another.

    An excepted occurrence is told, and never counts as done.
    """

    control = models.ForeignKey(Control, models.PROTECT, related_name="exemptions")
    starts_on = models.DateField("from", help_text="The first day that is excepted.")
    ends_on = models.DateField("to", help_text="The last day.")
    reason = models.TextField(help_text="Why the control did not operate, and what stood in for it.")
    state = models.CharField(
        max_length=10, choices=ExemptionState.choices, default=ExemptionState.REQUESTED, editable=False
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, editable=False)
    decision = models.TextField(blank=True, editable=False, help_text="What was said about it.")
    approved_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("control__owner", "control__operator", "requested_by"), category=BY_CONTROL)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="evidence_exemption_in_order",
                violation_error_message="It ends before it begins.",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="evidence_exemption_says_why"),
            models.CheckConstraint(
                condition=Q(state=ExemptionState.REQUESTED, decided_by=None, decided_at=None)
                | (~Q(state=ExemptionState.REQUESTED) & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="evidence_exemption_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state=ExemptionState.APPROVED)
                | ~Q(decided_by=F("requested_by"))
                | Q(approved_under__isnull=False),
                name="evidence_exemption_decided_by_another",
            ),
        )

    def __str__(self) -> str:
        return f"Exemption {self.pk} of {self.control.ref}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("evidence:exemption-detail", args=[self.pk])
