"""What waits for a person among the findings and corrective actions."""

import datetime
from collections.abc import Iterator

from django.db.models import Q

from findings.actions import removed_by
from findings.models import CorrectiveAction, Finding, Status, unresolved
from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.work import WorkItem


def findings_work(user: User) -> list[WorkItem]:
    """One's own findings that are due, acceptances that end, what waits for a second person, and one's actions.

    Two queries, and the setting of what is soon.
    """
    day = today()
    soon = day + datetime.timedelta(days=setting("review_due_soon_days"))
    return [*findings_of(user, day, soon), *actions_of(user, day)]


def findings_of(user: User, day: datetime.date, soon: datetime.date) -> Iterator[WorkItem]:
    """One's own that are due or accepted for not much longer; colleagues' fixes to verify and requests to decide."""
    ending = Q(status=Status.ACCEPTED, acceptance_until__gte=day, acceptance_until__lte=soon)
    mine = Q(owner=user.pk) & ((unresolved(day) & Q(due_on__lte=soon)) | ending)
    fixed = Q(status=Status.FIXED) & ~removed_by(user)
    asked = Q(acceptance_requested_by__isnull=False, accepted_by=None) & ~Q(acceptance_requested_by=user.pk)
    found = (
        allowed(user, "update_status", Finding).filter(mine)
        | allowed(user, "verify", Finding).filter(fixed)
        | allowed(user, "accept", Finding).filter(asked & (Q(owner=None) | ~Q(owner=user.pk)))
    )
    people = ("fixed_by", "acceptance_requested_by")
    for finding in found.filter(archived_at=None).select_related(*people).order_by("due_on", "id"):
        yield waiting(finding, user, day)


def waiting(finding: Finding, user: User, day: datetime.date) -> WorkItem:
    """What is wanted of this person: of one's own findings to see to them, of others' to judge."""
    if finding.status == Status.FIXED:
        return item(finding, f"{finding.fixed_by} says that it is fixed", "Verify")
    if finding.owner_id != user.pk:
        return item(finding, f"{finding.acceptance_requested_by} asks to accept it", "Decide", finding.due_on)
    if finding.standing(day) == Status.ACCEPTED:
        return item(finding, "Its acceptance ends", "Look at it", finding.acceptance_until)
    return item(finding, "Overdue" if finding.due_on < day else "To be fixed", "Look at it", finding.due_on)


def actions_of(user: User, day: datetime.date) -> Iterator[WorkItem]:
    """The corrective actions that this person has to do (they outlive their finding), and those done to verify."""
    mine = Q(owner=user.pk, done_by=None)
    done = Q(done_by__isnull=False, verified_by=None) & ~Q(done_by=user.pk)
    found = allowed(user, "complete", CorrectiveAction).filter(mine)
    found |= allowed(user, "verify", CorrectiveAction).filter(done)
    for action in found.filter(archived_at=None).select_related("done_by").order_by("due_on", "id"):
        if action.done_by_id:
            yield action_item(action, f"{action.done_by} has done it", "Verify", "detail")
            continue
        words = "Corrective action overdue" if action.due_on < day else "Corrective action"
        yield action_item(action, words, "Mark as done", "complete", action.due_on)


def item(finding: Finding, kind: str, action: str, due: datetime.date | None = None) -> WorkItem:
    """A finding as something to do."""
    return WorkItem.on(finding, "Findings", finding.title, kind, action, due=due)


def action_item(one: CorrectiveAction, kind: str, action: str, page: str, due: datetime.date | None = None) -> WorkItem:
    """A corrective action as something to do."""
    return WorkItem.on(one, "Findings", one.what, kind, action, f"findings:correctiveaction-{page}", due)
