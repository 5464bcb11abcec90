"""What was collected as evidence of an incident, through whose hands it went, and whether it is still the same bytes.

All of it is written once: the database refuses every later write. A mistake is told in a new row.
"""

import uuid
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from foundation.trail.models import Register, Tracked, TrackedQuerySet
from foundation.trail.numbered import Numbered
from incidents.models.incident import Incident
from incidents.models.sight import of_part

IN_STORE: Final = "Countersign, encrypted"  # where a file lies that is kept here


def custody_path(item: "CustodyItem", filename: str) -> str:
    """Name the stored file by an id of ours: what a person's file was called never becomes a path."""
    return f"incidents/{uuid.uuid4()}"


class CustodyKind(models.TextChoices):
    """What was collected."""

    FILE = "file", "File kept here"
    DATA = "data", "Data kept elsewhere"
    DEVICE = "device", "Device or medium"
    PAPER = "paper", "Paper"
    OTHER = "other", "Other thing"


class CustodyItem(Numbered, Register):
    """One piece of evidence: what it is, where, how, when and by whom it was collected, where it is kept (domain §7).

    A file that is kept here has its hash by our own count; of data kept elsewhere the hash is the collector's.
    """

    prefix = "CI"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="custody")
    kind = models.CharField(max_length=6, choices=CustodyKind.choices, default=CustodyKind.FILE)
    description = models.CharField(max_length=300)
    where = models.CharField("collected from", max_length=300, help_text="Which system, device, place or person.")
    how = models.TextField("how it was collected", help_text="By which tool or steps, so that another could judge it.")
    collected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="collected_custody",
        help_text="Empty: somebody without an account, who is named below.",
    )  # fmt: skip
    collector_name = models.CharField("collector", max_length=120, blank=True, help_text="Who has no account here.")
    collected_at = models.DateTimeField("collected")
    storage = models.CharField("kept in", max_length=300, help_text="Where it lies, and what closes it off.")
    copy_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="copies", help_text="Work is done on copies."
    )
    file = models.FileField(upload_to=custody_path, blank=True, editable=False)
    name = models.CharField(max_length=200, blank=True, editable=False, help_text="What the file was called.")
    content_type = models.CharField(max_length=120, blank=True, editable=False)
    size = models.PositiveBigIntegerField(null=True, editable=False, help_text="Bytes.")
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = of_part()

    class Meta:
        ordering = ("incident", "id")
        constraints = (
            models.CheckConstraint(
                condition=~Q(description="") & ~Q(where="") & ~Q(how="") & ~Q(storage=""), name="incidents_custody_told"
            ),
            models.CheckConstraint(condition=Q(kind__in=CustodyKind.values), name="incidents_custody_kind_known"),
            models.CheckConstraint(
                condition=Q(collected_by__isnull=False) | ~Q(collector_name=""), name="incidents_custody_collector"
            ),
            models.CheckConstraint(
                condition=(Q(kind=CustodyKind.FILE, size__isnull=False) & ~Q(file="") & ~Q(name="") & ~Q(sha256=""))
                | (~Q(kind=CustodyKind.FILE) & Q(file="", name="", size=None)),
                name="incidents_custody_file_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.description}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:custodyitem-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return self.description


class TransferKind(models.TextChoices):
    """What happened to it."""

    HANDED = "handed", "Handed over"
    MOVED = "moved", "Kept elsewhere now"
    RETURNED = "returned", "Returned to its owner"
    DESTROYED = "destroyed", "Destroyed"


class CustodyTransfer(Tracked):
    """It went from one hand to another: from, to, time and purpose. Whoever has no account is named in words."""

    item = models.ForeignKey(CustodyItem, models.PROTECT, related_name="transfers")
    kind = models.CharField(max_length=9, choices=TransferKind.choices, default=TransferKind.HANDED)
    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="from"
    )
    giver_name = models.CharField("from, without an account", max_length=120, blank=True)
    receiver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="to"
    )
    receiver_name = models.CharField("to, without an account", max_length=120, blank=True)
    happened_at = models.DateTimeField("when")
    purpose = models.TextField()
    storage = models.CharField("kept in", max_length=300, help_text="Where it lies from now on.")
    at = models.DateTimeField("written", editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = of_part("item__incident")

    class Meta:
        ordering = ("item", "happened_at", "id")
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=TransferKind.values), name="incidents_transfer_kind_known"),
            models.CheckConstraint(condition=~Q(purpose="") & ~Q(storage=""), name="incidents_transfer_told"),
            models.CheckConstraint(
                condition=(Q(giver__isnull=False) | ~Q(giver_name=""))
                & (Q(receiver__isnull=False) | ~Q(receiver_name="")),
                name="incidents_transfer_between_two",
            ),
        )

    def __str__(self) -> str:
        return f"Transfer of {CustodyItem.ref_of(self.item_id)}"

    def get_absolute_url(self) -> str:
        """The item's page."""
        return self.item.get_absolute_url()


class HashCheck(Tracked):
    """The hash was taken again over the stored bytes, and was the same or not."""

    item = models.ForeignKey(CustodyItem, models.PROTECT, related_name="checks")
    at = models.DateTimeField("checked", editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    expected = models.CharField(max_length=64, editable=False)
    found = models.CharField(max_length=64, blank=True, editable=False, help_text="Empty: the bytes could not be read.")
    matches = models.BooleanField(editable=False)
    note = models.TextField(blank=True)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = of_part("item__incident")

    class Meta:
        ordering = ("item", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(matches=True, found=F("expected")) | (Q(matches=False) & ~Q(found=F("expected"))),
                name="incidents_check_says_what_it_found",
            ),
            models.CheckConstraint(condition=~Q(expected=""), name="incidents_check_against_a_hash"),
        )

    def __str__(self) -> str:
        return f"Hash check of {CustodyItem.ref_of(self.item_id)}"

    def get_absolute_url(self) -> str:
        """The item's page."""
        return self.item.get_absolute_url()
