"""What a worker does all the time beside its jobs: a function every few seconds, in a thread of its own.

A job may run for minutes; what may not wait for it (sealing the trail) is handed to the worker as `Beside`.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from django.db import InterfaceError, OperationalError, close_old_connections, connection

logger = logging.getLogger("foundation.jobs")


@dataclass(frozen=True)
class Beside:
    """Call `work` every `every` seconds. Several workers do so at once: `work` must bear that.

    `passing`: exceptions that say why it cannot work now; each is logged once, and it is tried again.
    """

    name: str
    work: Callable[[], object]
    every: float = 1.0
    passing: tuple[type[Exception], ...] = ()


class Companions:
    """Runs what is to be done beside the jobs while the `with` block runs, and each once more at its end."""

    def __init__(self, works: Sequence[Beside]) -> None:
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(one,), name=one.name, daemon=True) for one in works]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self, work: Beside) -> None:
        told = ""
        try:
            stopping = False
            while not stopping:
                stopping = self._stopped.wait(work.every)
                told = self._once(work, told)
        finally:
            connection.close()

    def _once(self, work: Beside, told: str) -> str:
        """Do it; return what was wrong, which is logged only when it is another thing than last time."""
        close_old_connections()
        try:
            work.work()
        except (OperationalError, InterfaceError) as error:  # the database is busy, or away: both pass
            wrong = f"waits for the database: {error}"
            connection.close()
        except work.passing as error:
            wrong = str(error)
        else:
            if told:
                logger.warning("%s: works again", work.name)
            return ""
        if wrong != told:
            logger.error("%s: %s", work.name, wrong)
        return wrong
