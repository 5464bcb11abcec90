"""The save path of everything: the row, its history and its trail entry in one transaction, or nothing."""

import datetime
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import models, transaction

from foundation.trail import leaf
from foundation.trail.models import EPOCH, Cause, Entry, Tracked, audited_bulk, version_of
from foundation.trail.record import actor_of, append, draft, now
from foundation.trail.values import columns, empty, stored

Row = TypeVar("Row", bound=Tracked)
Changes = dict[str, list[Any]]  # field → [before, after]
Refs = dict[str, Any]  # what else an entry is about: word → number
ERASED = re.compile("sha256:([0-9a-f]{64})")  # what erase() leaves in a history row


class Stale(Exception):
    """Somebody saved the row after this copy of it was read. `stored` is what stands there now."""

    def __init__(self, stored: Tracked) -> None:
        super().__init__(f"{stored} has been changed meanwhile.")
        self.stored = stored


@transaction.atomic
def save(
    instance: Row,
    *,
    actor: Any,
    verb: str,
    reason: str = "",
    refs: Refs | None = None,
    private: dict[str, Any] | None = None,
) -> Row:
    """Store `instance` with its history row and its trail entry (R3.5); return it.

    `instance.version` must be the version that the person saw: raises Stale when another one is stored now. A row that
    would not change is left alone, without an entry. Validation is the form's; the database's constraints hold anyway.

    verb: one of `verbs.VERBS`. refs: what else the entry is about, a word and a number ({"vendor": 3}): it is found by
    them. private: as `record` takes it.
    """
    model = type(instance)
    rows = model._base_manager.select_for_update(no_key=True).filter(pk=instance.pk).order_by()
    before = next(iter(rows), None) if instance.pk else None
    keep_files(instance, new=before is None)
    move = compare(before, instance)
    if move is None:
        return instance
    at = now()
    instance.version += move.step
    instance.__dict__["_cause"] = cause(actor, reason, at)
    try:
        instance.save(force_insert=before is None, force_update=before is not None)
    except BaseException:
        instance.version -= move.step  # the row stands as it was, so this copy of it must match it again
        raise
    finally:
        instance.__dict__.pop("_cause", None)
    told = Telling(actor, reason, refs, private, at)
    append(entry_of(move, instance.version_row, verb, told))
    return instance


@transaction.atomic
def save_many(
    instances: Iterable[Row],
    *,
    actor: Any,
    verb_created: str,
    verb_updated: str,
    reason: str,
    refs: Refs | Callable[[Row], Refs] | None = None,
    chunk: int = 1000,
) -> tuple[int, int]:
    """What `save` does, for many rows of one model in a constant number of queries a chunk: all of them or none.

    refs: the same for all entries, or a function that gives each row's own (asked once the row has its number).
    Returns how many rows were created and changed. Raises Stale for the first row that somebody saved meanwhile (or
    that stands among them twice; ValueError where both fall into one chunk).
    """
    waiting, created, changed = list(instances), 0, 0
    told = Telling(actor, reason, refs, None, now())
    for start in range(0, len(waiting), chunk):
        moves = compare_all(waiting[start : start + chunk])
        new, old = [move for move in moves if move.new], [move for move in moves if not move.new]
        with audited_bulk(f"{verb_created}, {verb_updated}"):
            _write(new, old)
        _tell(new, "+", verb_created, told)
        _tell(old, "~", verb_updated, told)
        created, changed = created + len(new), changed + len(old)
    return created, changed


@dataclass(frozen=True, slots=True)
class Move(Generic[Row]):
    """One row that is to be written: as it will be, what changes in it, and whether it is new."""

    row: Row
    changes: Changes
    new: bool

    @property
    def step(self) -> int:
        """By how much the row's version rises."""
        return 0 if self.new else 1


@dataclass(frozen=True, slots=True)
class Telling:
    """What the entries of one call have in common. `at`: their moment, and their history rows', in microseconds."""

    actor: Any
    reason: str
    refs: Refs | Callable[[Any], Refs] | None
    private: dict[str, Any] | None
    at: int

    def refs_of(self, row: Tracked) -> Refs | None:
        """What else the entry of this row is about."""
        return self.refs(row) if callable(self.refs) else self.refs


# ---- comparing -----------------------------------------------------------------------------------------------------


def compare(before: Row | None, instance: Row) -> Move[Row] | None:
    """What writing `instance` changes; None if nothing. Raises Stale if it was read before the stored one was saved."""
    if before is None:
        return Move(instance, differences(None, instance), new=True)
    if before.version != instance.version:
        raise Stale(before)
    changes = differences(before, instance)
    unrecorded = any(getattr(before, name) != getattr(instance, name) for name in instance.unrecorded)
    return Move(instance, changes, new=False) if changes or unrecorded else None


