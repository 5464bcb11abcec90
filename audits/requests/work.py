"""What waits for a person among the requests: answering, assigning; the auditor's own home."""

from collections.abc import Iterator

from django.db.models import Q, QuerySet

from audits.models.requests import RUNNING, Request, RequestState
from audits.requests.reminders import waiting
from foundation.accounts.access import allowed, visible
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.pages.work import WorkItem

REGISTER = "Requests"
MOST = 200  # of an auditor's home; the list has them all


def requests_work(user: User) -> list[WorkItem]:
    """One's own that are open or returned; the unassigned ones (compliance managers); the auditor's. One query."""
    if user.role == Role.AUDITOR:
        return list(of_auditor(visible(user, Request).filter(state__in=RUNNING)))
    mine = Q(owner=user.pk)
    if user.role == Role.COMPLIANCE_MANAGER:
        mine |= Q(owner=None)
    return list(of_company(allowed(user, "respond", waiting()).filter(mine)))


def of_company(found: QuerySet[Request]) -> Iterator[WorkItem]:
    """What is to be answered or assigned."""
    for one in found:
        if one.owner_id is None:
            yield WorkItem.on(one, REGISTER, one.title, "Not assigned", "Assign", "audits:request-assign", one.due_on)
        else:
            words = "Returned by the auditor" if one.state == RequestState.RETURNED else "Asked by the auditor"
            yield WorkItem.on(one, REGISTER, one.title, words, "Answer", "audits:request-respond", one.due_on)


def of_auditor(found: QuerySet[Request]) -> Iterator[WorkItem]:
    """What waits for him stands first; then what he waits for, returned before open."""
    for one in found.order_by("-state", "due_on", "id")[:MOST]:
        if one.state == RequestState.SUBMITTED:
            yield WorkItem.on(one, REGISTER, one.title, "Submitted: yours to judge", "Look", now=True)
        else:
            words = f"{one.get_state_display()}: with the company"
            yield WorkItem.on(one, REGISTER, one.title, words, "Open", due=one.due_on)
