"""What is in the store: one row a file, never edited. Whose it is and who may read it, the record says that holds it.

A record holds a file by an ordinary `FileField`; the value in that column is `StoredFile.path`.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class StoredFile(models.Model):
    """A file that was sealed: what it was called, what it is, and its wrapped key. The database refuses other edits."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    path = models.CharField(max_length=200, unique=True, help_text="What FileFields call it; no path on any disk.")
    name = models.CharField(max_length=200, help_text="What it was called where it came from.")
    content_type = models.CharField(max_length=100, help_text="By its bytes, never as the sender says.")
    size = models.BigIntegerField(help_text="Bytes, before sealing.")
    sha256 = models.CharField(max_length=64, help_text="Of the bytes before sealing, hex.")
    wrapped_key = models.CharField(max_length=120, help_text="The file's key under the master key named by key_id.")
    key_id = models.CharField(max_length=16)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", help_text="Empty: the system made it."
    )
    stored_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["StoredFile"]]

    class Meta:
        ordering = ("-stored_at", "-id")
        indexes = (models.Index(fields=("key_id",), name="files_by_key"),)
        constraints = (models.CheckConstraint(condition=models.Q(size__gte=0), name="files_size_not_negative"),)

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> str:
        """Where its sealed bytes are in the storage underneath: by its id, in 256 folders."""
        return place_of(self.id)


def place_of(file_id: uuid.UUID) -> str:
    """Where the sealed bytes of the file with this id are."""
    return f"{file_id.hex[:2]}/{file_id.hex}"
