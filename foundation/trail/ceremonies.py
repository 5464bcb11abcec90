"""The rare acts of the log: a new key, and going on after a loss. Each is an entry in a block of its own."""

from typing import Any

from django.db import transaction

from foundation.trail import anchors, seal, signing
from foundation.trail.log import Block
from foundation.trail.models import Entry
from foundation.trail.notes import Checkpoint
from foundation.trail.record import SYSTEM, record
from foundation.trail.seal import Sealing, SealRefused


def rotate(*, actor: Any = SYSTEM, reason: str) -> Block:
    """Let a new key sign from now on; the old one signs the checkpoint that holds the entry which introduces it.

    Raises ValueError without a reason, SealRefused, and signing.KeyLost. The old private key's file stays.
    """
    _needs(reason)
    seal.seal_all()
    with transaction.atomic(durable=True):
        seal.lock()
        sealing = Sealing()
        old = sealing.signer()
        new = signing.make(old.name)
        told = signing.introduce(new, sealing.frontier.size + 1, "trail.key_rotated", actor, reason)
        done = sealing.seal(old, new, only=told.pk)
    seal.anchor()
    return _made(done)


def replace_lost(*, actor: Any = SYSTEM, reason: str) -> Block:
    """Let a new key sign because the private half of the newest one is lost. Nothing leads from the old key to it.

    Checkpoints of before still hold by their roots, and whoever holds one sees that the log goes on from there; that
    the new key is ours they must be told by another route. Raises ValueError without a reason or where the key is not
    lost, and SealRefused.
    """
    _needs(reason)
    with transaction.atomic(durable=True):
        seal.lock()
        sealing = Sealing()
        name = signing.lost().public.name
        new = signing.make(name)
        told = signing.introduce(new, sealing.frontier.size, "trail.key_replaced", actor, reason)
        done = sealing.seal(new, only=told.pk)
        signing.publish()
    seal.anchor()
    return _made(done)


def acknowledge_restore(*, actor: Any = SYSTEM, reason: str) -> Block:
    """Go on after a restore that lost sealed entries: the log gets the next number, and says what it lost.

    The first entry under the new number embeds the newest checkpoint outside. Raises ValueError without a reason or
    where nothing was lost, SealRefused where the anchor file shows another log than a shorter one, signing.KeyLost.
    """
    _needs(reason)
    with transaction.atomic(durable=True):
        seal.lock()
        sealing = Sealing(outside=False)
        outside, note = _lost(sealing)
        base, number = outside.log
        signer = sealing.signer()  # before the origin: a new log would choose its own
        sealing.origin = f"{base}/{number + 1}"
        told = _tell(actor, reason, note, sealing)
        done = sealing.seal(signer, only=told.pk)
    seal.anchor()
    return _made(done)


def _tell(actor: Any, reason: str, note: str, sealing: Sealing) -> Entry:
    refs = {
        "checkpoint": note,
        "origin": sealing.origin,
        "restored_size": sealing.frontier.size,
        "lost_size": Checkpoint.read(note).size,
    }
    return record("trail.restore_acknowledged", actor, reason=reason, refs=refs)


def _lost(sealing: Sealing) -> tuple[Checkpoint, str]:
    """The newest checkpoint outside, if this database is a shorter copy of its log."""
    there = anchors.newest()
    try:
        seal.check_anchor(sealing.head, sealing.tiles)
    except SealRefused:
        pass
    else:
        raise ValueError("Nothing is to be acknowledged: this database holds the newest checkpoint of the anchor file.")
    outside, note = there or (Checkpoint("", 0, b""), "")
    if sealing.head is not None:
        _still_ours(sealing, outside)
    return outside, note


def _still_ours(sealing: Sealing, outside: Checkpoint) -> None:
    """Raises SealRefused unless what this database holds is the beginning of the log outside."""
    ours = sealing.head.checkpoint if sealing.head else outside
    if ours.log[0] != outside.log[0]:
        raise SealRefused(f"The anchor file is about another log ({outside.origin}), not about {ours.origin}.")
    if ours.log[1] == outside.log[1] and outside.size <= ours.size:
        raise SealRefused("The anchor file's checkpoint is not on this log, though it is no longer: it was rewritten.")
    known = [one for one in map(Checkpoint.read, anchors.read()) if one.origin == ours.origin and one.size == ours.size]
    if any(one.root != ours.root for one in known):
        raise SealRefused("The anchor file has another checkpoint of this size: this database was continued elsewhere.")


def _needs(reason: str) -> None:
    if not reason.strip():
        raise ValueError("It needs its reason.")


def _made(done: seal.Sealed) -> Block:
    if done.block is None:
        raise SealRefused("The entry that says so could not be sealed.")
    return done.block
