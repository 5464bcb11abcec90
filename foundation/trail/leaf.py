"""What an entry is in bytes: canonical JSON, its leaf hash and its keyed MAC. Never to change."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings

SCALARS = frozenset({str, int, bool, type(None)})
FORMAT = 1  # the first element of every leaf; another layout would be another number
COLUMNS = (
    "id", "at", "actor_kind", "actor_id", "via", "verb", "object_type", "object_id", "outcome", "request_id", "detail",
)  # fmt: skip


def canonical(value: Any) -> str:
    """The one JSON text of a value of objects, lists, strings, integers, booleans and null.

    Keys sorted, no spaces, UTF-8 as it is. Raises TypeError for floats and everything else: two writers could spell
    them differently.
    """
    _only_plain(value)
    return _encode(value)


_encode = json.JSONEncoder(  # made once, where json.dumps would make one for every entry
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode


def _only_plain(value: Any) -> None:
    """Goes over every value of every entry: so it calls itself for what holds values alone."""
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{key!r} cannot be a key in a leaf.")
        value = value.values()
    elif not isinstance(value, list | tuple):
        value = (value,)
    for item in value:
        if type(item) in SCALARS:
            continue
        if isinstance(item, dict | list | tuple):
            _only_plain(item)
        elif not isinstance(item, str | int):
            raise TypeError(f"{type(item).__name__} cannot stand in a leaf.")


def leaf_of(entry: Any) -> str:
    """The leaf: `[1, id, at, actor_kind, …, detail]` as canonical JSON."""
    return canonical([FORMAT, *(getattr(entry, column) for column in COLUMNS)])


def leaf_hash(entry: Any) -> bytes:
    """SHA-256(0x00 ‖ leaf), as RFC 6962 hashes a leaf."""
    return hashlib.sha256(b"\x00" + leaf_of(entry).encode()).digest()


def mac(values: Sequence[str | int | None]) -> str:
    """HMAC-SHA256 over the leaf without `id`, hex, with a key that is not in the database (TRAIL_MAC_KEY).

    values: those of COLUMNS behind `id`.
    """
    return hmac.digest(settings.TRAIL_MAC_KEY.encode(), _encode((FORMAT, *values)).encode(), "sha256").hex()


def mac_of(entry: Any) -> str:
    """The MAC that an entry's columns ask for now."""
    return mac([getattr(entry, column) for column in COLUMNS[1:]])


def bodies(row: Sequence[Any]) -> tuple[bytes, bytes]:
    """Of a row's COLUMNS, read from the database: the leaf, and what its MAC is over; the quick way for millions.

    Raises TypeError or ValueError for what no leaf can hold, which only tampering leaves there.
    """
    number, *rest = row
    if type(number) is not int:
        raise TypeError("An entry's id is a number.")
    body = _encode(rest)[1:]
    return f"[{FORMAT},{number},{body}".encode(), f"[{FORMAT},{body}".encode()


def mac_keys() -> list[bytes]:
    """The keys under which a MAC may hold, the newest first."""
    return [key.encode() for key in (settings.TRAIL_MAC_KEY, *settings.TRAIL_MAC_KEY_FALLBACKS)]


def authentic(body: bytes, mac: str, keys: Sequence[bytes]) -> bool:
    """Whether `mac` is that of `body` (from `bodies`) under one of `keys` (from `mac_keys`)."""
    return any(hmac.digest(key, body, "sha256").hex() == mac for key in keys)


def new_salt() -> str:
    """A fresh salt, 128 bits in hex."""
    return secrets.token_hex(16)


def sha256(text: str) -> str:
    """SHA-256 of a text's UTF-8, hex. Of plain data: `sha256(canonical(data))`."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of_lines(lines: Iterable[bytes]) -> str:
    """SHA-256 over lines one after another, hex, each with its newline. Memory stays bounded whatever their number."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()
