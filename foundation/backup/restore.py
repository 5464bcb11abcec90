"""Putting a backup into an empty installation: all of it, verified, or nothing."""

import hashlib
import io
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.files.base import File
from django.core.files.storage import storages
from django.core.management.color import no_style
from django.db import connection, transaction

from foundation.accounts.models import IdentityProvider
from foundation.accounts.providers import SECRET_PURPOSE
from foundation.backup.archive import DATA, END, FILE, HEAD, ROWS, TABLE, Unusable, facts, frames
from foundation.backup.tables import CHUNK, SEEDED, columns, empty, insert, migrations, tables
from foundation.files.models import StoredFile, place_of
from foundation.files.reading import UNDERNEATH, verified_chunks
from foundation.files.sealed import Altered
from foundation.files.vault import PURPOSE
from foundation.keys import Unreadable, key_id, ring, unseal
from foundation.trail import anchors, ceremonies, leaf, seal
from foundation.trail.guards import refilling
from foundation.trail.models import Entry
from foundation.trail.notes import Checkpoint
from foundation.trail.record import SYSTEM, record
from foundation.trail.signing import KeyLost
from foundation.trail.verify import lacking, verify

COLUMNS: Final = (*leaf.COLUMNS, "mac")


@dataclass
class Restored:
    """What was put back. `lost`: the newest checkpoint outside, where it is further on than the backup.

    `unanchored`: the trail's size in the backup, if the anchor file here lacks checkpoints of before; else 0.
    `damaged`: files that had been altered when they were backed up; they are as they were, and reading refuses them.
    `faults`: whatever else does not verify, a sentence each.
    """

    head: dict[str, Any]
    rows: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    lost: str = ""
    unanchored: int = 0
    faults: list[str] = field(default_factory=list)


def restore(path: Path, secret: str, *, reason: str) -> Restored:
    """Restore a backup and verify it: counts, every file's hash, the whole trail. The trail says so, sealed.

    Raises Unusable, and then nothing was changed: for a backup that was altered or made by another version, for keys
    that do not fit it, and for an installation that is not empty. What was wrong already in the installation that was
    backed up is restored as it was, and named.
    """
    if not reason.strip():
        raise Unusable("A restore needs its reason: it stays in the trail for good.")
    head, end = look_through(path, secret)
    require_same_tables(head)
    require_empty()
    done, places = Restored(head), list[str]()
    try:
        with transaction.atomic(durable=True):
            with refilling(connection):
                fill(done, frames(path, secret), places)
            require_whole(done, end)
            require_our_keys()
            done.damaged = damaged(done.files)
            done.lost, done.unanchored = lost_since(head), unanchored(head)
            record("backup.restored", SYSTEM, reason=reason, refs=facts_of(done))
    except BaseException:
        for place in places:
            storages[UNDERNEATH].delete(place)
        raise
    done.faults = [*seal_again(reason), *verify().faults]
    return done


def facts_of(done: Restored) -> dict[str, Any]:
    """What the trail keeps of a restore: which checkpoint it went back to, and which were lost by that."""
    told = {name: done.head[name] for name in ("made_at", "database", "checkpoint", "last_entry")}
    return told | {
        "rows": sum(done.rows.values()),
        "files": len(done.files),
        "damaged": done.damaged,
        "lost": done.lost,
        "unanchored": done.unanchored,
    }


# ---- before anything is touched ------------------------------------------------------------------------------------


