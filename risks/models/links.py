"""What lowers a risk, where it comes from and what shows it: links with reasons. Unlinking archives the row."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from controls.models import Control
from findings.models import Finding
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from risks.models.risk import Risk
from vendors.models import Vendor


class Effectiveness(models.TextChoices):
    """How far a control lowers a risk, as its assessor judges."""

    STRONG = "strong", "Strong"
    MODERATE = "moderate", "Moderate"
    WEAK = "weak", "Weak"
    UNTESTED = "untested", "Not tested"


class RiskControl(Register):
    """A control lowers a risk. Residual below inherent rests on those that operate (R5.1)."""

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="control_links")
    control = models.ForeignKey(Control, models.PROTECT, related_name="risk_links")
    effectiveness = models.CharField(max_length=8, choices=Effectiveness.choices, default=Effectiveness.UNTESTED)
    reason = models.TextField(help_text="How the control makes it less likely or less bad.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=("risk__owner",),
        category=Via("controls.Mapping", "control_id", "criterion__category__slug", row="control_id"),
    )
    ends = ("risk", "control")

    class Meta:
        ordering = ("risk", "control")
        constraints = (
            models.UniqueConstraint(fields=("risk", "control"), name="risks_control_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="risks_control_has_reason"),
            models.CheckConstraint(condition=Q(effectiveness__in=Effectiveness.values), name="risks_effect_known"),
        )

    def __str__(self) -> str:
        return f"{self.control.ref} for {self.risk.ref}"

    def get_absolute_url(self) -> str:
        """The risk's page."""
        return self.risk.get_absolute_url()


class RiskVendor(Register):
    """A risk comes with a vendor."""

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="vendor_links")
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="risk_links")
    reason = models.TextField(help_text="What the vendor has to do with it.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("risk__owner",))
    ends = ("risk", "vendor")

    class Meta:
        ordering = ("risk", "vendor")
        constraints = (
            models.UniqueConstraint(fields=("risk", "vendor"), name="risks_vendor_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="risks_vendor_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.vendor.ref} for {self.risk.ref}"

    def get_absolute_url(self) -> str:
        """The risk's page."""
        return self.risk.get_absolute_url()


class RiskFinding(Register):
    """A finding shows that a risk is real, or raised it."""

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="finding_links")
    finding = models.ForeignKey(Finding, models.PROTECT, related_name="risk_links")
    reason = models.TextField(help_text="What the finding says of the risk.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("risk__owner",))
    ends = ("risk", "finding")

    class Meta:
        ordering = ("risk", "finding")
        constraints = (
            models.UniqueConstraint(fields=("risk", "finding"), name="risks_finding_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="risks_finding_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.finding.ref} for {self.risk.ref}"

    def get_absolute_url(self) -> str:
        """The risk's page."""
        return self.risk.get_absolute_url()
