"""`manage.py backup PATH`: the database and all files at one moment, encrypted, while people go on working."""

from typing import Any

from django.core.management.base import CommandError

from foundation.backup.command import KeyedCommand
from foundation.backup.make import backup


class Command(KeyedCommand):
    """Exits with 1 when a file that a record holds could not be backed up; the backup then holds all the rest."""

    help = "Backs up the database and all files into a new encrypted file. Keys are not in it: keep them apart."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = backup(options["path"], self.key(options, make=True))
        except OSError as error:
            raise CommandError(f"No backup was made: {error}") from error
        self.stdout.write(f"{made.path}: {made.rows:,} rows, {made.files:,} files, {made.size:,} bytes")
        self.stdout.write(f"sha256 {made.sha256}")
        if made.missing:
            raise CommandError(f"Not in it, because the store has lost them: files {', '.join(made.missing)}.")
