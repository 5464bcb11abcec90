"""`manage.py worker`: runs background jobs and what the wiring's schedule asks for, and seals the trail beside them."""

from foundation.jobs.command import WorkerCommand
from grc.wiring import BESIDE, SCHEDULE


class Command(WorkerCommand):
    schedule = SCHEDULE
    beside = BESIDE
