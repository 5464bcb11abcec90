"""The save path of everything: the row, its history and its trail entry in one transaction, or nothing."""

import datetime
import decimal
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db import models, transaction

from foundation.trail import leaf
from foundation.trail.models import Entry, Tracked, audited_bulk
from foundation.trail.record import draft

Row = TypeVar("Row", bound=Tracked)


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
    refs: dict[str, Any] | None = None,
    private: dict[str, Any] | None = None,
) -> Row:
    """Store `instance` with its history row and its trail entry (R3.5); return it.

    `instance.version` must be the version that the person saw: raises Stale when another one is stored now. A row that
    would not change is left alone, without an entry. Validation is the form's; the database's constraints hold anyway.
    """
    stored = type(instance)._base_manager.select_for_update().filter(pk=instance.pk).first() if instance.pk else None
    changed = differences(stored, instance)
    if not settle(stored, instance, changed):
        return instance
    instance._history_user, instance._change_reason = person(actor), reason  # type: ignore[attr-defined]
    instance.save()
    version = instance.history.order_by("-history_id").first()
    entry_of(instance, version, changed, actor=actor, verb=verb, reason=reason, refs=refs, private=private).save(
        force_insert=True
    )
    return instance


@transaction.atomic
def save_many(
    instances: Iterable[Row],
    *,
    actor: Any,
    verb_created: str,
    verb_updated: str,
    reason: str,
    refs: dict[str, Any] | None = None,
    chunk: int = 1000,
) -> tuple[int, int]:
    """What `save` does, for many rows of one model in a constant number of queries a chunk: all of them or none.

    Returns how many rows were created and changed. Raises Stale for the first row that somebody saved meanwhile.
    """
    waiting, created, updated = list(instances), 0, 0
    with audited_bulk(reason):
        for start in range(0, len(waiting), chunk):
            new, old = _save_chunk(
                waiting[start : start + chunk], actor, verb_created, verb_updated, reason, refs
            )
            created, updated = created + new, updated + old
    return created, updated


def _save_chunk(
    part: Sequence[Row], actor: Any, verb_created: str, verb_updated: str, reason: str, refs: dict[str, Any] | None
) -> tuple[int, int]:
    model = type(part[0])
    known = model._base_manager.select_for_update().in_bulk([row.pk for row in part if row.pk])
    compared = [(row, known.get(row.pk), differences(known.get(row.pk), row)) for row in part]
    moved = [(row, stored, changed) for row, stored, changed in compared if settle(stored, row, changed)]
    new = [row for row, stored, _ in moved if stored is None]
    old = [row for row, stored, _ in moved if stored is not None]
    manager = model._default_manager
    manager.bulk_create(new)
    if old:
        fields = [field.name for field in model._meta.concrete_fields if not field.primary_key]
        manager.bulk_update(old, fields, batch_size=len(part))
    versions = model.history.model._default_manager.bulk_create(
        [version_of(row, "+" if stored is None else "~", actor, reason) for row, stored, _ in moved]
    )
    Entry.objects.bulk_create(
        entry_of(
            row, version, changed, actor=actor, verb=verb_updated if stored else verb_created, reason=reason, refs=refs
        )
        for (row, stored, changed), version in zip(moved, versions, strict=True)
    )
    return len(new), len(old)


def settle(stored: Row | None, instance: Row, changed: dict[str, list[Any]]) -> bool:
    """Whether `instance` is to be written; counts its version up. Raises Stale if its version is not the stored one."""
    if stored is None:
        return True
    if stored.version != instance.version:
        raise Stale(stored)
    moved = bool(changed) or any(getattr(stored, name) != getattr(instance, name) for name in instance.unrecorded)
    instance.version += moved
    return moved


def differences(stored: Tracked | None, instance: Tracked) -> dict[str, list[Any]]:
    """field → [before, after] of the fields that differ, as plain values; for a new row those that are filled."""
    found = {}
    for field in instance._meta.concrete_fields:
        if field.name in ("id", "version", *instance.unrecorded):
            continue
        before = plain(getattr(stored, field.attname)) if stored is not None else None
        after = plain(field.to_python(getattr(instance, field.attname)))
        if before != after and not (stored is None and after == ""):
            found[field.name] = [before, after]
    return found


def plain(value: Any) -> Any:
    """A field's value as a leaf can hold it: text, integers, truth values, null, and lists and objects of these."""
    match value:
        case None | bool() | int() | str():
            return value
        case datetime.datetime():
            return value.astimezone(datetime.UTC).isoformat(timespec="microseconds")
        case datetime.date() | datetime.time():
            return value.isoformat()
        case decimal.Decimal() | uuid.UUID() | float():
            return str(value)
        case list() | tuple():
            return [plain(item) for item in value]
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case _:
            return str(value)  # a stored file: its name


def person(actor: Any) -> Any:
    """The account for the history row, or None where no account acts."""
    return actor if isinstance(actor, models.Model) and actor.pk else None


def version_of(instance: Tracked, kind: str, actor: Any, reason: str) -> Any:
    """The history row of `instance` as it is now, not stored yet. `kind` is "+" or "~"."""
    model = instance.history.model
    who = person(actor)
    return model(
        history_date=datetime.datetime.now(datetime.UTC),
        history_type=kind,
        history_user_id=who.pk if who else None,
        history_change_reason=reason,
        **{field.attname: getattr(instance, field.attname) for field in model.tracked_fields},
    )


def entry_of(
    instance: Tracked,
    version: Any,
    changed: dict[str, list[Any]],
    *,
    actor: Any,
    verb: str,
    reason: str,
    refs: dict[str, Any] | None = None,
    private: dict[str, Any] | None = None,
) -> Entry:
    """The entry of one save: its changes (personal ones aside, under the salt) and the hash of its history row."""
    salt = leaf.new_salt()
    secret = {name: pair for name, pair in changed.items() if name in instance.personal}
    return draft(
        verb,
        actor,
        instance,
        changes={name: pair for name, pair in changed.items() if name not in instance.personal},
        reason=reason,
        refs=refs,
        history={"table": version._meta.db_table, "id": version.pk, "sha256": history_sha256(version, salt)},
        private={"salt": salt, "changes": secret, **(private or {})},
    )


def history_sha256(version: Any, salt: str) -> str:
    """SHA-256 of a history row's fields as canonical JSON; SHA-256(salt ‖ value) stands for each personal value."""
    values = {field.attname: plain(getattr(version, field.attname)) for field in version.tracked_fields}
    for name in version.instance_type.personal:
        values[name] = leaf.sha256(f"{salt}{values[name]}")
    return leaf.sha256(leaf.canonical({**values, "history_type": version.history_type}))
