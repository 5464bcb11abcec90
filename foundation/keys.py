"""The installation's master key: what is secret and has to be read again is stored under a key derived from it.

MASTER_KEY seals what is new; MASTER_KEY_FALLBACKS still open what is older. Neither is ever in the database.
"""

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(ValueError):
    """What was sealed under none of the keys of this installation, or was altered since."""


def ring(purpose: str) -> list[bytes]:
    """The 32-byte keys for one purpose ("files", "mfa", …), newest first: two purposes never share a key."""
    return [_derived(key, purpose) for key in (settings.MASTER_KEY, *settings.MASTER_KEY_FALLBACKS)]


def key_id(key: bytes) -> str:
    """A name for a key that tells nothing of it: 16 hex digits."""
    return hashlib.sha256(b"key id" + key).hexdigest()[:16]


def seal(purpose: str, text: str) -> str:
    """`text` encrypted and authenticated under the newest key, in characters that any column holds."""
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(purpose: str, sealed: str) -> str:
    """What `seal` was given. Raises Unreadable."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable(f"Not sealed for {purpose} under a key of this installation.") from error


def reseal(purpose: str, sealed: str) -> str:
    """The same text under the newest key: what a rotation stores. Raises Unreadable."""
    return seal(purpose, unseal(purpose, sealed))


@cache
def _derived(key: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"countersign {purpose}".encode()).derive(key.encode())


def _box(purpose: str) -> MultiFernet:
    return MultiFernet(Fernet(base64.urlsafe_b64encode(key)) for key in ring(purpose))
