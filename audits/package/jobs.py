"""Building a package: part by part into the store, then all of it into one archive."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audits.models.packages import Package, PackagePart, PackageState, package_path, part_path
from audits.package import actions
from audits.package.archive import Archive, Written, pieces, sealed_archive
from audits.package.parts import FORMAT, Part, evidence_of, index, index_paper, parts_of, path_of
from evidence.models import Evidence
from foundation.accounts.access import open_window
from foundation.files import storage
from foundation.files.reading import plain_chunks
from foundation.files.sealed import Altered
from foundation.files.spool import Spool
from foundation.jobs.job import JobError, Progress, job
from foundation.organisation.models import zone
from foundation.organisation.once import reading_once
from foundation.trail.keep import Stale
from foundation.trail.log import Key
from foundation.trail.notes import digest, sign
from foundation.trail.signing import KeyLost, signer_of
from foundation.trail.walk import chunks

CHUNK: Final = 500
FAILED: Final = "Something went wrong while it was built. Ask for another; the log of the worker has the reason."


@job(retries=3)
def build(progress: Progress, *, package_id: int) -> None:
    """Build a package: whole, or not at all. Run a second time it goes on where it was, or finds it done.

    Raises JobError, with which the package is given up.
    """
    package = Package.objects.select_related("engagement", "reader").get(pk=package_id)
    if package.state != PackageState.BUILDING:
        clear(package)  # where a worker was killed between the last two steps
        return
    try:
        with timezone.override(zone()):
            built(package, progress)
    except JobError as error:
        actions.give_up(package, actor=progress.actor, why=str(error))
        clear(package)
        raise
    except Exception:
        if progress.job.attempts >= progress.job.max_attempts:
            actions.give_up(package, actor=progress.actor, why=FAILED)
            clear(package)
        raise
    clear(package)


def built(package: Package, progress: Progress) -> None:
    """Make what is missing of the parts, put all of them into the archive, and keep that."""
    window = open_window(package.reader)
    if window is None or window.engagement_id != package.engagement_id:
        raise JobError("The auditor by whose sight it is made has no access any more.")
    parts = list(parts_of(package))
    known = set(package.parts.values_list("path", flat=True))
    items = evidence_of(package).count()
    total = len(parts) + items
    for done, part in enumerate(parts):
        progress.set(done, total, f"{part.title}: {part.path}")
        if part.path not in known:
            with reading_once():
                keep_part(package, part)
    with sealed_archive() as (archive, spool):
        fill(archive, package, progress, len(parts), total)
    path = package_path(package, "")
    storage.keep(path, spool, called=package.name(), sender=None)
    try:
        actions.keep(
            package, actor=progress.actor, path=path, size=spool.size, sha256=spool.sha256, files=len(archive.files)
        )
    except (Stale, ValidationError):  # another attempt was faster
        default_storage.delete(path)
    progress.link(package.get_absolute_url())
    progress.set(total, total, f"{len(archive.files):,} files")


def keep_part(package: Package, part: Part) -> PackagePart:
    """Make one part, sealed on its way, and remember that it is there."""
    with Spool() as spool:
        for chunk in part.make():
            spool.write(chunk)
        spool.finish()
        row = PackagePart(package=package, path=part.path, title=part.title, size=spool.size, sha256=spool.sha256)
        row.file = part_path(row, "")
        storage.keep(row.file.name, spool, called=part.path, sender=None)
    row.save(force_insert=True)
    return row


def clear(package: Package) -> None:
    """Forget the parts: the archive holds them, or nobody ever will."""
    with transaction.atomic():
        for part in package.parts.all():
            part.file.delete(save=False)
            part.delete()


# ---- the archive ---------------------------------------------------------------------------------------------------


def fill(archive: Archive, package: Package, progress: Progress, done: int, total: int) -> None:
    """Everything, in one order: parts, evidence, the index, and what is signed over all of it."""
    listed: list[dict[str, Any]] = []
    for part in package.parts.order_by("path"):
        kept = archive.add(part.path, content(part), packed=is_text(part.path))
        listed += [{"title": part.title, **written(kept)}]
    for number, item in enumerate(some_at_a_time(evidence_of(package)), 1):
        progress.set(done + number, total, f"Evidence {Evidence.ref_of(item.id)}")
        kept = archive.add(path_of(item), evidence_bytes(item), packed=False)
        if (kept.size, kept.sha256) != (item.size, item.sha256):
            raise JobError(
                f"{Evidence.ref_of(item.id)}: its file is not the one that was recorded. Nothing is handed out."
            )
        listed.append({"title": f"{Evidence.ref_of(item.id)} {item.title}", **written(kept)})
    archive.add("index.html", [index(package, listed, "audits/package_index.html").encode(errors="replace")])
    archive.add("index.pdf", index_paper(package, listed))
    manifest = manifest_of(archive.files)
    archive.add("manifest.json", [manifest])
    archive.add("manifest.note", [signed(package, manifest).encode()])


def some_at_a_time(found: QuerySet[Any]) -> Iterator[Any]:
    """The rows, in order, with no query left open meanwhile: on SQLite nothing could be written beside an older one."""
    for some in chunks(list(found.values_list("pk", flat=True)), CHUNK):
        yield from found.model._default_manager.filter(pk__in=some).order_by("id")


def content(part: PackagePart) -> Iterator[bytes]:
    """A part's bytes, out of the store."""
    with part.file.open("rb") as file:
        yield from pieces(file)


def evidence_bytes(item: Any) -> Iterable[bytes]:
    """An item's bytes, verified as they are read. Raises JobError where they are gone or were altered."""
    try:
        yield from plain_chunks(storage.stored_file(str(item.file)))
    except (Altered, FileNotFoundError) as error:
        raise JobError(
            f"{Evidence.ref_of(item.id)}: its file is gone or was altered. Nothing is handed out."
        ) from error


def written(one: Written) -> dict[str, Any]:
    """A file as index and manifest say it."""
    return {"path": one.path, "size": one.size, "sha256": one.sha256}


def is_text(path: str) -> bool:
    """Whether it is worth compressing."""
    return not path.endswith((".zip", ".pdf"))


def manifest_of(files: Iterable[Written]) -> bytes:
    """Every file of the archive but the last two, in its order, one to a line."""
    lines = ",\n".join(json.dumps(written(one), ensure_ascii=False, sort_keys=True) for one in files)
    return f'{{"format": "{FORMAT}", "files": [\n{lines}\n]}}\n'.encode()


def signed(package: Package, manifest: bytes) -> str:
    """The manifest's hash and the checkpoint's, signed by the key that signed the checkpoint. Raises JobError."""
    block = package.block
    key = Key.objects.filter(valid_from__lt=block.size).order_by("-valid_from", "-id").first()
    if key is None:
        raise JobError("The trail has no key that signed this checkpoint.")
    text = (
        f"{block.checkpoint.origin}/package\n"
        f"manifest {hashlib.sha256(manifest).hexdigest()}\ncheckpoint {digest(block.note)}\n"
    )
    try:
        return sign(text, [signer_of(key)])
    except KeyLost as error:
        raise JobError("The key that signed this checkpoint is lost: ask for a package of the newest one.") from error
