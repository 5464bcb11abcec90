"""Where a removal stands on a day: in words for people, as a condition for lists. The two say the same (tested)."""

import datetime
from collections.abc import Mapping
from typing import Any, Final

from django.db import models
from django.db.models import Q

from accessreviews.models import Removal
from foundation.organisation.models import day_at


class RemovalState(models.TextChoices):
    """Where a removal stands, from what is to be done to what is over."""

    TODO = "todo", "To do"
    OVERDUE = "overdue", "Overdue"
    DONE = "done", "Done, to be proved"
    SHOWN = "shown", "Shown gone, to be confirmed"
    PROVED = "proved", "Proved"
    EXCEPTED = "excepted", "Excepted"
    WITHDRAWN = "withdrawn", "Withdrawn"


REMOVAL_TONES: Final[Mapping[str, str]] = {
    "To do": "warn",
    "Overdue": "bad",
    "Done, to be proved": "info",
    "Shown gone, to be confirmed": "info",
    "Proved": "ok",
    "Excepted": "mute",
    "Withdrawn": "mute",
}


def standing(removal: Removal, day: datetime.date) -> RemovalState:
    """Where it stands on a day. An exception that has ended counts no more, whether the job said so yet or not."""
    if removal.archived_at is not None:
        return RemovalState.WITHDRAWN
    if removal.proved_at is not None:
        return RemovalState.PROVED
    if removal.is_settled(day):
        return RemovalState.EXCEPTED
    if removal.shown_by_id is not None:
        return RemovalState.SHOWN
    if removal.done_at is not None:
        return RemovalState.DONE
    return RemovalState.OVERDUE if removal.due_on < day else RemovalState.TODO


def stands(state: str, day: datetime.date) -> Q:
    """The condition that a removal stands so on a day; for live rows and history rows."""
    excepted = Q(excepted_at__isnull=False, exception_until__gte=day)
    unproved = Q(archived_at=None, proved_at=None)
    waiting = unproved & ~excepted
    undone = waiting & Q(shown_by=None, done_at=None)
    conditions: dict[str, Q] = {
        RemovalState.WITHDRAWN: Q(archived_at__isnull=False),
        RemovalState.PROVED: Q(archived_at=None, proved_at__isnull=False),
        RemovalState.EXCEPTED: unproved & excepted,
        RemovalState.SHOWN: waiting & Q(shown_by__isnull=False),
        RemovalState.DONE: waiting & Q(shown_by=None, done_at__isnull=False),
        RemovalState.OVERDUE: undone & Q(due_on__lt=day),
        RemovalState.TODO: undone & Q(due_on__gte=day),
    }
    return conditions[state]


def waits(day: datetime.date) -> Q:
    """The condition that nothing settles a removal on a day: neither proof nor an exception that runs."""
    return Q(archived_at=None, proved_at=None) & ~Q(excepted_at__isnull=False, exception_until__gte=day)


def days_late(removal: Removal, day: datetime.date) -> int:
    """By how many days it was done (or shown gone, or is still not) after its deadline; 0 in time.

    An exception that stands stops the clock: somebody answered that it stays.
    """
    ends: Any = removal.done_at or (removal.shown_by.pulled_at if removal.shown_by else None) or removal.proved_at
    if ends is None and removal.excepted_at is not None:
        ends = removal.excepted_at
    last = day if ends is None else day_at(ends)
    return max(0, (last - removal.due_on).days)
