"""The tree's hashes in tiles of 256, as a cache in the database: what proofs and the next sealing are made from.

Nothing here is trusted: the sealer and every proof check what comes out of it against a signed root.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Q

from foundation.trail.log import Tile
from foundation.trail.merkle import fold

HEIGHT, WIDTH, HASH = 8, 256, 32  # a tile spans 8 levels: 2**8 hashes of 32 bytes


class Torn(ValueError):
    """A tile is missing or too short: `manage.py trail doctor --rebuild` makes the tiles anew."""


class Tiles:
    """The tree as tiles, each read at most once."""

    def __init__(self) -> None:
        self._read: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, index: int) -> bytes:
        """The hash of the complete subtree over the leaves [index << level, (index + 1) << level). Raises Torn."""
        tile_level, within = divmod(level, HEIGHT)
        first = index << within
        return fold(self.hashes(tile_level, first, 1 << within))

    def hashes(self, level: int, first: int, count: int) -> list[bytes]:
        """`count` hashes of one tile level, from number `first`, all in one tile. Raises Torn."""
        at = first % WIDTH * HASH
        data = self._tile(level, first // WIDTH)[at : at + count * HASH]
        if len(data) != count * HASH:
            raise Torn(f"Tile {level}/{first // WIDTH} is shorter than the log.")
        return cut(data)

    def leaves(self, start: int, end: int) -> list[bytes]:
        """The leaf hashes [start, end). Raises Torn."""
        self.fetch([(0, index) for index in range(start // WIDTH, (end - 1) // WIDTH + 1)])
        found: list[bytes] = []
        while start < end:
            step = min(end, (start // WIDTH + 1) * WIDTH) - start
            found += self.hashes(0, start, step)
            start += step
        return found

    def append(self, size: int, leaves: Sequence[bytes]) -> None:
        """Store the leaf hashes that follow the first `size`, and the hashes above them that they complete."""
        changed: dict[tuple[int, int], bytes] = {}
        level, at, hashes = 0, size, leaves
        while hashes:
            above = []
            for start in range(at // WIDTH * WIDTH, at + len(hashes), WIDTH):
                kept = self._tile(level, start // WIDTH)[: (at - start) * HASH] if start < at else b""
                if start < at and len(kept) != (at - start) * HASH:
                    raise Torn(f"Tile {level}/{start // WIDTH} is shorter than the log.")
                data = kept + b"".join(hashes[max(start - at, 0) : start + WIDTH - at])
                changed[level, start // WIDTH] = data
                if len(data) == WIDTH * HASH:
                    above.append(fold(cut(data)))
            level, at, hashes = level + 1, at // WIDTH, above
        self._read |= changed
        rows = [Tile(level=level, index=index, data=data) for (level, index), data in changed.items()]
        Tile.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["level", "index"], update_fields=["data"], batch_size=200
        )

    def fetch(self, places: Iterable[tuple[int, int]]) -> None:
        """Read several tiles at once."""
        wanted: dict[int, list[int]] = {}
        for level, index in places:
            if (level, index) not in self._read:
                wanted.setdefault(level, []).append(index)
        condition = Q()
        for level, indexes in wanted.items():
            condition |= Q(level=level, index__in=indexes)
        if wanted:
            for tile in Tile.objects.filter(condition):
                self._read[tile.level, tile.index] = bytes(tile.data)

    def forget(self) -> None:
        """Let go of what was read: for whoever walks along the whole log."""
        self._read.clear()

    def _tile(self, level: int, index: int) -> bytes:
        self.fetch([(level, index)])
        return self._read.get((level, index), b"")


def cut(data: bytes) -> list[bytes]:
    """The hashes of a tile's data."""
    return [data[at : at + HASH] for at in range(0, len(data), HASH)]
