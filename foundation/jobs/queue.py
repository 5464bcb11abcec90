"""Every change of a job's state, made in one transaction on both tables: our row and its row in the task queue."""

import logging
import random
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import task
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from foundation.jobs.job import JobError, JobFunction, Progress, TakenOver
from foundation.jobs.models import Job, State
from foundation.trail.origin import origin

logger = logging.getLogger("foundation.jobs")

STATUS = {
    State.WAITING: TaskResultStatus.READY,
    State.RUNNING: TaskResultStatus.RUNNING,
    State.DONE: TaskResultStatus.SUCCESSFUL,
    State.FAILED: TaskResultStatus.FAILED,
    State.CANCELLED: TaskResultStatus.FAILED,
}
LONGEST_BACKOFF = 3600.0  # seconds
GAVE_UP = (
    "Something went wrong. Start it again, or give an administrator the number of this job: the log has the reason."
)
NOTHING = nullcontext()


@task
def perform(job_id: str) -> None:
    """Stand for a job in the task queue. Only `manage.py worker` runs it: a plain db_worker has no heartbeat."""
    raise RuntimeError(f"Job {job_id}: start `manage.py worker`, not db_worker.")


def put(function: JobFunction, *, actor: Any, title: str, args: dict[str, Any]) -> Job:
    """Write a new job into both tables; call it inside a transaction."""
    job = Job(
        title=title[:200],
        task=function.path,
        args=args,
        requested_by_id=getattr(actor, "pk", None),
        max_attempts=function.retries + 1,
        backoff=function.backoff,
    )
    DBTaskResult.objects.create(
        id=job.pk,
        args_kwargs={"args": [str(job.pk)], "kwargs": {}},
        priority=perform.priority,
        task_path=perform.module_path,
        queue_name=perform.queue_name,
        backend_name=perform.backend,
        run_after=get_date_max(),
    )
    job.save(force_insert=True)
    return job


def claim(worker_id: str) -> Job | None:
    """Take the next waiting job that is due, or None; two workers never get the same one."""
    due = DBTaskResult.objects.ready().filter(task_path=perform.module_path)
    if not due.exists():  # asked first, so that an idle worker does not take SQLite's write lock every second
        return None
    with transaction.atomic():
        ticket = due.all().get_locked()
        if ticket is None:
            return None
        ticket.claim(worker_id)
        job = Job.objects.select_for_update().get(pk=ticket.pk)
        job.state, job.attempts = State.RUNNING, job.attempts + 1
        job.started_at = job.heartbeat = timezone.now()
        job.save(update_fields=("state", "attempts", "started_at", "heartbeat"))
    return job


def run(job: Job, meanwhile: AbstractContextManager[object] = NOTHING) -> None:
    """Run a claimed job here, `meanwhile` entered around its function alone, and book what came of it."""
    with origin(via="job", request_id=str(job.pk)):
        try:
            with meanwhile:
                function(job)(Progress(job), **job.args)
        except TakenOver:
            logger.warning("job %s: another worker took over attempt %s; its outcome is dropped", job.pk, job.attempts)
        except JobError as error:
            _book(settle, job, State.FAILED, message=str(error)[:300], failure=_frames(error))
        except Exception as error:  # noqa: BLE001 - whatever a job's function raises
            frames = _frames(error)
            logger.error("job %s (%s) failed on attempt %s: %s", job.pk, job.task, job.attempts, frames)  # noqa: TRY400 - unsaid
            _book(fail_or_retry, job, frames)
        else:
            _book(settle, job, State.DONE)


def _book(how: Callable[..., bool], *args: Any, **values: Any) -> None:
    """Book an outcome even while the database is busy: a job that is done must not run again for want of one write."""
    for patience in (1, 5, 15):
        try:
            how(*args, **values)
        except (OperationalError, InterfaceError) as error:
            logger.warning("the outcome of a job could not be booked, next try in %s s: %s", patience, error)
            connection.close()
            time.sleep(patience)
        else:
            return
    how(*args, **values)


def function(job: Job) -> JobFunction:
    """Return the function that a job row names; SuspiciousOperation when the path is not one declared with @job."""
    found = import_string(job.task)
    if not isinstance(found, JobFunction):
        raise SuspiciousOperation(f"{job.task} is not a job function.")
    return found


def fail_or_retry(
    job: Job, failure: str, *, pause: float | None = None, message: str = "It failed and will be tried again."
) -> bool:
    """Book an attempt that failed: back to waiting, or failed for good after the last one. False: no longer ours.

    `pause`: seconds until the next attempt; longer with each attempt if not given.
    """
    if job.attempts < job.max_attempts:
        wait = _pause(job) if pause is None else pause
        return settle(job, State.WAITING, failure=failure, pause=wait, message=message)
    return settle(job, State.FAILED, failure=failure, message=GAVE_UP)


def hand_back(job: Job) -> bool:
    """Put a job that was interrupted by its own worker back, as if this attempt had not begun."""
    return settle(job, State.WAITING, attempts=job.attempts - 1, message="")


def cancel(job: Job) -> bool:
    """Take a waiting job off the queue; False when it is no longer waiting."""
    return settle(job, State.CANCELLED, was=State.WAITING, message="Cancelled.")


def settle(job: Job, to: State, *, was: State = State.RUNNING, pause: float | None = None, **values: Any) -> bool:
    """Move a job from state `was` to `to` in both tables if this attempt is still its own; False if it is not.

    `pause`: seconds before it may be claimed again (only for waiting).
    """
    now = timezone.now()
    next_try = now + timedelta(seconds=pause) if pause is not None else None
    ended = None if to == State.WAITING else now
    with transaction.atomic():
        lock_ticket(job.pk)
        mine = Job.objects.filter(pk=job.pk, state=was, attempts=job.attempts)
        if not mine.update(state=to, finished_at=ended, next_try=next_try, heartbeat=None, **values):
            return False
        DBTaskResult.objects.filter(pk=job.pk).update(
            status=STATUS[to],
            finished_at=ended,
            run_after=next_try or get_date_max(),
            exception_class_path=values.get("failure", "").partition("\n")[0],
            traceback=values.get("failure", ""),
        )
    job.refresh_from_db()
    return True


def lock_ticket(pk: UUID, *, skip_locked: bool = False) -> bool:
    """Lock a job's row in the task queue, always before our own row, so that no two wait for each other."""
    return DBTaskResult.objects.select_for_update(skip_locked=skip_locked).filter(pk=pk).first() is not None


def _pause(job: Job) -> float:
    """Double the pause for each attempt made, and up to a tenth more so that not all come back at once."""
    doubled = min(job.backoff * 2 ** (job.attempts - 1), LONGEST_BACKOFF)
    return doubled * (1 + random.random() / 10)  # noqa: S311 - spread, not secrecy


def _frames(error: BaseException) -> str:
    """Return class and frames of an exception without its message, which may hold a value from a row or a password."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    return "\n".join([kind, *(line.rstrip() for line in traceback.format_tb(error.__traceback__))])
