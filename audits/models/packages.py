"""Packages: what an auditor takes along of an engagement, as one archive that proves itself offline."""

import uuid
from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import cached_property

from audits.models.requests import within
from foundation.accounts.paths import Paths
from foundation.trail.log import Block
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered


class PackageState(models.TextChoices):
    """A package is whole or there is none: what fails leaves nothing that could be taken for one."""

    BUILDING = "building", "Being built"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"


PACKAGE_TONES: Final[ReadOnly[str, str]] = {
    PackageState.BUILDING: "info",
    PackageState.READY: "ok",
    PackageState.FAILED: "bad",
}


def package_path(package: "Package", filename: str) -> str:
    """Name the stored file by an id of ours."""
    return f"packages/{uuid.uuid4()}"


def part_path(part: "PackagePart", filename: str) -> str:
    """Name the stored part by an id of ours."""
    return f"packages/parts/{uuid.uuid4()}"


class Package(Numbered, Register):
    """One archive of an engagement, made as of one checkpoint of the trail and by the sight of one of its auditors.

    Whoever of the engagement's auditors it is made for, it holds what they all may see: their windows are the same. The
    database refuses to change one that is ready.
    """

    prefix = "PKG"

    engagement = models.ForeignKey("audits.Engagement", models.PROTECT, related_name="packages")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+",
        help_text="The auditor by whose sight it is made.",
    )  # fmt: skip
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    checkpoint = models.TextField(editable=False, help_text="Of the audit trail, signed: what it is made as of.")
    log_size = models.PositiveBigIntegerField(editable=False, help_text="How many entries that checkpoint seals.")
    pinned_at = models.DateTimeField("as of", editable=False, help_text="When it was sealed, in UTC.")
    state = models.CharField(max_length=8, choices=PackageState.choices, default=PackageState.BUILDING, editable=False)
    failure = models.TextField(blank=True, editable=False, help_text="Why there is none, in words.")
    file = models.FileField(upload_to=package_path, blank=True, editable=False)
    size = models.PositiveBigIntegerField(default=0, editable=False, help_text="Bytes.")
    sha256 = models.CharField("SHA-256", max_length=64, blank=True, editable=False, help_text="Of the archive, hex.")
    file_count = models.PositiveIntegerField("files", default=0, editable=False)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(timeless=True, within=within("engagement_id"))

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=PackageState.values), name="audits_package_state_known"),
            models.CheckConstraint(
                condition=Q(state="ready", size__gt=0, file_count__gt=0) & ~Q(sha256="") & ~Q(file="")
                | ~Q(state="ready") & Q(sha256="", file="", size=0),
                name="audits_package_whole_or_none",
            ),
            models.CheckConstraint(
                condition=Q(state="failed") & ~Q(failure="") | ~Q(state="failed") & Q(failure=""),
                name="audits_package_failure_says_why",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} of {self.engagement}"

    def get_absolute_url(self) -> str:
        """The package's page."""
        return reverse("audits:package-detail", args=[self.pk])

    @property
    def state_tone(self) -> str:
        """The tone of the state's badge."""
        return PACKAGE_TONES[self.state]

    @cached_property
    def block(self) -> Block:
        """The checkpoint with the entries that it seals. Raises Block.DoesNotExist where the log was cut."""
        return Block.objects.get(size=self.log_size, note=self.checkpoint)

    def name(self) -> str:
        """What the download is called."""
        return f"{self.ref}.zip"


class PackagePart(models.Model):
    """One file of a package that is being built: what is done need not be done again when a worker was killed."""

    package = models.ForeignKey(Package, models.PROTECT, related_name="parts")
    path = models.CharField(max_length=200, help_text="Within the archive.")
    title = models.CharField(max_length=300)
    file = models.FileField(upload_to=part_path)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64, help_text="Hex.")

    class Meta:
        ordering = ("package", "path")
        constraints = (models.UniqueConstraint(fields=("package", "path"), name="audits_part_once"),)

    def __str__(self) -> str:
        return self.path
