"""Engagements: what an auditor examines, over which time and categories; and the grants by which auditors see them."""

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from foundation.accounts.grants import ObjectGrant
from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet


class Type(models.TextChoices):
    """A report as of one day, or over a period."""

    I = "I", "Type I"  # noqa: E741 - the profession's own name
    II = "II", "Type II"


class Status(models.TextChoices):
    """How far the examination is. The report's opinion is never computed (R2.1)."""

    PLANNED = "planned", "Planned"
    FIELDWORK = "fieldwork", "Fieldwork"
    REPORTING = "reporting", "Reporting"
    CLOSED = "closed", "Closed"


class Opinion(models.TextChoices):
    """What the auditor's report says, transcribed from it. Never computed and never proposed (R2.1)."""

    UNQUALIFIED = "unqualified", "Unqualified"
    QUALIFIED = "qualified", "Qualified"
    ADVERSE = "adverse", "Adverse"
    DISCLAIMER = "disclaimer", "Disclaimer"


class EngagementQuerySet(TrackedQuerySet["Engagement"]):
    """The words in which engagements are asked for."""

    def open(self) -> "EngagementQuerySet":
        """Engagements that are not closed or archived."""
        return self.filter(archived_at__isnull=True).exclude(status=Status.CLOSED)


class Engagement(Register):
    """One SOC 2 examination. Type I names a day, Type II a period; both name the categories in scope."""

    name = models.CharField(max_length=120)
    type = models.CharField(max_length=2, choices=Type.choices)
    as_of = models.DateField("as-of date", null=True, blank=True, help_text="Type I: the day the report is about.")
    period_from = models.DateField("period from", null=True, blank=True, help_text="Type II: the first day.")
    period_to = models.DateField("period to", null=True, blank=True, help_text="Type II: the last day.")
    categories = models.JSONField(default=list, help_text="Security is always in scope.")
    firm = models.CharField("audit firm", max_length=120, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED, editable=False)
    notes = models.TextField(blank=True)
    opinion = models.CharField(
        max_length=12, choices=Opinion.choices, blank=True, editable=False,
        help_text="As the issued report says (R2.1); empty until it is issued.",
    )  # fmt: skip
    report_date = models.DateField(null=True, blank=True, editable=False, help_text="The day that the report bears.")
    report = models.ForeignKey(
        "evidence.Evidence", models.PROTECT, null=True, blank=True, editable=False, related_name="+",
        help_text="The issued report, as it is kept as evidence.",
    )  # fmt: skip
    issued_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it was closed here, in UTC."
    )
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager["Engagement"]] = models.Manager.from_queryset(EngagementQuerySet)()

    access = Paths(timeless=True)
    grants = "audits.EngagementGrant"
    SCOPE: ClassVar[tuple[str, ...]] = ("type", "as_of", "period_from", "period_to", "categories")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint("name", name="audits_engagement_name_once"),
            models.CheckConstraint(condition=Q(type__in=Type.values), name="audits_engagement_type_known"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="audits_engagement_status_known"),
            models.CheckConstraint(
                condition=Q(opinion__in=["", *Opinion.values]), name="audits_engagement_opinion_known"
            ),
            models.CheckConstraint(
                condition=Q(opinion="", report_date=None, issued_at=None, issued_by=None, report=None)
                | ~Q(opinion="") & Q(status="closed", report_date__isnull=False, issued_at__isnull=False),
                name="audits_engagement_opinion_is_of_an_issued_report",
            ),
            models.CheckConstraint(
                condition=Q(type="I", as_of__isnull=False, period_from__isnull=True, period_to__isnull=True)
                | Q(
                    type="II",
                    as_of=None,
                    period_from__isnull=False,
                    period_to__isnull=False,
                    period_to__gte=F("period_from"),
                ),
                name="audits_engagement_time_fits_type",
                violation_error_message="Type I needs one day; Type II a first day and a last day in this order.",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The engagement's page."""
        return reverse("audits:engagement-detail", args=(self.pk,))

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day that the report is about. Raises ValueError before they are known."""
        first, last = (self.as_of, self.as_of) if self.type == Type.I else (self.period_from, self.period_to)
        if first is None or last is None:
            raise ValueError("This engagement has no dates yet.")
        return first, last

    @property
    def is_over(self) -> bool:
        """Whether nothing of it changes any more: its report is issued, or it is archived."""
        return self.status == Status.CLOSED or self.archived_at is not None

    def time(self) -> str:
        """The day or days that the report is about."""
        return f"{self.as_of}" if self.type == Type.I else f"{self.period_from} to {self.period_to}"

    def clean(self) -> None:
        """Say beside the right field what the database would refuse; leave out dates of the other type."""
        super().clean()
        if self.type == Type.I:
            self.period_from = self.period_to = None
            if self.as_of is None:
                raise ValidationError({"as_of": "A Type I report is as of one day. Enter it."})
            return
        self.as_of = None
        if self.period_from is None or self.period_to is None:
            raise ValidationError({"period_to": "A Type II report covers a period. Enter its first and last day."})
        if self.period_to < self.period_from:
            raise ValidationError({"period_to": "The period ends before it begins."})


class EngagementGrant(ObjectGrant):
    """One person's expiring sight of one engagement."""

    content_object = models.ForeignKey(Engagement, models.PROTECT, related_name="grants_given")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(expires_at__gte=F("opens_at")), name="audits_grant_expires_after_opening"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} sees {self.content_object}"
