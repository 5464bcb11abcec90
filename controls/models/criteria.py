"""What the programme is measured against: framework, category, series, criterion."""

from django.db import models
from django.db.models import Q

from foundation.accounts.paths import Paths
from foundation.trail.models import Tracked


class Framework(Tracked):
    """A published set of criteria, such as the Trust Services Criteria. Loaded from a file, never typed in."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    edition = models.CharField(max_length=120, blank=True, help_text="Which published edition the criteria come from.")

    access = Paths()

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name


class Category(Tracked):
    """A part of a framework that is in scope as a whole. A required one cannot be unticked (R1.1)."""

    framework = models.ForeignKey(Framework, models.PROTECT, related_name="categories")
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField(help_text="Order of appearance in the framework.")
    required = models.BooleanField(default=False, help_text="A required category is always in scope (R1.1).")
    in_scope = models.BooleanField("in scope", default=False)

    access = Paths(category="slug")

    class Meta:
        ordering = ("framework", "position")
        verbose_name_plural = "categories"
        constraints = (
            models.UniqueConstraint(fields=("framework", "slug"), name="controls_category_once"),
            models.CheckConstraint(
                condition=Q(required=False) | Q(in_scope=True),
                name="controls_category_required_is_in_scope",
                violation_error_message="A required category cannot leave the scope.",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Series(Tracked):
    """A run of criteria that belong together, such as CC6."""

    category = models.ForeignKey(Category, models.PROTECT, related_name="series")
    code = models.CharField(max_length=20)
    title = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField(help_text="Order of appearance in the framework.")

    access = Paths(category="category__slug")

    class Meta:
        ordering = ("category__framework", "position")
        verbose_name_plural = "series"
        constraints = (models.UniqueConstraint(fields=("category", "code"), name="controls_series_once"),)

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class Applicability(models.TextChoices):
    """How a criterion applies to this company (R1.2). Carved out is not the same as not relevant."""

    APPLICABLE = "applicable", "Applicable"
    NOT_RELEVANT = "not_relevant", "Not relevant"
    CARVED_OUT = "carved_out", "Applicable, partly met by a subservice organisation"


class Criterion(Tracked):
    """One criterion: its id and our own words for it, never the publisher's text."""

    framework = models.ForeignKey(Framework, models.PROTECT, related_name="criteria")
    category = models.ForeignKey(Category, models.PROTECT, related_name="criteria")
    series = models.ForeignKey(Series, models.PROTECT, related_name="criteria")
    code = models.CharField(max_length=20)
    title = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(help_text="Order of appearance: CC2.1 comes before CC10.1.")
    applicability = models.CharField(max_length=12, choices=Applicability.choices, default=Applicability.APPLICABLE)
    applicability_reason = models.TextField(
        "reason", blank=True, help_text="Why it is not relevant, or what is left to the subservice organisation (R1.2)."
    )
    subservice_organisation = models.CharField(
        max_length=200, blank=True, help_text="Whose controls meet a part of it; only when carved out."
    )

    access = Paths(category="category__slug")

    class Meta:
        ordering = ("framework", "position")
        verbose_name_plural = "criteria"
        constraints = (
            models.UniqueConstraint(fields=("framework", "code"), name="controls_criterion_once"),
            models.CheckConstraint(
                condition=Q(applicability__in=Applicability.values), name="controls_criterion_applicability_known"
            ),
            models.CheckConstraint(
                condition=Q(applicability=Applicability.APPLICABLE) | ~Q(applicability_reason=""),
                name="controls_criterion_exception_has_reason",
                violation_error_message="Say why the criterion is not simply applicable.",
            ),
            models.CheckConstraint(
                condition=(Q(applicability=Applicability.CARVED_OUT) & ~Q(subservice_organisation=""))
                | (~Q(applicability=Applicability.CARVED_OUT) & Q(subservice_organisation="")),
                name="controls_criterion_carve_out_names_whom",
                violation_error_message="Name the subservice organisation exactly when a part is carved out.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.title}"