def look_through(path: Path, secret: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read all of it once, so that a fault at its end changes nothing; return what it says at its beginning and end."""
    head: dict[str, Any] = {}
    end: dict[str, Any] = {}
    for number, (kind, payload) in enumerate(frames(path, secret)):
        if (kind == HEAD) != (number == 0) or end:
            refuse()
        if kind == HEAD:
            head = facts(payload)
        elif kind == END:
            end = facts(payload)
    if not end:
        refuse()
    return head, end


def require_same_tables(head: dict[str, Any]) -> None:
    """Refuse a backup of a version with other tables; that version can restore it, and then be upgraded."""
    theirs, ours = {".".join(one) for one in head["migrations"]}, {".".join(one) for one in migrations()}
    if theirs != ours:
        differing = ", ".join(sorted(theirs ^ ours)[:5])
        raise Unusable(
            f"The backup was made by another version of Countersign (migrations differ: {differing}). Restore it with "
            "that version, then upgrade."
        )


def require_empty() -> None:
    """Refuse to restore over anything."""
    for model in tables():
        if model._meta.label_lower not in SEEDED and model._base_manager.exists():
            raise Unusable(f"This installation is not empty: there are rows of {model._meta.label_lower}.")
    try:
        folders, files = storages[UNDERNEATH].listdir("")
    except FileNotFoundError:
        return
    if files or any(storages[UNDERNEATH].listdir(folder)[1] for folder in folders):
        raise Unusable("This installation is not empty: its store holds files.")


def refuse() -> NoReturn:
    raise Unusable("The backup's contents are not as this version writes them.")


# ---- filling -------------------------------------------------------------------------------------------------------


def fill(done: Restored, stream: Iterator[tuple[bytes, bytes]], places: list[str]) -> None:
    """Write every row and every file; `places` names the files that were written, whatever happens."""
    for label in SEEDED:
        empty(apps.get_model(label))
    known = {model._meta.label_lower: model for model in tables()}
    model, pending = None, next(stream, None)
    while pending is not None:
        kind, payload = pending
        pending = None
        if kind == TABLE:
            said = facts(payload)
            model = known.get(said["table"])
            if model is None or said["columns"] != columns(model):
                refuse()
            done.rows[said["table"]] = 0
        elif kind == ROWS and model is not None:
            rows = facts(payload)
            insert(model, rows)
            done.rows[model._meta.label_lower] += len(rows)
        elif kind == FILE:
            pending = put_file(done, facts(payload)["id"], stream, places)
        elif kind not in (HEAD, END):
            refuse()
        if pending is None:
            pending = next(stream, None)
    reset_sequences()


def put_file(
    done: Restored, number: str, stream: Iterator[tuple[bytes, bytes]], places: list[str]
) -> tuple[bytes, bytes] | None:
    """Store one file's sealed bytes as they come; return the frame that follows them."""
    place, body = place_of(UUID(number)), Sealed(stream)
    places.append(place)
    if storages[UNDERNEATH].save(place, File(io.BufferedReader(body), place)) != place:
        raise Unusable(f"{place} is taken in the store.")
    done.files[number] = body.sha256.hexdigest()
    return body.following


class Sealed(io.RawIOBase):
    """The DATA frames of one file as a file; the frame behind them is kept for whoever goes on."""

    def __init__(self, stream: Iterator[tuple[bytes, bytes]]) -> None:
        self._stream, self._rest = stream, memoryview(b"")
        self.following: tuple[bytes, bytes] | None = None
        self.sha256 = hashlib.sha256()
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and not self._ended:
            frame = next(self._stream, None)
            if frame is None or frame[0] != DATA:
                self.following, self._ended = frame, True
            else:
                self.sha256.update(frame[1])
                self._rest = memoryview(frame[1])
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def reset_sequences() -> None:
    """Let the next row of each table get the next number (PostgreSQL; SQLite does so by itself)."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables()):
            cursor.execute(statement)


# ---- verifying -----------------------------------------------------------------------------------------------------


def require_whole(done: Restored, end: dict[str, Any]) -> None:
    """Hold what now stands in the database and the store against what the backup says. Raises Unusable."""
    said = {number: digest for number, digest in end["files"].items() if digest}
    if done.rows != end["rows"] or done.files != said:
        raise Unusable("The backup holds other rows or files than it says.")
    for model in tables():
        if model._base_manager.count() != done.rows[model._meta.label_lower]:
            raise Unusable(f"Not all rows of {model._meta.label_lower} arrived.")
    connection.check_constraints()


def require_our_keys() -> None:
    """Refuse where entries, files' keys or secrets are those of other keys than this installation's."""
    keys = leaf.mac_keys()
    rows = Entry.objects.order_by("-id").values_list(*COLUMNS)
    if rows.exists() and not any(genuine(row, keys) for row in rows.iterator(1000)):
        raise Unusable("No trail entry is authentic under TRAIL_MAC_KEY: bring the key of that time.")
    ours = {key_id(key) for key in ring(PURPOSE)}
    foreign = StoredFile.objects.exclude(key_id__in=ours).count()
    if foreign:
        raise Unusable(f"The keys of {foreign} files are sealed under another MASTER_KEY: bring that one.")
    secrets = list(sealed_secrets())
    if secrets and not any(opens(purpose, sealed) for purpose, sealed in secrets):
        raise Unusable("Second factors and providers are sealed under another MASTER_KEY: bring that one.")


def sealed_secrets() -> Iterator[tuple[str, str]]:
    """What people sign in with and is sealed: purpose and sealed text. Nobody could sign in without its key."""
    for row in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN):
        yield from (("mfa", row.data[name]) for name in ("secret", "seed") if name in row.data)
    providers = IdentityProvider.objects.exclude(sealed_secret="")
    yield from ((SECRET_PURPOSE, sealed) for sealed in providers.values_list("sealed_secret", flat=True))


def opens(purpose: str, sealed: str) -> bool:
    """Whether it was sealed under a key of this installation."""
    try:
        unseal(purpose, sealed)
    except Unreadable:
        return False
    return True


def genuine(row: Sequence[Any], keys: Sequence[bytes]) -> bool:
    """Whether an entry's MAC holds."""
    try:
        return leaf.authentic(leaf.bodies(row[:-1])[1], row[-1], keys)
    except (TypeError, ValueError):
        return False


def damaged(files: Container[str]) -> list[str]:
    """The files that do not open whole, of those that the backup held (it named those whose bytes were gone)."""
    found = []
    for stored in StoredFile.objects.order_by("pk").iterator(CHUNK):
        try:
            for _ in verified_chunks(stored) if str(stored.pk) in files else ():
                pass
        except (Altered, FileNotFoundError):
            found.append(str(stored.pk))
    return found


# ---- going on ------------------------------------------------------------------------------------------------------


def lost_since(head: dict[str, Any]) -> str:
    """The newest checkpoint outside the database, if it is not the backup's own: what came up to it is lost."""
    there = anchors.newest()
    if there is None:
        return ""
    ours = Checkpoint.read(head["checkpoint"]) if head["checkpoint"] else None
    outside, note = there
    return "" if ours is not None and (ours.log, ours.size) >= (outside.log, outside.size) else note


def unanchored(head: dict[str, Any]) -> int:
    """Up to which size of the trail the anchor file that is here does not hold what stood in it; 0 if it holds all."""
    return Checkpoint.read(head["checkpoint"]).size if head["checkpoint"] and lacking() else 0


def seal_again(reason: str) -> list[str]:
    """Sign what was just said: as the next number of the log if checkpoints were lost. Returns why not, if not."""
    try:
        if not _acknowledged(reason):
            seal.seal_all()
    except (seal.SealRefused, KeyLost, OSError, ValueError) as error:
        return [f"The trail is not sealed again yet: {error}"]
    return []


def _acknowledged(reason: str) -> bool:
    there = anchors.newest()
    newest = seal.head()
    if there is None or (newest and (newest.checkpoint.log, newest.size) >= (there[0].log, there[0].size)):
        return False
    ceremonies.acknowledge_restore(reason=reason)
    seal.seal_all()
    return True
