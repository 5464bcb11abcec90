"""What a finding is about, what stands in meanwhile, and what proves that it is gone: explicit links with reasons."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from controls.models import Control
from evidence.models import Evidence
from findings.models.finding import Finding
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet

IN_SCOPE = Via(
    "findings.FindingControl",
    "finding_id",
    Via("controls.Mapping", "control_id", "criterion__category__slug", row="control_id"),
    row="finding_id",
)


class Part(models.TextChoices):
    """What a control has to do with a finding."""

    AFFECTED = "affected", "Affected"
    COMPENSATING = "compensating", "Compensating"


class FindingControl(Register):
    """A control that a finding is about, or one that compensates it meanwhile. Unlinking archives the row.

    A compensating control meets the same risk, runs in the same period and is tested itself (domain §3): the reason
    says how it does the first; its own coverage shows the others.
    """

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="control_links")
    control = models.ForeignKey(Control, models.PROTECT, related_name="finding_links")
    part = models.CharField(max_length=12, choices=Part.choices, default=Part.AFFECTED)
    reason = models.TextField(help_text="How the control is concerned, or how it meets the same risk.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("finding__owner",), category=IN_SCOPE)
    ends = ("finding", "control")

    class Meta:
        ordering = ("finding", "part", "control")
        constraints = (
            models.UniqueConstraint(
                fields=("finding", "control"),
                name="findings_control_once",
                violation_error_message="This control is linked to this finding already.",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="findings_control_has_reason"),
            models.CheckConstraint(condition=Q(part__in=Part.values), name="findings_control_part_known"),
        )

    def __str__(self) -> str:
        return f"{self.control.ref} for {self.finding.ref}"

    def get_absolute_url(self) -> str:
        """The finding's page."""
        return self.finding.get_absolute_url()


class FindingEvidence(Register):
    """An item of evidence that proves the fix, and how. Unlinking archives the row."""

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="evidence_links")
    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="finding_links")
    reason = models.TextField(help_text="What it proves about the fix.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("finding__owner",), category=IN_SCOPE)
    ends = ("finding", "evidence")

    class Meta:
        ordering = ("finding", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("finding", "evidence"),
                name="findings_evidence_once",
                violation_error_message="This item is linked to this finding already.",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="findings_evidence_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.evidence.ref} for {self.finding.ref}"

    def get_absolute_url(self) -> str:
        """The finding's page."""
        return self.finding.get_absolute_url()
