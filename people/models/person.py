"""The roster: everybody who works here, from the first day to the last."""

import datetime
from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse

from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered


class Kind(models.TextChoices):
    """On which terms somebody works here."""

    EMPLOYEE = "employee", "Employee"
    CONTRACTOR = "contractor", "Contractor"


class Standing(models.TextChoices):
    """Where somebody stands on a day; it follows from the first and the last day, nobody sets it."""

    FUTURE = "future", "Starts later"
    ACTIVE = "active", "Active"
    LEFT = "left", "Left"


TONES: ReadOnly[str, str] = {Standing.FUTURE: "info", Standing.ACTIVE: "ok", Standing.LEFT: "mute"}


def active_on(day: datetime.date) -> Q:
    """Who works here on a day. Live and history rows."""
    return Q(starts_on__lte=day) & (Q(ends_on=None) | Q(ends_on__gte=day))


def starts_after(day: datetime.date) -> Q:
    """Who begins after a day. Live and history rows."""
    return Q(starts_on__gt=day)


def left_by(day: datetime.date) -> Q:
    """Who has left before a day: the last day of work lies before it."""
    return Q(ends_on__lt=day)


class Person(Numbered, Register):
    """One person of the roster, as the personnel system knows them. `user`: their account here, if they have one."""

    prefix = "P"

    external_id = models.CharField(
        "personnel number", max_length=80, blank=True, help_text="What the personnel system calls them."
    )
    name = models.CharField(max_length=200)
    email = models.EmailField("e-mail", help_text="At work, in lower case.")
    aliases = models.TextField(
        "other addresses", blank=True, help_text="Other e-mail addresses of theirs, one a line: accounts match by them."
    )
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.EMPLOYEE)
    title = models.CharField("job title", max_length=120, blank=True)
    department = models.CharField(max_length=120, blank=True)
    manager = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="reports")
    starts_on = models.DateField("first day")
    ends_on = models.DateField("last day", null=True, blank=True, help_text="The last day of work; empty while open.")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="person",
        help_text="Their account in Countersign; found by the e-mail address.",
    )  # fmt: skip

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    personal = ("external_id", "name", "email", "aliases")
    access = Paths(owner=("user",), team=("manager__user",))

    class Meta:
        ordering = ("name", "id")
        verbose_name = "person"
        verbose_name_plural = "people"
        indexes = (
            models.Index(fields=("name", "id"), name="people_by_name"),
            models.Index(fields=("ends_on",), name="people_by_last_day"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("email",), name="people_email_once", violation_error_code="unique",
                violation_error_message="Somebody else has this address."
            ),
            models.UniqueConstraint(
                fields=("external_id",), condition=~Q(external_id=""), name="people_number_once",
                violation_error_code="unique",
                violation_error_message="Somebody else has this personnel number.",
            ),
            models.CheckConstraint(condition=~Q(name="") & ~Q(email=""), name="people_has_name_and_email"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="people_email_lower_case"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="people_kind_known"),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="people_days_in_order",
                violation_error_message="The last day lies before the first.",
            ),
            models.CheckConstraint(
                condition=Q(manager=None) | ~Q(manager=F("id")), name="people_not_own_manager",
                violation_error_message="Nobody is their own manager.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Their page."""
        return reverse("people:person-detail", args=[self.pk])

    def clean(self) -> None:
        """Addresses in lower case, each other one once and on a line of its own. Raises ValidationError."""
        super().clean()
        self.email = self.email.strip().lower()
        lines = [line.strip().lower() for line in self.aliases.splitlines() if line.strip()]
        for line in lines:
            try:
                validate_email(line)
            except ValidationError as error:
                raise ValidationError({"aliases": f"“{line[:60]}” is no e-mail address."}) from error
        self.aliases = "\n".join(line for line in dict.fromkeys(lines) if line != self.email)

    def standing(self, day: datetime.date) -> Standing:
        """Where they stand on a day."""
        if day < self.starts_on:
            return Standing.FUTURE
        return Standing.LEFT if self.ends_on and self.ends_on < day else Standing.ACTIVE

    def addresses(self) -> list[str]:
        """All their addresses, in lower case, the first one first."""
        return [self.email, *(line.strip().lower() for line in self.aliases.splitlines() if line.strip())]
