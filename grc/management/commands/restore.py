"""`manage.py restore PATH --reason …`: a backup into an empty installation, verified, or nothing."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from foundation.backup.archive import Unusable
from foundation.backup.command import KeyedCommand
from foundation.backup.restore import restore


class Command(KeyedCommand):
    """After `manage.py prepare`, with the keys of the installation that was backed up, and before anybody uses it.

    Exits with 1 also when all is restored and something of it does not verify.
    """

    help = "Restores a backup into an empty installation and verifies all of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--reason", required=True, help="why; it stays in the trail for good")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = restore(options["path"], self.key(options), reason=options["reason"])
        except (Unusable, OSError) as error:
            raise CommandError(f"Nothing was restored. {error}") from error
        counts = f"{sum(done.rows.values()):,} rows, {len(done.files):,} files"
        self.stdout.write(f"Restored: {counts}, as of {done.head['made_at']}.")
        if done.lost:
            self.stdout.write("Lost are the entries between the backup and this checkpoint:")
            self.stdout.write("\n".join(done.lost.split("\n")[:3]))
        if done.unanchored:
            self.stdout.write("The anchor file of before is not here; verification says so from now on.")
        self.stdout.write("Everybody signs in again. Look at accounts and tokens that were ended after the backup.")
        faults = [f"File {number} had been altered before it was backed up." for number in done.damaged] + done.faults
        if faults:
            raise CommandError("All of it is restored, and this does not verify:\n" + "\n".join(faults))
