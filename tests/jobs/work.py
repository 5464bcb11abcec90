"""Job functions that tests give to workers, real processes among them: what each did stands in a file."""

import time
from datetime import date
from pathlib import Path

from django.db import transaction

from foundation.jobs.job import JobError, Progress, job
from foundation.organisation.models import Holiday
from foundation.trail.keep import save

DAY_ONE = date(2030, 1, 1).toordinal()


def note(path: str, line: str) -> None:
    """Append a line, whole, whatever other processes append."""
    with Path(path).open("a") as file:
        file.write(f"{line}\n")


def lines(path: Path) -> list[str]:
    return path.read_text().split("\n")[:-1] if path.exists() else []


@job(retries=3, backoff=0)
def slow_holiday(progress: Progress, *, number: int, millis: int, log: str) -> None:
    """Begin, take a while, and have one effect in one transaction; a second run finds that it is done."""
    note(log, f"begin {number} {progress.job.attempts}")
    for step in range(10):
        progress.set(step, 10, "Working")
        time.sleep(millis / 10_000)
    with transaction.atomic():
        day = date.fromordinal(DAY_ONE + number)
        if not Holiday.objects.filter(day=day).exists():
            save(Holiday(day=day, name=f"Job {number}"), actor=progress.actor, verb="holiday.created")
    note(log, f"end {number} {progress.job.attempts}")


@job(retries=2, backoff=10)
def flaky(progress: Progress, *, until: int, log: str) -> None:
    """Fail with a message that nobody may see until attempt `until`."""
    note(log, str(progress.job.attempts))
    if progress.job.attempts < until:
        raise ConnectionError("the password is " + "2retnuh"[::-1])  # backwards: frames quote this line


@job()
def hopeless(progress: Progress, *, log: str) -> None:
    note(log, "tried")
    raise JobError("The list is empty.")


@job()
def report(progress: Progress, *, text: str) -> None:
    progress.attach("Report “Ü”.csv", "text/csv", text.encode())
    progress.set(1, 1, "One row")


@job()
def link_away(progress: Progress, *, url: str) -> None:
    progress.link(url)


@job(retries=0)
def once_only(progress: Progress) -> None:
    progress.set(1, 1)


@job(retries=3, backoff=0)
def long_write(progress: Progress, *, millis: int, log: str) -> None:
    """Write for longer than a worker may be silent, in one transaction: on SQLite nobody else can write meanwhile."""
    with transaction.atomic():
        save(Holiday(day=date.fromordinal(DAY_ONE), name="Long"), actor=progress.actor, verb="holiday.created")
        note(log, f"begin {progress.job.attempts}")
        time.sleep(millis / 1000)
    note(log, f"end {progress.job.attempts}")


@job(retries=3, backoff=0)
def silent(progress: Progress, *, millis: int, log: str) -> None:
    """Say nothing for longer than a worker may be silent: its worker's heart speaks for it."""
    note(log, f"begin {progress.job.attempts}")
    time.sleep(millis / 1000)
    note(log, f"end {progress.job.attempts}")
