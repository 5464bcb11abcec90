"""Plain bytes out of the store: chunk by chunk as each is verified, and the hash of the whole at the end."""

import hashlib
import io
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from django.core.files.storage import storages
from django.db import transaction

from foundation.files.models import StoredFile
from foundation.files.sealed import Altered, unsealed
from foundation.files.vault import NoKey, header_of, unwrap
from foundation.trail import origin
from foundation.trail.record import SYSTEM, record

logger = logging.getLogger("foundation.files")
UNDERNEATH = "sealed"  # the alias of the storage that holds the sealed bytes


def plain_chunks(stored: StoredFile, source: origin.Origin | None = None) -> Iterator[bytes]:
    """The file's verified chunks. Raises Altered, which the trail tells; FileNotFoundError if its bytes are gone.

    `source`: where the reading began, if that is no longer the origin in force when it goes on.
    """
    here = source or origin.current()
    try:
        yield from verified_chunks(stored)
    except (Altered, NoKey, FileNotFoundError) as error:
        _refuse(stored, error, here)
        raise


def verified_chunks(stored: StoredFile) -> Iterator[bytes]:
    """`plain_chunks`, telling nobody."""
    key = unwrap(stored.wrapped_key, stored.key_id, stored.id)
    found, size = hashlib.sha256(), 0
    with closing(storages[UNDERNEATH].open(stored.place, "rb")) as sealed:
        for chunk in unsealed(sealed, key, header_of(stored.id, key)):
            found.update(chunk)
            size += len(chunk)
            yield chunk
    if (size, found.hexdigest()) != (stored.size, stored.sha256):
        raise Altered("the whole has another hash than when it was stored")


def _refuse(stored: StoredFile, error: Exception, here: origin.Origin) -> None:
    """Tell the log and the trail. Read files outside transactions, because a rollback would take the entry along."""
    what = str(error) if isinstance(error, Altered) else type(error).__name__
    logger.error("file %s was refused on reading: %s", stored.id, what)
    refs = {"seen": what, "sha256": stored.sha256, "size": stored.size}
    begun = {"via": here.via, "request_id": here.request_id, "ip": here.ip, "user_agent": here.user_agent}
    with origin.origin(**begun), transaction.atomic():
        record("file.refused", SYSTEM, stored, refs=refs, outcome="failed")


class PlainFile(io.BufferedReader):
    """Verified chunks as a file that can be read in any pieces; going back begins again from the start."""

    def __init__(self, start: Callable[[], Iterator[bytes]], size: int) -> None:
        super().__init__(_Chunks(start, size))


class _Chunks(io.RawIOBase):
    def __init__(self, start: Callable[[], Iterator[bytes]], size: int) -> None:
        self._start, self._size = start, size
        self._chunks: Iterator[bytes] | None = None
        self._rest, self._place = memoryview(b""), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence])
        if target < self._place:
            self._leave()
        while self._place < target and self._fill():
            self._take(target - self._place)
        return self._place

    def readinto(self, buffer: Any) -> int:
        if not self._fill():
            return 0
        taken = self._take(len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        self._leave()
        super().close()

    def _fill(self) -> bool:
        """Have at least one byte at hand; False at the end."""
        if self._chunks is None:
            self._chunks = self._start()
        while not self._rest:
            following = next(self._chunks, None)
            if following is None:
                return False
            self._rest = memoryview(following)
        return True

    def _take(self, most: int) -> memoryview:
        taken, self._rest = self._rest[:most], self._rest[most:]
        self._place += len(taken)
        return taken

    def _leave(self) -> None:
        chunks, self._chunks = self._chunks, None
        if chunks is not None:
            chunks.close()  # type: ignore[attr-defined]  # a generator, which closes the storage's file
        self._rest, self._place = memoryview(b""), 0
