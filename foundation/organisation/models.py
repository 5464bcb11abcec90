"""The one organisation of this installation, its holidays, and the numbers that it has promised."""

import zoneinfo
from datetime import date, datetime, time

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils import timezone

from foundation.organisation.catalogue import CATALOGUE
from foundation.organisation.once import once
from foundation.trail.models import Register, Tracked

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ONLY_ID = 1
TAKEN = "That day is on the calendar already, or was taken off it: then restore it."


def valid_zone(name: str) -> None:
    """Refuse what the time zone database does not know."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError("“%(name)s” is not a time zone. Write it like Europe/Berlin.", params={"name": name})


def valid_week(week: str) -> None:
    """Refuse a week that is not a list of days in order, without repeats, with at least one of them."""
    days = week.split(",")
    if days != [day for day in DAYS if day in days]:
        raise ValidationError("Choose at least one working day.")


def logo_path(organisation: "Organisation", filename: str) -> str:
    """Name the stored logo ourselves: what a person's file was called never becomes a path."""
    return "organisation/logo.png"


class Organisation(Tracked):
    """The single row. Whether it is a demo is said when it is created and never again; the database holds it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ID, editable=False)
    name = models.CharField(max_length=120)
    logo = models.FileField(upload_to=logo_path, blank=True)
    time_zone = models.CharField(max_length=60, default="UTC", validators=(valid_zone,))
    work_week = models.CharField(max_length=30, default="mon,tue,wed,thu,fri", validators=(valid_week,))
    is_demo = models.BooleanField(default=False, editable=False)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=ONLY_ID), name="organisation_only_one"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_new(self) -> bool:
        """Whether nobody has set the organisation up yet."""
        return self._state.adding

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def work_days(self) -> frozenset[int]:
        """The working days as `date.weekday()` numbers: Monday is 0."""
        return frozenset(DAYS.index(day) for day in self.work_week.split(","))


class Holiday(Register):
    """A day on which nobody works, besides those outside the work week. Taken off the calendar, it is archived."""

    day = models.DateField("date", unique=True, error_messages={"unique": TAKEN})
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day} {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("organisation:holiday-detail", args=[self.pk])


class Setting(Tracked):
    """A number that the organisation set away from its default in the catalogue. No row: the default holds."""

    key = models.CharField(max_length=40, unique=True, help_text="A key of the catalogue.")
    value = models.IntegerField()

    class Meta:
        ordering = ("key",)

    def __str__(self) -> str:
        return CATALOGUE[self.key].words


def organisation() -> Organisation:
    """Return the organisation; before anybody has set it up, an unsaved one with the defaults. One query a request."""
    return once(
        Organisation,
        lambda: Organisation.objects.filter(pk=ONLY_ID).first() or Organisation(name="Your organisation"),
    )


def zone() -> zoneinfo.ZoneInfo:
    """Return the organisation's time zone."""
    return organisation().zone


def day_at(moment: datetime) -> date:
    """Return the date on the organisation's wall at a moment."""
    return moment.astimezone(zone()).date()


def begin_of(day: date) -> datetime:
    """Return the moment at which a day begins on the organisation's wall."""
    return datetime.combine(day, time.min, zone())


def today() -> date:
    """Return the date on the organisation's wall: what business dates (due, review, effective) are compared with."""
    return day_at(timezone.now())
