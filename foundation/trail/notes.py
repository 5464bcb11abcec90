"""Checkpoints as C2SP signed notes with Ed25519: text that people can read, mail and print, and any tool can check.

A note is its text, an empty line, and signature lines “— name base64(key hash ‖ signature)”. A checkpoint's text is
origin, size, root in base64, and then lines of ours: when it was sealed, and the hash of the note before it.
"""

import base64
import binascii
import datetime
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = b"\x01"  # the signature type of the specification
NUMBER: Final = re.compile("0|[1-9][0-9]{0,18}")
NAME: Final = re.compile(r"[^\s+]+")


class Malformed(ValueError):
    """Text that is no note, checkpoint or key."""


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def unb64(text: str) -> bytes:
    """The bytes of canonical base64. Raises Malformed."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"{text[:60]!r} is no base64.") from error
    if b64(raw) != text:
        raise Malformed(f"{text[:60]!r} is no canonical base64.")
    return raw


@dataclass(frozen=True)
class PublicKey:
    """Who signs: a name and an Ed25519 public key, written as “name+hash+key”."""

    name: str
    raw: bytes

    @cached_property
    def id(self) -> bytes:
        """The key hash: the first four bytes of SHA-256(name ‖ newline ‖ type ‖ key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64(ED25519 + self.raw)}"

    @classmethod
    def read(cls, text: str) -> Self:
        """The key of “name+hash+key”. Raises Malformed."""
        name, _, rest = text.strip().partition("+")
        digest, _, encoded = rest.partition("+")
        raw = unb64(encoded)
        key = cls(name, raw[1:])
        if not NAME.fullmatch(name) or raw[:1] != ED25519 or len(raw) != 33 or key.id.hex() != digest:
            raise Malformed("This is no Ed25519 key of a signed note.")
        return key

    def signed(self, note: "Note") -> bool:
        """Whether one of the note's signatures is this key's, and holds."""
        return any(
            name == self.name and raw[:4] == self.id and self._holds(raw[4:], note.text)
            for name, raw in note.signatures
        )

    def _holds(self, signature: bytes, text: str) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key under its name."""

    name: str
    private: Ed25519PrivateKey

    @cached_property
    def public(self) -> PublicKey:
        return PublicKey(self.name, self.private.public_key().public_bytes_raw())

    def line(self, text: str) -> str:
        """The signature line for a note's text."""
        return f"— {self.name} {b64(self.public.id + self.private.sign(text.encode()))}\n"


@dataclass(frozen=True)
class Note:
    """A text with its signatures: (name, key hash ‖ signature). Reading it proves nothing yet."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def read(cls, note: str) -> Self:
        """The parts of a note. Raises Malformed."""
        text, empty, lines = note.rpartition("\n\n")
        if not empty or not lines.endswith("\n") or not text:
            raise Malformed("A note is text, an empty line and signatures.")
        return cls(text + "\n", tuple(_signature(line) for line in lines[:-1].split("\n")))


def _signature(line: str) -> tuple[str, bytes]:
    dash, name, encoded = [*line.split(" "), "", ""][:3]
    raw = unb64(encoded)
    if line.count(" ") != 2 or dash != "—" or not NAME.fullmatch(name) or len(raw) < 5:
        raise Malformed(f"{line[:60]!r} is no signature line.")
    return name, raw


def sign(text: str, signers: Iterable[Signer]) -> str:
    """The whole note."""
    return text + "\n" + "".join(signer.line(text) for signer in signers)


@dataclass(frozen=True)
class Checkpoint:
    """What a log commits to: its first `size` leaves have this root. `more` holds further lines of the text."""

    origin: str
    size: int
    root: bytes
    more: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in (self.origin, self.size, b64(self.root), *self.more))

    @classmethod
    def read(cls, note: str) -> Self:
        """The checkpoint that a note (or a note's text alone) says. Raises Malformed."""
        lines = note.partition("\n\n")[0].rstrip("\n").split("\n")
        if len(lines) < 3:
            raise Malformed("A checkpoint has at least three lines.")
        origin, size, root, *more = lines
        if not origin or not NUMBER.fullmatch(size) or len(unb64(root)) != 32:
            raise Malformed("A checkpoint is an origin, a size and a root.")
        return cls(origin, int(size), unb64(root), tuple(more))

    @property
    def told(self) -> dict[str, str]:
        """The further lines: word → the rest of its line."""
        return {word: rest for word, _, rest in (line.partition(" ") for line in self.more)}

    @property
    def log(self) -> tuple[str, int]:
        """The origin without its last number, and that number: each acknowledged restore opens the next."""
        base, _, number = self.origin.rpartition("/")
        return (base, int(number)) if NUMBER.fullmatch(number) else (self.origin, 1)


def digest(note: str) -> str:
    """SHA-256 of a note, hex: how the next one names it."""
    return hashlib.sha256(note.encode()).hexdigest()


def stamp(microseconds: int) -> str:
    """A moment of the trail's clock as a note writes it: 2026-11-22T04:30:00.000000Z."""
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
