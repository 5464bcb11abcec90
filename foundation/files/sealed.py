"""The format of sealed bytes: AES-256-GCM in chunks of 64 KiB, read and written in constant memory.

It is the STREAM construction: each chunk's nonce is a random prefix, the chunk's number and whether it is the last, so
that chunks which were altered, reordered, repeated, left out or cut off are refused before a byte of them is released.
Every chunk also authenticates the header that stands in front of the first one.
"""

import hashlib
import secrets
from collections.abc import Iterator
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK: Final = 64 * 1024  # bytes of plain text in every chunk but the last
TAG: Final = 16
PREFIX: Final = 7
KEY: Final = 32
BLOCK: Final = CHUNK + TAG


class Altered(Exception):
    """Sealed bytes are not what was sealed, or not under this key; the message says where that was seen."""


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Sealer:
    """Takes plain bytes in pieces of any size and writes the header and sealed chunks to `out`.

    `key`: 32 bytes, used for this one stream and no other. `header`: what the reader has to know, authenticated.
    `finish` must be called; without it the stream is one that was cut off. `size` and `sha256` are those of the plain
    bytes so far.
    """

    def __init__(self, out: Sink, key: bytes, header: bytes) -> None:
        self._out, self._box, self._buffer, self._count = out, AESGCM(key), bytearray(), 0
        self._hash = hashlib.sha256()
        self.size = 0
        prefix = secrets.token_bytes(PREFIX)
        self._header = header + prefix
        out.write(self._header)

    def write(self, data: bytes) -> int:
        """Seal what fills chunks; the rest waits, because the last chunk is marked as the last."""
        self._hash.update(data)
        self.size += len(data)
        self._buffer += data
        if len(self._buffer) > CHUNK:
            whole = (len(self._buffer) - 1) // CHUNK * CHUNK
            view = memoryview(bytes(self._buffer[:whole]))
            for start in range(0, whole, CHUNK):
                self._seal(view[start : start + CHUNK], last=False)
            del self._buffer[:whole]
        return len(data)

    def finish(self) -> None:
        """Seal the last chunk, which may be empty."""
        self._seal(memoryview(bytes(self._buffer)), last=True)
        self._buffer.clear()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def _seal(self, chunk: memoryview, *, last: bool) -> None:
        nonce = _nonce(self._header[-PREFIX:], self._count, last=last)
        self._out.write(self._box.encrypt(nonce, chunk, self._header))
        self._count += 1


def unsealed(source: Source, key: bytes, header: bytes) -> Iterator[bytes]:
    """The plain chunks of a stream, each given out only after it was verified.

    `header` is what the caller expects in front. Raises Altered, at once or after chunks that were genuine.
    """
    found = read_whole(source, len(header) + PREFIX)
    if found[:-PREFIX] != header:
        raise Altered("the header is another one")
    box, count = AESGCM(key), 0
    block = read_whole(source, BLOCK)
    while True:
        following = read_whole(source, BLOCK) if len(block) == BLOCK else b""
        last = not following
        try:
            yield box.decrypt(_nonce(found[-PREFIX:], count, last=last), block, found)
        except InvalidTag as error:
            raise Altered(f"chunk {count} does not verify") from error
        if last:
            return
        block, count = following, count + 1


def read_whole(source: Source, size: int) -> bytes:
    """`size` bytes, fewer only at the end; a network may hand them over in smaller pieces."""
    first = source.read(size)
    if len(first) == size or not first:
        return first
    pieces, missing = [first], size - len(first)
    while missing and (piece := source.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _nonce(prefix: bytes, count: int, *, last: bool) -> bytes:
    return prefix + count.to_bytes(4, "big") + bytes([last])
