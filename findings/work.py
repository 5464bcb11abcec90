"""What waits for a person among the findings and corrective actions."""

import datetime
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse

from findings.models import CorrectiveAction, Finding, Status, unresolved
from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.work import WorkItem


def findings_work(user: User) -> list[WorkItem]:
    """One's own findings that are due, acceptances that end, what waits for a second person, and one's actions.

    Constant queries.
    """
    day = today()
    soon = day + datetime.timedelta(days=setting("review_due_soon_days"))
    return [*own(user, day, soon), *to_verify(user), *to_accept(user), *actions_of(user, day), *actions_to_verify(user)]


def own(user: User, day: datetime.date, soon: datetime.date) -> Iterator[WorkItem]:
    """The findings that this person owns: overdue, due soon, or accepted for not much longer."""
    ending = Q(status=Status.ACCEPTED, acceptance_until__gte=day, acceptance_until__lte=soon)
    mine = allowed(user, "update_status", Finding).filter(owner=user.pk, archived_at=None)
    for finding in mine.filter((unresolved(day) & Q(due_on__lte=soon)) | ending).order_by("due_on", "id"):
        if finding.standing(day) == Status.ACCEPTED:
            yield item(finding, "Its acceptance ends", "Look at it", "finding-detail", finding.acceptance_until)
        else:
            words = "Overdue" if finding.due_on < day else "To be fixed"
            yield item(finding, words, "Look at it", "finding-detail", finding.due_on)


def to_verify(user: User) -> Iterator[WorkItem]:
    """Colleagues' fixes that this person may verify."""
    waiting = allowed(user, "verify", Finding).filter(status=Status.FIXED, archived_at=None).exclude(fixed_by=user.pk)
    for finding in waiting.select_related("fixed_by").order_by("due_on", "id"):
        yield item(finding, f"{finding.fixed_by} says that it is fixed", "Verify", "finding-detail", None)


def to_accept(user: User) -> Iterator[WorkItem]:
    """Colleagues' requests to accept a finding that this person may decide."""
    asked = Q(acceptance_requested_by__isnull=False, accepted_by=None, archived_at=None)
    waiting = allowed(user, "accept", Finding).filter(asked)
    waiting = waiting.exclude(acceptance_requested_by=user.pk).exclude(owner=user.pk, owner__isnull=False)
    for finding in waiting.select_related("acceptance_requested_by").order_by("due_on", "id"):
        words = f"{finding.acceptance_requested_by} asks to accept it"
        yield item(finding, words, "Decide", "finding-detail", finding.due_on)


def actions_of(user: User, day: datetime.date) -> Iterator[WorkItem]:
    """The corrective actions that this person has to do: they outlive their finding."""
    mine = allowed(user, "complete", CorrectiveAction).filter(owner=user.pk, done_by=None, archived_at=None)
    for action in mine.order_by("due_on", "id"):
        words = "Corrective action overdue" if action.due_on < day else "Corrective action"
        yield action_item(action, words, "Mark as done", "correctiveaction-complete", action.due_on)


def actions_to_verify(user: User) -> Iterator[WorkItem]:
    """What colleagues have done and this person may verify."""
    done = Q(done_by__isnull=False, verified_by=None, archived_at=None)
    waiting = allowed(user, "verify", CorrectiveAction).filter(done).exclude(done_by=user.pk)
    for action in waiting.select_related("done_by").order_by("due_on", "id"):
        yield action_item(action, f"{action.done_by} has done it", "Verify", "correctiveaction-detail", None)


def item(finding: Finding, kind: str, action: str, page: str, due: datetime.date | None) -> WorkItem:
    """A finding as something to do."""
    return WorkItem(
        "Findings", finding.ref, finding.title, finding.get_absolute_url(), kind, action, address(page, finding), due
    )


def action_item(one: CorrectiveAction, kind: str, action: str, page: str, due: datetime.date | None) -> WorkItem:
    """A corrective action as something to do."""
    return WorkItem("Findings", one.ref, one.what, one.get_absolute_url(), kind, action, address(page, one), due)


def address(page: str, target: Any) -> str:
    """The page that does it; whoever does it comes back to My work."""
    return f"{reverse(f'findings:{page}', args=[target.pk])}?{urlencode({'next': '/'})}"
