"""What falls due in response: clocks by the hour, post-incident reviews, plans, exercises.

A restricted incident is called by its number alone: such lists are printed and sent on, where its name is not safe.
"""

import datetime
from typing import Any, Final

from django.urls import reverse

from foundation.accounts.access import sees_all, visible
from foundation.accounts.models import User
from foundation.organisation.models import begin_of, day_at
from foundation.pages.due import Dated, Due, due_on
from incidents.exercises.cadence import next_due
from incidents.exercises.work import OVER
from incidents.models import Clock, ClockState, Exercise, ExerciseState, Incident, ResponsePlan

PLAN: Final = Dated("Response plan", "Review of the plan", "next_review_on")
EXERCISE: Final = Dated("Exercises", "Exercise", "held_on", "facilitator")
DAY: Final = datetime.timedelta(days=1)


def clocks_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Running clocks, each at its moment. One query."""
    found = visible(user, Clock).filter(
        state=ClockState.RUNNING, due_at__gte=begin_of(first), due_at__lt=begin_of(last + DAY)
    )
    return [clock_due(one) for one in found.select_related("incident__commander").order_by("due_at", "id")]


def clock_due(clock: Any) -> Due:
    """A clock as something that falls due."""
    incident = clock.incident
    title = incident.ref if incident.restricted else f"{clock.title} ({incident.ref})"
    kind, on = "Notification deadline", day_at(clock.due_at)
    return due_on(clock, "Notification clocks", kind, on, incident.commander, title=title, at=clock.due_at)


def incidents_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Incidents that are to be reviewed. One query."""
    found: Any = visible(user, Incident).filter(archived_at=None, review_due_on__range=(first, last))
    return [
        due_on(
            one, "Incidents", "Post-incident review", one.review_due_on, one.commander,
            title=one.ref if one.restricted else one.title, date="review",
        )
        for one in found.select_related("commander").order_by("review_due_on", "id")
    ]  # fmt: skip


def plans_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Reviews of response plans, exercises on their day, and the next one while none is planned.

    Five queries at most.
    """
    plans = ResponsePlan.objects.filter(archived_at=None)
    planned = Exercise.objects.filter(state=ExerciseState.PLANNED)
    found = PLAN.of(user, plans, first, last) + EXERCISE.of(user, planned, first, last)
    if sees_all(user, Exercise) and not Exercise.objects.exclude(state__in=OVER).exists():
        day = next_due()
        if day is not None and first <= day <= last:
            kind, url = "Next exercise, none is planned", reverse("incidents:exercise-list")
            title, key = "Exercise of the response plan", "incidents.exercise-next"
            found.append(Due("Exercises", kind, "", title, "", None, day, url, key))
    return found
