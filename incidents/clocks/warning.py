"""Telling people that a clock presses: once when its warning time begins, once when its deadline has passed.

What was told stands on the clock (`warned_at`, `late_told_at`), so that the job can run however often.
"""

import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from foundation.accounts.models import User
from foundation.trail.record import SYSTEM
from incidents.clocks.forms import LONGEST_WARNING
from incidents.clocks.running import kept, zoned_of
from incidents.clocks.terms import warned_from
from incidents.command import leaders
from incidents.models import Clock, ClockState

TEMPLATE: Final = "emails/clock"
FARTHEST: Final = datetime.timedelta(hours=LONGEST_WARNING)


def pressing(now: datetime.datetime) -> list[tuple[int, str]]:
    """The clocks of which somebody is to be told now: number, and “warned” or “overdue”. One query."""
    near = Q(warned_at=None, due_at__lte=now + FARTHEST)
    passed = Q(late_told_at=None, due_at__lt=now)
    found = Clock.objects.filter(near | passed, state=ClockState.RUNNING).order_by("due_at", "id")
    return [(clock.pk, word) for clock in found if (word := owed(clock, now))]


def owed(clock: Clock, now: datetime.datetime) -> str:
    """What people are to be told of a clock: “overdue”, “warned”, or nothing."""
    begins = warned_from(clock)
    if clock.state != ClockState.RUNNING or clock.due_at is None or begins is None:
        return ""
    if clock.due_at < now:
        return "" if clock.late_told_at else "overdue"
    return "warned" if begins <= now and clock.warned_at is None else ""


@transaction.atomic
def tell(number: int) -> tuple[Clock, str] | None:
    """Note on a clock and in its incident's timeline that it presses; None where that was done meanwhile."""
    clock = Clock.objects.select_for_update(of=("self",)).select_related("incident").get(pk=number)
    now = timezone.now()
    word = owed(clock, now)
    if not word:
        return None
    if word == "overdue":
        clock.late_told_at = now
        words = f"Clock overdue: {clock.title}. The deadline was {zoned_of(clock, clock.due_at)}."
    else:
        words = f"Clock runs out soon: {clock.title}. Until {zoned_of(clock, clock.due_at)}."
    clock.warned_at = clock.warned_at or now
    kept(clock, word, words, SYSTEM)
    return clock, word


def told_of(clock: Clock) -> list[User]:
    """Who is told: the incident's commander and every compliance manager. One query."""
    return leaders(clock.incident)
