"""The keys of files: each file has its own, kept wrapped under the installation's master key (foundation.keys).

The wrapped key stands in the file's row and not in the file: a new master key then costs an update of each row and
touches no file, on disk or far away; and with the row the key is gone, so that what may be left of the bytes (another
version on S3, a backup of the disk) is noise. Whoever has only the disk, only the bucket or only the database reads
nothing.
"""

import base64
import secrets
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from foundation import keys
from foundation.files.sealed import KEY, Altered

PURPOSE: Final = "files"
MAGIC: Final = b"CSFILE\x00\x01"  # the last byte is the format's version
NONCE: Final = 12


class NoKey(keys.Unreadable):
    """A file's key was wrapped under a master key that this installation does not have (MASTER_KEY_FALLBACKS)."""


def new_key() -> bytes:
    """A key for one file."""
    return secrets.token_bytes(KEY)


def header_of(file_id: UUID, key: bytes) -> bytes:
    """What stands in front of a sealed file: format, version, which file, which key. Every chunk authenticates it."""
    return MAGIC + file_id.bytes + bytes.fromhex(keys.key_id(key))


def newest_id() -> str:
    """The id of the key that wraps now."""
    return keys.key_id(keys.ring(PURPOSE)[0])


def wrap(key: bytes, file_id: UUID) -> tuple[str, str]:
    """A file's key under the newest master key, and that one's id. It unwraps for this file alone."""
    outer = keys.ring(PURPOSE)[0]
    outer_id, nonce = keys.key_id(outer), secrets.token_bytes(NONCE)
    sealed = nonce + AESGCM(outer).encrypt(nonce, key, _about(file_id, outer_id))
    return base64.b64encode(sealed).decode(), outer_id


def unwrap(wrapped: str, outer_id: str, file_id: UUID) -> bytes:
    """The key of a file. Raises NoKey without the master key that wrapped it, Altered if what is stored was altered."""
    outer = next((key for key in keys.ring(PURPOSE) if keys.key_id(key) == outer_id), None)
    if outer is None:
        raise NoKey(f"The key of file {file_id} is wrapped under master key {outer_id}, which is not configured.")
    try:
        sealed = base64.b64decode(wrapped, validate=True)
        return AESGCM(outer).decrypt(sealed[:NONCE], sealed[NONCE:], _about(file_id, outer_id))
    except (InvalidTag, ValueError) as error:
        raise Altered("the wrapped key does not verify") from error


def _about(file_id: UUID, outer_id: str) -> bytes:
    return MAGIC + file_id.bytes + outer_id.encode()
