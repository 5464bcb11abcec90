"""The loop that runs jobs. Tests call `run_all()`; `manage.py worker` runs `Worker` until it is told to stop."""

import logging
import os
import signal
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from django.db import InterfaceError, OperationalError, close_old_connections, connections

from foundation.jobs.heart import BEAT, SIGN, STALE, Heart, Watch, sign, sign_off
from foundation.jobs.models import Job
from foundation.jobs.queue import claim, hand_back, run
from foundation.jobs.schedule import Every, tick

logger = logging.getLogger("foundation.jobs")


def run_all(limit: int = 1000) -> int:
    """Run every job that is due now, in this process, one after the other; return how many ran."""
    worker_id = name_worker()
    for ran in range(limit):
        job = claim(worker_id)
        if job is None:
            return ran
        run(job)
    raise RuntimeError(f"More than {limit} jobs: do they enqueue themselves?")


def name_worker() -> str:
    """Return a name for this process that no other worker has, and that says where it ran."""
    return f"{socket.gethostname()[:30]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


class HandBack(BaseException):
    """Raised inside a job's function when its worker must go now; not an Exception, so that no function swallows it."""


class Worker:
    """Takes one job after the other. On TERM it finishes the running one within `grace` seconds or hands it back."""

    def __init__(
        self,
        schedule: Sequence[Every] = (),
        *,
        interval: float = 1.0,
        batch: bool = False,
        grace: float = 20.0,
        beat: float = BEAT,
        stale: float = STALE,
    ) -> None:
        self.worker_id = name_worker()
        self._schedule = schedule
        self._interval = interval
        self._batch = batch
        self._grace = grace
        self._beat = beat
        self._watch = Watch(stale, beat)
        self._rounds_at = 0.0
        self._signed_at = 0.0
        self._stopping = False
        self._inside = False

    def listen(self) -> None:
        """Let TERM and INT stop this worker gracefully; a second one hands the running job back at once."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGALRM, self._interrupt)

    def run(self) -> None:
        """Work until told to stop, or in batch mode until nothing is due."""
        logger.info("worker %s starts", self.worker_id)
        while not self._stopping:
            close_old_connections()
            try:
                self._rounds()
                job = claim(self.worker_id)
                if job is not None:
                    self._work(job)
            except (OperationalError, InterfaceError) as error:  # the database is busy, or away: both pass
                logger.warning("worker %s waits for the database: %s", self.worker_id, error)
                connections.close_all()
                time.sleep(self._interval)
                continue
            if job is None and self._batch:
                break
            if job is None and not self._stopping:
                time.sleep(self._interval)
        with suppress(OperationalError, InterfaceError):  # then the sign grows old by itself
            sign_off(self.worker_id)
        logger.info("worker %s stopped", self.worker_id)

    def _rounds(self) -> None:
        """Now and then enqueue what the clock asks for and look after jobs of dead workers."""
        now = time.monotonic()
        if self._rounds_at and now - self._rounds_at < self._beat:
            return
        if not self._signed_at or now - self._signed_at >= SIGN:
            sign(self.worker_id)
            self._signed_at = now
        tick(self._schedule)
        self._watch.look()
        self._rounds_at = now

    def _work(self, job: Job) -> None:
        logger.info("job %s (%s) attempt %s begins", job.pk, job.task, job.attempts)
        try:
            with Heart(job, self._beat):
                run(job, self._interruptible())
        except HandBack:
            connections.close_all()  # it may have been interrupted in the middle of a statement
            hand_back(job)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        logger.info("job %s is %s", job.pk, job.state)

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        self._inside = True
        try:
            yield
        finally:
            self._inside = False

    def _stop(self, number: int, frame: FrameType | None) -> None:
        again, self._stopping = self._stopping, True
        if again:
            self._interrupt(number, frame)
        else:
            signal.setitimer(signal.ITIMER_REAL, self._grace)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._inside:
            self._inside = False
            raise HandBack
