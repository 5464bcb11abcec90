"""A finding: something that is not as it should be, from its first detection until another person saw it gone."""

import datetime
from collections.abc import Mapping as ReadOnly
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered


class Kind(models.TextChoices):
    """What sort of thing was found."""

    DEVIATION = "deviation", "Deviation"
    EXCEPTION = "exception", "Exception"
    FAILED_CHECK = "failed_check", "Failed check"
    VULNERABILITY = "vulnerability", "Vulnerability"
    AUDIT_FINDING = "audit_finding", "Audit finding"


class SourceKind(models.TextChoices):
    """By what it was found; the words beside it name the scanner, the test or the audit."""

    PERSON = "person", "Person"
    SCAN = "scan", "Scan"
    TEST = "test", "Test"
    AUDIT = "audit", "Audit"


class Severity(models.TextChoices):
    """How bad it is, the worst first."""

    CRITICAL = "critical", "Critical"
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class Status(models.TextChoices):
    """Where a finding stands."""

    OPEN = "open", "Open"
    IN_PROGRESS = "in_progress", "In progress"
    FIXED = "fixed", "Fixed, to be verified"
    VERIFIED = "verified", "Verified and closed"
    ACCEPTED = "accepted", "Accepted"
    REOPENED = "reopened", "Reopened"


# The only legal moves. Verified and accepted take a second person.
MOVES: ReadOnly[str, tuple[str, ...]] = {
    Status.OPEN: (Status.IN_PROGRESS, Status.FIXED, Status.ACCEPTED),
    Status.IN_PROGRESS: (Status.FIXED, Status.ACCEPTED),
    Status.FIXED: (Status.VERIFIED, Status.REOPENED),
    Status.VERIFIED: (Status.REOPENED,),
    Status.ACCEPTED: (Status.FIXED, Status.REOPENED),
    Status.REOPENED: (Status.IN_PROGRESS, Status.FIXED, Status.ACCEPTED),
}
TONES: ReadOnly[str, str] = {
    Status.OPEN: "warn",
    Status.IN_PROGRESS: "info",
    Status.FIXED: "info",
    Status.VERIFIED: "ok",
    Status.ACCEPTED: "mute",
    Status.REOPENED: "bad",
}
UNRESOLVED: Final = (Status.OPEN, Status.IN_PROGRESS, Status.REOPENED)  # the clock of the deadline runs
ACCEPTED_LAPSED: Final = "The acceptance ended on {}."


def unresolved(day: datetime.date) -> Q:
    """Findings whose deadline runs on a day: an acceptance that has expired counts as none. Live and history rows."""
    return Q(archived_at=None) & (Q(status__in=UNRESOLVED) | Q(status=Status.ACCEPTED, acceptance_until__lt=day))


def overdue(day: datetime.date) -> Q:
    """Those of them whose deadline has passed on that day."""
    return unresolved(day) & Q(due_on__lt=day)


class FindingQuerySet(TrackedQuerySet["Finding"]):
    """The words in which findings are asked for."""

    def lapsed(self, day: datetime.date) -> "FindingQuerySet":
        """Accepted findings whose acceptance has ended."""
        return self.live().filter(status=Status.ACCEPTED, acceptance_until__lt=day)


