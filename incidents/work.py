"""What waits for a person among the incidents: events to look at, incidents to lead, reviews that are due."""

from collections.abc import Iterator
from typing import Final

from django.db.models import Q, QuerySet

from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.models import today
from foundation.pages.work import WorkItem
from incidents.models import OPEN, Incident, State

REGISTER = "Incidents"
NEXT: Final[dict[str, tuple[str, str]]] = {
    State.DECLARED: ("Contain", "incidents:incident-contain"),
    State.REOPENED: ("Contain", "incidents:incident-contain"),
    State.CONTAINED: ("Go on", "incidents:incident-detail"),
    State.ERADICATED: ("Recover", "incidents:incident-recover"),
    State.RECOVERED: ("Close", "incidents:incident-close"),
}


def incidents_work(user: User) -> list[WorkItem]:
    """Events that nobody looked at (compliance managers), and the incidents that this person commands. One query."""
    mine = Q(commander=user.pk, state__in=OPEN)
    if user.role == Role.COMPLIANCE_MANAGER:
        mine |= Q(state=State.REPORTED) | Q(state__in=OPEN, review_due_on__lt=today())
    return list(waiting(allowed(user, "add_entry", Incident).filter(mine).order_by("severity", "id")))


def waiting(found: QuerySet[Incident]) -> Iterator[WorkItem]:
    """What is wanted for each."""
    for one in found:
        title = f"{one.get_severity_display()} {one.title}" if one.severity else one.title
        if one.state == State.REPORTED:
            yield WorkItem.on(one, REGISTER, title, "Event to look at", "Look at it")
        elif one.review_due_on:
            words = "Post-incident review overdue" if one.review_overdue(today()) else "Post-incident review due"
            yield WorkItem.on(one, REGISTER, title, words, "Open", due=one.review_due_on)
        else:
            action, page = NEXT[one.state]
            words = f"{one.get_state_display()}: you command it"
            yield WorkItem.on(one, REGISTER, title, words, action, page, now=one.state != State.RECOVERED)
