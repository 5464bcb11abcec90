"""When the plan is exercised next: so many days after the last approved exercise, or after the plan came into force."""

import datetime

from django.db.models import Max, Min

from foundation.organisation.settings import setting
from incidents.models import Exercise, ExerciseState, PlanVersion


def next_due() -> datetime.date | None:
    """The day by which an exercise is due; None while no plan was ever approved. Two queries.

    Exercises of any plan and any version count from the day on which they were held, once they are approved.
    """
    days = datetime.timedelta(days=setting("exercise_days"))
    last: datetime.date | None = Exercise.objects.filter(state=ExerciseState.APPROVED).aggregate(day=Max("held_on"))[
        "day"
    ]
    if last is not None:
        return last + days
    first = PlanVersion.objects.filter(approved_at__isnull=False).aggregate(at=Min("approved_at"))["at"]
    return None if first is None else first.date() + days
