"""Populations, the whole lists that samples are drawn from, and samples. Both are frozen: never edited (R3.2)."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from controls.models import Control
from evidence.models.items import Evidence
from evidence.models.links import BY_CONTROL
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered

LINK = "evidence.PopulationLink"


class PopulationKind(models.TextChoices):
    """What a population lists (domain §3)."""

    NEW_HIRES = "new_hires", "New hires"
    LEAVERS = "leavers", "Leavers"
    MOVERS = "movers", "Movers"
    ACCESS_GRANTS = "access_grants", "Access grants"
    PRIVILEGED_USERS = "privileged_users", "Privileged users"
    CHANGES = "changes", "Changes"
    EMERGENCY_CHANGES = "emergency_changes", "Emergency changes"
    INCIDENTS = "incidents", "Incidents"
    ALERTS = "alerts", "Alerts"
    VULNERABILITIES = "vulnerabilities", "Vulnerabilities"
    VENDORS = "vendors", "Vendors"
    BACKUPS = "backups", "Backups and restores"
    TRAINING = "training", "Training"
    CUSTOMERS_LEAVING = "customers_leaving", "Customers leaving"
    PRIVACY_REQUESTS = "privacy_requests", "Privacy requests"
    RECORDS = "records", "Records kept in Countersign"
    OTHER = "other", "Other events"


class Population(Numbered, Register):
    """A frozen list of everything of one kind in a period, with the proof that it is complete.

    Its rows are PopulationItems; their canonical CSV, whose hash stands here, is kept as an item of evidence. It counts
    for coverage while that evidence stands. Whoever finds it wrong withdraws the evidence and freezes another.
    """

    prefix = "POP"

    title = models.CharField(max_length=200, help_text="What it lists, such as “Changes deployed to production”.")
    kind = models.CharField(max_length=20, choices=PopulationKind.choices)
    origin = models.CharField(max_length=60, help_text="file, empty, or the register of Countersign that it is from.")
    source_system = models.CharField(max_length=120, help_text="The system that it comes from, such as “GitHub”.")
    environment = models.CharField(max_length=120, blank=True, help_text="Tenant, account, repository.")
    query = models.TextField(help_text="The query, report or menu path by which anybody gets the same again.")
    source_total = models.PositiveIntegerField(help_text="How many the source itself counts for the same query.")
    period_from = models.DateField("period from", help_text="The first day that it covers.")
    period_to = models.DateField("period to", help_text="The last day that it covers; it is over or it is today.")
    row_count = models.PositiveIntegerField("rows", help_text="How many rows were frozen.")
    sha256 = models.CharField(max_length=64, help_text="Of the canonical CSV of the rows, hex.")
    columns = models.JSONField(default=list, blank=True, help_text="The other columns, in the source's order.")
    key_column = models.CharField(max_length=200, blank=True, help_text="Which column of the source is the key.")
    day_column = models.CharField(max_length=200, blank=True, help_text="Which one is the day; empty: rows have none.")
    gaps = models.JSONField(default=dict, blank=True, help_text="Missing numbers, and stretches without a row.")
    evidence = models.OneToOneField(Evidence, models.PROTECT, related_name="population")
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=(
            "frozen_by", Via(LINK, "population_id", "control__owner"), Via(LINK, "population_id", "control__operator"),
        ),
        team=(),
        category=Via(LINK, "population_id", BY_CONTROL),
    )  # fmt: skip

    class Meta:
        ordering = ("-period_to", "-id")
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=PopulationKind.values), name="evidence_population_kind_known"),
            models.CheckConstraint(
                condition=Q(period_to__gte=F("period_from")),
                name="evidence_population_in_order",
                violation_error_message="The period ends before it begins.",
            ),
            models.CheckConstraint(
                condition=Q(row_count=F("source_total")),
                name="evidence_population_reconciled",
                violation_error_message="The source counts another number than there are rows.",
            ),
            models.CheckConstraint(condition=~Q(query=""), name="evidence_population_says_query"),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """The population's page."""
        return reverse("evidence:population-detail", args=[self.pk])

    def period(self) -> str:
        """The period, in words."""
        return f"{self.period_from} to {self.period_to}"

    @property
    def file(self) -> Any:
        """The canonical CSV of its rows, where it is kept as evidence."""
        return self.evidence.file

    def items(self) -> "models.QuerySet[PopulationItem]":
        """Its rows in canonical order."""
        return PopulationItem.objects.filter(population=self.pk).order_by("position")


