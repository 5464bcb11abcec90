"""The rating method: what each level of likelihood and impact means, where the bands begin. Versions, never edits."""

import datetime
from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from foundation.accounts.paths import Paths
from foundation.organisation.once import once
from foundation.trail.models import Register, TrackedQuerySet

LEVELS: Final = (1, 2, 3, 4, 5)
METHOD: Final = "risks.method"  # under which the version in force is kept for a request


class Band(models.TextChoices):
    """How bad a score (likelihood × impact) is, the worst first."""

    CRITICAL = "critical", "Critical"
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


TONES: ReadOnly[str, str] = {Band.CRITICAL: "bad", Band.HIGH: "warn", Band.MEDIUM: "info", Band.LOW: "ok"}


class Method(Register):
    """One version of the rating method. The newest is in force; a past day is read by what was in force then (CC3.1).

    `likelihood` and `impact`: five levels in order, each `{"name": …, "meaning": …}`, the mildest first.
    """

    number = models.PositiveIntegerField("version", unique=True, editable=False)
    likelihood = models.JSONField(help_text="Five levels, the rarest first: name and meaning.")
    impact = models.JSONField(help_text="Five levels, the mildest first: name and meaning.")
    medium_from = models.PositiveSmallIntegerField(default=5, help_text="The lowest score of the band.")
    high_from = models.PositiveSmallIntegerField(default=10, help_text="The lowest score of the band.")
    critical_from = models.PositiveSmallIntegerField(default=20, help_text="The lowest score of the band.")
    reason = models.TextField(help_text="Why this version was made.")
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+",
        help_text="Who published it; nobody for the one that came with the product.",
    )  # fmt: skip

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths()

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.CheckConstraint(
                condition=Q(medium_from__gte=2, critical_from__lte=25)
                & Q(high_from__gt=F("medium_from"), critical_from__gt=F("high_from")),
                name="risks_method_bands_in_order",
                violation_error_message="The bands begin at rising scores between 2 and 25.",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="risks_method_has_reason"),
        )

    def __str__(self) -> str:
        return f"Rating method {self.number}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("risks:method-detail", args=[self.pk])

    def band(self, score: int | None) -> Band | None:
        """The band of a score; None where nothing was rated."""
        if not score:
            return None
        found = ((self.critical_from, Band.CRITICAL), (self.high_from, Band.HIGH), (self.medium_from, Band.MEDIUM))
        return next((band for least, band in found if score >= least), Band.LOW)

    def scores(self, band: str) -> tuple[int, int]:
        """The lowest and the highest score of a band."""
        starts = {
            Band.LOW: 1,
            Band.MEDIUM: self.medium_from,
            Band.HIGH: self.high_from,
            Band.CRITICAL: self.critical_from,
        }
        ends = {
            Band.LOW: self.medium_from,
            Band.MEDIUM: self.high_from,
            Band.HIGH: self.critical_from,
            Band.CRITICAL: 26,
        }
        return starts[Band(band)], ends[Band(band)] - 1


# The method that comes with the product, in force until a company publishes its own.
FIRST_LIKELIHOOD: Final = (
    ("Rare", "Not expected within ten years; it would take several unlikely things at once."),
    ("Unlikely", "Could happen once in three to ten years; it has happened to others like us."),
    ("Possible", "Could happen once in one to three years; something near it has happened here."),
    ("Likely", "Expected within the year unless something changes."),
    ("Almost certain", "Happens several times a year, or is happening now."),
)
FIRST_IMPACT: Final = (
    ("Slight", "Settled within a day by the team concerned; no customer notices."),
    ("Minor", "Some customers are inconvenienced for hours; no data leaves our hands."),
    ("Moderate", "Service or work suffers for a day; a few customers' data or one promise to them is touched."),
    ("Major", "Service is down for days, or data of many customers is exposed or lost; contracts and authorities ask."),
    ("Severe", "The company's survival, or people's safety, is in question; most customers are affected for good."),
)
FIRST_REASON: Final = "The method that comes with the product."


def first_method() -> Method:
    """Version 1, not stored: what holds where nothing was rated and nothing published yet."""
    likelihood, impact = (
        [{"name": name, "meaning": meaning} for name, meaning in levels] for levels in (FIRST_LIKELIHOOD, FIRST_IMPACT)
    )
    return Method(number=1, likelihood=likelihood, impact=impact, reason=FIRST_REASON)


def in_force(moment: datetime.datetime | None = None) -> Method:
    """The version in force, now or at a past moment; before the first one, the first. Read once a request.

    Where none is stored yet it is `first_method`, without a number in the database: what rates stores it first
    (`risks.methods.established`).
    """

    def read() -> Method:
        versions = Method.objects.order_by("-number")
        then = versions.filter(created_at__lte=moment) if moment else versions
        found: Method | None = then.first() or (versions.last() if moment else None)
        return found or first_method()

    return once((METHOD, moment), read)


class Executive(Register):
    """A manager who was named to accept critical risks (domain, roles page). Ending it archives the row."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="executive_naming")
    reason = models.TextField(help_text="Why this person answers for what could break the company.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("user",))

    class Meta:
        ordering = ("id",)
        constraints = (models.CheckConstraint(condition=~Q(reason=""), name="risks_executive_has_reason"),)

    def __str__(self) -> str:
        return f"{self.user} accepts critical risks"

    def get_absolute_url(self) -> str:
        """The page of the method, which lists who accepts what."""
        return reverse("risks:method-list")
