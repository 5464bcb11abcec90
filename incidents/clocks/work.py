"""What waits for a person among the clocks: those that are near their deadline or past it."""

import datetime
from collections.abc import Iterator
from typing import Final

from django.db.models import Q
from django.utils import timezone

from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.models import day_at
from foundation.pages.work import WorkItem
from incidents.clocks.forms import LONGEST_WARNING
from incidents.clocks.standing import standing
from incidents.models import Clock, ClockState

REGISTER: Final = "Notification clocks"
FARTHEST: Final = datetime.timedelta(hours=LONGEST_WARNING)


def clocks_work(user: User) -> list[WorkItem]:
    """Clocks that press, for the commander of their incident and for compliance managers. One query."""
    return list(clocks(user))


def clocks(user: User) -> Iterator[WorkItem]:
    """Each with how much time is left."""
    now = timezone.now()
    mine = Q() if user.role == Role.COMPLIANCE_MANAGER else Q(incident__commander=user.pk)
    found = allowed(user, "notify", Clock).filter(mine, state=ClockState.RUNNING, due_at__lte=now + FARTHEST)
    for clock in found.select_related("incident").order_by("due_at", "id"):
        stands = standing(clock, (), now)
        if stands.key == "running" or clock.due_at is None:
            continue
        title = f"{clock.title} ({clock.incident.ref})"
        words = f"{stands.word}. {stands.words}"
        day = day_at(clock.due_at)
        yield WorkItem.on(clock, REGISTER, title, words, "Record notification", "incidents:clock-notify", day)
