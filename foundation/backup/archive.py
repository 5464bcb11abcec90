"""A backup's outside: one encrypted stream of frames, written and read in constant memory.

The stream is `foundation.files.sealed` under a key made from BACKUP_KEY, so a backup that was altered, cut off or put
together from two is refused. A frame is its kind (one byte), its length (four) and that many bytes.
"""

import hashlib
import json
import os
import secrets
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from foundation.files.reading import PlainFile
from foundation.files.sealed import KEY, Altered, Sealer, read_whole, unsealed

MAGIC: Final = b"CSBACKUP"
FORMAT: Final = 1
SALT: Final = 16
FRONT: Final = len(MAGIC) + 1 + SALT
FRAME: Final = struct.Struct(">cI")
MOST: Final = 64 * 1024**2  # bytes of one frame: more was not written by us

HEAD, TABLE, ROWS, FILE, DATA, END = b"H", b"T", b"R", b"F", b"D", b"E"


class Unusable(Exception):
    """This backup cannot be used; the message says why. Nothing was changed."""


class Writer:
    """Writes frames to a file that does not exist yet."""

    def __init__(self, out: IO[bytes], secret: str) -> None:
        salt = secrets.token_bytes(SALT)
        self._sealer = Sealer(out, key_of(secret, salt), MAGIC + bytes([FORMAT]) + salt)

    def frame(self, kind: bytes, payload: bytes) -> None:
        self._sealer.write(FRAME.pack(kind, len(payload)))
        self._sealer.write(payload)

    def note(self, kind: bytes, facts: Any) -> None:
        """A frame of JSON."""
        self.frame(kind, zlib.compress(json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode(), 1))

    def finish(self) -> None:
        self._sealer.finish()


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that is there whole, on the disk, or not at all; readable for its owner alone. Raises FileExistsError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    if path.exists():
        raise FileExistsError(f"{path} exists already.")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        try:
            yield out
            out.flush()
            os.fsync(out.fileno())
            draft.rename(path)
        finally:
            draft.unlink(missing_ok=True)


def frames(path: Path, secret: str) -> Iterator[tuple[bytes, bytes]]:
    """Every frame of a backup, kind and payload, each verified before it is given out. Raises Unusable."""
    with path.open("rb") as file:
        front = read_whole(file, FRONT)
        if front[: len(MAGIC)] != MAGIC or len(front) < FRONT:
            raise Unusable(f"{path} is no backup of Countersign.")
        if front[len(MAGIC)] != FORMAT:
            raise Unusable(f"{path} has format {front[len(MAGIC)]}; this version reads {FORMAT}.")
        key = key_of(secret, front[-SALT:])

        def begin() -> Iterator[bytes]:
            file.seek(0)
            return unsealed(file, key, front)

        try:
            with PlainFile(begin, path.stat().st_size) as plain:
                yield from _frames(plain)
        except Altered as error:
            raise Unusable(
                f"{path} was altered or cut off, or BACKUP_KEY is not the one it was made with: {error}."
            ) from error


def _frames(plain: PlainFile) -> Iterator[tuple[bytes, bytes]]:
    while front := plain.read(FRAME.size):
        kind, size = FRAME.unpack(front) if len(front) == FRAME.size else (b"", MOST + 1)
        payload = plain.read(size) if size <= MOST else b""
        if len(payload) != size:
            raise Unusable("The backup's contents are not as this version writes them.")
        yield kind, payload


def facts(payload: bytes) -> Any:
    """What `note` was given."""
    return json.loads(zlib.decompress(payload))


def key_of(secret: str, salt: bytes) -> bytes:
    """The key of one backup."""
    # slow on purpose, because somebody may have chosen a passphrase that can be guessed at
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=64 * 1024**2, dklen=KEY)
