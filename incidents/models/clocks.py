"""Notification clocks: rules in versions, the clocks that run by them, their pauses, and what was sent (R7.1).

A clock copies what its rule's version said, and the calendar of that day: a rule or a holiday that changes later moves
no clock that runs. Nothing of this is legal advice; rules name their source and whether somebody checked it.
"""

import datetime
import uuid
from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from foundation.accounts.paths import Paths
from foundation.trail.models import Register, Tracked, TrackedQuerySet
from foundation.trail.numbered import Numbered
from incidents.models.incident import Incident
from incidents.models.sight import of_part


class Unit(models.TextChoices):
    """In what a deadline counts."""

    HOURS = "hours", "Hours"
    DAYS = "days", "Calendar days"
    BUSINESS_DAYS = "business_days", "Business days"
    MONTHS = "months", "Calendar months"


class StartEvent(models.TextChoices):
    """What a deadline counts from."""

    AWARE = "aware", "We became aware"
    DISCOVERED = "discovered", "It was discovered"
    DETERMINED = "determined", "It was determined to be an incident"
    MATERIAL = "material", "It was determined to be material"
    CLASSIFIED = "classified", "It was classified as major"
    DECLARED = "declared", "The incident was declared"
    NOTIFIED = "notified", "An earlier notice was sent"
    PAID = "paid", "A ransom was paid"
    YEAR_END = "year_end", "The calendar year ended"


MOST: Final = 3660  # of any unit


class NotificationRule(Numbered, Register):
    """One version of a rule: whom to tell by when, counted from what, and where that is written. Never edited.

    `key` keeps the versions of one rule together; the one with the highest number is in force, unless it is retired.
    `amount` None: without undue delay, so that a clock by it shows how long it runs and has no deadline.
    """

    prefix = "NR"

    key = models.SlugField(max_length=60, editable=False)
    number = models.PositiveIntegerField("version", default=1, editable=False)
    regime = models.CharField(max_length=120, help_text="The law, contract or promise.")
    whom = models.CharField("whom to tell", max_length=200)
    applies = models.TextField("applies when", help_text="Which incidents it is about.")
    starts = models.CharField("counts from", max_length=10, choices=StartEvent.choices)
    amount = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: without undue delay.")
    unit = models.CharField(max_length=13, choices=Unit.choices, default=Unit.HOURS)
    zone = models.CharField(
        "time zone", max_length=60, blank=True, help_text="Whose days count. Empty: the organisation's time zone."
    )
    warn_hours = models.PositiveSmallIntegerField(
        "warning", default=24, help_text="Hours before the deadline at which people are warned."
    )
    source = models.CharField(max_length=300, help_text="Where it is written, with article or section.")
    source_url = models.URLField("link", max_length=500, blank=True)
    note = models.TextField(blank=True, help_text="What else has to be known; what is doubtful.")
    data_classes = models.JSONField(
        "offered for", default=list, blank=True,
        help_text="Values of systems.DataClass: it is offered for an incident that hit one of them. Empty: for each.",
    )  # fmt: skip
    checked = models.BooleanField(
        default=False, help_text="Counsel or whoever answers for it looked at the source. Starter rules are unchecked."
    )
    starter = models.BooleanField(default=False, editable=False)
    retired = models.BooleanField(default=False, editable=False, help_text="From this version on it is not used.")
    change_note = models.TextField("why this version", blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    published_at = models.DateTimeField("published", editable=False)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths()

    class Meta:
        ordering = ("regime", "key", "-number")
        constraints = (
            models.UniqueConstraint(
                fields=("key", "number"), name="incidents_rule_version_once",
                violation_error_message="A newer version was published meanwhile.",
            ),
            models.CheckConstraint(
                condition=~Q(key="") & ~Q(regime="") & ~Q(whom="") & ~Q(applies="") & ~Q(source=""),
                name="incidents_rule_told",
            ),
            models.CheckConstraint(condition=Q(unit__in=Unit.values), name="incidents_rule_unit_known"),
            models.CheckConstraint(condition=Q(starts__in=StartEvent.values), name="incidents_rule_start_known"),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=1, amount__lte=MOST), name="incidents_rule_amount_in_bounds"
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.regime}: {self.whom}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:notificationrule-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return f"{self.regime}: {self.whom}"


class ClockState(models.TextChoices):
    """Where a clock stands. Whether it is overdue follows from its deadline and the moment."""

    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    MET = "met", "Notified"
    DISMISSED = "dismissed", "Dismissed"


CLOCK_MOVES: ReadOnly[str, tuple[str, ...]] = {
    ClockState.RUNNING: (ClockState.PAUSED, ClockState.MET, ClockState.DISMISSED),
    ClockState.PAUSED: (ClockState.RUNNING, ClockState.MET, ClockState.DISMISSED),
    ClockState.MET: (),
    ClockState.DISMISSED: (),
}
CLOCK_TONES: ReadOnly[str, str] = {
    ClockState.RUNNING: "info",
    ClockState.PAUSED: "mute",
    ClockState.MET: "ok",
    ClockState.DISMISSED: "mute",
}


def ticking() -> Q:
    """Clocks that neither were met nor dismissed. Live or history."""
    return Q(state__in=(ClockState.RUNNING, ClockState.PAUSED))


def late(moment: datetime.datetime) -> Q:
    """Clocks that run and whose deadline has passed at a moment. A paused one is not late."""
    return Q(state=ClockState.RUNNING, due_at__lt=moment)


