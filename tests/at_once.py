"""Several people doing something in the same instant, each on a connection of their own: for PostgreSQL."""

import threading
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection

from foundation.trail.keep import Stale


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each of the works returned or was refused with, when all began together in threads of their own."""
    barrier, outcomes = threading.Barrier(len(works)), [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            outcomes[number] = work()
        except (ValidationError, Stale) as refused:
            outcomes[number] = refused  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    return outcomes
