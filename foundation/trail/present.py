"""The registers' live rows held against their newest history rows: what is shown now must be what was saved last."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.apps import apps
from django.db.models import Max, Model

from foundation.trail.faults import Faults, named_ids
from foundation.trail.keep import ERASED
from foundation.trail.models import Tracked, history_of
from foundation.trail.values import stored

MOST = 1000  # rows named, a register
CHUNK = 500
TRIES = 3  # somebody may save between our reading of a row and of its history


def astray(faults: Faults) -> None:
    """A sentence for each register with rows that were changed, added or removed past the save path."""
    for model in apps.get_models():
        if issubclass(model, Tracked):
            table = model._meta.db_table
            if changed := list(islice(differing(model), MOST)):
                faults.add(f"These rows of {table} are not as they were saved last: {named_ids(changed)}.")
            if gone := removed(model):
                faults.add(f"These rows of {table} are gone, and nothing is ever deleted: {named_ids(gone)}.")


def differing(model: type[Tracked]) -> Iterator[int]:
    """The ids of live rows that are not what their newest history row says, or have none."""
    last = 0
    while rows := list(model._base_manager.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        newest = newest_of(model, [row.pk for row in rows])
        yield from (row.pk for row in rows if not same(row, newest.get(row.pk)) and not settled(model, row.pk))
        last = rows[-1].pk


def settled(model: type[Tracked], pk: int) -> bool:
    """Whether the row and its history agree after all, once nobody saves in between."""
    for _ in range(TRIES):
        before = newest_of(model, [pk]).get(pk)
        row = model._base_manager.get(pk=pk)
        if same(row, before):
            return True
        if before is None or newest_of(model, [pk])[pk].pk == before.pk:
            return False
    return True  # it is being saved all the time, which the trail tells


def newest_of(model: type[Tracked], ids: list[int]) -> dict[int, Any]:
    """The newest history row of each of these records, in two queries."""
    versions = history_of(model)._base_manager
    found = versions.filter(id__in=ids).order_by().values_list("id").annotate(newest=Max("history_id"))
    rows = versions.in_bulk([newest for _, newest in found])
    return {row.id: row for row in rows.values()}


def same(row: Model, version: Any) -> bool:
    """Whether a live row holds what the history row does; of an erased value that is no longer known."""
    return version is not None and all(
        stored(field, getattr(row, field.attname)) == value or (isinstance(value, str) and ERASED.fullmatch(value))
        for field in version.tracked_fields
        for value in [stored(field, getattr(version, field.attname))]
    )


def removed(model: type[Tracked]) -> list[int]:
    """The ids of records that have a history and no row."""
    versions = history_of(model)._base_manager.exclude(id__in=model._base_manager.values("pk"))
    return list(versions.order_by("id").values_list("id", flat=True).distinct()[:MOST])
