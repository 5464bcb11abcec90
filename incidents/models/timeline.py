"""The timeline of an incident: what happened and what was decided, written once and never changed."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from foundation.trail.models import Tracked, TrackedQuerySet
from incidents.models.incident import Incident
from incidents.models.sight import of_part


def timeline_path(entry: "TimelineEntry", filename: str) -> str:
    """Name the stored file by an id of ours: what a person's file was called never becomes a path."""
    return f"incidents/{uuid.uuid4()}"


class EntryKind(models.TextChoices):
    """What an entry tells."""

    NOTE = "note", "Note"
    DECISION = "decision", "Decision"
    STATUS = "status", "Status"
    SEVERITY = "severity", "Severity"
    CHANGE = "change", "Change"
    PERSON = "person", "People"
    CLOCK = "clock", "Clock"
    NOTIFICATION = "notification", "Notification"
    CUSTODY = "custody", "Custody"
    FILE = "file", "File"
    LINK = "link", "Link"
    REVIEW = "review", "Review"


SAID = (EntryKind.NOTE, EntryKind.DECISION, EntryKind.FILE)  # what people write themselves; verbs write the others


class TimelineEntry(Tracked):
    """One entry, written by `incidents.timeline.add` alone. A correction is a new entry that names the old one.

    `happened_at` is said by whoever writes it; `at` is when it was written. `facts`: plain values, no text of people.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=12, choices=EntryKind.choices, default=EntryKind.NOTE)
    happened_at = models.DateTimeField("happened")
    at = models.DateTimeField("written", editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+",
        help_text="Of whom it tells. The text names nobody: a name must be erasable, and an entry is not.",
    )  # fmt: skip
    text = models.TextField()
    facts = models.JSONField(default=dict, editable=False)
    corrects = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="corrections"
    )
    file = models.FileField(upload_to=timeline_path, blank=True, editable=False)
    name = models.CharField(max_length=200, blank=True, editable=False, help_text="What the file was called.")
    content_type = models.CharField(max_length=120, blank=True, editable=False)
    size = models.PositiveBigIntegerField(null=True, editable=False, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True, editable=False)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = of_part()

    class Meta:
        ordering = ("incident", "happened_at", "id")
        verbose_name_plural = "timeline entries"
        indexes = (models.Index(fields=("incident", "happened_at", "id"), name="incidents_entry_by_time"),)
        constraints = (
            models.CheckConstraint(condition=~Q(text=""), name="incidents_entry_says_something"),
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="incidents_entry_kind_known"),
            models.CheckConstraint(
                condition=Q(file="", name="", sha256="", size=None)
                | (~Q(file="") & ~Q(name="") & ~Q(sha256="") & Q(size__isnull=False)),
                name="incidents_entry_file_whole",
            ),
        )

    def __str__(self) -> str:
        return f"Entry {self.pk} of {Incident.ref_of(self.incident_id)}"

    @property
    def is_said(self) -> bool:
        """Whether a person wrote it, so that it can be corrected. What a verb decided is done anew instead."""
        return self.kind in SAID and (self.kind == EntryKind.FILE or not self.facts or self.corrects_id is not None)

    def get_absolute_url(self) -> str:
        """Its place in the incident's timeline."""
        return f"{self.incident.get_absolute_url()}timeline/?entry={self.pk}#entry-{self.pk}"
