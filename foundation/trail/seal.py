"""Sealing: what has been committed since becomes leaves of one tree, and a signed checkpoint says so.

Writers never wait for it. Numbers are given to leaves only here, so an entry that commits late (a lower id than one
sealed already) is simply a later leaf: the numbers that were passed over stay open as gaps for an hour, and `sweep`
finds whatever comes later still. Several processes may do this at once: one of them seals, the others wait or pass.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max, Q, QuerySet

from foundation.trail import anchors, leaf, merkle, notes, signing
from foundation.trail.log import Anchor, Block, Gap, Key, Range, numbers, ranges_of, read_ranges, write_ranges
from foundation.trail.models import Entry
from foundation.trail.notes import Checkpoint, Signer
from foundation.trail.record import now
from foundation.trail.tiles import Tiles, Torn

logger = logging.getLogger("foundation.trail")

MOST: Final = 4096  # entries in one block
OPEN_FOR: Final = 3600 * 1_000_000  # µs that a gap is looked at each time; afterwards only `sweep` finds what came
LOCK: Final = 0x747261696C  # “trail”: PostgreSQL's advisory lock
COLUMNS: Final = (*leaf.COLUMNS, "mac")


class SealRefused(RuntimeError):
    """Signing now would seal over something that is wrong; the message says what, and what to do."""


@dataclass(frozen=True)
class Sealed:
    """What one call did. `altered`: entries that were left out, because their MAC does not hold."""

    block: Block | None = None
    altered: Sequence[int] = ()


@dataclass
class Batch:
    """The entries of the next block: ids and leaf hashes in leaf order, those left out, and the last one looked at."""

    ids: list[int] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    altered: list[int] = field(default_factory=list)
    seen: int = 0

    def take(self, rows: Any) -> None:
        """Add rows of COLUMNS whose MAC holds."""
        keys = leaf.mac_keys()
        for *row, mac in rows:
            self.seen = row[0]
            try:
                body, authenticated = leaf.bodies(row)
            except (TypeError, ValueError):
                self.altered.append(row[0])
                continue
            if leaf.authentic(authenticated, mac, keys):
                self.ids.append(row[0])
                self.hashes.append(merkle.leaf_hash(body))
            else:
                self.altered.append(row[0])


def seal_all(*, wait: bool = True) -> list[Sealed]:
    """Seal until nothing is left; one result a block. Raises SealRefused and signing.KeyLost."""
    done = []
    while True:
        one = seal(wait=wait)
        done.append(one)
        if one.block is None or one.block.count < MOST // 2:
            return done


def seal_in_passing() -> None:
    """What every worker does once a second: seal, unless another process is at it. Raises as `seal`."""
    seal_all(wait=False)


def seal(*, wait: bool = True, most: int = 0) -> Sealed:
    """Seal at most `most` (MOST) entries as one block, and anchor its checkpoint. Call it outside any transaction.

    `wait`: for another process that is sealing, instead of leaving it to that one.
    Raises SealRefused, signing.KeyLost, and OSError where the anchor file cannot be written.
    """
    if not pending():
        anchor()
        return Sealed()
    with transaction.atomic(durable=True):
        if not lock(wait=wait):
            return Sealed()
        done = Sealing().seal(most=most or MOST)
    if done.altered:
        logger.error("left out, because their MAC does not hold: entries %s", in_short(done.altered))
    anchor()
    return done


def pending() -> bool:
    """Whether an entry may wait for sealing; asked without a lock, once a second."""
    highest = sealed_up_to()
    newest = Entry.objects.order_by("-id").values_list("id", flat=True).first() or 0
    return newest > highest or bool(late(1)) or not Key.objects.exists()


def lock(*, wait: bool = True) -> bool:
    """Be the only one who seals until this transaction ends. On SQLite its beginning (IMMEDIATE) did that."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def head() -> Block | None:
    """The newest block."""
    return Block.objects.order_by("-id").first()


def sealed_up_to() -> int:
    """The highest id that is sealed."""
    return Block.objects.aggregate(highest=Max("max_id"))["highest"] or 0


