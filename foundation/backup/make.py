"""Making a backup: one moment of the database, and every file that it knows, while people go on working."""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.core.files.storage import storages
from django.db import connection, connections, transaction
from django.utils import timezone

from foundation.backup.archive import DATA, END, FILE, HEAD, ROWS, TABLE, Writer, new_file
from foundation.backup.tables import LEFT_OUT, chunks, columns, migrations, tables
from foundation.files.models import StoredFile
from foundation.files.reading import UNDERNEATH
from foundation.trail.log import Block
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM, record

SNAPSHOT: Final = "snapshot"  # the connection that reads one moment
PIECE: Final = 1024 * 1024  # bytes of a file in one frame


@dataclass
class Made:
    """What was backed up. `missing`: files that records hold and whose bytes are gone; the backup is without them."""

    path: Path
    rows: int = 0
    files: int = 0
    size: int = 0
    sha256: str = ""
    checkpoint: str = ""
    missing: list[str] = field(default_factory=list)


def backup(path: Path, secret: str) -> Made:
    """Back everything up into a new file, encrypted under `secret`; the trail says so. Raises FileExistsError."""
    made = Made(path)
    with new_file(path) as out, one_moment() as using:
        writer = Writer(out, secret)
        head = head_of(using)
        made.checkpoint = head["checkpoint"]
        writer.note(HEAD, head)
        counts = {model._meta.label_lower: write_table(writer, model, using) for model in tables()}
        made.rows = sum(counts.values())
        files = {}
        for stored in StoredFile.objects.using(using).order_by("pk").iterator(500):
            digest = write_file(writer, stored)
            files[str(stored.pk)] = digest
        made.missing = still_known([number for number, digest in files.items() if not digest])
        made.files = sum(bool(digest) for digest in files.values())
        writer.note(END, {"rows": counts, "files": files})
        writer.finish()
    made.size = path.stat().st_size
    with path.open("rb") as written:
        made.sha256 = hashlib.file_digest(written, "sha256").hexdigest()
    with transaction.atomic():
        record("backup.made", SYSTEM, refs=facts_of(made))
    return made


def facts_of(made: Made) -> dict[str, Any]:
    """What the trail keeps of a backup."""
    return {
        "rows": made.rows, "files": made.files, "size": made.size, "sha256": made.sha256,
        "checkpoint": made.checkpoint, "missing": made.missing,
    }  # fmt: skip


@contextmanager
def one_moment() -> Iterator[str]:
    """A connection of its own that sees the database as it is now for as long as it reads; it holds up no writer."""
    snapshot = connection.copy(SNAPSHOT)
    if connection.vendor == "sqlite":
        snapshot.settings_dict["OPTIONS"] |= {"transaction_mode": "DEFERRED"}  # IMMEDIATE would keep writers out
    connections[SNAPSHOT] = snapshot
    try:
        with transaction.atomic(using=SNAPSHOT):
            if connection.vendor == "postgresql":
                with snapshot.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield SNAPSHOT
    finally:
        snapshot.close()
        del connections[SNAPSHOT]


def head_of(using: str) -> dict[str, Any]:
    """What a backup says of itself before anything else."""
    block = Block.objects.using(using).order_by("-id").first()
    last = Entry.objects.using(using).order_by("-id").first()
    return {
        "made_at": timezone.now().isoformat(),
        "database": connection.vendor,
        "migrations": migrations(connections[using]),
        "left_out": sorted(LEFT_OUT),
        "checkpoint": block.note if block else "",
        "last_entry": [last.pk, last.leaf_hash().hex()] if last else None,
    }


def write_table(writer: Writer, model: Any, using: str) -> int:
    """A table with its columns and rows; returns how many rows."""
    writer.note(TABLE, {"table": model._meta.label_lower, "columns": columns(model)})
    count = 0
    for rows in chunks(model, using):
        writer.note(ROWS, rows)
        count += len(rows)
    return count


def write_file(writer: Writer, stored: StoredFile) -> str:
    """A file as it lies in the store, sealed; returns the SHA-256 of its sealed bytes, "" if they are gone."""
    try:
        sealed = storages[UNDERNEATH].open(stored.place, "rb")
    except FileNotFoundError:
        return ""
    writer.note(FILE, {"id": str(stored.pk)})
    found = hashlib.sha256()
    with closing(sealed):
        while piece := sealed.read(PIECE):
            found.update(piece)
            writer.frame(DATA, piece)
    return found.hexdigest()


def still_known(numbers: list[str]) -> list[str]:
    """Of files whose bytes are gone, those that are missed: the others were removed while the backup was made."""
    return [str(pk) for pk in StoredFile.objects.filter(pk__in=numbers).values_list("pk", flat=True)]
