"""Files on their way into the store: sealed on this machine's disk from the first byte on, keys in memory alone."""

import os
import weakref
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from uuid import uuid4

from django.conf import settings
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile

from foundation.files.kinds import HEAD, kind_of
from foundation.files.reading import PlainFile
from foundation.files.sealed import CHUNK, Sealer, unsealed
from foundation.files.vault import header_of, new_key


class Spool:
    """A sealed file in the making. Write, `finish`, and hand `sealed()` to a storage; or `discard` it."""

    def __init__(self) -> None:
        self.id, self.key, self.head = uuid4(), new_key(), b""
        self.header = header_of(self.id, self.key)
        folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / self.id.hex
        self._out: IO[bytes] = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._sealer = Sealer(self._out, self.key, self.header)
        # a request that broke off drops it without a word
        self._gone = weakref.finalize(self, leave_nothing, self._out, self.path)

    def write(self, data: bytes) -> None:
        if len(self.head) < HEAD:
            self.head += data[: HEAD - len(self.head)]
        self._sealer.write(data)

    def finish(self) -> None:
        """Seal what is left and bring it to the disk: what is answered with “saved” survives a power cut."""
        self._sealer.finish()
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()

    def discard(self) -> None:
        """Leave nothing of it behind; without a file of its own any more (it was moved) that is nothing to do."""
        self._gone()

    close = discard  # what Django calls for a file of a request that broke off

    def sealed(self) -> "SealedContent":
        """The sealed bytes, for the storage underneath."""
        return SealedContent(self.path)

    def plain(self) -> Iterator[bytes]:
        """The plain bytes again, chunk by chunk."""
        with self.path.open("rb") as source:
            yield from unsealed(source, self.key, self.header)

    @property
    def size(self) -> int:
        return self._sealer.size

    @property
    def sha256(self) -> str:
        return self._sealer.sha256

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.discard()


def leave_nothing(out: IO[bytes], path: Path) -> None:
    """Close and remove a spool's file."""
    with suppress(OSError):  # a full disk refuses the last buffer, which nobody wants any more
        out.close()
    path.unlink(missing_ok=True)


class SealedContent(File):
    """Sealed bytes as Django's storages take them: one on a disk moves them, any other reads them in pieces."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), path.name)
        self._path = path

    def temporary_file_path(self) -> str:
        return str(self._path)


class SealedUpload(UploadedFile):
    """A file that somebody sent, which is on disk only sealed. The store takes it as it is; closed, it is gone.

    It reads like any uploaded file. `sender`: the number of the account that sent it.
    """

    def __init__(self, spool: Spool, name: str, *, sender: int | None) -> None:
        self.spool, self.sender = spool, sender
        super().__init__(PlainFile(spool.plain, spool.size), name, None, spool.size)

    @property
    def kind(self) -> str:
        """Its content type, by its bytes."""
        return kind_of(self.spool.head, self.name or "")

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> Self:
        self.seek(0)
        return self

    def close(self) -> None:
        super().close()
        self.spool.discard()


class Oversized(UploadedFile):
    """What is left of a file beyond settings.FILE_MAX_BYTES: its name and its size, by which a form refuses it."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(BytesIO(), name, None, size)


def spooled(content: File, name: str) -> Spool:
    """Any file's bytes, sealed. The caller discards it in the end."""
    spool = Spool()
    try:
        for chunk in content.chunks(CHUNK):
            spool.write(chunk)
        spool.finish()
    except BaseException:
        spool.discard()
        raise
    return spool


def sweep(before: float) -> int:
    """Remove what processes that died left on this machine before a moment (seconds since 1970); returns how many.

    Nobody has their keys any more.
    """
    folder, removed = Path(settings.FILE_UPLOAD_TEMP_DIR), 0
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # its request ended just now
            if path.stat().st_mtime < before:
                path.unlink()
                removed += 1
    return removed
