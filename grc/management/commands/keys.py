"""`manage.py keys rotate`: what is sealed under an older master key is sealed under the newest one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from foundation.keys import Unreadable
from foundation.trail.record import SYSTEM, record
from grc.wiring import SEALED


class Command(BaseCommand):
    """Afterwards MASTER_KEY_FALLBACKS can be emptied. Sessions are left: they end within a day anyway."""

    help = "Seals every stored secret under the newest master key. Until it is done, keep the old one as a fallback."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["rotate"])

    def handle(self, *args: Any, **options: Any) -> None:
        for name, reseal_all in SEALED:
            try:
                with transaction.atomic():
                    count = reseal_all()
                    record("keys.rotated", SYSTEM, refs={"sealed": name, "count": count})
            except Unreadable as unreadable:
                raise CommandError(
                    f"{name}: sealed under a key that is neither MASTER_KEY nor among its fallbacks."
                ) from (unreadable)
            self.stdout.write(f"{name}: {count}")
