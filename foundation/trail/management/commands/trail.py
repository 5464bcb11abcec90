"""`manage.py trail …`: the sealed log for whoever runs the machine. All in words; exit code 1 is trouble."""

import datetime
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.models import Q

from foundation.trail import anchors, guards, seal, signing
from foundation.trail.bundle import export_entries, export_period, tlog_proof
from foundation.trail.ceremonies import acknowledge_restore, replace_lost, rotate
from foundation.trail.erase import erase
from foundation.trail.log import Block
from foundation.trail.models import Entry
from foundation.trail.notes import Checkpoint
from foundation.trail.rebuild import rebuild
from foundation.trail.record import SYSTEM, record
from foundation.trail.seal import SealRefused
from foundation.trail.search import microseconds
from foundation.trail.signing import KeyLost
from foundation.trail.status import troubles
from foundation.trail.verify import verify

HOW: Final = "Unpack it and read verify_bundle.py; `manage.py trail keys list` prints the key to give by another route."


class Command(BaseCommand):
    help = "Seals, verifies and proves the audit trail."
    requires_system_checks = ()  # a damaged database is exactly what it must be able to look at

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
        acts.add_parser("seal", help="Seal what waits; the worker does so every second.")
        one = acts.add_parser("verify", help="Verify everything; exit code 1 and a sentence for each fault.")
        one.add_argument("--no-history", action="store_true", help="Leave out the registers' history rows.")
        acts.add_parser("checkpoint", help="Print the newest checkpoint, signed.")
        acts.add_parser("anchor", help="Copy the newest checkpoint to the anchor file, if it is not there.")
        one = acts.add_parser("keys", help="Rotate the key that signs.")
        one.add_argument("what", choices=["rotate", "list"])
        one.add_argument("--reason", default="")
        one.add_argument("--lost", action="store_true", help="The private key is lost and cannot introduce the next.")
        one = acts.add_parser("restore-ack", help="Go on after a restore that lost sealed entries.")
        one.add_argument("--reason", required=True)
        one = acts.add_parser("erase", help="Erase personal values: of an account, or of single entries.")
        one.add_argument("--subject", type=int, help="An account's number: entries by it and about it.")
        one.add_argument("--entry", type=int, action="append", default=[])
        one.add_argument("--reason", required=True, help="Kept for good, so without the person's name.")
        one = acts.add_parser("prove", help="Write the proof that entries are in the log, as a bundle or a tlog-proof.")
        one.add_argument("entry", type=int, nargs="+")
        one.add_argument(
            "--out", type=Path, help="The bundle to write; without it, each entry's tlog-proof is printed."
        )
        add_disclosure(one)
        one = acts.add_parser("export", help="Write the bundle of a period, which an auditor verifies offline.")
        one.add_argument("--from", dest="since", type=day, required=True, help="First day, 2026-01-01 (UTC).")
        one.add_argument("--to", dest="until", type=day, required=True, help="Last day, included.")
        one.add_argument("--out", type=Path, required=True)
        add_disclosure(one)
        one = acts.add_parser("doctor", help="Look at keys, anchors, guards and tiles.")
        one.add_argument("--rebuild", action="store_true", help="Make the tiles anew from the entries.")

    def handle(self, *args: Any, **options: Any) -> None:
        act = getattr(self, options["act"].replace("-", "_"))
        try:
            act(options)
        except (SealRefused, KeyLost, LookupError, ValueError, OSError) as error:
            raise CommandError(str(error)) from error

    def seal(self, options: dict[str, Any]) -> None:
        done = seal.seal_all()
        blocks = [one.block for one in done if one.block]
        altered = sorted({number for one in done for number in one.altered})
        if blocks:
            self.stdout.write(f"Sealed {sum(block.count for block in blocks):,} entries. {size_in_words(blocks[-1])}")
        else:
            self.stdout.write("Nothing waits to be sealed.")
        if altered:
            raise CommandError(f"Left out, because their MAC does not hold: entries {', '.join(map(str, altered))}.")

    def verify(self, options: dict[str, Any]) -> None:
        report = verify(history=not options["no_history"])
        for fault in report.faults:
            self.stderr.write(fault)
        for note in report.notes:
            self.stdout.write(f"Note: {note}")
        self.stdout.write(
            f"{report.entries:,} entries, {report.sealed:,} of them sealed; {report.histories:,} history rows; "
            f"{report.anchors:,} checkpoints outside the database."
        )
        if report.checkpoint:
            self.stdout.write(size_in_words(report.checkpoint))
        if report.faults:
            raise CommandError(f"{len(report.faults):,} faults.")
        self.stdout.write("All of it holds.")

    def checkpoint(self, options: dict[str, Any]) -> None:
        self.stdout.write(newest().note, ending="")

    def anchor(self, options: dict[str, Any]) -> None:
        done = seal.anchor()
        self.stdout.write(f"Copied checkpoint {done.id} to {anchors.path()}." if done else "It stands there already.")

    def keys(self, options: dict[str, Any]) -> None:
        if options["what"] == "rotate" and options["lost"]:
            block = replace_lost(reason=options["reason"])
            self.stdout.write(f"A new key signs from size {block.size} on, which the old one could not introduce.")
            self.stdout.write("Tell it to everybody who holds the old one, by another route than this system:")
        elif options["what"] == "rotate":
            block = rotate(reason=options["reason"])
            self.stdout.write(f"A new key signs from size {block.size} on. {size_in_words(block)}")
            self.stdout.write("The old private key is no longer needed here: move it off this machine, or destroy it.")
        for key in signing.known():
            self.stdout.write(str(key))

    def restore_ack(self, options: dict[str, Any]) -> None:
        block = acknowledge_restore(reason=options["reason"])
        self.stdout.write(f"The log goes on as {block.checkpoint.origin}. {size_in_words(block)}")

    def erase(self, options: dict[str, Any]) -> None:
        wanted = Q(pk__in=options["entry"])
        if options["subject"] is not None:
            label = get_user_model()._meta.label_lower
            wanted |= Q(object_type=label, object_id=str(options["subject"])) | Q(actor_id=options["subject"])
        count = erase(Entry.objects.filter(wanted), actor=SYSTEM, reason=options["reason"])
        self.stdout.write(f"Erased the personal parts of {count:,} entries; every proof still holds.")

    def prove(self, options: dict[str, Any]) -> None:
        if options["out"] is None:
            for number in options["entry"]:
                self.stdout.write(tlog_proof(number), ending="")
            return
        with told(options["out"], {"entries": sorted(options["entry"])}) as file:
            made = export_entries(file, options["entry"], **disclosure(options))
        self.stdout.write(f"{options['out']}: {made.entries:,} entries, each with its proof. {HOW}")

    def export(self, options: dict[str, Any]) -> None:
        since, until = options["since"], options["until"] + datetime.timedelta(days=1)
        with told(
            options["out"], {"from": since.date().isoformat(), "to": options["until"].date().isoformat()}
        ) as file:
            made = export_period(file, microseconds(since), microseconds(until), **disclosure(options))
        self.stdout.write(
            f"{options['out']}: {made.entries:,} entries of the period, {made.leaves - made.entries:,} others as "
            f"hashes alone. {HOW}"
        )

    def doctor(self, options: dict[str, Any]) -> None:
        if options["rebuild"]:
            self.stdout.write(f"The tiles were made anew from {rebuild():,} entries.")
        found = [f"The guard {name} is missing or altered." for name in guards.missing(connection)] + troubles()
        for trouble in found:
            self.stdout.write(trouble)
        if found:
            sys.exit(1)
        self.stdout.write("Keys, anchors, guards and tiles are in order.")