class Clock(Numbered, Register):
    """A clock of an incident. What decides its deadline was copied at its start, and the database keeps it."""

    prefix = "CK"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="clocks")
    rule = models.ForeignKey(NotificationRule, models.PROTECT, related_name="clocks")
    regime = models.CharField(max_length=120, editable=False)
    whom = models.CharField("whom to tell", max_length=200, editable=False)
    amount = models.PositiveSmallIntegerField(null=True, editable=False)
    unit = models.CharField(max_length=13, choices=Unit.choices, editable=False)
    zone = models.CharField("time zone", max_length=60, editable=False)
    work_days = models.JSONField(default=list, editable=False, help_text="Numbers of weekdays; Monday is 0.")
    holidays = models.JSONField(default=list, editable=False, help_text="ISO days of the calendar at its start.")
    warn_hours = models.PositiveSmallIntegerField(editable=False)

    state = models.CharField(max_length=9, choices=ClockState.choices, default=ClockState.RUNNING, editable=False)
    started_at = models.DateTimeField("counts from", editable=False, help_text="The start event's moment.")
    start_reason = models.TextField("why it runs", editable=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    due_at = models.DateTimeField(
        "due", null=True, editable=False, help_text="By the pauses so far. None: without undue delay, or paused."
    )
    warned_at = models.DateTimeField("warned", null=True, editable=False)
    late_told_at = models.DateTimeField(null=True, editable=False, help_text="When people were told that it is late.")
    ended_at = models.DateTimeField("ended", null=True, editable=False)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    end_reason = models.TextField("why it ended", blank=True, editable=False)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = of_part()

    class Meta:
        ordering = ("incident", "id")
        indexes = (models.Index(fields=("state", "due_at"), name="incidents_clock_by_due"),)
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "rule"), condition=Q(state__in=("running", "paused")),
                name="incidents_clock_once", violation_error_message="This clock runs already.",
            ),
            models.CheckConstraint(condition=Q(state__in=ClockState.values), name="incidents_clock_state_known"),
            models.CheckConstraint(condition=Q(unit__in=Unit.values), name="incidents_clock_unit_known"),
            models.CheckConstraint(condition=~Q(start_reason=""), name="incidents_clock_start_has_reason"),
            models.CheckConstraint(
                condition=(
                    Q(state__in=(ClockState.MET, ClockState.DISMISSED), ended_at__isnull=False) & ~Q(end_reason="")
                )
                | (Q(state__in=(ClockState.RUNNING, ClockState.PAUSED), ended_at=None, ended_by=None, end_reason="")),
                name="incidents_clock_ended_whole",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.regime}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:clock-detail", args=[self.pk])

    @property
    def is_over(self) -> bool:
        """Whether it was met or dismissed: another one is started then."""
        return self.state in (ClockState.MET, ClockState.DISMISSED)

    @property
    def title(self) -> str:
        """What a search shows."""
        return f"{self.regime}: {self.whom}"


class ClockPause(Tracked):
    """A stretch for which a clock stood still, with a reason for its beginning and its end. One at most is open."""

    clock = models.ForeignKey(Clock, models.PROTECT, related_name="pauses")
    paused_at = models.DateTimeField("paused", editable=False)
    paused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    reason = models.TextField(editable=False)
    resumed_at = models.DateTimeField("resumed", null=True, editable=False)
    resumed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    resume_reason = models.TextField(blank=True, editable=False)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = of_part("clock__incident")

    class Meta:
        ordering = ("clock", "id")
        constraints = (
            models.UniqueConstraint(fields=("clock",), condition=Q(resumed_at=None), name="incidents_pause_one_open"),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_pause_has_reason"),
            models.CheckConstraint(
                condition=Q(resumed_at=None, resume_reason="")
                | (Q(resumed_at__gte=F("paused_at")) & ~Q(resume_reason="")),
                name="incidents_pause_resumed_whole",
            ),
        )

    def __str__(self) -> str:
        return f"Pause of {Clock.ref_of(self.clock_id)}"

    def get_absolute_url(self) -> str:
        """The clock's page."""
        return self.clock.get_absolute_url()


def notification_path(notification: "Notification", filename: str) -> str:
    """Name the stored file by an id of ours: what a person's file was called never becomes a path."""
    return f"incidents/{uuid.uuid4()}"


class Notification(Numbered, Register):
    """What was sent to whom, when and by whom. Written once. One that names a clock and meets it stops the clock."""

    prefix = "NT"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="notifications")
    clock = models.ForeignKey(Clock, models.PROTECT, null=True, blank=True, related_name="notifications")
    meets = models.BooleanField("meets the clock", default=False, help_text="It is what the rule asks for.")
    told = models.CharField("sent to", max_length=300)
    channel = models.CharField("by", max_length=120, help_text="Portal, mail, letter, telephone.")
    sent_at = models.DateTimeField("sent")
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="sent_notifications")
    what = models.TextField("what was said")
    reference = models.CharField(max_length=120, blank=True, help_text="What the receiver calls it.")
    people_told = models.PositiveIntegerField("people told", null=True, blank=True)
    file = models.FileField(upload_to=notification_path, blank=True, editable=False)
    name = models.CharField(max_length=200, blank=True, editable=False, help_text="What the file was called.")
    content_type = models.CharField(max_length=120, blank=True, editable=False)
    size = models.PositiveBigIntegerField(null=True, editable=False, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = of_part()

    class Meta:
        ordering = ("incident", "sent_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=~Q(told="") & ~Q(channel="") & ~Q(what=""), name="incidents_notification_told"
            ),
            models.CheckConstraint(
                condition=Q(meets=False) | Q(clock__isnull=False), name="incidents_notification_meets_a_clock"
            ),
            models.CheckConstraint(
                condition=Q(file="", name="", sha256="", size=None)
                | (~Q(file="") & ~Q(name="") & ~Q(sha256="") & Q(size__isnull=False)),
                name="incidents_notification_file_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} to {self.told}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:notification-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return self.told
