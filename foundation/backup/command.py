"""What the commands `backup` and `restore` have in common: where their key comes from."""

import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

LEAST = 32  # characters of a key


class KeyedCommand(BaseCommand):
    """A command with --key-file, and BACKUP_KEY without it."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="the backup's file")
        parser.add_argument("--key-file", type=Path, help="the file that holds the key; without it BACKUP_KEY is used")

    def key(self, options: dict[str, Any], *, make: bool = False) -> str:
        """The backup's key. `make`: a key file that does not exist yet is made, for its owner alone."""
        path: Path | None = options["key_file"]
        try:
            if path and make and not path.exists():
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(f"{secrets.token_hex(32)}\n")
                self.stdout.write(f"Made {path}. Without it no backup opens: keep it apart from the backups.")
            found: str = path.read_text().strip() if path else settings.BACKUP_KEY
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"The key cannot be read: {error}") from error
        if len(found) < LEAST:
            raise CommandError(f"BACKUP_KEY, BACKUP_KEY_FILE or --key-file must give at least {LEAST} characters.")
        return found
