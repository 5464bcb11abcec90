"""Real worker processes on a real database: killed, stopped, and two at once. Nothing is lost, nothing done twice."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connections
from django_tasks_db.models import DBTaskResult

from foundation.jobs.models import Job, Slot, State
from foundation.jobs.queue import STATUS
from foundation.organisation.models import Holiday
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from grc.wiring import SCHEDULE
from tests.jobs.work import lines, long_write, silent, slow_holiday

pytestmark = pytest.mark.django_db(transaction=True)

QUICK = ("--interval", "0.1", "--beat", "0.2", "--stale", "1.5")
PATIENCE = 60.0  # seconds: the machine may be busy


@dataclass
class Stage:
    """A database that other processes reach too, and the workers that were started on it."""

    folder: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def worker(self, *options: str) -> subprocess.Popen[bytes]:
        said = self.said(len(self.started)).open("wb")
        command = [sys.executable, "-W", "error::ResourceWarning", "manage.py", "worker", *QUICK, *options]
        process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=self.environment, stdout=said, stderr=said)
        said.close()
        self.started.append(process)
        return process

    def said(self, number: int) -> Path:
        return self.folder / f"worker-{number}"

    def everything_said(self) -> str:
        return "".join(self.said(number).read_text() for number in range(len(self.started)))

    def wait(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < until, self.everything_said()
            time.sleep(0.05)

    def wait_for(self, line: str) -> None:
        self.wait(lambda: line in lines(self.log))

    def wait_until_done(self) -> None:
        self.wait(lambda: not Job.objects.exclude(state=State.DONE).exists())


@pytest.fixture
def stage(transactional_db, tmp_path) -> Iterator[Stage]:
    """On PostgreSQL the test database itself; on SQLite, where that lives in memory, a copy of it in a file."""
    changed = {"DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "grc.settings", "LOG_LEVEL": "INFO"}
    stage = Stage(tmp_path, dict(os.environ) | changed)
    ordinary = connections["default"]
    if ordinary.vendor == "postgresql":
        said = ordinary.settings_dict
        stage.environment["DATABASE_URL"] = (
            f"postgres://{said['USER']}:{said['PASSWORD']}@{quote(said['HOST'], safe='')}:{said['PORT']}/{said['NAME']}"
        )
        yield stage
        end(stage)
        return
    path = tmp_path / "countersign.sqlite3"
    with closing(sqlite3.connect(path)) as copy:
        ordinary.connection.backup(copy)
    filed = ordinary.copy()
    filed.settings_dict = ordinary.settings_dict | {"NAME": str(path)}
    connections["default"] = filed
    try:
        yield stage
    finally:
        end(stage)
        filed.close()
        connections["default"] = ordinary


def end(stage: Stage) -> None:
    for process in stage.started:
        process.kill()
        process.wait()


def enqueue(stage: Stage, number: int, millis: int = 0) -> Job:
    return slow_holiday.enqueue(actor=SYSTEM, title=f"Job {number}", number=number, millis=millis, log=str(stage.log))


def both_tables_agree() -> None:
    tickets = dict(DBTaskResult.objects.values_list("pk", "status"))
    assert tickets == {job.pk: STATUS[State(job.state)] for job in Job.objects.all()}


def test_killed_workers_job_is_done_by_another_once_in_effect(stage):
    jobs = [enqueue(stage, 0, 3000), *(enqueue(stage, number) for number in (1, 2, 3))]
    first = stage.worker()
    stage.wait_for("begin 0 1")
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert Job.objects.get(pk=jobs[0].pk).state == State.RUNNING
    stage.worker()
    stage.wait_until_done()
    said = lines(stage.log)
    assert said.count("begin 0 2") == said.count("end 0 2") == 1
    assert "end 0 1" not in said
    assert sorted(Holiday.objects.values_list("name", flat=True)) == [f"Job {number}" for number in range(4)]
    assert Entry.objects.filter(verb="holiday.created").count() == 4
    assert Job.objects.get(pk=jobs[0].pk).attempts == 2
    both_tables_agree()


def test_two_workers_share_the_work_and_never_run_a_job_twice(stage):
    stage.worker()
    stage.worker()
    stage.wait(lambda: stage.everything_said().count(" starts") == 2)
    for number in range(40):
        enqueue(stage, number, 50)
    stage.wait_until_done()
    said = lines(stage.log)
    assert sorted(said) == sorted(f"{word} {number} 1" for number in range(40) for word in ("begin", "end"))
    assert Holiday.objects.count() == 40
    workers = {ticket.worker_ids[-1] for ticket in DBTaskResult.objects.all() if ticket.worker_ids}
    assert len(workers) == 2
    assert "locked" not in stage.everything_said()
    both_tables_agree()


def test_both_workers_tick_and_the_schedules_slot_gives_one_job(stage):
    stage.worker()
    stage.worker()
    taken = Slot.objects.filter(name__in=[entry.name for entry in SCHEDULE])  # a job may keep slots of its own
    stage.wait(lambda: taken.count() == len(SCHEDULE))
    time.sleep(1)
    assert taken.count() == Job.objects.count() == len(SCHEDULE)


def test_stopped_worker_finishes_its_job_and_takes_no_other(stage):
    enqueue(stage, 0, 1000)
    waiting = enqueue(stage, 1)
    worker = stage.worker()
    stage.wait_for("begin 0 1")
    worker.terminate()
    assert worker.wait(PATIENCE) == 0
    assert lines(stage.log) == ["begin 0 1", "end 0 1"]
    waiting.refresh_from_db()
    assert waiting.state == State.WAITING
    both_tables_agree()


def test_stopped_worker_hands_back_a_job_that_takes_too_long(stage):
    job = enqueue(stage, 0, 300_000)
    worker = stage.worker("--grace", "0.3")
    stage.wait_for("begin 0 1")
    worker.terminate()
    assert worker.wait(PATIENCE) == 0
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 0)
    assert not Holiday.objects.exists()
    both_tables_agree()


@pytest.mark.parametrize("work", [long_write, silent], ids=["one long transaction", "no word of progress"])
def test_long_job_is_no_death(stage, work):
    work.enqueue(actor=SYSTEM, title="Long", millis=4000, log=str(stage.log))
    stage.worker()
    stage.worker()
    stage.wait_for("end 1")
    stage.wait_until_done()
    time.sleep(1)
    assert lines(stage.log) == ["begin 1", "end 1"]


def test_batch_does_what_is_due_and_ends(stage):
    for number in range(3):
        enqueue(stage, number)
    assert stage.worker("--batch").wait(PATIENCE) == 0
    stage.wait_until_done()
    assert Holiday.objects.count() == 3
