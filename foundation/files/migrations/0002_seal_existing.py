"""Take what earlier versions kept in the clear under DATA_DIR/files into the store, under the names it had."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import storages
from django.db import migrations, transaction

from foundation.files.kinds import kind_of
from foundation.files.models import place_of
from foundation.files.spool import spooled
from foundation.files.vault import wrap

FORMER = ("jobs", "imports", "organisation")  # the folders; the store's own are called 00 to ff


def seal(apps: Any, schema_editor: Any) -> None:
    """Each file sealed under its old name; the clear ones go only when all of that is committed."""
    stored_file, root = apps.get_model("files", "StoredFile"), Path(settings.FILES_DIR)
    found = [path for folder in FORMER for path in sorted((root / folder).rglob("*")) if path.is_file()]
    for path in found:
        with path.open("rb") as clear, spooled(File(clear), path.name) as spool, spool.sealed() as sealed:
            storages["sealed"].save(place_of(spool.id), sealed)
            wrapped, key_id = wrap(spool.key, spool.id)
            stored_file.objects.create(
                id=spool.id, path=path.relative_to(root).as_posix(), name=path.name, size=spool.size,
                content_type=kind_of(spool.head, path.name), sha256=spool.sha256, wrapped_key=wrapped, key_id=key_id,
            )  # fmt: skip
    transaction.on_commit(lambda: remove(found, root))


def remove(found: list[Path], root: Path) -> None:
    for path in found:
        path.unlink()
    for folder in FORMER:
        if (root / folder).is_dir() and not any((root / folder).iterdir()):
            (root / folder).rmdir()


def stay(apps: Any, schema_editor: Any) -> None:
    """Backwards nothing is taken out: an earlier version gets its files from a backup."""


class Migration(migrations.Migration):
    dependencies = [("files", "0001_stored_file")]
    operations = [migrations.RunPython(seal, stay)]
