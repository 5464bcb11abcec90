"""The way along the whole log, from the first leaf to the last: every hash made anew from the rows, a batch at a time.

Tiles are used for one thing only: to name the entries of a block whose root does not come out.
"""

import hashlib
import ipaddress
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from django.db.models import Q

from foundation.trail import leaf, merkle, notes
from foundation.trail.faults import Faults
from foundation.trail.histories import Histories
from foundation.trail.log import Block, Key, Range, numbers, ranges_of, read_ranges
from foundation.trail.models import Entry
from foundation.trail.notes import Checkpoint, Malformed, Note, PublicKey
from foundation.trail.seal import MOST, Holes
from foundation.trail.tiles import Tiles, Torn

COLUMNS = (*leaf.COLUMNS, "mac", "private", "ip")
AT = leaf.COLUMNS.index("at")
VERB = leaf.COLUMNS.index("verb")
DETAIL = leaf.COLUMNS.index("detail")
BLOCKS = 500  # blocks in a batch, at most
INTRODUCING = {"trail.key_introduced", "trail.key_rotated"}
REPLACING = "trail.key_replaced"  # of a key that was lost: its own checkpoint is the first that names it
Rows = dict[int, Sequence[Any]]
One = TypeVar("One")


class Walk:
    """Walks over blocks and entries; afterwards it knows the tree, the numbers sealed, and what entries told of."""

    def __init__(self, faults: Faults, histories: Histories | None, say: Callable[[int], None]) -> None:
        self.faults, self.histories, self._say = faults, histories, say
        self.tree: merkle.Frontier | None = merkle.Frontier()  # None: lost, after what could not be made good
        self.sealed = Holes()
        self.first = 0  # the lowest id of the first block
        self.last: Block | None = None
        self.introduced: dict[str, int] = {}  # key → the size of the checkpoint that seals the entry which names it
        self.replaced: dict[str, int] = {}  # the same of keys that nobody could introduce
        self.restores: list[dict[str, Any]] = []
        self.unanchored = 0  # up to this size the anchor file was not at hand when a backup was restored
        self.moved = 0  # up to this number entries came from PostgreSQL, where rolled-back numbers are left out
        self.count = 0
        self._size = 0  # where the next block must begin
        self._keys = [(key.valid_from, key.public) for key in readable(faults)]
        self._mac_keys = leaf.mac_keys()
        self._without: set[int] = set()  # entries whose committed personal part is gone
        self._erasures: set[int] = set()  # entries whose erasure another entry tells of
        self._tiles = Tiles()

    def blocks(self) -> None:
        """All blocks and their entries."""
        for batch in batches(Block.objects.order_by("id").iterator(chunk_size=BLOCKS)):
            spans = {block.id: self._ranges(block) for block in batch}
            rows = fetch(joined(spans.values()))
            for block in batch:
                self._block(block, spans[block.id], rows)
            self._done()

    def entries(self, ids: Iterable[int], overdue: int) -> list[int]:
        """Entries that are no leaves yet: everything about them but the tree. Returns those from before `overdue`."""
        late = []
        for chunk in chunks(ids, MOST):
            for number, row in fetch(ranges_of(chunk)).items():
                self._leaf(number, row)
                if row[AT] < overdue:
                    late.append(number)
            self._done()
        return late

    def erased(self) -> None:
        """Say which personal parts are gone without an erasure; call it when all entries were seen."""
        for number in sorted(self._without - self._erasures):
            self.faults.entry("unerased", number)

    def key_for(self, size: int) -> PublicKey | None:
        """The key whose signature counts at this size."""
        return next((key for valid_from, key in reversed(self._keys) if valid_from < size), None)

    def _done(self) -> None:
        if self.histories is not None:
            self.histories.check()
        self._tiles.forget()
        self._say(self.count)

    # ---- one block -----------------------------------------------------------------------------------------------

    def _ranges(self, block: Block) -> list[Range]:
        try:
            found = read_ranges(block.ids)
        except ValueError:
            found = []
        if sum(last - first + 1 for first, last in found) != block.count or block.count > MOST:
            self.faults.add(f"Checkpoint {block.id} does not say which entries it seals: its row was altered.")
            return []
        if (block.min_id, block.max_id) != (found[0][0], found[-1][1]):
            self.faults.add(f"Checkpoint {block.id} says other bounds than its entries have: its row was altered.")
        return found

    def _block(self, block: Block, ranges: list[Range], rows: Rows) -> None:
        self._link(block)
        for first, last in ranges:
            for again in self.sealed.fill(first, last):
                self.faults.add(f"Checkpoint {block.id} seals entries {again[0]}-{again[1]} a second time.")
        self.first = self.first or (ranges[0][0] if ranges else 0)
        said = self._signed(block)
        hashes = [self._hash(number, rows.get(number), block.size) for number in numbers(ranges)]
        self._grow(block, said, ranges, hashes)
        self._size, self.last = block.size, block

    def _link(self, block: Block) -> None:
        before = self.last
        expected = before.id + 1 if before else 1
        if block.id != expected:
            gone = f"{expected}" if block.id == expected + 1 else f"{expected}-{block.id - 1}"
            self.faults.add(f"Checkpoint {gone} is gone.")
        elif block.previous != (notes.digest(before.note) if before else ""):
            self.faults.add(f"Checkpoint {block.id} does not name the one before it: one of them was replaced.")
        if block.id == expected and block.start != self._size:
            self.faults.add(f"Checkpoint {block.id} does not begin where the one before it ends: its row was altered.")

    def _signed(self, block: Block) -> Checkpoint | None:
        """What the note says, if it is signed as it must be."""
        try:
            note, said = Note.read(block.note), block.checkpoint
        except Malformed:
            self.faults.add(f"Checkpoint {block.id} cannot be read: its note was altered.")
            return None
        key = self.key_for(block.size)
        if key is None or not key.signed(note):
            self.faults.add(f"Checkpoint {block.id} is not signed by the key that was valid at size {block.size}.")
        if said.size != block.size or said.more != block.more():
            self.faults.add(f"Checkpoint {block.id} says something else in its row than in its signed note.")
        return said

    def _grow(self, block: Block, said: Checkpoint | None, ranges: list[Range], hashes: Sequence[bytes | None]) -> None:
        """Let the tree grow by this block and hold its root against the signed one."""
        if said is None or not ranges:
            self.tree = self._found_again(block, said)
            return
        if self.tree is not None and self.tree.size == block.start:
            whole = [one for one in hashes if one is not None]
            grown = self.tree.copy()
            grown.extend(whole)
            if len(whole) == len(hashes) and grown.root() == said.root:
                self.tree = grown
                return
            self.tree = self._named(block, said, ranges, hashes)
        if self.tree is None or self.tree.size != block.size:
            self.tree = self._found_again(block, said)

    def _named(
        self, block: Block, said: Checkpoint, ranges: list[Range], hashes: Sequence[bytes | None]
    ) -> merkle.Frontier | None:
        """The entries whose leaves are not the sealed ones, by the tiles; the tree as sealed, if they give it."""
        try:
            sealed = self._tiles.leaves(block.start, block.size)
        except Torn:
            sealed = []
        grown = self.tree.copy() if self.tree is not None else merkle.Frontier()
        grown.extend(sealed)
        if grown.size != block.size or grown.root() != said.root:
            self.faults.add(
                f"Checkpoint {block.id}: entries {block.ids} do not give its root, and the stored hashes don't either."
            )
            return None
        for number, ours, theirs in zip(numbers(ranges), hashes, sealed, strict=True):
            if ours is not None and ours != theirs:
                self.faults.entry("altered", number)
        return grown

    def _found_again(self, block: Block, said: Checkpoint | None) -> merkle.Frontier | None:
        """The tree at the end of this block from the tiles, if that is what was signed."""
        try:
            found = merkle.frontier(self._tiles.node, block.size)
        except Torn:
            return None
        return found if said is not None and found.root() == said.root else None

    # ---- one entry -----------------------------------------------------------------------------------------------

    def _hash(self, number: int, row: Sequence[Any] | None, size: int) -> bytes | None:
        if row is None:
            self.faults.entry("gone", number)
            return None
        body = self._leaf(number, row, size)
        return merkle.leaf_hash(body) if body is not None else None

    def _leaf(self, number: int, row: Sequence[Any], size: int = 0) -> bytes | None:
        """The leaf of a row, and all that can be said of the row without the tree. `size`: of the sealing block."""
        *columns, mac, private, ip = row
        self.count += 1
        try:
            body, authenticated = leaf.bodies(columns)
            facts = json.loads(columns[DETAIL])
            committed = facts.get("private")
        except (TypeError, ValueError, AttributeError):
            self.faults.entry("unreadable", number)
            return None
        if not leaf.authentic(authenticated, mac, self._mac_keys):
            self.faults.entry("mac", number)
        salt = self._personal(number, committed, private, ip)
        if self.histories is not None and "history" in facts:
            self.histories.tell(number, facts["history"], salt)
        if columns[VERB] in TELLING:
            self._special(columns[VERB], facts.get("refs", {}), size)
        return body

    def _personal(self, number: int, committed: Any, private: Any, ip: Any) -> str:
        """Hold the personal part against its commitment; return its salt."""
        if private is None:
            if committed:
                self._without.add(number)
            if ip is not None:
                self.faults.entry("ip", number)
            return ""
        try:
            if hashlib.sha256(private.encode()).hexdigest() != committed:
                self.faults.entry("private", number)
                return ""
            hidden = json.loads(private)
            if hidden.get("ip") != ip and not same_address(hidden.get("ip"), ip):
                self.faults.entry("ip", number)
            return str(hidden.get("salt", ""))
        except (ValueError, AttributeError):
            self.faults.entry("private", number)
            return ""

    def _special(self, verb: str, refs: Any, size: int) -> None:
        """What the log itself must know of its entries: erasures, keys, restores."""
        match refs:
            case {"unanchored": int(before)} if verb == "backup.restored" and size:
                self.unanchored = max(self.unanchored, before)
        match refs:
            case {"entries": list(ids)} if verb == "private.erased":
                self._erasures.update(number for number in ids if isinstance(number, int))
            case {"key": str(key)} if verb in INTRODUCING and size:
                self.introduced.setdefault(key, size)
            case {"key": str(key)} if verb == REPLACING and size:
                self.replaced.setdefault(key, size)
            case {"database": "postgresql", "last_entry": [int(number), _]} if verb == "backup.restored":
                self.moved = max(self.moved, number)
            case {"checkpoint": str(), "restored_size": int(), "lost_size": int(), "origin": str()} if size:
                self.restores.append(refs)