class Sealing:
    """One sealing, inside its transaction and lock. It begins by looking whether signing may go on at all.

    `outside`: whether the anchor file must agree (a restore is acknowledged exactly because it does not).
    """

    def __init__(self, *, outside: bool = True) -> None:
        self.tiles = Tiles()
        self.head = head()
        self.frontier = self._checked()
        if outside:
            check_anchor(self.head, self.tiles)
        self.origin = self.head.checkpoint.origin if self.head else ""

    def _checked(self) -> merkle.Frontier:
        """The tree's right edge from the tiles, if it gives the root that was signed last."""
        if self.head is None:
            return merkle.Frontier()
        try:
            found = merkle.frontier(self.tiles.node, self.head.size)
        except Torn as error:
            raise SealRefused(f"{error} Run `manage.py trail doctor --rebuild`.") from error
        said = self.head.checkpoint
        if found.root() != said.root or said.size != self.head.size:
            raise SealRefused(
                f"The stored hashes do not give the root of the last checkpoint (size {self.head.size}): tiles or the "
                "checkpoint were altered. Run `manage.py trail verify`, then `manage.py trail doctor --rebuild`."
            )
        return found

    def seal(self, *signers: Signer, only: int | None = None, most: int = MOST) -> Sealed:
        """Make the next block of what waits, or of one entry alone, signed by `signers` (default: the newest key)."""
        signed_by = signers or (self.signer(),)
        highest = sealed_up_to()
        batch = Batch()
        for rows in [Entry.objects.filter(id=only)] if only is not None else waiting(batch, highest, most):
            batch.take(rows.values_list(*COLUMNS))
        if not batch.ids:
            return Sealed(altered=batch.altered)
        block = self._block(batch, signed_by)
        keep_gaps(batch.ids, highest)
        return Sealed(block, batch.altered)

    def signer(self) -> Signer:
        """Who signs now; a new log gets its first key. Raises signing.KeyLost."""
        key = Key.objects.order_by("-id").first()
        if key is not None:
            return signing.signer_of(key)
        if self.head is not None:
            raise signing.KeyLost("The log has checkpoints and names no key: the table of keys was emptied.")
        signer = signing.make(signing.new_name())
        signing.introduce(signer, 0, "trail.key_introduced")
        self.origin = f"{signer.name}/1"
        return signer

    def _block(self, batch: Batch, signers: Sequence[Signer]) -> Block:
        before = self.frontier.size
        self.frontier.extend(batch.hashes)
        self.tiles.append(before, batch.hashes)
        block = Block(
            id=self.head.id + 1 if self.head else 1,
            size=self.frontier.size,
            count=len(batch.ids),
            min_id=batch.ids[0],
            max_id=batch.ids[-1],
            ids=write_ranges(ranges_of(batch.ids)),
            sealed_at=now(),
            previous=notes.digest(self.head.note) if self.head else "",
        )
        checkpoint = Checkpoint(self.origin, block.size, self.frontier.root(), block.more())
        block.note = notes.sign(str(checkpoint), signers)
        block.save(force_insert=True)
        return block


