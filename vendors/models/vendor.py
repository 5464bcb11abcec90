"""A vendor: what it does for us, how much depends on it before anybody looks at its controls, and where it stands."""

import datetime
from collections.abc import Mapping as ReadOnly
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse

from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered


class Tier(models.TextChoices):
    """How much depends on it, the most first: what is asked, and how often (domain §6)."""

    CRITICAL = "critical", "Critical"
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class Reach(models.TextChoices):
    """What it can reach of ours."""

    NONE = "none", "None"
    VIEW = "view", "Sees our data"
    HOLDS = "holds", "Holds our data"
    PRODUCTION = "production", "Production or administration"


class Criticality(models.TextChoices):
    """What happens when it fails."""

    NONE = "none", "Nobody notices"
    DELAY = "delay", "Work is delayed"
    DEGRADED = "degraded", "Our service suffers"
    OUTAGE = "outage", "Our service stops"


class Volume(models.TextChoices):
    """How much personal or customer data it handles."""

    NONE = "none", "None"
    FEW = "few", "Some people or customers"
    MANY = "many", "Many people or customers"
    ALL = "all", "All of them"


class Region(models.TextChoices):
    """Where it works with our data, as far as that makes a transfer harder."""

    SAME = "same", "Our own country or region"
    ADEQUATE = "adequate", "Elsewhere, with recognised protection"
    OTHER = "other", "Elsewhere"


class Replaceability(models.TextChoices):
    """How hard it is to do without it."""

    DAYS = "days", "Replaced within days"
    WEEKS = "weeks", "Replaced within weeks"
    MONTHS = "months", "Replaced within months"
    HARDLY = "hardly", "Hardly replaceable"


class Status(models.TextChoices):
    """Where a vendor stands."""

    PROPOSED = "proposed", "Proposed"
    ASSESSING = "assessing", "In assessment"
    APPROVED = "approved", "Approved"
    CONDITIONAL = "conditional", "Approved with conditions"
    OFFBOARDING = "offboarding", "Being ended"
    ENDED = "ended", "Ended"


# The only legal moves. Approved and conditional take a second person (R6.1); ended takes proof of every exit step.
MOVES: ReadOnly[str, tuple[str, ...]] = {
    Status.PROPOSED: (Status.ASSESSING, Status.ENDED),
    Status.ASSESSING: (Status.APPROVED, Status.CONDITIONAL, Status.PROPOSED, Status.OFFBOARDING, Status.ENDED),
    Status.APPROVED: (Status.ASSESSING, Status.CONDITIONAL, Status.OFFBOARDING),
    Status.CONDITIONAL: (Status.ASSESSING, Status.APPROVED, Status.OFFBOARDING),
    Status.OFFBOARDING: (Status.APPROVED, Status.CONDITIONAL, Status.ENDED),
    Status.ENDED: (Status.PROPOSED,),
}
TONES: ReadOnly[str, str] = {
    Status.PROPOSED: "mute",
    Status.ASSESSING: "info",
    Status.APPROVED: "ok",
    Status.CONDITIONAL: "warn",
    Status.OFFBOARDING: "warn",
    Status.ENDED: "mute",
}
IN_USE: Final = (Status.APPROVED, Status.CONDITIONAL, Status.OFFBOARDING)


def in_use() -> Q:
    """Vendors that the company works with. Live and history rows."""
    return Q(archived_at=None, status__in=IN_USE)


class VendorQuerySet(TrackedQuerySet["Vendor"]):
    """The words in which vendors are asked for."""

    def in_use(self) -> "VendorQuerySet":
        """See `in_use`."""
        return self.filter(in_use())


