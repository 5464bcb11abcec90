"""What lies in the store and belongs to no record: uploads whose saving failed half-way, what processes that died left.

A file is held by a FileField of a model, or by the same column of its history; no other place may name one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.core.files.storage import Storage, storages
from django.db import models, transaction

from foundation.files import spool
from foundation.files.models import StoredFile, place_of
from foundation.files.reading import UNDERNEATH
from foundation.trail.models import Tracked, history_of
from foundation.trail.record import SYSTEM, record

BATCH: Final = 500


@dataclass(frozen=True)
class Swept:
    """How many were removed: rows without a record, sealed bytes without a row, spools without a process."""

    files: int
    places: int
    spools: int

    def __bool__(self) -> bool:
        return bool(self.files or self.places or self.spools)


def sweep(before: datetime) -> Swept:
    """Remove what was stored before `before` and belongs to nobody; the trail says how many, if any."""
    with transaction.atomic():
        files = sum(remove_unheld(rows) for rows in batches(stored_before(before)))
    swept = Swept(files, sweep_places(storages[UNDERNEATH], before), spool.sweep(before.timestamp()))
    if swept:
        with transaction.atomic():
            record("files.swept", SYSTEM, refs={"files": files, "places": swept.places, "spools": swept.spools})
    return swept


def holders() -> list[tuple[type[models.Model], str]]:
    """Every column of the product that can hold a file, with the columns of histories."""
    found: list[tuple[type[models.Model], str]] = []
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                found.append((model, field.attname))
                if issubclass(model, Tracked):
                    found.append((history_of(model), field.attname))
    return found


def stored_before(before: datetime) -> Iterable[tuple[UUID, str]]:
    """Id and path of what was stored before a moment."""
    return StoredFile.objects.filter(stored_at__lt=before).order_by("id").values_list("id", "path").iterator(BATCH)


def remove_unheld(rows: list[tuple[UUID, str]]) -> int:
    """Forget those that no column names. Their sealed bytes then belong to no row."""
    paths, held = [path for _, path in rows], set[str]()
    for model, column in holders():
        named = model._base_manager.filter(**{f"{column}__in": paths})
        held.update(named.values_list(column, flat=True))
    gone = [number for number, path in rows if path not in held]
    StoredFile.objects.filter(pk__in=gone).delete()
    return len(gone)


def sweep_places(storage: Storage, before: datetime) -> int:
    """Remove sealed bytes without a row, folder by folder. What is not named by an id is not ours and stays."""
    removed = 0
    for number in range(256):
        for ids in batches(ids_in(storage, f"{number:02x}")):
            known = set(StoredFile.objects.filter(pk__in=ids).values_list("pk", flat=True))
            for lost in (place_of(found) for found in ids if found not in known):
                if storage.get_modified_time(lost) < before:
                    storage.delete(lost)
                    removed += 1
    return removed


def ids_in(storage: Storage, folder: str) -> Iterator[UUID]:
    """The ids of the files in one of the store's folders."""
    try:
        _, names = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        try:
            yield UUID(hex=name)
        except ValueError:
            continue


def batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    """The items, BATCH at a time."""
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
