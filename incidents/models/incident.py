"""An event or an incident: one record from the first report to its closing (domain §7)."""

import datetime
from collections.abc import Mapping as ReadOnly
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from incidents.models.sight import OF_INCIDENT


class Severity(models.IntegerChoices):
    """How bad it is, the worst first; the plan's severity matrix says what each asks for."""

    ONE = 1, "SEV1"
    TWO = 2, "SEV2"
    THREE = 3, "SEV3"
    FOUR = 4, "SEV4"


class Source(models.TextChoices):
    """How we came to know."""

    PERSON = "person", "Person of ours"
    MONITORING = "monitoring", "Monitoring or alert"
    CUSTOMER = "customer", "Customer"
    VENDOR = "vendor", "Vendor"
    RESEARCHER = "researcher", "Researcher or outsider"
    AUTHORITY = "authority", "Authority"
    REVIEW = "review", "Review or audit"


class State(models.TextChoices):
    """Where it stands. What nobody declared is an event."""

    REPORTED = "reported", "Reported"
    DISMISSED = "dismissed", "Dismissed"
    DECLARED = "declared", "Declared"
    CONTAINED = "contained", "Contained"
    ERADICATED = "eradicated", "Eradicated"
    RECOVERED = "recovered", "Recovered"
    CLOSED = "closed", "Closed"
    REOPENED = "reopened", "Reopened"


# The only legal moves. What does not apply is passed over (an outage leaves nothing to eradicate); only what had no
# impact at all (severity 4) is closed without having been recovered.
MOVES: ReadOnly[str, tuple[str, ...]] = {
    State.REPORTED: (State.DISMISSED, State.DECLARED),
    State.DISMISSED: (State.REPORTED, State.DECLARED),
    State.DECLARED: (State.CONTAINED, State.ERADICATED, State.RECOVERED, State.CLOSED),
    State.CONTAINED: (State.ERADICATED, State.RECOVERED),
    State.ERADICATED: (State.RECOVERED,),
    State.RECOVERED: (State.CLOSED, State.REOPENED),
    State.CLOSED: (State.REOPENED,),
    State.REOPENED: (State.CONTAINED, State.ERADICATED, State.RECOVERED),
}
TONES: ReadOnly[str, str] = {
    State.REPORTED: "warn",
    State.DISMISSED: "mute",
    State.DECLARED: "bad",
    State.CONTAINED: "warn",
    State.ERADICATED: "info",
    State.RECOVERED: "info",
    State.CLOSED: "ok",
    State.REOPENED: "bad",
}
EVENTS: Final = (State.REPORTED, State.DISMISSED)
OPEN: Final = (State.DECLARED, State.CONTAINED, State.ERADICATED, State.RECOVERED, State.REOPENED)
OVER: Final = (State.DISMISSED, State.CLOSED)
NEEDS_REVIEW: Final = (Severity.ONE, Severity.TWO)  # before closing (R7.2)
# The times of the record, in the order in which they follow each other; each may be unknown.
TIMES: Final = (
    "occurred_at", "detected_at", "reported_at", "declared_at", "contained_at", "eradicated_at", "recovered_at",
    "closed_at",
)  # fmt: skip
# Reported and declared is when it was recorded here: what was done at night may be written down in the morning.
RECORDED: Final = ("reported_at", "declared_at")
DONE: Final = ("contained_at", "eradicated_at", "recovered_at")


def follows(earlier: str, later: str) -> bool:
    """Whether the one of the record's times never lies before the other."""
    return TIMES.index(earlier) < TIMES.index(later) and not (earlier in RECORDED and later in DONE)


def in_order() -> Q:
    """Whichever times are known follow each other."""
    found = Q()
    for earlier, later in ((one, other) for one in TIMES for other in TIMES if follows(one, other)):
        found &= Q(**{earlier: None}) | Q(**{later: None}) | Q(**{f"{later}__gte": F(earlier)})
    return found


def running() -> Q:
    """Incidents that somebody declared and nobody closed yet. Live or history."""
    return Q(archived_at=None, state__in=OPEN)


class IncidentQuerySet(TrackedQuerySet["Incident"]):
    """The words in which incidents are asked for."""

    def running(self) -> "IncidentQuerySet":
        """See `running`."""
        return self.filter(running())


def _when(words: str, what: str = "") -> models.DateTimeField:
    """A time that a verb sets."""
    return models.DateTimeField(words, null=True, blank=True, editable=False, help_text=what)