class Vendor(Numbered, Register):
    """One vendor with the service that it gives us (domain §6). The tier follows from its inherent attributes."""

    prefix = "V"

    name = models.CharField(max_length=160, help_text="As people call it. Unique, whatever its case.")
    legal_name = models.CharField(max_length=200, blank=True)
    website = models.CharField(max_length=200, blank=True, help_text="Its address on the web, as text.")
    service = models.TextField(blank=True, help_text="What it does for us.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owned_vendors",
        help_text="Answers for it and has it reviewed.",
    )  # fmt: skip
    contact = models.CharField(max_length=200, blank=True, help_text="Whom to write to about security and incidents.")

    data_classes = models.JSONField("data classes", default=list, blank=True, help_text="Values of systems.DataClass.")
    reach = models.CharField("access", max_length=10, choices=Reach.choices, default=Reach.NONE)
    criticality = models.CharField(max_length=8, choices=Criticality.choices, default=Criticality.NONE)
    volume = models.CharField("volume of data", max_length=4, choices=Volume.choices, default=Volume.NONE)
    region = models.CharField(max_length=8, choices=Region.choices, default=Region.SAME)
    locations = models.CharField(max_length=200, blank=True, help_text="Countries in which it handles our data.")
    replaceability = models.CharField(max_length=6, choices=Replaceability.choices, default=Replaceability.DAYS)
    tier = models.CharField(max_length=8, choices=Tier.choices, default=Tier.LOW, editable=False)
    tier_score = models.PositiveSmallIntegerField("inherent score", default=0, editable=False, help_text="0 to 100.")
    raised_to = models.CharField(
        "tier raised to", max_length=8, choices=Tier.choices, blank=True, editable=False,
        help_text="Where somebody put it higher than its attributes say; never lower.",
    )  # fmt: skip
    raised_reason = models.TextField(blank=True, editable=False)

    subprocessor = models.BooleanField(
        "sub-processor", default=False, help_text="Handles personal data of customers on our behalf."
    )
    subservice = models.BooleanField(
        "subservice organisation", default=False, help_text="Its controls are part of meeting our own criteria."
    )
    personal_data = models.TextField(
        "personal data handled", blank=True, help_text="Which, for the sub-processor list."
    )
    transfer_basis = models.CharField(max_length=200, blank=True, help_text="On what a transfer abroad rests.")
    started_on = models.DateField("in use since", null=True, blank=True)

    status = models.CharField(max_length=11, choices=Status.choices, default=Status.PROPOSED, editable=False)
    status_note = models.TextField(blank=True, editable=False, help_text="What was said when the status last changed.")
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="vendors_to_approve",
        help_text="Approves its use: another person than the owner and the assessor.",
    )  # fmt: skip
    approved_at = models.DateTimeField("approved", null=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    residual = models.CharField(
        "residual risk", max_length=8, choices=Tier.choices, blank=True, editable=False,
        help_text="What remains after its controls, as the last approved review says.",
    )  # fmt: skip
    last_reviewed_on = models.DateField("last review", null=True, editable=False)
    next_review_on = models.DateField("next review", null=True, blank=True, editable=False)
    ended_on = models.DateField("ended", null=True, editable=False)

    objects: ClassVar[models.Manager["Vendor"]] = VendorQuerySet.as_manager()

    access = Paths(owner=("owner",))
    personal = ("contact",)

    class Meta:
        ordering = ("name", "id")
        indexes = (
            models.Index(fields=("name", "id"), name="vendors_by_name"),
            models.Index(fields=("status", "tier"), name="vendors_by_status"),
            models.Index(fields=("next_review_on",), name="vendors_by_review"),
        )
        constraints = (
            models.UniqueConstraint(
                Lower("name"), name="vendors_name_once", violation_error_message="Another vendor has this name."
            ),
            models.CheckConstraint(condition=~Q(name=""), name="vendors_has_name"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="vendors_status_known"),
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="vendors_tier_known"),
            models.CheckConstraint(condition=Q(reach__in=Reach.values), name="vendors_reach_known"),
            models.CheckConstraint(condition=Q(criticality__in=Criticality.values), name="vendors_criticality_known"),
            models.CheckConstraint(condition=Q(volume__in=Volume.values), name="vendors_volume_known"),
            models.CheckConstraint(condition=Q(region__in=Region.values), name="vendors_region_known"),
            models.CheckConstraint(
                condition=Q(replaceability__in=Replaceability.values), name="vendors_replaceability_known"
            ),
            models.CheckConstraint(
                condition=Q(raised_to="", raised_reason="") | (Q(raised_to__in=Tier.values) & ~Q(raised_reason="")),
                name="vendors_raised_with_reason",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=(Status.APPROVED, Status.CONDITIONAL))
                | Q(owner__isnull=False, approved_by__isnull=False, approved_at__isnull=False),
                name="vendors_approved_whole",
                violation_error_message="What is approved has an owner and an approver.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=(Status.APPROVED, Status.CONDITIONAL)) | ~Q(approved_by=F("owner")),
                name="vendors_approved_by_another",
                violation_error_message="Who approved it cannot own it while that stands.",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.ENDED) | Q(ended_on=None), name="vendors_ended_on_its_day"
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("vendors:vendor-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return self.name

    def is_due(self, day: datetime.date) -> bool:
        """Whether its next review should have been by this day."""
        return self.status in IN_USE and self.next_review_on is not None and self.next_review_on < day