class PopulationItem(models.Model):
    """One row of a population. `position` counts from 1 in canonical order: by day, then by key."""

    population = models.ForeignKey(Population, models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=200, help_text="What the source calls this one; it stands in the list once.")
    day = models.DateField(null=True, help_text="When it happened, in the source's own words for days.")
    data = models.JSONField(default=list, help_text="The other columns, in the order of Population.columns.")

    class Meta:
        ordering = ("population", "position")
        constraints = (
            models.UniqueConstraint(fields=("population", "position"), name="evidence_item_position_once"),
            models.UniqueConstraint(fields=("population", "key"), name="evidence_item_key_once"),
        )

    def __str__(self) -> str:
        return self.key


class PopulationLink(Register):
    """A population lists the events of a control, and why. Unlinking archives the row."""

    population = models.ForeignKey(Population, models.PROTECT, related_name="links")
    control = models.ForeignKey(Control, models.PROTECT, related_name="population_links")
    reason = models.TextField(help_text="What the list is for the control.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("control__owner", "control__operator", "population__frozen_by"), category=BY_CONTROL)
    ends = ("population", "control")

    class Meta:
        ordering = ("control", "-id")
        constraints = (
            models.UniqueConstraint(fields=("population", "control"), name="evidence_population_link_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="evidence_population_link_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.population.ref} for {self.control.ref}"

    def get_absolute_url(self) -> str:
        """The population's page."""
        return self.population.get_absolute_url()


class Method(models.TextChoices):
    """How a sample is chosen (domain §3)."""

    RANDOM = "random", "Random"
    SYSTEMATIC = "systematic", "Systematic"
    HAPHAZARD = "haphazard", "Haphazard"
    TARGETED = "targeted", "Targeted"


BY_SEED = (Method.RANDOM, Method.SYSTEMATIC)  # drawn by a rule; the others are picked by a person


class Purpose(models.TextChoices):
    """Whose test it is for (R3.3): management's own, or an engagement's."""

    SELF_TEST = "self_test", "Management self-test"
    AUDIT = "audit", "Drawn by the auditor"


class Sample(Numbered, Register):
    """Some keys of a population, with all that it takes to draw them again (R3.1). A redraw is a new one (R3.2)."""

    prefix = "SMP"

    population = models.ForeignKey(Population, models.PROTECT, related_name="samples")
    population_sha256 = models.CharField(max_length=64, help_text="Of the population's rows when it was drawn.")
    population_size = models.PositiveIntegerField("population size", help_text="N.")
    size = models.PositiveIntegerField("sample size", help_text="n, never above N.")
    method = models.CharField(max_length=10, choices=Method.choices)
    seed = models.CharField(max_length=200, blank=True, help_text="With the rule it gives the same keys again.")
    algorithm = models.CharField(max_length=60, blank=True, help_text="The rule and its version.")
    chosen = models.JSONField(default=list, help_text="[position, key] of each, in the order of choosing.")
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.SELF_TEST)
    reason = models.TextField(blank=True, help_text="Why these keys were picked, or why it was drawn again.")
    redraws = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The sample before it, of the same population.",
    )
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=(
            "drawn_by", "population__frozen_by",
            Via(LINK, "population_id", "control__owner", row="population_id"),
            Via(LINK, "population_id", "control__operator", row="population_id"),
        ),
        team=(),
        category=Via(LINK, "population_id", BY_CONTROL, row="population_id"),
    )  # fmt: skip

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(method__in=Method.values), name="evidence_sample_method_known"),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="evidence_sample_purpose_known"),
            models.CheckConstraint(
                condition=Q(size__gte=1, size__lte=F("population_size")),
                name="evidence_sample_within_population",
                violation_error_message="A sample has at least one item, and no more than its population.",
            ),
            models.CheckConstraint(
                condition=(Q(method__in=BY_SEED) & ~Q(seed="") & ~Q(algorithm=""))
                | (~Q(method__in=BY_SEED) & Q(seed="", algorithm="") & ~Q(reason="")),
                name="evidence_sample_seeded_or_reasoned",
            ),
            models.CheckConstraint(condition=Q(redraws=None) | ~Q(reason=""), name="evidence_sample_redraw_says_why"),
        )

    def __str__(self) -> str:
        return f"{self.ref} of {self.population.ref}"

    def get_absolute_url(self) -> str:
        """The sample's page."""
        return reverse("evidence:sample-detail", args=[self.pk])

    @property
    def statistical(self) -> bool:
        """Whether chance alone chose: only then may numbers be drawn from it about the whole."""
        return self.method in BY_SEED

    def method_words(self) -> str:
        """The method, and whether it says anything about the whole."""
        return f"{self.get_method_display()}{'' if self.statistical else ' (non-statistical)'}"

    def size_words(self) -> str:
        """N of N."""
        return f"{self.size} of {self.population_size}"
