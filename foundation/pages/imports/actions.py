"""The verbs of an import: keep the file, choose its columns, agree to what it would change, change it."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.http import Http404
from django.urls import resolve
from django.utils import timezone

from foundation.accounts.models import User
from foundation.files.sealed import Altered
from foundation.jobs.models import Job
from foundation.pages.imports.importer import Importer, Plan
from foundation.pages.imports.reading import read
from foundation.pages.imports.table import Table, Unreadable
from foundation.pages.models import Import, ImportState
from foundation.trail.keep import Stale
from foundation.trail.record import record

if TYPE_CHECKING:
    from foundation.pages.pages import Pages

NOT_THE_FILE = "The stored file is not the one that was uploaded. Upload it again."


class Changed(Exception):
    """Between the preview and now something else changed; nothing was applied, and the preview must be seen again."""


def keep_file(user: User, pages: "type[Pages]", *, name: str, file: File, encoding: str) -> Import:
    """Keep a file as it came, with its hash. Raises Unreadable for what is no table: that is not kept."""
    data = file.read()
    found = read(data, encoding=encoding)
    one = Import(
        register=pages.model._meta.label_lower,
        list_path=pages.url("list"),
        name=name[-200:],
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        encoding=encoding,
        sheet=found.sheet[:100],
        uploaded_by=user,
    )
    one.file.save(name, file, save=False)
    one.save()
    return one


def pages_of(one: Import) -> "type[Pages]":
    """The register that an import is for, found by its list page. Raises Http404 when it takes no imports any more."""
    pages = getattr(resolve(one.list_path).func, "pages", None)
    if pages is None or pages.importer is None or pages.model._meta.label_lower != one.register:
        raise Http404("This register takes no imports.")
    found: type[Pages] = pages
    return found


def table_of(one: Import, data: bytes | None = None) -> Table:
    """What the kept file says. Raises Unreadable when it is no longer the file that was uploaded."""
    return read(bytes_of(one) if data is None else data, encoding=one.encoding, sheet=one.sheet)


def bytes_of(one: Import) -> bytes:
    """The kept file. Raises Unreadable. Ask outside transactions: that a file was refused must stay in the trail."""
    try:
        with one.file.open("rb") as stored:
            data: bytes = stored.read()
    except Altered as error:
        raise Unreadable(NOT_THE_FILE) from error
    if hashlib.sha256(data).hexdigest() != one.sha256:
        raise Unreadable(NOT_THE_FILE)
    return data


def remembered(register: str) -> dict[str, str]:
    """How the columns were chosen when this register was last imported."""
    last = Import.objects.filter(register=register, state=ImportState.APPLIED).order_by("-id").first()
    found: dict[str, str] = last.mapping if last else {}
    return found


def plan_of(one: Import, user: User) -> Plan:
    """What applying the import would change at this moment."""
    return importer_of(one).plan(table_of(one), one.mapping, user)


def importer_of(one: Import) -> Importer:
    """A fresh importer: it keeps what it looked up for one plan."""
    kind = pages_of(one).importer
    if kind is None:
        raise Http404("This register takes no imports.")
    return kind()


@transaction.atomic
def choose_columns(one: Import, mapping: Mapping[str, str], *, actor: User) -> Import:
    """Say which column is which; the trail notes that the file was previewed."""
    one = waiting(one)
    one.mapping, one.state, one.agreed = dict(mapping), ImportState.MAPPED, ""
    one.save()
    record("import.previewed", actor, one, refs=facts(one), private={"file": one.name})
    return one


@transaction.atomic
def choose_sheet(one: Import, sheet: str) -> Import:
    """Read another sheet of the workbook; its columns have to be chosen again."""
    one = waiting(one)
    one.sheet, one.mapping, one.state, one.agreed = sheet, {}, ImportState.UPLOADED, ""
    one.save()
    return one


@transaction.atomic
def agree(one: Import, fingerprint: str, reason: str) -> Import:
    """Agree to the plan with this fingerprint. Raises Changed while it is being applied, or after it was."""
    one = waiting(one)
    if one.state == ImportState.UPLOADED:
        raise Changed("Choose the columns first.")
    one.state, one.agreed, one.reason = ImportState.CONFIRMED, fingerprint, reason
    one.save()
    return one


def waiting(one: Import) -> Import:
    """The import, locked, if it can still be changed. Raises Changed."""
    stored = Import.objects.select_for_update().get(pk=one.pk)
    if stored.is_applied:
        raise Changed("This file has been applied already.")
    if stored.state == ImportState.CONFIRMED and stored.job and not stored.job.is_finished:
        raise Changed("This file is being applied right now.")
    return stored


def start(one: Import, job: Job) -> None:
    """Note which job applies it."""
    Import.objects.filter(pk=one.pk).update(job=job)


def apply_import(one: Import, *, actor: User) -> Import:
    """Apply the plan that was agreed to: all of it or nothing, once. Raises Changed or Unreadable."""
    data = bytes_of(one)
    try:
        with transaction.atomic():
            return _apply(one, data, actor)
    except (Stale, IntegrityError) as error:
        raise Changed("Somebody changed these records at the same moment. Nothing was imported.") from error


def _apply(one: Import, data: bytes, actor: User) -> Import:
    one = Import.objects.select_for_update().get(pk=one.pk)
    if one.is_applied:
        return one
    importer = importer_of(one)
    plan = importer.plan(table_of(one, data), one.mapping, actor)
    if plan.errors or plan.fingerprint() != one.agreed:
        raise Changed("The records changed since you looked at the preview. Nothing was imported; look at it again.")
    reason = one.reason or reason_for(one)
    importer.apply(plan, actor=actor, reason=reason)
    one.counts, one.state, one.applied_at = plan.counts(), ImportState.APPLIED, timezone.now()
    one.save()
    record("import.applied", actor, one, reason=reason, refs=facts(one) | plan.counts(), private={"file": one.name})
    return one


def reason_for(one: Import) -> str:
    """The reason unless the person writes another. It is kept for good, so it does not name the file: people's names
    stand in files' names, and the import's own page tells it.
    """
    return f"Import {one.pk}"


def facts(one: Import) -> dict[str, Any]:
    """What the trail keeps for ever of an import: which register, which bytes. The file's name is erasable."""
    return {"register": one.register, "sha256": one.sha256, "size": one.size}
