"""The face of background work: `@job` on a function in `<app>/jobs.py`, and what that function is handed."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from foundation.jobs.models import Job, State, result_path

if TYPE_CHECKING:
    from foundation.accounts.models import User

WRITE_EVERY = 0.3  # seconds: progress is for a person's eye, and each write waits for the database
PLAIN = (str, int, bool, type(None))


class JobError(Exception):
    """It cannot be done and trying again won't help; the message is shown to whoever asked: no secrets in it."""


class TakenOver(Exception):
    """Another worker took this attempt over; whatever this one still does must not be kept."""


class Progress:
    """What a job function is handed first: who asked, and where to say how far it is. Use it outside transactions."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._wrote_at = 0.0
        self._last: tuple[int, str] = (0, "")

    @property
    def actor(self) -> "User | Any":
        """The person who asked for the job, or SYSTEM."""
        from foundation.trail.record import SYSTEM  # models of every app are loaded by the time a job runs

        return self.job.requested_by or SYSTEM

    def set(self, done: int, total: int, message: str = "") -> None:
        """Say that `done` of `total` steps are done. Cheap to call often: few of the calls reach the database.

        Raises TakenOver when this attempt is no longer the job's own: let it end the job.
        """
        now = time.monotonic()
        if done < total and (total, message) == self._last and now - self._wrote_at < WRITE_EVERY:
            return
        self._keep(done=min(done, total), total=total, message=message[:300])
        self._wrote_at, self._last = now, (total, message)

    def attach(self, name: str, content_type: str, content: bytes | IO[bytes]) -> None:
        """Keep a file as the job's result: offered for download to the person who asked, under `name`.

        `content`: bytes, or a seekable binary file that is read in chunks. A later file replaces an earlier one.
        """
        body = BytesIO(content) if isinstance(content, bytes) else content
        digest = hashlib.file_digest(body, "sha256").hexdigest()  # type: ignore[arg-type]  # IO has what it needs
        body.seek(0)
        stored = self.job.result
        storage, old = stored.storage, stored.name
        new = storage.save(result_path(self.job, name), File(body, name))
        try:
            self._keep(result=new, result_name=name[:200], result_type=content_type[:100], result_sha256=digest)
        except TakenOver:
            storage.delete(new)
            raise
        if old:
            storage.delete(old)

    def link(self, url: str) -> None:
        """Name the page (a path of this site) where the result is to be seen."""
        if not url.startswith("/") or url.startswith("//"):
            raise ValueError(f"A job links to a path of this site, not to {url!r}.")
        self._keep(result_url=url)

    def _keep(self, **values: Any) -> None:
        mine = Job.objects.filter(pk=self.job.pk, state=State.RUNNING, attempts=self.job.attempts)
        if not mine.update(heartbeat=timezone.now(), **values):
            raise TakenOver(self.job.pk)
        for name, value in values.items():
            setattr(self.job, name, value)


Work = Callable[..., None]  # f(progress, **ids)


@dataclass(frozen=True)
class JobFunction:
    """A function that a worker can run. Calling it runs it here and now; `enqueue` leaves it to a worker."""

    work: Work
    retries: int
    backoff: float

    @cached_property
    def path(self) -> str:
        return f"{self.work.__module__}.{self.work.__qualname__}"

    def __call__(self, progress: Progress, /, **ids: Any) -> None:
        self.work(progress, **ids)

    def enqueue(self, *, actor: Any, title: str, **ids: Any) -> Job:
        """Leave the work to a worker; it becomes visible to one when the surrounding transaction commits.

        `actor`: the user who asks (sees the job's page and file) or SYSTEM. `title`: what people read in "My jobs".
        `ids`: plain JSON values (strings, integers, lists of them); anything else raises TypeError. The function may be
        run more than once with them, on any machine.
        """
        from foundation.jobs.queue import put  # the queue runs what is declared here

        _refuse_unplain(ids)
        with transaction.atomic():
            return put(self, actor=actor, title=title, args=ids)


def job(*, retries: int = 3, backoff: float = 10.0) -> Callable[[Work], JobFunction]:
    """Make a module-level function `f(progress, **ids)` a job.

    `retries`: how often it is tried again after an unexpected error or a dead worker. `backoff`: seconds before the
    first retry, doubled for each further one. A JobError is never retried.
    """
    return lambda work: JobFunction(work=work, retries=retries, backoff=backoff)


def _refuse_unplain(ids: dict[str, Any]) -> None:
    for name, value in ids.items():
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, PLAIN) for part in parts):
            raise TypeError(
                f"{name}={value!r}: a job takes ids (strings, integers, lists of them) and looks the rest up."
            )
    json.dumps(ids)
