"""What an auditor takes along: entries with the proof that they are in the log, to be verified without us.

A bundle is a ZIP: bundle.json (checkpoint, proofs), leaves.txt (every leaf hash of the range, one a line),
events.jsonl (the disclosed entries), and verify_bundle.py, which explains itself. A period's range is made of whole
blocks, so that the auditor can count what was withheld.
"""

import json
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.db.models import Max, Min

from foundation.trail import leaf, merkle, seal
from foundation.trail.log import Anchor, Block, Key, numbers, ranges_of, read_ranges
from foundation.trail.models import Entry
from foundation.trail.notes import Checkpoint, b64
from foundation.trail.seal import SealRefused
from foundation.trail.tiles import Tiles, Torn
from foundation.trail.walk import COLUMNS, batches, chunks, fetch, joined

FORMAT = "countersign-trail-bundle/1"
SCRIPT = Path(__file__).parent / "offline" / "verify_bundle.py"
MAILED = 1000  # mailed checkpoints, the newest, from which a bundle proves consistency
CHUNK = 4096  # leaf hashes read and written at a time
Shown = Callable[[Sequence[int]], Collection[int]]  # of these entries, those that may be disclosed


class NotSealed(LookupError):
    """An entry that is no leaf yet, or never was."""


@dataclass(frozen=True)
class Made:
    """What a bundle holds: disclosed entries, leaves of its range (0: single entries), size of its checkpoint."""

    entries: int
    leaves: int
    size: int


def export_period(
    target: IO[bytes], since: int, until: int, *, earlier: Sequence[Checkpoint] = (), private: bool = False,
    under: Block | None = None, shown: Shown | None = None,
) -> Made:  # fmt: skip
    """Write the bundle of the entries of a period (µs, `until` not included).

    earlier: checkpoints that the auditor holds. private: with the personal parts. under: the checkpoint that proves
    it, instead of the newest. shown: which entries are disclosed; the others are withheld, and counted.

    Raises NotSealed where nothing in the period is sealed, SealRefused where the tiles do not give the signed root.
    """
    proofs = Proofs(under)
    found = Entry.objects.filter(at__gte=since, at__lt=until).aggregate(low=Min("id"), high=Max("id"))
    blocks = Block.objects.filter(max_id__gte=found["low"] or 0, min_id__lte=found["high"] or 0, id__lte=proofs.last.id)
    first, last = blocks.order_by("id").first(), blocks.order_by("id").last()
    if found["low"] is None or first is None or last is None:
        raise NotSealed("No entry of this period is sealed.")
    between = Block.objects.filter(id__range=(first.id, last.id)).order_by("id")
    head = proofs.head(earlier, also=[last.size]) | {
        "start": first.start,
        "end": last.size,
        "left": _hex(merkle.frontier(proofs.node, first.start).hashes),
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        with bundle.open("leaves.txt", "w", force_zip64=True) as file:
            for start in range(first.start, last.size, CHUNK):
                file.writelines(
                    f"{one}\n".encode() for one in _hex(proofs.leaves(start, min(start + CHUNK, last.size)))
                )
        with bundle.open("events.jsonl", "w", force_zip64=True) as file:
            count = _write(file, _events(between, since, until, private=private, shown=shown))
        _finish(bundle, head)
    return Made(count, last.size - first.start, proofs.last.size)


def export_entries(
    target: IO[bytes], ids: Iterable[int], *, earlier: Sequence[Checkpoint] = (), private: bool = False,
    under: Block | None = None,
) -> Made:  # fmt: skip
    """Write the bundle of single entries, each with its inclusion proof; a thousand are held in memory at once.

    Raises NotSealed, also for an entry that was sealed after `under`; SealRefused.
    """
    proofs, wanted = Proofs(under), sorted(set(ids))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        with bundle.open("events.jsonl", "w", force_zip64=True) as file:
            for some in chunks(wanted, CHUNK):
                _write(file, _proven(proofs, some, private=private))
        _finish(bundle, proofs.head(earlier) | {"start": None, "end": None, "left": []})
    return Made(len(wanted), 0, proofs.last.size)


def _proven(proofs: "Proofs", ids: list[int], *, private: bool) -> Iterator[dict[str, Any]]:
    rows = fetch(ranges_of(ids))
    for number, index in indices_of(ids).items():
        yield _event(rows.get(number) or (number,), index, private=private) | {"proof": _hex(proofs.inclusion(index))}


def indices_of(ids: Sequence[int]) -> dict[int, int]:
    """The leaf of each of these entries, which ascend. A query or two for entries that are near each other."""
    found: dict[int, int] = {}
    wanted = set(ids)
    for block in Block.objects.filter(min_id__lte=ids[-1], max_id__gte=ids[0]).order_by("id").iterator():
        if len(found) == len(wanted):
            break
        sealed = zip(numbers(read_ranges(block.ids)), range(block.start, block.size), strict=True)
        found |= {number: index for number, index in sealed if number in wanted}
    if missing := wanted - found.keys():
        raise NotSealed(f"Entry {min(missing)} is not sealed.")
    return {number: found[number] for number in ids}


def index_of(number: int) -> int:
    """The number of an entry's leaf. Raises NotSealed."""
    for block in Block.objects.filter(min_id__lte=number, max_id__gte=number).order_by("id"):
        at = block.start
        for first, last in read_ranges(block.ids):
            if first <= number <= last:
                return at + number - first
            at += last - first + 1
    raise NotSealed(f"Entry {number} is not sealed.")


class Proofs:
    """Proofs under one checkpoint, the newest unless another is named. Raises SealRefused, NotSealed.

    They come from tiles that are first held against its root.
    """

    def __init__(self, under: Block | None = None) -> None:
        last = under or seal.head()
        if last is None:
            raise NotSealed("Nothing is sealed yet.")
        self.last, self._tiles = last, Tiles()
        self.node = self._tiles.node
        self.root = last.checkpoint.root
        try:
            found = merkle.frontier(self.node, last.size).root()
        except Torn:
            found = b""
        self._hold(found == self.root)

    def inclusion(self, index: int) -> list[bytes]:
        """The proof for one leaf, verified before it leaves."""
        if index >= self.last.size:
            raise NotSealed("An entry was sealed after this checkpoint.")
        proof = merkle.inclusion(self.node, index, self.last.size)
        [hashed] = self.leaves(index, index + 1)
        self._hold(merkle.includes(hashed, index, self.last.size, proof, self.root))
        return proof

    def consistency(self, size: int, root: bytes) -> list[bytes]:
        """The proof from an earlier checkpoint, verified before it leaves."""
        proof = merkle.consistency(self.node, size, self.last.size)
        self._hold(merkle.extends(size, self.last.size, proof, root, self.root))
        return proof

    def leaves(self, start: int, end: int) -> list[bytes]:
        found = self._tiles.leaves(start, end)
        self._tiles.forget()
        return found

    def head(self, earlier: Sequence[Checkpoint], also: Iterable[int] = ()) -> dict[str, Any]:
        """What bundle.json says of the checkpoint: proofs from earlier ones, and how its key came about."""
        size = self.last.size
        past = Key.objects.exclude(valid_from=0).filter(valid_from__lte=size).order_by("id")
        rotations = list(past.values_list("valid_from", flat=True))
        mailed = Anchor.objects.filter(kind="mail", size__lte=size).order_by("-id").values_list("size", flat=True)
        roots = {size: merkle.frontier(self.node, size).root() for size in {*also, *rotations, *mailed[:MAILED]}}
        roots |= {one.size: one.root for one in earlier}
        return {
            "format": FORMAT,
            "columns": ["format", *leaf.COLUMNS],
            "checkpoint": self.last.note,
            "consistency": {
                str(size): _hex(self.consistency(size, root)) for size, root in roots.items() if size < self.last.size
            },
            "keys": [one for size in rotations if (one := self._rotation(size))],
        }

    def _rotation(self, size: int) -> dict[str, Any] | None:
        """The checkpoint that the old key signed, and in it the entry that introduces the new one: its last leaf.

        None where the old key was lost before it could.
        """
        block = Block.objects.filter(size=size).first()
        if block is None:
            raise SealRefused(f"The checkpoint of size {size}, which introduced a key, is gone.")
        number = block.max_id
        row = fetch([(number, number)])[number]
        if row[leaf.COLUMNS.index("verb")] != "trail.key_rotated":
            return None
        return {
            "note": block.note,
            "index": size - 1,
            "leaf": leaf.bodies(row[: len(leaf.COLUMNS)])[0].decode(),
            "proof": _hex(merkle.inclusion(self.node, size - 1, size)),
        }

    def _hold(self, holds: bool) -> None:
        if not holds:
            raise SealRefused(
                "The stored hashes do not give the signed root, or the earlier checkpoint is not on this log: run "
                "`manage.py trail verify`, then `manage.py trail doctor --rebuild`."
            )


def tlog_proof(number: int) -> str:
    """One entry's proof as a C2SP tlog-proof text. Raises NotSealed, SealRefused."""
    proofs, index = Proofs(), index_of(number)
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *map(b64, proofs.inclusion(index))]
    return "\n".join(lines) + f"\n\n{proofs.last.note}"


