"""The keys that sign checkpoints: private halves in files of a folder, public halves in an append-only table.

TRAIL_KEYS_DIR (mode 0700) holds for each key HASH.pem (0600) and HASH.pub; neither is ever in the database.
"""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

from foundation.trail.log import Key
from foundation.trail.models import Entry
from foundation.trail.notes import Malformed, PublicKey, Signer
from foundation.trail.record import SYSTEM, now, record


class KeyLost(RuntimeError):
    """The private key that must sign is not in the folder, or is not the one that the log names."""


def folder() -> Path:
    """TRAIL_KEYS_DIR, made if needed."""
    path = Path(settings.TRAIL_KEYS_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def new_name() -> str:
    """A name for a new log that no other has: the installation's host, and chance."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "countersign"
    return f"{host}/trail/{secrets.token_hex(4)}"


def make(name: str) -> Signer:
    """A new key pair, its files written to the disk for good."""
    signer = Signer(name, Ed25519PrivateKey.generate())
    pem = signer.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    stem = folder() / signer.public.id.hex()
    write(stem.with_suffix(".pem"), pem)
    write(stem.with_suffix(".pub"), f"{signer.public}\n".encode())
    return signer


def write(path: Path, content: bytes) -> None:
    """A file that only we can read, and that outlives a power cut."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as file:  # noqa: PTH123 - by descriptor
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    above = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(above)
    finally:
        os.close(above)


def signer_of(key: Key) -> Signer:
    """The private half of a key. Raises KeyLost."""
    path = folder() / f"{key.public.id.hex()}.pem"
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError) as error:
        raise KeyLost(f"{path} does not hold the private key that the log's newest key belongs to.") from error
    if not isinstance(private, Ed25519PrivateKey) or Signer(key.public.name, private).public != key.public:
        raise KeyLost(f"{path} holds another private key than the log names.")
    return Signer(key.public.name, private)


def lost() -> Key:
    """The newest key, whose private half is not here. Raises ValueError where it is, or where there is no key."""
    key = Key.objects.order_by("-id").first()
    if key is None:
        raise ValueError("The log has no key yet: the first sealing makes one.")
    try:
        signer_of(key)
    except KeyLost:
        return key
    raise ValueError("The newest key is not lost: rotate it, so that it introduces the next one.")


def publish() -> None:
    """Write the public halves that the folder lacks (it may have been lost as a whole) as the table has them."""
    here = known()
    for key in Key.objects.order_by("id"):
        if key.public not in here:
            write(folder() / f"{key.public.id.hex()}.pub", f"{key.public}\n".encode())


def introduce(signer: Signer, valid_from: int, verb: str, actor: Any = SYSTEM, reason: str = "") -> Entry:
    """Say in an entry which key signs from now on, and keep its public half; return the entry. In a transaction."""
    Key.objects.create(text=str(signer.public), valid_from=valid_from, since=now())
    return record(verb, actor, reason=reason, refs={"key": str(signer.public)})


def known() -> list[PublicKey]:
    """The public keys that the folder names: what the database's keys are held against."""
    found = []
    for path in sorted(folder().glob("*.pub")):
        try:
            found.append(PublicKey.read(path.read_text()))
        except (Malformed, UnicodeDecodeError):
            continue
    return found


def loose() -> list[str]:
    """What others may read or write in the folder and should not: a sentence each."""
    paths = [folder(), *sorted(folder().glob("*.pem"))]
    wide = [path for path in paths if path.stat().st_mode & 0o077]
    return [f"{path} can be opened by others than its owner: chmod go= {path}" for path in wide]