def compare_all(rows: Sequence[Row]) -> list[Move[Row]]:
    """`compare` for rows of one model, locked and read in one query."""
    model = type(rows[0])
    numbers = [row.pk for row in rows if row.pk]
    if len(set(numbers)) < len(numbers):
        raise ValueError("One row stands twice among those to be saved.")  # the second would not know of the first
    # in one order, so that two calls over the same rows wait for each other instead of locking each other out
    known = model._base_manager.select_for_update(no_key=True).order_by("pk").in_bulk(numbers)
    for row in rows:
        keep_files(row, new=row.pk not in known)
    moves = (compare(known.get(row.pk), row) for row in rows)
    return [move for move in moves if move is not None]


def differences(before: Tracked | None, instance: Tracked) -> Changes:
    """Each field that differs → [before, after], as plain values; of a new row those that say something."""
    found = {}
    for field in columns(type(instance)):
        if field.name in ("version", "created_at", *instance.unrecorded) or field.primary_key:
            continue
        value, was = getattr(instance, field.attname), getattr(before, field.attname, None)
        if type(value) is type(was) and value == was:
            continue
        after, earlier = stored(field, value), stored(field, was) if before is not None else None
        if after != earlier and not (before is None and empty(after)):
            found[field.name] = [earlier, after]
    return found


def keep_files(instance: Tracked, *, new: bool) -> None:
    """Put uploaded files into their storage first: only there do they get the name that history and trail tell."""
    for field in columns(type(instance)):
        if isinstance(field, models.FileField):
            field.pre_save(instance, new)


# ---- writing -------------------------------------------------------------------------------------------------------


def _write(new: Sequence[Move[Any]], old: Sequence[Move[Any]]) -> None:
    """The rows themselves; of the old ones only the columns in which at least one of them changes.

    By the base manager, which is not the one that refuses bulk writes: history and entries follow in `_tell`.
    """
    if new:
        type(new[0].row)._base_manager.bulk_create([move.row for move in new])
    if old:
        model = type(old[0].row)
        names = {"version", *model.unrecorded}.union(*(move.changes for move in old))
        for move in old:
            move.row.version += move.step
        model._base_manager.bulk_update([move.row for move in old], sorted(names))


def _tell(moves: Sequence[Move[Any]], kind: str, verb: str, told: Telling) -> None:
    """The history rows and entries of rows that were just written."""
    if not moves:
        return
    why = cause(told.actor, told.reason, told.at)
    versions = [version_of(move.row, kind, why) for move in moves]
    type(versions[0])._base_manager.bulk_create(versions)
    Entry.objects.bulk_create(
        entry_of(move, version, verb, told) for move, version in zip(moves, versions, strict=True)
    )


def cause(actor: Any, reason: str, at: int) -> Cause:
    """What the history row says of who, why and when: the same as the entry."""
    return Cause(actor_of(actor).id, reason, EPOCH + datetime.timedelta(microseconds=at))


def entry_of(move: Move[Any], version: Any, verb: str, told: Telling) -> Entry:
    """The entry of one save: its changes and the hash of its history row.

    Of a personal field the leaf says only that it changed; the values stand in `private`, where they can be erased.
    """
    row, private = move.row, dict(told.private or {})
    personal = {name: pair for name, pair in move.changes.items() if name in row.personal}
    salt = leaf.new_salt() if row.personal else ""
    if row.personal:
        private |= {"salt": salt, "changes": personal}
    return draft(
        verb,
        told.actor,
        row,
        changes=move.changes | {name: [] for name in personal},
        reason=told.reason,
        refs=told.refs_of(row),
        history={"table": version._meta.db_table, "id": version.pk, "sha256": history_sha256(version, salt)},
        private=private,
        at=told.at,
    )


def history_sha256(version: Any, salt: str) -> str:
    """SHA-256 of a history row, hex: of canonical JSON {column: value} without the values that say nothing.

    A commitment stands for each personal value. Empty values are left out so that a column which a later
    release adds does not change what was said of the rows that are older than it.
    """
    return leaf.sha256(leaf.canonical(hashed(version, salt)[0]))


def hashed(version: Any, salt: str) -> tuple[dict[str, Any], list[str]]:
    """The values of a history row as they are hashed, and the columns of which a commitment stands for the value."""
    values: dict[str, Any] = {}
    committed, personal = [], version.instance_type.personal
    for field in columns(version.__class__):
        value = stored(field, getattr(version, field.attname))
        if empty(value):
            continue
        values[field.attname] = commitment(salt, value) if field.name in personal else value
        if field.name in personal:
            committed.append(field.attname)
    return values, committed


def commitment(salt: str, value: str) -> str:
    """SHA-256(salt ‖ value), hex: what stands for a personal value. Of an erased one it is all that is left."""
    erased = ERASED.fullmatch(value)
    return erased.group(1) if erased else leaf.sha256(f"{salt}{value}")