TELLING = INTRODUCING | {REPLACING, "private.erased", "backup.restored", "trail.restore_acknowledged"}


def readable(faults: Faults) -> Iterator[Key]:
    """The keys of the table, in order."""
    for key in Key.objects.order_by("id"):
        try:
            key.public  # noqa: B018 - reads it
        except Malformed:
            faults.add(f"Key {key.pk} of the table cannot be read: it was altered.")
        else:
            yield key


def batches(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Blocks in batches of about MOST entries, so that small blocks don't cost a query each."""
    batch: list[Block] = []
    for block in blocks:
        batch.append(block)
        if len(batch) == BLOCKS or sum(one.count for one in batch) >= MOST:
            yield batch
            batch = []
    if batch:
        yield batch


def chunks(all_of_them: Iterable[One], size: int) -> Iterator[list[One]]:
    """Whatever comes, `size` at a time."""
    chunk: list[One] = []
    for one in all_of_them:
        chunk.append(one)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def joined(spans: Iterable[list[Range]]) -> list[Range]:
    """The ranges of several blocks as few ranges."""
    found: list[Range] = []
    for first, last in sorted(one for ranges in spans for one in ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def fetch(ranges: Sequence[Range]) -> Rows:
    """The rows of COLUMNS in these ranges, by id."""
    rows: Rows = {}
    for start in range(0, len(ranges), 200):
        condition = Q()
        for first, last in ranges[start : start + 200]:
            condition |= Q(id__range=(first, last)) if first != last else Q(id=first)
        rows |= {row[0]: row for row in Entry.objects.filter(condition).order_by().values_list(*COLUMNS)}
    return rows


def same_address(one: Any, other: Any) -> bool:
    """Whether two spellings are one address."""
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return False
