"""Everything between installing a version and serving it; doing it twice changes nothing."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from grc.fonts import make_fonts


class Command(BaseCommand):
    """`manage.py prepare`: migrations, the cache's table, fonts, static files."""

    help = "Migrates the database, makes the cache table, cuts the fonts and collects the static files."

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = options["verbosity"]
        make_fonts(settings.GENERATED_DIR)
        call_command("migrate", interactive=False, verbosity=verbosity)
        call_command("createcachetable", verbosity=verbosity)
        self.collect_static(verbosity)

    def collect_static(self, verbosity: int) -> None:
        """Collect, hash and compress, unless no file has changed since: compressing takes seconds at each start."""
        stamp = Path(settings.STATIC_ROOT) / ".collected"
        wanted = fingerprint()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        call_command("collectstatic", interactive=False, verbosity=max(verbosity - 1, 0))
        stamp.write_text(wanted)


def fingerprint() -> str:
    """Tell one state of all static files from another by their paths, sizes and times."""
    found = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            path = Path(storage.path(name))
            found.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    return found.hexdigest()
