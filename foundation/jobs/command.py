"""The worker as a command. grc/management hands it the schedule and what runs beside: wiring, not foundation."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from foundation.jobs.beside import Beside, Companions
from foundation.jobs.heart import BEAT, STALE
from foundation.jobs.schedule import Every
from foundation.jobs.worker import Worker
from foundation.trail import guards


class WorkerCommand(BaseCommand):
    help = "Run background jobs until stopped: TERM lets the running job finish or hands it back to the queue."
    schedule: Sequence[Every] = ()
    beside: Sequence[Beside] = ()
    requires_system_checks = ()  # `migrate` and the web server have made them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", action="store_true", help="Stop when nothing is due.")
        parser.add_argument("--interval", type=float, default=1.0, help="Seconds between looks at an empty queue.")
        parser.add_argument("--grace", type=float, default=20.0, help="Seconds that TERM leaves the running job.")
        parser.add_argument("--beat", type=float, default=BEAT, help="Seconds between signs of life.")
        parser.add_argument("--stale", type=float, default=STALE, help="Seconds without one until a worker is dead.")

    def handle(self, *args: Any, **options: Any) -> None:
        guards.require(connection)
        worker = Worker(
            self.schedule,
            interval=options["interval"],
            batch=options["batch"],
            grace=options["grace"],
            beat=options["beat"],
            stale=options["stale"],
        )
        worker.listen()
        with Companions(self.beside):
            worker.run()
