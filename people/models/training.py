"""Training: courses for part of the roster, and who completed which of them when."""

import datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse

from controls.models import Control
from evidence.models import Evidence
from foundation.accounts.paths import Paths
from foundation.organisation.models import today
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from people.models.person import Kind, Person

LONGEST_DAYS, LONGEST_MONTHS = 365, 120


class Audience(models.TextChoices):
    """Whom a course is for."""

    EVERYBODY = "everybody", "Everybody"
    EMPLOYEES = "employees", "Employees"
    DEPARTMENTS = "departments", "Departments"


class Course(Numbered, Register):
    """A training course: for whom, by when after joining, and how often again."""

    prefix = "TC"

    title = models.CharField(max_length=200)
    text = models.TextField("about", blank=True, help_text="What it is about, and where it is found.")
    audience = models.CharField("for", max_length=11, choices=Audience.choices, default=Audience.EVERYBODY)
    departments = models.TextField(blank=True, help_text="One a line, as the roster writes them, for “Departments”.")
    applies_from = models.DateField(
        default=today, help_text="For those who were here before, the days count from here."
    )
    due_days = models.PositiveSmallIntegerField("due within", default=30, help_text="Days from the first day of work.")
    every_months = models.PositiveSmallIntegerField(
        "again every", null=True, blank=True, help_text="Months from the last completion; empty: once is enough."
    )
    control = models.ForeignKey(
        Control, models.PROTECT, null=True, blank=True, related_name="courses",
        help_text="Recorded completions are evidence for it.",
    )  # fmt: skip

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths()

    class Meta:
        ordering = ("title", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("title",), name="people_course_once", violation_error_code="unique",
                violation_error_message="There is a course of this title already.",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="people_course_says_what"),
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="people_course_audience_known"),
            models.CheckConstraint(
                condition=Q(due_days__lte=LONGEST_DAYS), name="people_course_due_within_a_year",
                violation_error_message=f"At most {LONGEST_DAYS} days.",
            ),
            models.CheckConstraint(
                condition=Q(every_months=None) | Q(every_months__gte=1, every_months__lte=LONGEST_MONTHS),
                name="people_course_again",
                violation_error_message=f"Again every 1 to {LONGEST_MONTHS} months.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("people:course-detail", args=[self.pk])

    def clean(self) -> None:
        """A course for departments names them. Raises ValidationError."""
        super().clean()
        if self.audience == Audience.DEPARTMENTS and not self.department_list():
            raise ValidationError({"departments": "Name the departments, one a line."})

    def department_list(self) -> list[str]:
        """The departments that it names."""
        return [line.strip() for line in self.departments.splitlines() if line.strip()]

    def reaches(self) -> Q:
        """The people whom it is for, whoever works here. Live and history rows."""
        if self.audience == Audience.EMPLOYEES:
            return Q(kind=Kind.EMPLOYEE)
        return Q(department__in=self.department_list()) if self.audience == Audience.DEPARTMENTS else Q()

    def is_for(self, person: Person) -> bool:
        """Whether it is for this person: what `reaches` says, of one."""
        if self.audience == Audience.EMPLOYEES:
            return person.kind == Kind.EMPLOYEE
        return self.audience == Audience.EVERYBODY or person.department in self.department_list()

    def due_on(self, person: Person, last: datetime.date | None) -> datetime.date | None:
        """The day by which the person completes it (again), given the last completion; None: never again."""
        if last is None:
            return max(person.starts_on, self.applies_from) + datetime.timedelta(days=self.due_days)
        return later(last, self.every_months) if self.every_months else None


class Completion(Numbered, Register):
    """That a person completed a course on a day. Never edited: a newer one follows it, a wrong one is archived."""

    prefix = "CMP"

    course = models.ForeignKey(Course, models.PROTECT, related_name="completions")
    person = models.ForeignKey(Person, models.PROTECT, related_name="completions")
    completed_on: Any = models.DateField("completed")
    source = models.CharField(max_length=120, blank=True, help_text="Where that is known from: the learning platform.")
    certificate = models.ForeignKey(
        Evidence, models.PROTECT, null=True, blank=True, editable=False, related_name="completions"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("person__user",), team=("person__manager__user",))

    class Meta:
        ordering = ("-completed_on", "id")
        indexes = (models.Index(fields=("course", "person", "completed_on"), name="people_completion_last"),)
        constraints = (
            models.UniqueConstraint(
                fields=("course", "person", "completed_on"), name="people_completion_once",
                condition=Q(archived_at=None), violation_error_message="That is recorded already.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.course.title}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("people:completion-detail", args=[self.pk])

    def clean(self) -> None:
        """It has happened. Raises ValidationError."""
        super().clean()
        if self.completed_on is not None and self.completed_on > today():
            raise ValidationError({"completed_on": "This day has not come yet."})


def later(day: datetime.date, months: int) -> datetime.date:
    """The same day so many months later; the last of the month where that has fewer days."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (datetime.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - datetime.timedelta(days=1)).day
    return datetime.date(year, month + 1, min(day.day, last))
