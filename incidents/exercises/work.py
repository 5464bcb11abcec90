"""What waits for a person in exercises: to take part, to write up and sign, to approve, to plan the next one."""

import datetime
from collections.abc import Iterator

from django.db.models import QuerySet
from django.urls import reverse

from foundation.accounts.access import allowed, can
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.work import WorkItem
from incidents.exercises.cadence import next_due
from incidents.models import Exercise, ExerciseAttendee, ExerciseState

REGISTER = "Exercises"
SOON = datetime.timedelta(days=60)  # before the next is due: people need an invitation


def exercises_work(user: User) -> list[WorkItem]:
    """All of it. Six queries at most."""
    return [*parts(user), *mine(user, today()), *due(user, today())]


def parts(user: User) -> Iterator[WorkItem]:
    """Exercises that were held and in which one was named: confirming it."""
    named = ExerciseAttendee.objects.live().filter(user=user.pk, confirmed_at=None)
    held = allowed(user, "take_part", Exercise).filter(state=ExerciseState.HELD, pk__in=named.values("exercise"))
    for one in held.order_by("held_on", "id"):
        page = "incidents:exercise-take-part"
        yield WorkItem.on(one, REGISTER, one.title, "Confirm that you took part", "I took part", page)


def to_approve(user: User) -> QuerySet[Exercise]:
    """Exercises that wait for this person's approval."""
    return allowed(user, "approve", Exercise).filter(state=ExerciseState.SIGNED, approver=user.pk)


def mine(user: User, day: datetime.date) -> Iterator[WorkItem]:
    """Exercises that one facilitates and whose day has come, or which are to be signed; those that one approves."""
    signing = allowed(user, "sign", Exercise).filter(facilitator=user.pk)
    planned = signing.filter(state=ExerciseState.PLANNED, held_on__lte=day)
    for one in planned.order_by("held_on", "id"):
        yield WorkItem.on(one, REGISTER, one.title, "Its day has come", "Say it was held", "incidents:exercise-hold",
                          one.held_on)  # fmt: skip
    for one in signing.filter(state=ExerciseState.HELD).order_by("held_on", "id"):
        yield WorkItem.on(one, REGISTER, one.title, "Came back to you" if one.note else "To write up and sign", "Go on")
    for one in to_approve(user).order_by("held_on", "id"):
        yield WorkItem.on(one, REGISTER, one.title, "Signed; waits for your approval", "Look at it")


def due(user: User, day: datetime.date) -> Iterator[WorkItem]:
    """The next exercise, for those who plan exercises, while none is planned."""
    if not can(user, "add", Exercise):
        return
    last = next_due()
    if last is None or last > day + SOON or Exercise.objects.exclude(state__in=OVER).exists():
        return
    words = "No exercise is planned, and one is overdue" if last < day else "No exercise is planned"
    url = reverse("incidents:exercise-list")
    yield WorkItem(
        REGISTER, "", "Exercise of the response plan", url, words, "Plan it", reverse("incidents:exercise-create"), last
    )


OVER = (ExerciseState.APPROVED, ExerciseState.CANCELLED)
