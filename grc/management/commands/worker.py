"""`manage.py worker`: runs background jobs and what the wiring's schedule asks for."""

from foundation.jobs.command import WorkerCommand
from grc.wiring import SCHEDULE


class Command(WorkerCommand):
    schedule = SCHEDULE
