"""What waits for a person among the risks: reviews, steps, decisions, acceptances that end, templates."""

import datetime
from collections.abc import Iterator

from django.db.models import Q

from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.work import WorkItem
from risks.acceptance import APPROVERS, COMPLIANCE_MANAGER, EXECUTIVE, OWNERS_MANAGER
from risks.models import Acceptance, AcceptanceState, Band, Executive, Risk, Status, TreatmentAction

REGISTER = "Risks"


def risks_work(user: User) -> list[WorkItem]:
    """One's own risks that are due, steps to do, and requests that this person may decide. Constant queries."""
    day = today()
    soon = day + datetime.timedelta(days=setting("review_due_soon_days"))
    return [*risks_of(user, day, soon), *steps_of(user, day), *asked_of(user)]


def risks_of(user: User, day: datetime.date, soon: datetime.date) -> Iterator[WorkItem]:
    """One's own: templates to adapt, acceptances that end or have ended, reviews."""
    template, accepted = Q(status=Status.TEMPLATE), Q(status=Status.ACCEPTED, accepted_until__lte=soon)
    due = Q(review_on__lte=soon) & ~Q(status__in=(Status.TEMPLATE, Status.CLOSED))
    again = Q(status=Status.REOPENED)
    mine = allowed(user, "review", Risk).filter(template | accepted | due | again, owner=user.pk, archived_at=None)
    for risk in mine.order_by("review_on", "id"):
        yield waiting(risk, day, soon)


def waiting(risk: Risk, day: datetime.date, soon: datetime.date) -> WorkItem:
    """What is wanted of the owner of one risk."""
    if risk.status == Status.TEMPLATE:
        return item(risk, "Template to adapt", "Adapt", "adapt")
    if risk.standing(day) == Status.REOPENED:
        return item(risk, "Open again", "Decide treatment", "treat", risk.review_on)
    if risk.accepted_until is not None and risk.accepted_until <= soon:
        return item(risk, "Its acceptance ends", "Look at it", "detail", risk.accepted_until)
    late = risk.review_on is not None and risk.review_on < day
    if risk.residual_score is None:
        return item(risk, "Not rated yet", "Rate", "rate", risk.review_on)
    return item(risk, "Review overdue" if late else "Review due", "Review", "review", risk.review_on)


def steps_of(user: User, day: datetime.date) -> Iterator[WorkItem]:
    """The steps of treatment plans that this person has to do."""
    mine = allowed(user, "complete", TreatmentAction).filter(owner=user.pk, done_by=None, archived_at=None)
    for one in mine.order_by("due_on", "id"):
        words = "Treatment action overdue" if one.due_on < day else "Treatment action"
        page = "risks:treatmentaction-complete"
        yield WorkItem.on(one, REGISTER, one.what, words, "Mark as done", page, one.due_on)


def asked_of(user: User) -> Iterator[WorkItem]:
    """The requests to accept a risk that the table lets this person decide."""
    waits = allowed(user, "approve", Acceptance).filter(state=AcceptanceState.REQUESTED)
    apart = ~Q(requested_by=user.pk) & ~Q(owner=user.pk) & (Q(risk__owner=None) | ~Q(risk__owner=user.pk))
    found = waits.filter(deciding(user) & apart).select_related("risk", "requested_by")
    for one in found.order_by("id"):
        yield WorkItem.on(one, REGISTER, one.risk.title, f"{one.requested_by} asks to accept it", "Decide")


def deciding(user: User) -> Q:
    """The requests of which APPROVERS names this person, as a condition."""
    named = user.role == Role.MANAGER and Executive.objects.live().filter(user=user.pk).exists()
    mine = {COMPLIANCE_MANAGER: user.role == Role.COMPLIANCE_MANAGER, EXECUTIVE: named}
    reach = Q(pk__in=())
    for band in Band:
        lines = APPROVERS[band]
        if any(mine.get(line) for line in lines):
            reach |= Q(band=band)
        elif OWNERS_MANAGER in lines:
            reach |= Q(band=band, risk__owner__manager=user.pk)
    return reach


def item(risk: Risk, kind: str, action: str, page: str, due: datetime.date | None = None) -> WorkItem:
    """A risk as something to do."""
    return WorkItem.on(risk, REGISTER, risk.title, kind, action, f"risks:risk-{page}", due)
