"""The tables of the sealed log: blocks, keys and anchors, append-only, and two that can be made anew from them."""

import datetime
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise

from django.db import models

from foundation.trail.notes import Checkpoint, PublicKey, stamp


class Block(models.Model):
    """One sealing: the entries that became the leaves [size - count, size) of the tree, and the signed checkpoint."""

    id = models.BigAutoField(primary_key=True, help_text="Counts from 1 without gaps.")
    size = models.BigIntegerField(help_text="How many leaves the tree has with this block.")
    count = models.IntegerField(help_text="How many of them this block added.")
    min_id = models.BigIntegerField()
    max_id = models.BigIntegerField()
    ids = models.TextField(help_text="The entries in leaf order, as ranges: 1-4096,4098.")
    sealed_at = models.BigIntegerField(help_text="When, in microseconds since 1970-01-01 UTC.")
    previous = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the note before, hex.")
    note = models.TextField(help_text="The checkpoint as a signed note.")

    class Meta:
        db_table = "trail_block"
        ordering = ("id",)
        indexes = (
            models.Index(fields=["size"], name="trail_block_size"),
            models.Index(fields=["max_id"], name="trail_block_max_id"),
        )

    def __str__(self) -> str:
        return f"Checkpoint {self.size}"

    @property
    def start(self) -> int:
        """The number of its first leaf."""
        return self.size - self.count

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """What the note says. Raises Malformed."""
        return Checkpoint.read(self.note)

    @property
    def moment(self) -> datetime.datetime:
        return datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(microseconds=self.sealed_at)

    def more(self) -> tuple[str, ...]:
        """The lines that its note adds to origin, size and root."""
        return (f"sealed {stamp(self.sealed_at)}", f"previous {self.previous or '-'}")


class Tile(models.Model):
    """256 neighbouring hashes of tree level 8 x `level`: a cache of the leaves' hashes, never trusted by itself."""

    id = models.BigAutoField(primary_key=True)
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "trail_tile"
        constraints = (models.UniqueConstraint(fields=["level", "index"], name="trail_tile_place"),)

    def __str__(self) -> str:
        return f"Tile {self.level}/{self.index}"


class Gap(models.Model):
    """Numbers below the highest sealed one that no entry had yet when the sealer passed: it may still commit."""

    id = models.BigAutoField(primary_key=True)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    since = models.BigIntegerField(help_text="When it was first seen, in microseconds since 1970-01-01 UTC.")

    class Meta:
        db_table = "trail_gap"

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


class Key(models.Model):
    """A public key of the log. It signs the checkpoints that are larger than `valid_from`."""

    id = models.BigAutoField(primary_key=True)
    text = models.CharField(max_length=200, help_text="name+hash+key, as signed notes write it.")
    valid_from = models.BigIntegerField(help_text="The size at which the key before it signed for the last time.")
    since = models.BigIntegerField(help_text="When, in microseconds since 1970-01-01 UTC.")

    class Meta:
        db_table = "trail_key"
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text

    @cached_property
    def public(self) -> PublicKey:
        """Raises Malformed."""
        return PublicKey.read(self.text)


class Anchor(models.Model):
    """That a checkpoint reached a place outside the database."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, help_text="file, log or mail.")
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, help_text="Of the note, hex.")
    at = models.BigIntegerField(help_text="When, in microseconds since 1970-01-01 UTC.")

    class Meta:
        db_table = "trail_anchor"
        indexes = (models.Index(fields=["kind", "size"], name="trail_anchor_kind"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.size}"


# ---- numbers of entries --------------------------------------------------------------------------------------------

Range = tuple[int, int]  # first and last, both included


def ranges_of(ids: Iterable[int]) -> list[Range]:
    """Ascending numbers as ranges."""
    found: list[Range] = []
    for number in ids:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def write_ranges(ranges: Iterable[Range]) -> str:
    """1-4096,4098."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def read_ranges(text: str) -> list[Range]:
    """What `write_ranges` wrote. Raises ValueError for anything else, or if they don't ascend."""
    found: list[Range] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.append((int(first), int(last or first)))
    if found != sorted(found) or any(a > b for a, b in found) or write_ranges(found) != text:
        raise ValueError("These are no ranges.")
    if any(before[1] >= after[0] for before, after in pairwise(found)):
        raise ValueError("These ranges overlap.")
    return found


def numbers(ranges: Iterable[Range]) -> Iterator[int]:
    for first, last in ranges:
        yield from range(first, last + 1)
