"""The inventory of systems: what the company runs on, who answers for each, and who administers it."""

from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered


class Criticality(models.TextChoices):
    """How bad it is when it fails or leaks, the worst first."""

    CRITICAL = "critical", "Critical"
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class DataClass(models.TextChoices):
    """What kinds of data it holds."""

    PUBLIC = "public", "Public"
    INTERNAL = "internal", "Internal"
    CONFIDENTIAL = "confidential", "Confidential"
    CUSTOMER = "customer", "Customer data"
    PERSONAL = "personal", "Personal data"


class Cadence(models.TextChoices):
    """How often the access to a system is reviewed."""

    MONTHLY = "monthly", "Monthly"
    QUARTERLY = "quarterly", "Quarterly"
    SEMI_ANNUAL = "semi_annual", "Twice a year"
    ANNUAL = "annual", "Once a year"


MONTHS: Final = {Cadence.MONTHLY: 1, Cadence.QUARTERLY: 3, Cadence.SEMI_ANNUAL: 6, Cadence.ANNUAL: 12}


class System(Numbered, Register):
    """One system, with accounts of its own that are reviewed (domain §4)."""

    prefix = "SYS"

    name = models.CharField(max_length=120, help_text="As people call it, such as “GitHub”. Unique, whatever its case.")
    purpose = models.TextField(blank=True, help_text="What it is used for.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owned_systems",
        help_text="Answers for it, brings its listings and removes what a review decided to remove.",
    )  # fmt: skip
    criticality = models.CharField(max_length=8, choices=Criticality.choices, default=Criticality.MEDIUM)
    data_classes = models.JSONField("data classes", default=list, blank=True, help_text="Values of DataClass.")
    production = models.BooleanField(default=False, help_text="Customers depend on it as it runs.")
    privileged = models.BooleanField(
        "sensitive access", default=False,
        help_text="Identity provider, customer data, source code or the means to change production.",
    )  # fmt: skip
    in_scope = models.BooleanField("in scope", default=True, help_text="The SOC 2 programme covers it.")
    cadence = models.CharField(
        "access review", max_length=11, choices=Cadence.choices, blank=True,
        help_text="Empty: quarterly for production and sensitive access, else twice a year.",
    )  # fmt: skip
    privileged_roles = models.JSONField(
        "privileged roles", default=list, blank=True, help_text="Names of roles that can do harm, whatever their case."
    )
    forbidden_pairs = models.JSONField(
        "conflicting roles", default=list, blank=True, help_text="Pairs of roles that nobody may hold together."
    )

    own = models.BooleanField(
        "is Countersign",
        default=False,
        editable=False,
        help_text="This installation: its accounts are listed by itself.",
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("owner",))

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                Lower("name"), name="systems_name_once", violation_error_message="Another system has this name."
            ),
            models.UniqueConstraint(fields=("own",), condition=Q(own=True), name="systems_own_once"),
            models.CheckConstraint(condition=~Q(name=""), name="systems_has_name"),
            models.CheckConstraint(condition=Q(criticality__in=Criticality.values), name="systems_criticality_known"),
            models.CheckConstraint(condition=Q(cadence__in=["", *Cadence.values]), name="systems_cadence_known"),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("systems:system-detail", args=[self.pk])

    @property
    def review_cadence(self) -> Cadence:
        """How often its access is reviewed: as it says, else by rule (domain §4)."""
        if self.cadence:
            return Cadence(self.cadence)
        return Cadence.QUARTERLY if self.production or self.privileged else Cadence.SEMI_ANNUAL

    @property
    def title(self) -> str:
        """What a search shows."""
        return self.name

    def cadence_words(self) -> str:
        """How often its access is reviewed, and by which rule, such as “Quarterly (by rule: production)”."""
        words = str(self.review_cadence.label)
        if self.cadence:
            return words
        why = [
            label for held, label in ((self.production, "production"), (self.privileged, "sensitive access")) if held
        ]
        return f"{words} (by rule: {' and '.join(why) or 'neither production nor sensitive'})"

    def data_words(self) -> list[str]:
        """Its classes of data, in words."""
        return [str(DataClass(value).label) for value in self.data_classes if value in DataClass.values]

    def pair_words(self) -> list[str]:
        """Its conflicting roles, a pair in each."""
        return [" + ".join(pair) for pair in self.forbidden_pairs]


class SystemAdministrator(Register):
    """Somebody administers a system: none of its accounts are theirs to decide on. Unlinking archives the row."""

    system = models.ForeignKey(System, models.PROTECT, related_name="administrators")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="administered_systems")
    reason = models.TextField(help_text="Why this person administers it.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("system__owner", "user"))
    ends = ("system", "user")

    class Meta:
        ordering = ("system", "id")
        constraints = (
            models.UniqueConstraint(fields=("system", "user"), name="systems_administrator_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="systems_administrator_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.user} administers {self.system.name}"

    def get_absolute_url(self) -> str:
        """The system's page."""
        return self.system.get_absolute_url()