def waiting(batch: Batch, highest: int, most: int) -> Iterator[QuerySet[Entry]]:
    """What the next block takes: late entries first, which all have lower ids than the new ones.

    Where nothing of it could be taken into `batch` it looks further: however many rows somebody forges past the
    program, the genuine ones behind them are sealed.
    """
    while not batch.ids and (behind := late(most // 2, after=batch.seen)):
        yield Entry.objects.filter(id__in=behind).order_by("id")
    batch.seen, before, taken = highest, -1, len(batch.ids)
    while batch.seen != before and len(batch.ids) == taken:
        before = batch.seen
        yield Entry.objects.filter(id__gt=before).order_by("id")[: most - taken]


# ---- numbers that were passed over ---------------------------------------------------------------------------------


def late(most: int, after: int = 0) -> list[int]:
    """Entries that have appeared in open gaps since; the first ones with a number above `after`.

    MATERIALIZED: else PostgreSQL, which often has no statistics of the gaps, goes through all entries in their order.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH found AS MATERIALIZED (SELECT e.id FROM trail_gap g CROSS JOIN trail_entry e "
            "WHERE e.id BETWEEN g.first AND g.last AND e.id > %s) SELECT id FROM found ORDER BY id LIMIT %s",
            [after, most],
        )
        return [row[0] for row in cursor.fetchall()]


def keep_gaps(ids: Sequence[int], highest: int) -> None:
    """Close what the sealed `ids` fill, open what they pass over beyond `highest`, forget what was open for long."""
    moment, opened = now(), []
    late_ids = [number for number in ids if number <= highest]
    if late_ids:
        close_gaps(late_ids)
    before = highest
    for first, last in ranges_of(ids[len(late_ids) :]):
        if first > before + 1:
            opened.append(Gap(first=before + 1, last=first - 1, since=moment))
        before = last
    Gap.objects.bulk_create(opened, batch_size=500)
    Gap.objects.filter(since__lt=moment - OPEN_FOR).delete()


def close_gaps(ids: Sequence[int]) -> None:
    """Cut ascending `ids` out of the open gaps, which keep the time at which they were first seen."""
    touched: dict[int, Gap] = {}
    for start in range(0, len(ids), 200):
        condition = Q()
        for number in ids[start : start + 200]:
            condition |= Q(first__lte=number, last__gte=number)
        touched |= {gap.pk: gap for gap in Gap.objects.filter(condition)}
    left = [
        Gap(first=first, last=last, since=gap.since)
        for gap in touched.values()
        for first, last in without((gap.first, gap.last), ids)
    ]
    Gap.objects.filter(pk__in=list(touched)).delete()
    Gap.objects.bulk_create(left, batch_size=500)


def without(one: Range, ids: Sequence[int]) -> list[Range]:
    """What is left of a range when ascending numbers are taken out of it."""
    left, start = [], one[0]
    for number in ids:
        if start <= number <= one[1]:
            if number > start:
                left.append((start, number - 1))
            start = number + 1
    return [*left, (start, one[1])] if start <= one[1] else left


def sweep() -> int:
    """Find entries below the highest sealed one that are no leaf, however late; the next sealing takes them.

    Reads the blocks, not the entries; return how many were found. `verify` and the schedule call it.
    """
    with transaction.atomic(durable=True):
        lock()
        found = unsealed()
        open_now = list(Gap.objects.values_list("first", "last"))
        missed = [n for n in found if not any(first <= n <= last for first, last in open_now)]
        Gap.objects.bulk_create(
            (Gap(first=first, last=last, since=now()) for first, last in ranges_of(missed)), batch_size=500
        )
        return len(missed)


def unsealed(most: int = 100_000) -> list[int]:
    """The ids of entries at or below the highest sealed one that no block names, ascending."""
    holes = Holes()
    for text in Block.objects.order_by("id").values_list("ids", flat=True).iterator(chunk_size=500):
        for first, last in read_ranges(text):
            holes.fill(first, last)
    return entries_in(holes.ranges, most)


def entries_in(ranges: Sequence[Range], most: int) -> list[int]:
    """The ids of entries that stand in these ranges of numbers, ascending, at most `most`."""
    found: list[int] = []
    for start in range(0, len(ranges), 200):
        condition = Q()
        for first, last in ranges[start : start + 200]:
            condition |= Q(id__range=(first, last))
        found += Entry.objects.filter(condition).order_by("id").values_list("id", flat=True)[: most - len(found)]
        if len(found) >= most:
            break
    return found


class Holes:
    """Numbers up to the highest told of that were not told: its `ranges`, ascending. Small where few are missing."""

    def __init__(self) -> None:
        self.highest = 0
        self.ranges: list[Range] = []

    def fill(self, first: int, last: int) -> list[Range]:
        """Tell of the numbers first..last; return those of them that were told before."""
        again: list[Range] = []
        if first > self.highest + 1:
            self.ranges.append((self.highest + 1, first - 1))
        elif first <= self.highest:
            again = self._close(first, min(last, self.highest))
        self.highest = max(self.highest, last)
        return again

    def _close(self, first: int, last: int) -> list[Range]:
        """Take first..last out of the holes; return the parts that were none."""
        again, at, left = [], first, []
        start = next((n for n, hole in enumerate(self.ranges) if hole[1] >= first), len(self.ranges))
        end = start
        while end < len(self.ranges) and self.ranges[end][0] <= last:
            low, high = self.ranges[end]
            if low > at:
                again.append((at, low - 1))
            if low < first:
                left.append((low, first - 1))
            if high > last:
                left.append((last + 1, high))
            at = high + 1
            end += 1
        if at <= last:
            again.append((at, last))
        self.ranges[start:end] = left
        return again


# ---- anchors -------------------------------------------------------------------------------------------------------


def anchor() -> Block | None:
    """Copy the newest checkpoint to the anchor file, unless it stands there; return it if it was copied."""
    last, there = head(), anchors.newest()
    if last is None or (there is not None and there[1] == last.note):
        return None
    if there is not None and (there[0].log[1], there[0].size) >= (last.checkpoint.log[1], last.size):
        return None  # another process was quicker, or the file is ahead: then the next sealing refuses
    anchors.write(last.note)
    return last


def check_anchor(last: Block | None, tiles: Tiles) -> None:
    """Raises SealRefused where the anchor file knows of a log that this database does not hold."""
    there = anchors.newest()
    if there is None:
        return
    outside = there[0]
    if last is None or last.checkpoint.log < outside.log or last.checkpoint.log[0] != outside.log[0]:
        raise SealRefused(_ahead(outside, last))
    if last.checkpoint.log[1] > outside.log[1]:
        return  # a restore was acknowledged, and its first checkpoint is not outside yet
    if outside.size > last.size:
        raise SealRefused(_ahead(outside, last))
    if merkle.frontier(tiles.node, outside.size).root() != outside.root:
        raise SealRefused(
            f"The anchor file's checkpoint of size {outside.size} is not on this log: entries were rewritten, or "
            "another copy of the database was continued. Run `manage.py trail verify`."
        )
    if not Anchor.objects.filter(kind="file", size=outside.size).exists():
        Anchor.objects.create(kind="file", size=outside.size, sha256=notes.digest(there[1]), at=now())


def _ahead(outside: Checkpoint, last: Block | None) -> str:
    here = f"{last.checkpoint.origin} at size {last.size}" if last else "no checkpoint at all"
    return (
        f"The anchor file knows {outside.origin} at size {outside.size}, this database only {here}: it was restored "
        "from a backup, or its end was cut off. If it was restored: `manage.py trail restore-ack --reason …`."
    )


def in_short(ids: Iterable[int], most: int = 40) -> str:
    """Numbers as at most so many ranges: 5-9,12."""
    ranges = ranges_of(sorted(ids))
    more = f" and {len(ranges) - most:,} more ranges" if len(ranges) > most else ""
    return write_ranges(ranges[:most]) + more


def ids_of(block: Block) -> list[int]:
    """The entries of a block, in leaf order."""
    return list(numbers(read_ranges(block.ids)))
