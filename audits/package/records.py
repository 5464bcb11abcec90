"""The records of a package, each as it stood and as the sealed log tells of it.

A line says a record's values in the very form in which the trail hashed them (`foundation.trail.keep.history_sha256`),
and which entry holds that hash. Of a personal value stands its commitment alone, as in the log.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db import models
from django.db.models import QuerySet

from foundation.jobs.job import JobError
from foundation.trail import leaf
from foundation.trail.keep import hashed
from foundation.trail.log import Block
from foundation.trail.models import Entry
from foundation.trail.walk import chunks

CHUNK: Final = 500


def lines_of(model: type[models.Model], found: QuerySet[Any], block: Block) -> Iterator[bytes]:
    """The line of each of these versions of records. Two queries a chunk.

    Raises JobError for a version of which no sealed entry tells.
    """
    for some in chunks(found.iterator(chunk_size=CHUNK), CHUNK):
        yield from proven(model, some, block)


def proven(model: type[models.Model], versions: Sequence[Any], block: Block) -> Iterator[bytes]:
    """The lines of some versions of one register, in their order."""
    told = entries_of(model, [version.id for version in versions], block)
    for version in versions:
        entry = told.get(version.history_id)
        if entry is None:
            raise JobError(
                f"{model._meta.verbose_name} {version.id}: no sealed entry tells of how it stood. Ask again."
            )
        values, personal = hashed(version, entry.hidden.get("salt", ""))
        line = {
            "register": model._meta.label_lower, "id": version.id, "entry": entry.pk, "values": values,
            "personal": personal,
        }  # fmt: skip
        yield leaf.canonical(line).encode() + b"\n"


def entries_of(model: type[models.Model], ids: Sequence[int], block: Block) -> dict[int, Entry]:
    """Number of a history row → the entry that tells of it, among the entries about these records. One query."""
    found: dict[int, Entry] = {}
    about = Entry.objects.filter(object_type=model._meta.label_lower, object_id__in=[str(number) for number in ids])
    table = model.history.model._meta.db_table  # type: ignore[attr-defined]
    for entry in about.filter(id__lte=block.max_id).order_by("id").iterator(chunk_size=CHUNK):
        history = entry.facts.get("history") or {}
        if history.get("table") == table:
            found[history["id"]] = entry
    return found
