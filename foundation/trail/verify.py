"""Does the trail still say what it said? Everything that can be asked of the database, the keys and the anchors.

Reads only, in constant memory, while others write. What it cannot know is said in `Report.notes`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from django.db import connection
from django.db.models import Count

from foundation.trail import anchors, guards, notes, present, seal, signing
from foundation.trail.faults import Faults, named
from foundation.trail.histories import Histories
from foundation.trail.log import Anchor, Block
from foundation.trail.models import Entry
from foundation.trail.notes import Checkpoint, Note
from foundation.trail.record import now
from foundation.trail.walk import Walk, readable

IN_FILE = Anchor.objects.filter(kind="file")
PATIENCE = 60 * 1_000_000  # µs that an entry may wait for its sealing


@dataclass(frozen=True)
class Report:
    """What was verified. `faults`: one sentence each, none if all holds. `notes`: what else must be said."""

    faults: list[str]
    notes: list[str]
    entries: int
    sealed: int
    checkpoint: Block | None
    since: Block | None
    anchors: int = 0
    histories: int = 0

    @property
    def holds(self) -> bool:
        return not self.faults


def verify(*, history: bool = True, say: Callable[[int], None] = lambda _: None) -> Report:
    """Verify all of it. `history`: the registers' rows too, past and live. `say` is told how many entries are done."""
    return Verification(history, say).run()


