"""What waits for a person among the assertions: signing; for who writes them, what came back."""

from django.db.models import QuerySet

from audits.models import Engagement
from audits.models.texts import SIGNING_TIME, Assertion, AssertionState
from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.pages.work import WorkItem

REGISTER = "Assertions"


def to_sign(user: User) -> QuerySet[Assertion]:
    """Those that wait for this person's signature. One query."""
    return allowed(user, "sign", going_on()).filter(state=AssertionState.SUBMITTED, signatory=user.pk)


def going_on() -> QuerySet[Assertion]:
    """The assertions of engagements that are open."""
    found = Assertion.objects.filter(engagement__in=Engagement.objects.open())
    return found.select_related("engagement").order_by("id")


def assertions_work(user: User) -> list[WorkItem]:
    """Those to sign, and drafts that were returned. Two queries."""
    returned = allowed(user, "change", going_on()).filter(state=AssertionState.DRAFT).exclude(answer="")
    found = []
    for one in to_sign(user):
        page = "audits:assertion-sign" if one.engagement.status in SIGNING_TIME else ""
        words = "Waits for your signature" if page else "Waits for fieldwork, then for your signature"
        found.append(WorkItem.on(one, REGISTER, one.engagement.name, words, "Sign" if page else "Read", page))
    found += [
        WorkItem.on(one, REGISTER, one.engagement.name, "Returned by the signatory", "Change", "audits:assertion-edit")
        for one in returned
    ]
    return found
