"""Checkpoints outside the database: an append-only file on another path, and the log. Mail is a job's (jobs.trail).

Only these tell that rows and checkpoints were cut off together, or that an older database was put in place: the
sealer asks the file before it signs, and verification holds every checkpoint in it against the log.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from django.conf import settings

from foundation.trail.notes import Checkpoint, Malformed, Note

logger = logging.getLogger("foundation.trail.checkpoint")
TAIL = 64 * 1024  # bytes at the end of the file in which the newest checkpoint is looked for


def path() -> Path:
    return Path(settings.TRAIL_ANCHOR_FILE)


def write(note: str) -> None:
    """Append a note to the file and name it in the log. Raises OSError."""
    path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path(), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        end = os.lseek(handle, 0, os.SEEK_END)
        torn = end and os.pread(handle, 1, end - 1) != b"\n"  # a crash cut the last one off
        os.write(handle, (("\n" if torn else "") + ("\n" if end else "") + note).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    logger.info("checkpoint %s", " ".join(note.split("\n")[:3]))


def newest() -> tuple[Checkpoint, str] | None:
    """The checkpoint in the file that is furthest on, with its note; None while there is none."""
    found = [(Checkpoint.read(note), note) for note in _tail()]
    return max(found, key=lambda one: (one[0].log[1], one[0].size), default=None)


def read() -> Iterator[str]:
    """Every whole note in the file, in its order; what a crash cut off is passed over."""
    try:
        with path().open(encoding="utf-8", errors="replace") as file:
            yield from _notes(file)
    except FileNotFoundError:
        return


def _tail() -> Iterator[str]:
    try:
        with path().open("rb") as file:
            start = file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return
    notes = _notes(iter(text.splitlines(keepends=True)))
    if start:
        next(notes, None)  # its beginning may lie before the tail
    yield from notes


def _notes(lines: Iterator[str]) -> Iterator[str]:
    """The checkpoints among lines: text, an empty line, signatures; anything else is passed over."""
    text: list[str] = []
    signatures: list[str] = []
    closed = False  # whether the empty line after the text has come
    for line in chain(lines, [""]):
        if line.startswith("— ") and closed:
            signatures.append(line)
            continue
        if signatures:
            yield from _whole("".join([*text, "\n", *signatures]))
        if signatures or closed:
            text, signatures, closed = [], [], False
        if line == "\n":
            closed = bool(text)
        else:
            text.append(line)


def _whole(note: str) -> Iterator[str]:
    try:
        Note.read(note)
        Checkpoint.read(note)
    except Malformed:
        return
    yield note
