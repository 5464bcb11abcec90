"""An archive whose bytes follow from its files alone: fixed order, no dates of ours, streamed in constant memory."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Self

from foundation.files.spool import Spool


@dataclass(frozen=True)
class Written:
    """One file of an archive, as the manifest lists it. `size`: bytes. `sha256`: hex."""

    path: str
    size: int
    sha256: str


class Sink:
    """A spool as a zip file writes to it: it cannot go back, so that nothing of what is sealed is touched again."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def write(self, data: bytes) -> int:
        """Seal these bytes."""
        self._spool.write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""


class Archive:
    """Writes files one after the other, and remembers what a manifest must say of each."""

    def __init__(self, target: Any) -> None:
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED)
        self.files: list[Written] = []

    def add(self, path: str, chunks: Iterable[bytes], *, packed: bool = True) -> Written:
        """One more file from its chunks. packed: compressed; what people hand in mostly is already."""
        info = zipfile.ZipInfo(path)
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info.external_attr = 0o644 << 16
        found, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as file:
            for chunk in chunks:
                file.write(chunk)
                found.update(chunk)
                size += len(chunk)
        self.files.append(Written(path, size, found.hexdigest()))
        return self.files[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._zip.close()


@contextmanager
def sealed_archive() -> Iterator[tuple[Archive, Spool]]:
    """An archive on its way into the store; the spool is finished when the block ends, and gone when it fails."""
    spool = Spool()
    try:
        with Archive(Sink(spool)) as archive:
            yield archive, spool
        spool.finish()
    except BaseException:
        spool.discard()
        raise


def pieces(file: IO[bytes], size: int = 1 << 16) -> Iterator[bytes]:
    """An open file, chunk by chunk."""
    while chunk := file.read(size):
        yield chunk
