"""The store as a Django storage: every FileField reads and writes through it and knows nothing of it."""

import os
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any, Self

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import transaction
from django.utils.deconstruct import deconstructible

from foundation.files.kinds import kind_of
from foundation.files.models import StoredFile, place_of
from foundation.files.reading import UNDERNEATH, PlainFile, plain_chunks
from foundation.files.spool import Oversized, SealedUpload, Spool, spooled
from foundation.files.vault import wrap
from foundation.trail import origin


@deconstructible
class EncryptedStorage(Storage):
    """Seals what it is given, under the storage called "sealed", and keeps one StoredFile of it.

    Store before the transaction of the record that holds the file (`field.save(…, save=False)`), so that no
    transaction waits for a disk or a network; what never gets a holder is swept (sweep.py).
    """

    def _open(self, name: str, mode: str = "rb") -> File:
        if mode != "rb":
            raise ValueError("A stored file is read as bytes and never rewritten.")
        return StoredContent(stored_file(name))

    def _save(self, name: str, content: File) -> str:
        called = str(getattr(content, "name", None) or name)
        if isinstance(content, Oversized):  # nothing of it was kept
            raise SuspiciousFileOperation(f"{called} is larger than FILE_MAX_BYTES, and its form did not refuse it.")
        if isinstance(content, SealedUpload):
            keep(name, content.spool, called=content.name or called, sender=content.sender)
        else:
            with spooled(content, called) as spool:
                keep(name, spool, called=called, sender=getattr(content, "sender", None))
        return name

    def delete(self, name: str) -> None:
        """Forget the file and its key; its sealed bytes, now noise, go after the transaction, or with a sweep."""
        stored = StoredFile.objects.filter(path=name).first()
        if stored is not None:
            place = stored.place
            stored.delete()
            transaction.on_commit(lambda: storages[UNDERNEATH].delete(place), robust=True)

    def exists(self, name: str) -> bool:
        return StoredFile.objects.filter(path=name).exists()

    def size(self, name: str) -> int:
        return stored_file(name).size

    def get_created_time(self, name: str) -> datetime:
        return stored_file(name).stored_at

    get_modified_time = get_created_time

    def url(self, name: str | None) -> str:
        raise ValueError("Stored files are not accessible via a URL.")


class StoredContent(File):
    """A stored file, opened; what is gone or was altered at its beginning is refused at once."""

    def __init__(self, stored: StoredFile) -> None:
        self.stored = stored
        super().__init__(self._begin(), stored.path)
        self.size = stored.size

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> Self:
        if self.closed:
            self.file = self._begin()
        else:
            self.seek(0)
        return self

    def _begin(self) -> PlainFile:
        source = origin.current()
        content = PlainFile(lambda: plain_chunks(self.stored, source), self.stored.size)
        content.peek(1)
        return content


def stored_file(path: str) -> StoredFile:
    """The row of a FileField's value. Raises FileNotFoundError."""
    stored = StoredFile.objects.filter(path=path).first()
    if stored is None:
        raise FileNotFoundError(f"There is no stored file {path}.")
    return stored


def keep(path: str, spool: Spool, *, called: str, sender: int | None) -> StoredFile:
    """Put a finished spool into the storage underneath and write its row."""
    name = PurePath(called).name[-200:]
    wrapped, key_id = wrap(spool.key, spool.id)
    with spool.sealed() as sealed:
        place = storages[UNDERNEATH].save(place_of(spool.id), sealed)
    if place != place_of(spool.id):
        raise FileExistsError(f"{place_of(spool.id)} was taken already.")
    return StoredFile.objects.create(
        id=spool.id, path=path, name=name, content_type=kind_of(spool.head, name), size=spool.size,
        sha256=spool.sha256, wrapped_key=wrapped, key_id=key_id, uploaded_by_id=sender,
    )  # fmt: skip


class PrivateFolder(FileSystemStorage):
    """A folder without a URL. What it has taken survives a power cut: the folder's entry is brought to the disk too."""

    def _save(self, name: str, content: Any) -> str:
        saved: str = super()._save(name, content)  # type: ignore[misc]  # the stubs leave it out
        folder = os.open(Path(self.path(saved)).parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return saved

    def url(self, name: str | None) -> str:
        raise ValueError("Sealed files are not accessible via a URL.")
