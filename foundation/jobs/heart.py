"""Signs of life: a running job's worker beats, and every worker watches the others' jobs for beats that stopped."""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from foundation.jobs.models import FINISHED, Job, State, WorkerSign
from foundation.jobs.queue import STATUS, fail_or_retry, lock_ticket, perform

logger = logging.getLogger("foundation.jobs")

BEAT = 5.0  # seconds between two signs of life
STALE = 30.0  # seconds without one, by the watcher's own clock, after which a worker counts as dead
SIGN = 30.0  # seconds between two signs of a worker that has nothing to do
LOOKS = 3  # how often the same beat must have been seen meanwhile


class Heart:
    """Beats for one job from a thread of its own while the `with` block runs."""

    def __init__(self, job: Job, beat: float = BEAT) -> None:
        self._mine = Job.objects.filter(pk=job.pk, state=State.RUNNING, attempts=job.attempts)
        self._beat = beat
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heart-{job.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopped.wait(self._beat):
                try:
                    self._mine.update(heartbeat=timezone.now())
                except (OperationalError, InterfaceError) as error:  # perhaps the job holds SQLite's only write lock
                    logger.info("no heartbeat this time: %s", error)
                    connection.close()
        finally:
            connection.close()


@dataclass
class Seen:
    """One running job as last seen: its beat, for how long that has stood still, and how often it was looked at."""

    beat: datetime | None
    at: float
    silent: float = 0.0
    looks: int = 1


class Watch:
    """Finds jobs whose worker died: a beat that stands still over `stale` seconds of our own clock, whatever theirs."""

    def __init__(self, stale: float = STALE, beat: float = BEAT) -> None:
        self._stale = stale
        self._most = 2 * beat  # silence counted per look: a look that was itself held up proves no death
        self._seen: dict[UUID, Seen] = {}

    def look(self) -> int:
        """Look once at every running job; put those of dead workers back to waiting. Return how many those were."""
        if not Job.objects.exclude(state__in=FINISHED).exists():
            self._seen.clear()
            return 0
        beats = self._beats()
        now = time.monotonic()
        self._seen = {pk: self._again(pk, beat, now) for pk, beat in beats.items()}
        dead = [pk for pk, seen in self._seen.items() if seen.silent >= self._stale and seen.looks >= LOOKS]
        return sum(self._recover(pk, beats[pk]) for pk in dead)

    def _beats(self) -> dict[UUID, datetime | None]:
        # In a transaction, because on SQLite that waits for the write lock: who gets it proves that a living worker
        # could have written its beat meanwhile, so a long transaction of a job never looks like its death.
        with transaction.atomic():
            mend()
            return dict(Job.objects.filter(state=State.RUNNING).values_list("pk", "heartbeat"))

    def _again(self, pk: UUID, beat: datetime | None, now: float) -> Seen:
        before = self._seen.get(pk)
        if before is None or before.beat != beat:
            return Seen(beat, now)
        return Seen(beat, now, before.silent + min(now - before.at, self._most), before.looks + 1)

    def _recover(self, pk: UUID, beat: datetime | None) -> bool:
        with transaction.atomic():
            # A row that is locked belongs to somebody who lives: skipped.
            running = Job.objects.select_for_update(skip_locked=True).filter(state=State.RUNNING, heartbeat=beat)
            job = running.filter(pk=pk).first() if lock_ticket(pk, skip_locked=True) else None
            if job is None:
                return False
            logger.warning("job %s: its worker gave no sign of life for %s s; recovered", pk, self._stale)
            return fail_or_retry(job, "worker died", pause=0.0, message="Its worker stopped; it will be tried again.")


def sign(worker: str) -> None:
    """Say that this worker lives; rows of workers that died long ago go."""
    now = timezone.now()
    WorkerSign.objects.update_or_create(worker=worker, defaults={"at": now})
    WorkerSign.objects.filter(at__lt=now - timedelta(days=1)).delete()


def sign_off(worker: str) -> None:
    """Say that this worker has stopped."""
    WorkerSign.objects.filter(worker=worker).delete()


def is_worker_alive(within: timedelta) -> bool:
    """Whether some worker gave a sign of life within this time: between jobs, or by the heart of a running one."""
    since = timezone.now() - within
    between = WorkerSign.objects.filter(at__gte=since).exists()
    return between or Job.objects.filter(state=State.RUNNING, heartbeat__gte=since).exists()


def mend() -> int:
    """Let a waiting job's row in the task queue be ready again, should anything else have taken it."""
    waiting = Job.objects.filter(state=State.WAITING).values("pk")
    strays = DBTaskResult.objects.filter(task_path=perform.module_path, pk__in=waiting)
    return strays.exclude(status=STATUS[State.WAITING]).update(status=STATUS[State.WAITING])
