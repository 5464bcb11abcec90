"""What waits for a person among the assertions: signing; for who writes them, what came back."""

from audits.models import Status
from audits.models.texts import Assertion, AssertionState
from audits.texts.actions import SIGNING_TIME
from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.pages.work import WorkItem

REGISTER = "Assertions"


def assertions_work(user: User) -> list[WorkItem]:
    """Those to sign, and drafts that were returned. Two queries."""
    running = Assertion.objects.filter(engagement__archived_at=None).exclude(engagement__status=Status.CLOSED)
    running = running.select_related("engagement").order_by("id")
    waiting = allowed(user, "sign", running).filter(state=AssertionState.SUBMITTED, signatory=user.pk)
    returned = allowed(user, "change", running).filter(state=AssertionState.DRAFT).exclude(answer="")
    found = []
    for one in waiting:
        page = "audits:assertion-sign" if one.engagement.status in SIGNING_TIME else ""
        words = "Waits for your signature" if page else "Waits for fieldwork, then for your signature"
        found.append(WorkItem.on(one, REGISTER, one.engagement.name, words, "Sign" if page else "Read", page))
    found += [
        WorkItem.on(one, REGISTER, one.engagement.name, "Returned by the signatory", "Change", "audits:assertion-edit")
        for one in returned
    ]
    return found
