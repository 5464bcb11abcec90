"""Checklists for joiners and leavers: what is to be done by whom and when, and how it went for one person."""

import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse

from controls.models import Control
from evidence.models import Evidence
from foundation.accounts.paths import Paths, Via
from foundation.organisation.models import today
from foundation.trail.models import Register, Tracked, TrackedQuerySet
from foundation.trail.numbered import Numbered
from people.models.person import Kind, Person
from people.steps import read_steps


class Occasion(models.TextChoices):
    """What a checklist is for, and so from which day it counts: the first or the last."""

    ONBOARDING = "onboarding", "Onboarding"
    OFFBOARDING = "offboarding", "Offboarding"


class ItemState(models.TextChoices):
    """How one item went."""

    TODO = "todo", "To do"
    DONE = "done", "Done"
    NOT_APPLICABLE = "not_applicable", "Not applicable"


class Checklist(Numbered, Register):
    """What is done whenever somebody joins or leaves. Changing it changes no run that has begun."""

    prefix = "CL"

    title = models.CharField(max_length=200)
    occasion = models.CharField("for", max_length=11, choices=Occasion.choices)
    audience = models.CharField(
        "only for", max_length=10, choices=Kind.choices, blank=True, help_text="Empty: employees and contractors."
    )
    items = models.TextField(
        help_text="One a line: what | when | who. When: “3 days before”, “same day”, “1 business day after”, counted "
        "from the first or the last day. Who: “themselves”, “manager”, “administrator”, “compliance manager”, or an "
        "e-mail address."
    )
    applies_from = models.DateField(
        default=today, help_text="It begins by itself for everybody whose first or last day is this one or later."
    )
    control = models.ForeignKey(
        Control, models.PROTECT, null=True, blank=True, related_name="checklists",
        help_text="Closed runs are evidence for it.",
    )  # fmt: skip

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths()

    class Meta:
        ordering = ("occasion", "title", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(title="") & ~Q(items=""), name="people_checklist_says_what"),
            models.CheckConstraint(condition=Q(occasion__in=Occasion.values), name="people_checklist_occasion_known"),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("people:checklist-detail", args=[self.pk])

    def clean(self) -> None:
        """Each line of its items can be read. Raises ValidationError, naming lines."""
        super().clean()
        try:
            read_steps(self.items)
        except ValueError as error:
            raise ValidationError({"items": str(error).splitlines()}) from error

    def day_of(self, person: Person) -> datetime.date | None:
        """The day of the person from which it counts; None while there is none."""
        return person.starts_on if self.occasion == Occasion.ONBOARDING else person.ends_on


class ChecklistRun(Numbered, Register):
    """A checklist for one person, from when the roster knew of their first or last day until it is closed."""

    prefix = "CR"

    person = models.ForeignKey(Person, models.PROTECT, related_name="runs")
    checklist = models.ForeignKey(Checklist, models.PROTECT, related_name="runs")
    day = models.DateField("counts from", help_text="The first or the last day of the person.")
    due_on = models.DateField("due", help_text="The last of its items' days.")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", help_text="Empty: by itself."
    )
    closed_at = models.DateTimeField("closed", null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    evidence = models.ForeignKey(Evidence, models.PROTECT, null=True, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    # Who is asked to do something in it sees it; a leaver who is asked for nothing does not learn of it here.
    access = Paths(owner=(Via("people.ChecklistItem", "run_id", "assignee"),), team=("person__manager__user",))

    class Meta:
        ordering = ("due_on", "id")
        verbose_name = "checklist run"
        constraints = (
            models.UniqueConstraint(
                fields=("person", "checklist", "day"), condition=Q(archived_at=None), name="people_run_once"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, evidence=None)
                | Q(closed_at__isnull=False, closed_by__isnull=False, evidence__isnull=False),
                name="people_run_closed_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.checklist.title}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("people:checklistrun-detail", args=[self.pk])


class ChecklistItem(Tracked):
    """One thing to do in a run. `assignee`: who does it; with none, whoever has `role`, or who closes the run."""

    run = models.ForeignKey(ChecklistRun, models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    words = models.CharField("what", max_length=300)
    offset = models.SmallIntegerField(help_text="Days from the run's day; before it, less than 0.")
    in_business_days = models.BooleanField(default=False)
    due_on = models.DateField("due")
    by = models.CharField("who", max_length=254, help_text="As the checklist says.")
    role = models.CharField(max_length=20, blank=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=14, choices=ItemState.choices, default=ItemState.TODO)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField("done", null=True)
    done_on = models.DateField("done on", null=True, help_text="The day of that, in the organisation's time zone.")
    note = models.TextField(blank=True)
    proof = models.ForeignKey(Evidence, models.PROTECT, null=True, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("assignee",), team=("run__person__manager__user",))

    class Meta:
        ordering = ("run", "position")
        verbose_name = "checklist item"
        constraints = (
            models.UniqueConstraint(fields=("run", "position"), name="people_item_place_once"),
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="people_item_state_known"),
            models.CheckConstraint(
                condition=Q(state=ItemState.TODO, done_by=None, done_at=None, done_on=None)
                | (~Q(state=ItemState.TODO) & Q(done_by__isnull=False, done_at__isnull=False, done_on__isnull=False)),
                name="people_item_done_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state=ItemState.NOT_APPLICABLE) | ~Q(note=""), name="people_item_left_out_with_reason"
            ),
        )

    def __str__(self) -> str:
        return self.words

    def get_absolute_url(self) -> str:
        """The page of its run."""
        return reverse("people:checklistrun-detail", args=[self.run_id])

    def is_late(self, day: datetime.date) -> bool:
        """Whether it was done, or is still to be done, after the day on which it was due."""
        return (self.done_on or day) > self.due_on


def open_items() -> Q:
    """Items that are to be done, in runs that are open."""
    return Q(state=ItemState.TODO, run__archived_at=None, run__closed_at=None)