@dataclass
class Verification:
    """One run; each method is one question."""

    history: bool
    say: Callable[[int], None]
    faults: Faults = field(default_factory=Faults)
    notes: list[str] = field(default_factory=list)

    def run(self) -> Report:
        self.guards()
        histories = Histories(self.faults) if self.history else None
        walk = Walk(self.faults, histories, self.say)
        walk.blocks()
        sealed = walk.count
        self.waiting(walk)
        walk.erased()
        self.keys(walk)
        self.copies()
        held = self.outside(walk)
        if histories is not None:
            histories.untold()
            present.astray(self.faults)
        return Report(
            self.faults.sentences(),
            self.notes,
            walk.count,
            sealed,
            walk.last,
            Block.objects.order_by("id").first(),
            held,
            histories.count if histories else 0,
        )

    def guards(self) -> None:
        """Whether the triggers stand that refuse to rewrite anything."""
        for name in guards.missing(connection):
            self.faults.add(f"The database guard {name} is missing or altered: `manage.py migrate` puts it back.")

    def waiting(self, walk: Walk) -> None:
        """Entries that are no leaves: their own checks, and whether they have waited for too long."""
        before = now() - PATIENCE
        behind = seal.entries_in(walk.sealed.ranges, 10**9)
        newer = Entry.objects.filter(id__gt=walk.sealed.highest).order_by("id").values_list("id", flat=True)
        late = [*walk.entries(behind, before), *walk.entries(newer.iterator(chunk_size=5000), before)]
        newest = walk.last.id if walk.last else 0
        since = {n for block in Block.objects.filter(id__gt=newest) for n in seal.ids_of(block)} if late else set()
        for number in late:
            if number not in since:
                self.faults.entry("unsealed", number)
        self._removed(walk, behind)

    def _removed(self, walk: Walk, behind: list[int]) -> None:
        """Numbers that were passed over and have no entry: on PostgreSQL a rollback leaves one, on SQLite nothing.

        What a restore brought from PostgreSQL to SQLite has the gaps of its time there.
        """
        empty = [
            piece
            for hole in walk.sealed.ranges
            if hole[1] >= walk.first
            for piece in seal.without((max(hole[0], walk.first), hole[1]), behind)
        ]
        if connection.vendor == "sqlite":
            self.faults.entries("removed", [piece for piece in empty if piece[1] > walk.moved])
            empty = [piece for piece in empty if piece[1] <= walk.moved]
        if empty:
            count = sum(last - first + 1 for first, last in empty)
            self.notes.append(
                f"{count:,} numbers have no entry ({named(empty[:10])}{', …' if len(empty) > 10 else ''}): rolled-back "
                "transactions leave such gaps, and so would an entry that was removed before it was sealed."
            )

    def keys(self, walk: Walk) -> None:
        """Whether each key was introduced as it must be, and is one of those in the folder."""
        outside = signing.known()
        for number, key in enumerate(readable(self.faults)):
            at, alone = walk.introduced.get(key.text), walk.replaced.get(key.text)
            name = key.public.id.hex()
            if number and alone == key.valid_from + 1:
                self.notes.append(
                    f"Key {name} took a lost key's place at size {key.valid_from} and only its own checkpoint says so: "
                    "whoever holds the old key must be told the new one by another route."
                )
            elif at is None or (number and at != key.valid_from) or (not number and key.valid_from):
                self.faults.add(f"Key {name} was not introduced by an entry that the key before it sealed.")
            if outside and key.public not in outside:
                self.faults.add(f"Key {name} of the database is not among those in TRAIL_KEYS_DIR.")
        if not outside:
            self.notes.append("TRAIL_KEYS_DIR holds no public key: nothing outside the database says which is ours.")
        for path in signing.loose():
            self.notes.append(path)

    def copies(self) -> None:
        """Entries that carry the same MAC: a row that was copied under another number."""
        doubled = Entry.objects.order_by().values("mac").annotate(times=Count("id")).filter(times__gt=1)
        for mac in doubled.values_list("mac", flat=True)[:1000]:
            for number in Entry.objects.filter(mac=mac).order_by("id").values_list("id", flat=True)[:100]:
                self.faults.entry("copied", number)

    # ---- outside the database --------------------------------------------------------------------------------------

    def outside(self, walk: Walk) -> int:
        """Hold every checkpoint of the anchor file against the log; return how many lie on it."""
        held = lost = found = 0
        for batch in chunked(anchors.read(), 500):
            read = [(Checkpoint.read(note), note) for note in batch]
            blocks = {block.size: block for block in Block.objects.filter(size__in=[one.size for one, _ in read])}
            found += reached(batch, after=walk.unanchored)
            for one, note in read:
                block = blocks.get(one.size)
                if self._was_lost(one, walk):
                    lost += 1
                elif block is not None and block.note == note:
                    held += 1
                else:
                    self._off(one, note, walk)
        if walk.unanchored:
            self.notes.append(
                f"Up to size {walk.unanchored:,} checkpoints stood in an anchor file that was not at hand when a "
                "backup was restored, as the restore said: those need not be in the file that is there now."
            )
        self._rest(held, lost, IN_FILE.filter(size__gt=walk.unanchored).count() - found)
        return held

    def _rest(self, held: int, lost: int, lacking: int) -> None:
        if lost:
            self.notes.append(
                f"{lost:,} checkpoints of the anchor file are about entries that a restore lost, as it acknowledged."
            )
        if lacking:
            self.faults.add(
                f"The anchor file ({anchors.path()}) lacks {lacking:,} checkpoints that stood in it: it was shortened "
                "or replaced."
            )
        if not held:
            self.notes.append(
                "No checkpoint outside the database was found: that the log's end was cut off, or that all of it was "
                "made anew with the key, could not be noticed."
            )

    def _was_lost(self, one: Checkpoint, walk: Walk) -> bool:
        """Whether a later restore says that it lost this checkpoint."""
        base, number = one.log
        for refs in walk.restores:
            opened, lost = Checkpoint(refs["origin"], 0, b"").log, Checkpoint.read(refs["checkpoint"])
            if opened[0] == base == lost.log[0] and number < opened[1] and refs["restored_size"] < one.size:
                return number < lost.log[1] or one.size <= lost.size
        return False

    def _off(self, one: Checkpoint, note: str, walk: Walk) -> None:
        """The sentence for a checkpoint outside that the log does not hold."""
        ours = any(key.signed(Note.read(note)) for key in signing.known()) or any(
            key.public.signed(Note.read(note)) for key in readable(self.faults)
        )
        signed = "signed by our key" if ours else "signed by no key of ours"
        size = walk.last.size if walk.last else 0
        if one.size > size:
            self.faults.add(
                f"The anchor file holds a checkpoint of size {one.size} ({signed}), and the database ends at {size}: "
                "its end was cut off, or an older copy was put in its place."
            )
        else:
            self.faults.add(
                f"The anchor file's checkpoint of size {one.size} ({signed}) is not on this log: sealed entries were "
                "rewritten, or another copy of the database was continued."
            )


def lacking() -> int:
    """How many checkpoints that reached the anchor file, as the database says, are not in the one that is there."""
    return IN_FILE.count() - sum(map(reached, chunked(anchors.read(), 500)))


def reached(batch: Iterable[str], after: int = 0) -> int:
    """How many of these notes, of a size above `after`, the database knows to have reached the anchor file."""
    return IN_FILE.filter(sha256__in={notes.digest(note) for note in batch}, size__gt=after).count()


def chunked(items: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
