"""Who and what an incident has to do with: links with reasons, people with their part. Unlinking archives the row."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from controls.models import Control
from findings.models import Finding
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from incidents.models.incident import Incident
from incidents.models.sight import of_part
from risks.models import Risk
from systems.models import System
from vendors.models import Vendor


class Part(models.TextChoices):
    """What a person does in the response (domain §7)."""

    REPORTER = "reporter", "Reporter"
    LEAD = "lead", "Technical lead"
    RESPONDER = "responder", "Responder"
    COMMUNICATIONS = "communications", "Communications"
    LEGAL = "legal", "Legal and privacy"
    SCRIBE = "scribe", "Scribe"
    EXECUTIVE = "executive", "Executive"
    DEPUTY = "deputy", "Deputy of the commander"
    OBSERVER = "observer", "Kept informed"


class IncidentPerson(Register):
    """Somebody has a part in the response: they see the incident, also when it is restricted."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="incident_parts")
    part = models.CharField(max_length=14, choices=Part.choices, default=Part.RESPONDER)
    reason = models.TextField(blank=True, help_text="What for, where the part does not say it.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = of_part()
    ends = ("incident", "user")

    class Meta:
        ordering = ("incident", "id")
        verbose_name_plural = "incident people"
        constraints = (
            models.UniqueConstraint(fields=("incident", "user"), name="incidents_person_once"),
            models.CheckConstraint(condition=Q(part__in=Part.values), name="incidents_part_known"),
        )

    def __str__(self) -> str:
        return f"{self.user} in {Incident.ref_of(self.incident_id)}"

    def get_absolute_url(self) -> str:
        """The incident's page of people."""
        return f"{self.incident.get_absolute_url()}people/"


class IncidentLink(Register):
    """What an incident has to do with another record, the last of `ends`, and why. Unlinking archives the row."""

    incident: models.ForeignKey[Any, Incident]
    incident_id: int
    ends: ClassVar[tuple[str, ...]]

    access = of_part()

    class Meta:
        abstract = True
        ordering = ("incident", "id")

    def __str__(self) -> str:
        other = getattr(self, self.ends[-1])
        return f"{getattr(other, 'ref', other)} for {Incident.ref_of(self.incident_id)}"

    def get_absolute_url(self) -> str:
        """The incident's page of links."""
        return f"{self.incident.get_absolute_url()}links/"


class IncidentRisk(IncidentLink):
    """The incident shows that a risk came true, or is one nobody had thought of."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="risk_links")
    risk = models.ForeignKey(Risk, models.PROTECT, related_name="incident_links")
    reason = models.TextField(help_text="What the incident says of the risk.")

    ends = ("incident", "risk")

    class Meta(IncidentLink.Meta):
        constraints = (
            models.UniqueConstraint(fields=("incident", "risk"), name="incidents_risk_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_risk_has_reason"),
        )


class IncidentVendor(IncidentLink):
    """A vendor caused it, was hit by it, or helps."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="vendor_links")
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="incident_links")
    reason = models.TextField(help_text="What the vendor has to do with it.")

    ends = ("incident", "vendor")

    class Meta(IncidentLink.Meta):
        constraints = (
            models.UniqueConstraint(fields=("incident", "vendor"), name="incidents_vendor_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_vendor_has_reason"),
        )


class IncidentControl(IncidentLink):
    """A control that failed, was missing, or held."""

    class Role(models.TextChoices):
        """How the control did."""

        FAILED = "failed", "Failed"
        HELD = "held", "Held"
        CONCERNED = "concerned", "Concerned"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="control_links")
    control = models.ForeignKey(Control, models.PROTECT, related_name="incident_links")
    role = models.CharField("how it did", max_length=9, choices=Role.choices, default=Role.CONCERNED)
    reason = models.TextField(help_text="What the incident says of the control.")

    ends = ("incident", "control")

    class Meta(IncidentLink.Meta):
        constraints = (
            models.UniqueConstraint(fields=("incident", "control"), name="incidents_control_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_control_has_reason"),
            models.CheckConstraint(
                condition=Q(role__in=["failed", "held", "concerned"]), name="incidents_control_role_known"
            ),
        )


class IncidentFinding(IncidentLink):
    """A finding that the incident raised, or that led to it. Its corrective actions outlive the incident (R7.2)."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="finding_links")
    finding = models.ForeignKey(Finding, models.PROTECT, related_name="incident_links")
    reason = models.TextField(help_text="What the finding has to do with it.")

    ends = ("incident", "finding")

    class Meta(IncidentLink.Meta):
        constraints = (
            models.UniqueConstraint(fields=("incident", "finding"), name="incidents_finding_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_finding_has_reason"),
        )


class IncidentSystem(IncidentLink):
    """A system that it hit."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="system_links")
    system = models.ForeignKey(System, models.PROTECT, related_name="incident_links")
    reason = models.TextField(help_text="How it was hit.")

    ends = ("incident", "system")

    class Meta(IncidentLink.Meta):
        constraints = (
            models.UniqueConstraint(fields=("incident", "system"), name="incidents_system_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_system_has_reason"),
        )


class IncidentControlLink(Register):
    """A control that the response programme operates: what is approved here becomes evidence for it.

    `part`: which work it is. Unlinking archives the row.
    """

    class Part(models.TextChoices):
        """Which work becomes evidence for the control."""

        PLAN = "plan", "Response plan approved"
        PLAN_REVIEW = "plan_review", "Response plan reviewed"
        EXERCISE = "exercise", "Exercise of the plan"
        REVIEW = "review", "Post-incident review"

    part = models.CharField(max_length=11, choices=Part.choices)
    control = models.ForeignKey(Control, models.PROTECT, related_name="incident_parts")
    reason = models.TextField(help_text="What the work proves about the control.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=("control__owner",),
        category=Via("controls.Mapping", "control_id", "criterion__category__slug", row="control_id"),
    )
    ends = ("part", "control")

    class Meta:
        ordering = ("part", "id")
        constraints = (
            models.UniqueConstraint(fields=("part", "control"), name="incidents_part_control_once"),
            models.CheckConstraint(
                condition=Q(part__in=["plan", "plan_review", "exercise", "review"]), name="incidents_part_link_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_part_link_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.get_part_display()} for {self.control.ref}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:incidentcontrollink-detail", args=[self.pk])
