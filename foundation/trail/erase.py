"""Erasing what is personal in the trail: the values go, all hashes still hold, and who erased is an entry itself."""

from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import QuerySet

from foundation.trail.keep import commitment
from foundation.trail.models import Entry
from foundation.trail.record import record

CHUNK = 1000  # entries in one statement: databases bound how many numbers it may name


@transaction.atomic
def erase(entries: QuerySet[Entry], *, actor: Any, reason: str) -> int:
    """Empty the personal part of these entries and of the history rows that they tell of; return how many had one.

    In a history row SHA-256(salt ‖ value) takes each personal value's place, of which its hash was made. Live rows are
    changed by their own actions, before. `reason` is kept for good, so it must not name the person.
    """
    if not reason.strip():
        raise ValueError("Erasing needs its reason.")
    found = list(entries.filter(private__isnull=False).select_for_update())
    for entry in found:
        _erase_version(entry)
    ids = [entry.pk for entry in found]
    for start in range(0, len(ids), CHUNK):
        Entry.objects.filter(pk__in=ids[start : start + CHUNK]).update(private=None, ip=None)
    record("private.erased", actor, reason=reason, refs={"entries": sorted(ids)})
    return len(ids)


def _erase_version(entry: Entry) -> None:
    told: dict[str, Any] = entry.facts.get("history", {})
    model: Any = next((model for model in apps.get_models() if model._meta.db_table == told.get("table")), None)
    row = model._base_manager.filter(pk=told["id"]).first() if model else None
    if row is None:
        return
    personal = [name for name in row.instance_type.personal if getattr(row, name)]
    for name in personal:
        setattr(row, name, f"sha256:{commitment(entry.hidden['salt'], getattr(row, name))}")
    row.save(update_fields=personal)
