"""How the log stands, in a few constant queries: for the integrity page, the command and the check at start."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from foundation.trail import anchors, seal, signing
from foundation.trail.log import Anchor, Block, Key
from foundation.trail.models import EPOCH, Entry
from foundation.trail.notes import Checkpoint
from foundation.trail.record import now

ALARM = 60  # seconds that an entry may wait for its sealing


@dataclass(frozen=True)
class Status:
    """The log at this moment. `waiting`: the oldest unsealed entry. `verified`: the entry of the last verification."""

    last: Block | None
    first: Block | None
    waiting: Entry | None
    keys: list[Key]
    outside: Checkpoint | None
    mailed: Anchor | None
    verified: Entry | None
    now: int

    @property
    def waits(self) -> int:
        """For how many seconds the oldest unsealed entry has been waiting."""
        return max(0, (self.now - self.waiting.at) // 1_000_000) if self.waiting else 0

    @property
    def alarm(self) -> bool:
        return self.waits > ALARM

    @property
    def is_outside(self) -> bool:
        """Whether the newest checkpoint stands in the anchor file."""
        last = self.last.checkpoint if self.last else None
        return last is not None and self.outside is not None and self.outside.root == last.root

    @property
    def beside(self) -> bool:
        """Whether the anchor file lies on the data's own disk, and so goes with it."""
        return same_disk(anchors.path(), Path(settings.DATA_DIR))

    @property
    def mailed_at(self) -> datetime.datetime | None:
        return EPOCH + datetime.timedelta(microseconds=self.mailed.at) if self.mailed else None


def status() -> Status:
    """Ask for all of it."""
    outside = anchors.newest()
    return Status(
        last=seal.head(),
        first=Block.objects.order_by("id").first(),
        waiting=oldest_unsealed(),
        keys=list(Key.objects.order_by("id")),
        outside=outside[0] if outside else None,
        mailed=Anchor.objects.filter(kind="mail").order_by("-id").first(),
        verified=Entry.objects.filter(verb="trail.verified").order_by("-at", "-id").first(),
        now=now(),
    )


def oldest_unsealed() -> Entry | None:
    """The entry that has waited longest: above the highest sealed one, or in an open gap."""
    behind = seal.late(1)
    if behind:
        return Entry.objects.filter(id=behind[0]).first()
    return Entry.objects.filter(id__gt=seal.sealed_up_to()).order_by("id").first()


def same_disk(one: Path, other: Path) -> bool:
    """Whether two paths, or the nearest folders above them that exist, are on one file system."""
    devices = {next(above for above in (path, *path.parents) if above.exists()).stat().st_dev for path in (one, other)}
    return len(devices) == 1


def troubles() -> list[str]:
    """What is wrong with how the log is set up, a sentence each."""
    found = signing.loose()
    stand = status()
    if stand.keys:
        try:
            signing.signer_of(stand.keys[-1])
        except signing.KeyLost as error:
            found.append(str(error))
    if not stand.last:
        found.append("Nothing is sealed yet: start a worker, or run `manage.py trail seal`.")
    elif not stand.is_outside:
        found.append(f"The newest checkpoint is not in the anchor file ({anchors.path()}).")
    if stand.beside:
        found.append(
            f"The anchor file ({anchors.path()}) is on the same disk as the data: whoever can replace one can replace "
            "both. Set TRAIL_ANCHOR_FILE to a path on another machine's disk, or TRAIL_ANCHOR_MAIL to addresses."
        )
    if stand.alarm and stand.waiting:
        found.append(f"Entry {stand.waiting.pk} has waited for sealing for {stand.waits:,} seconds: does a worker run?")
    return found