def _events(
    blocks: Iterable[Block], since: int, until: int, *, private: bool, shown: Shown | None
) -> Iterator[dict[str, Any]]:
    """The entries of the period among those of the blocks, in leaf order."""
    at = leaf.COLUMNS.index("at")
    for batch in batches(blocks):
        ranges = [read_ranges(block.ids) for block in batch]
        rows = fetch(joined(ranges))
        disclosed = rows.keys() if shown is None else set(shown(sorted(rows)))
        for block, own in zip(batch, ranges, strict=True):
            for index, number in enumerate(numbers(own), block.start):
                if number in disclosed and since <= rows[number][at] < until:
                    yield _event(rows[number], index, private=private)


def _event(row: Sequence[Any], index: int, *, private: bool) -> dict[str, Any]:
    if len(row) < len(COLUMNS):
        raise NotSealed(f"Entry {row[0]} is gone.")
    said = {"index": index, "leaf": leaf.bodies(row[: len(leaf.COLUMNS)])[0].decode()}
    hidden = row[COLUMNS.index("private")]
    return said | ({"private": hidden} if private and hidden else {})


def _write(file: IO[bytes], lines: Iterable[dict[str, Any]]) -> int:
    count = 0
    for line in lines:
        file.write(json.dumps(line, ensure_ascii=False, sort_keys=True).encode() + b"\n")
        count += 1
    return count


def _finish(bundle: zipfile.ZipFile, head: dict[str, Any]) -> None:
    """Add what is read first. No part bears a date of ours: the same log gives the same bytes."""
    for name, content in (
        ("bundle.json", json.dumps(head, ensure_ascii=False, sort_keys=True, indent=1)),
        ("verify_bundle.py", SCRIPT.read_text(encoding="utf-8")),
    ):
        bundle.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _hex(hashes: Iterable[bytes]) -> list[str]:
    return [one.hex() for one in hashes]
