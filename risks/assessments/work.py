"""What waits for a person in rounds of risk assessment: to take part, to consider, to submit, to approve."""

import datetime
from collections.abc import Iterator

from django.db.models import Count, Q

from foundation.accounts.access import allowed, visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.work import WorkItem
from risks.assessments.blocks import todo
from risks.models import AssessedRisk, Assessment, AssessmentState, Participant

REGISTER = "Risk assessments"


def assessments_work(user: User) -> list[WorkItem]:
    """All of it. Four queries."""
    return [*parts(user), *rounds(user, today())]


def parts(user: User) -> Iterator[WorkItem]:
    """Rounds in which one is named: confirming it, once there is nothing else to do in them."""
    named = Participant.objects.live().filter(user=user.pk, confirmed_at=None)
    running = allowed(user, "take_part", Assessment).filter(state=AssessmentState.OPEN)
    running = running.filter(pk__in=named.values("assessment"))
    for one in running.order_by("due_on", "id"):
        words, page = "Confirm that you took part", "risks:assessment-take-part"
        yield WorkItem.on(one, REGISTER, one.title, words, "I took part", page, one.due_on)


def rounds(user: User, day: datetime.date) -> Iterator[WorkItem]:
    """Open rounds that one leads or takes part in, with what is to consider; submitted ones that one approves."""
    mine = Participant.objects.live().filter(user=user.pk).values("assessment")
    running = allowed(user, "consider", Assessment).filter(
        Q(lead=user.pk) | Q(pk__in=mine), state=AssessmentState.OPEN
    ).exclude(approver=user.pk)  # fmt: skip
    waiting = allowed(user, "approve", Assessment).filter(state=AssessmentState.SUBMITTED, approver=user.pk)
    found = list((running | waiting).order_by("due_on", "id").distinct())
    left = left_in(user, [one.pk for one in found]) if found else {}
    for one in found:
        late = "overdue, " if one.due_on < day else ""
        if one.state == AssessmentState.SUBMITTED:
            words = f"{late}submitted; waits for your approval".capitalize()
            yield WorkItem.on(one, REGISTER, one.title, words, "Look at it", due=one.due_on)
        elif left.get(one.pk):
            words = f"{late}{left[one.pk]} risks to consider".capitalize()
            yield WorkItem.on(one, REGISTER, one.title, words, "Consider", "risks:assessment-risks", one.due_on)
        elif one.lead_id == user.pk:
            words = f"{late}all risks are considered".capitalize()
            yield WorkItem.on(one, REGISTER, one.title, words, "Look at it", due=one.due_on)


def left_in(user: User, rounds: list[int]) -> dict[int, int]:
    """How many risks of these rounds, as far as this person sees them, wait to be considered. One query."""
    found = visible(user, AssessedRisk).filter(todo(), assessment__in=rounds).order_by()
    return dict(found.values_list("assessment").annotate(count=Count("id")))