class Incident(Numbered, Register):
    """One event or incident. State, severity, times and commander are set by verbs, which write the timeline too."""

    prefix = "INC"

    title = models.CharField(max_length=200)
    summary = models.TextField("description", blank=True, help_text="What is known. The timeline tells how it went on.")
    source = models.CharField("noticed by", max_length=10, choices=Source.choices, default=Source.PERSON)
    source_note = models.CharField("source", max_length=200, blank=True, help_text="Which alert, customer or person.")
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="reported_incidents"
    )
    commander = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False,
        related_name="commanded_incidents", help_text="Leads the response.",
    )  # fmt: skip

    state = models.CharField(max_length=10, choices=State.choices, default=State.REPORTED, editable=False)
    state_note = models.TextField(blank=True, editable=False, help_text="What was said when the state last changed.")
    severity = models.PositiveSmallIntegerField(choices=Severity.choices, null=True, editable=False)
    severity_reason = models.TextField(blank=True, editable=False)
    restricted = models.BooleanField(
        default=False, editable=False,
        help_text="Only compliance managers, the commander and the people named in it see it.",
    )  # fmt: skip

    occurred_at = models.DateTimeField("occurred", null=True, blank=True, help_text="When it began, as far as known.")
    detected_at = models.DateTimeField("detected", null=True, blank=True, help_text="When somebody first noticed.")
    reported_at = models.DateTimeField("reported", editable=False, help_text="When it was recorded here.")
    declared_at = _when("declared")
    contained_at = _when("contained")
    eradicated_at = _when("eradicated")
    recovered_at = _when("recovered")
    closed_at = _when("closed")
    reopened_at = _when("reopened")
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    dismissed_at = _when("dismissed")
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    dismissed_reason = models.TextField(blank=True, editable=False)

    data_classes = models.JSONField(
        "data classes", default=list, blank=True, editable=False, help_text="Values of systems.DataClass."
    )
    people_affected = models.PositiveIntegerField(null=True, blank=True, editable=False, help_text="None: not known.")
    impact = models.TextField(blank=True, editable=False, help_text="Whom and what it hit, in words.")
    review_due_on = models.DateField(
        "review due", null=True, editable=False, help_text="When its post-incident review is due (severity 1 and 2)."
    )

    objects: ClassVar[models.Manager["Incident"]] = IncidentQuerySet.as_manager()

    access = OF_INCIDENT

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("state", "severity"), name="incidents_by_state"),
            models.Index(fields=("reported_at", "id"), name="incidents_by_report"),
            models.Index(fields=("declared_at", "id"), name="incidents_by_declared"),
            models.Index(fields=("review_due_on",), name="incidents_by_review"),
            models.Index(fields=("title", "id"), name="incidents_by_title"),
        )
        constraints = (
            models.CheckConstraint(condition=~Q(title=""), name="incidents_says_what"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="incidents_state_known"),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="incidents_source_known"),
            models.CheckConstraint(
                condition=Q(severity=None, severity_reason="")
                | (Q(severity__in=Severity.values) & ~Q(severity_reason="")),
                name="incidents_severity_with_reason",
            ),
            models.CheckConstraint(
                condition=in_order(), name="incidents_times_in_order",
                violation_error_message="Its times follow each other: occurred, detected, reported, declared, closed; "
                "contained, eradicated and recovered after it was detected.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=EVENTS) | Q(severity__isnull=False, declared_at__isnull=False),
                name="incidents_declared_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=EVENTS) | Q(declared_at=None), name="incidents_event_not_declared"
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=State.DISMISSED, dismissed_at__isnull=False, dismissed_by__isnull=False)
                    & ~Q(dismissed_reason="")
                )
                | ~Q(state=State.DISMISSED),
                name="incidents_dismissed_whole",
            ),
            models.CheckConstraint(
                condition=Q(state=State.CLOSED, closed_at__isnull=False, closed_by__isnull=False)
                | (~Q(state=State.CLOSED) & Q(closed_at=None, closed_by=None)),
                name="incidents_closed_whole",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:incident-detail", args=[self.pk])

    @property
    def is_over(self) -> bool:
        """Whether it was closed or dismissed: then it is reopened before anything of it changes."""
        return self.state in OVER

    @property
    def is_event(self) -> bool:
        """Whether nobody declared it an incident."""
        return self.state in EVENTS

    @property
    def kind(self) -> str:
        """Event or incident, in a word."""
        return "Event" if self.is_event else "Incident"

    @property
    def has_run_out(self) -> bool:
        """Whether it was recovered, or had no impact at all (severity 4): only then it is closed."""
        return self.recovered_at is not None or self.severity == Severity.FOUR

    @property
    def needs_review(self) -> bool:
        """Whether closing takes an approved post-incident review (R7.2)."""
        return not self.is_event and self.severity in NEEDS_REVIEW

    def review_overdue(self, day: datetime.date) -> bool:
        """Whether its review should have been by this day; an approved review takes the day away."""
        return self.review_due_on is not None and self.review_due_on < day