def newest() -> Block:
    """The newest block. Raises CommandError while there is none."""
    last = seal.head()
    if last is None:
        raise CommandError("Nothing is sealed yet.")
    return last


def size_in_words(block: Block) -> str:
    return f"Checkpoint {block.id}: {block.size:,} leaves, sealed {block.moment:%Y-%m-%d %H:%M:%S} UTC."


def add_disclosure(parser: ArgumentParser) -> None:
    """What both kinds of bundle may be asked for."""
    parser.add_argument(
        "--earlier", type=Path, action="append", default=[], help="A checkpoint that the auditor holds."
    )
    parser.add_argument("--private", action="store_true", help="With the personal parts: addresses, names, typed text.")


def disclosure(options: dict[str, Any]) -> dict[str, Any]:
    earlier = [Checkpoint.read(path.read_text(encoding="utf-8")) for path in options["earlier"]]
    return {"earlier": earlier, "private": options["private"]}


def day(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=datetime.UTC)


@contextmanager
def told(path: Path, refs: dict[str, Any]) -> Iterator[IO[bytes]]:
    """A new file for a bundle; the trail says that it was taken before its first byte. Half a file is not left."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # it may hold names
        with transaction.atomic():
            record("trail.exported", SYSTEM, refs=refs)
        try:
            yield file
        except BaseException:
            path.unlink()
            raise
