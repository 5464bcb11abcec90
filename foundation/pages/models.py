"""A file that somebody brings into a register: kept as it came, with its hash, and what became of it (R10.2)."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.paths import Paths


def import_path(one: "Import", filename: str) -> str:
    """Name the stored file by an id of ours: what a person's file was called never becomes a path."""
    return f"imports/{uuid.uuid4()}"


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", "Uploaded"
    MAPPED = "mapped", "Columns chosen"
    CONFIRMED = "confirmed", "Being applied"
    APPLIED = "applied", "Applied"


class ImportQuerySet(models.QuerySet["Import"]):
    def of(self, user: models.Model) -> "ImportQuerySet":
        """The imports that this person uploaded: nobody else sees or continues them."""
        return self.filter(uploaded_by=user.pk)


class Import(models.Model):
    """One file on its way into a register. Trail entries (previewed, applied) tell of it; the file is never deleted."""

    register = models.CharField(max_length=100, help_text="The model's label, such as controls.control.")
    list_path = models.CharField(max_length=200, help_text="The register's list page, by which its importer is found.")
    file = models.FileField(upload_to=import_path)
    name = models.CharField(max_length=200, help_text="What the file was called where it came from.")
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    encoding = models.CharField(max_length=20, blank=True, help_text="As chosen by the person; empty = recognised.")
    sheet = models.CharField(max_length=100, blank=True)
    mapping = models.JSONField(default=dict, help_text="Field name -> heading in the file.")
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.UPLOADED)
    reason = models.CharField(max_length=500, blank=True)
    agreed = models.CharField(max_length=64, blank=True, help_text="Fingerprint of the plan that the person confirmed.")
    counts = models.JSONField(default=dict, help_text="How many records were new, changed, unchanged.")
    job = models.ForeignKey("jobs.Job", models.SET_NULL, null=True, related_name="+")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now, editable=False)
    applied_at = models.DateTimeField(null=True, editable=False)

    access = Paths(owner=("uploaded_by",))

    objects: ClassVar[models.Manager["Import"]] = ImportQuerySet.as_manager()

    class Meta:
        ordering = ("-uploaded_at", "-id")
        indexes = (models.Index(fields=("register", "-id"), name="pages_import_by_register"),)
        constraints = (
            models.CheckConstraint(condition=models.Q(state__in=ImportState.values), name="pages_import_state_known"),
            models.CheckConstraint(
                condition=models.Q(state=ImportState.APPLIED, applied_at__isnull=False)
                | (~models.Q(state=ImportState.APPLIED) & models.Q(applied_at=None)),
                name="pages_import_applied_has_moment",
            ),
        )

    def __str__(self) -> str:
        return f"Import of {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("pages:import-result", args=[self.pk])

    @property
    def is_applied(self) -> bool:
        return self.state == ImportState.APPLIED