class Finding(Numbered, Register):
    """One finding. The clock of its deadline starts at the first detection, not when it was written down (R9.1).

    `due_on` is kept as the settings said when it was rated last: changing a setting moves no deadline that stands.
    """

    prefix = "F"

    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=14, choices=Kind.choices)
    source = models.CharField("found by", max_length=6, choices=SourceKind.choices)
    source_name = models.CharField(
        "source", max_length=120, blank=True, help_text="Which scanner, test, audit or person: “Trivy, nightly”."
    )
    external_key = models.CharField(
        max_length=200, blank=True, help_text="What the source calls it: by this it is known again when found anew."
    )
    severity = models.CharField(max_length=8, choices=Severity.choices)
    exposed = models.BooleanField("internet-exposed", default=False, help_text="It can be reached from the internet.")
    exploited = models.BooleanField("known-exploited", default=False, help_text="It is known to be exploited.")
    first_detected_on = models.DateField("first detected", help_text="From this day its deadline is counted.")
    last_detected_on = models.DateField("last detected", editable=False)
    due_on = models.DateField("due", editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owned_findings",
        help_text="Answers for it.",
    )  # fmt: skip
    root_cause = models.TextField(blank=True, help_text="Why it could happen. Asked for when it is fixed.")
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.OPEN, editable=False)

    fix_note = models.TextField(blank=True, editable=False, help_text="What was done about it.")
    fixed_on = models.DateField("fixed", null=True, editable=False)
    fixed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    verification_note = models.TextField(blank=True, editable=False, help_text="What was looked at.")
    verified_at = models.DateTimeField("verified", null=True, editable=False)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    verified_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )

    acceptance_reason = models.TextField(blank=True, editable=False)
    acceptance_until = models.DateField("accepted until", null=True, editable=False, help_text="The last day.")
    acceptance_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    accepted_at = models.DateTimeField("accepted", null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    accepted_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager["Finding"]] = FindingQuerySet.as_manager()

    access = Paths(
        owner=("owner",),
        category=Via(
            "findings.FindingControl", "finding_id",
            Via("controls.Mapping", "control_id", "criterion__category__slug", row="control_id"),
        ),
    )  # fmt: skip

    class Meta:
        ordering = ("due_on", "id")
        indexes = (
            models.Index(fields=("due_on", "id"), name="findings_by_due"),
            models.Index(fields=("status", "due_on"), name="findings_by_status"),
            models.Index(fields=("first_detected_on",), name="findings_by_detection"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("source_name", "external_key"),
                condition=~Q(external_key=""),
                name="findings_known_again_by_source_and_key",
                violation_error_message="This source's finding with this key is registered already.",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="findings_status_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="findings_kind_known"),
            models.CheckConstraint(condition=Q(source__in=SourceKind.values), name="findings_source_known"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="findings_severity_known"),
            models.CheckConstraint(condition=~Q(title=""), name="findings_says_what"),
            models.CheckConstraint(
                condition=Q(last_detected_on__gte=F("first_detected_on"), due_on__gte=F("first_detected_on")),
                name="findings_days_in_order",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=(Status.FIXED, Status.VERIFIED))
                | Q(fixed_by__isnull=False, fixed_on__isnull=False),
                name="findings_fixed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.VERIFIED, verified_by__isnull=False, verified_at__isnull=False)
                | (~Q(status=Status.VERIFIED) & Q(verified_by=None, verified_at=None)),
                name="findings_verified_by_somebody",
            ),
            models.CheckConstraint(
                # one person alone only under an exception, which that row then names
                condition=Q(verified_by=None) | ~Q(verified_by=F("fixed_by")) | Q(verified_under__isnull=False),
                name="findings_verified_by_another",
            ),
            models.CheckConstraint(
                condition=Q(acceptance_requested_by=None, acceptance_reason="", acceptance_until=None)
                | (
                    Q(acceptance_requested_by__isnull=False, acceptance_until__isnull=False)
                    & ~Q(acceptance_reason="")
                ),
                name="findings_acceptance_whole",
            ),
            models.CheckConstraint(
                condition=Q(
                    status=Status.ACCEPTED, accepted_by__isnull=False, accepted_at__isnull=False,
                    acceptance_requested_by__isnull=False,
                )
                | (~Q(status=Status.ACCEPTED) & Q(accepted_by=None, accepted_at=None)),
                name="findings_accepted_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(accepted_by=None)
                | (~Q(accepted_by=F("acceptance_requested_by")) & ~Q(accepted_by=F("owner")))
                | Q(accepted_under__isnull=False),
                name="findings_accepted_by_another",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("findings:finding-detail", args=[self.pk])

    def standing(self, day: datetime.date) -> str:
        """Its status on a day: an acceptance that has expired is over, whether or not that was recorded yet."""
        lapsed = self.status == Status.ACCEPTED and self.acceptance_until and self.acceptance_until < day
        return Status.REOPENED if lapsed else self.status

    def is_overdue(self, day: datetime.date) -> bool:
        """Whether its deadline has passed on a day without its being fixed or accepted."""
        return self.archived_at is None and self.standing(day) in UNRESOLVED and self.due_on < day

    @property
    def awaits_acceptance(self) -> bool:
        """Whether somebody asked to accept it and nobody has answered."""
        return self.acceptance_requested_by_id is not None and self.accepted_by_id is None
