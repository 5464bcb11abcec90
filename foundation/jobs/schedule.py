"""What runs by the clock. grc/wiring writes the literal entries; every worker ticks, and one of them wins each slot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from foundation.jobs.job import JobFunction
from foundation.jobs.models import FINISHED, Slot
from foundation.trail.record import SYSTEM

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Every:
    """Run `job` every `every`, shifted by `after`.

    `Every("x", f, timedelta(days=1), after=timedelta(hours=2))` runs daily at 02:00 UTC.

    A slot that fell due while no worker ran is caught up once, however many were missed.
    """

    name: str
    job: JobFunction
    every: timedelta
    after: timedelta = timedelta()

    def slot(self, now: datetime) -> datetime:
        """Return the newest moment at or before `now` at which this entry falls due."""
        since = now - EPOCH - self.after
        return EPOCH + self.after + since // self.every * self.every


def tick(schedule: Sequence[Every], now: datetime | None = None) -> int:
    """Enqueue what has fallen due and was not enqueued yet, by any worker; return how many jobs that were."""
    moment = now or timezone.now()
    return sum(_tick(entry, entry.slot(moment)) for entry in schedule)


def _tick(entry: Every, due: datetime) -> bool:
    last = Slot.objects.filter(name=entry.name).select_related("job").order_by("-due").first()
    if last and (last.due >= due or (last.job and last.job.state not in FINISHED)):
        return False  # this slot is taken, or its predecessor still works: never two at once
    with transaction.atomic():
        slot, mine = Slot.objects.get_or_create(name=entry.name, due=due)
        if mine:
            slot.job = entry.job.enqueue(actor=SYSTEM, title=entry.name)
            slot.save(update_fields=("job",))
    return mine
