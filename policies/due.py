"""What falls due among policies: reviews, acknowledgements, exceptions that end."""

import datetime
from typing import Final

from django.db.models import Q

from foundation.accounts.access import sees_all, visible
from foundation.accounts.models import User
from foundation.pages.due import Dated, Due
from people.models import Person
from policies.acknowledging.owed import DONE, Owed, owed
from policies.models import Acknowledgement, ExceptionState, Policy, PolicyException, Status

REVIEW: Final = Dated("Policies", "Review of the policy", "next_review_on")
EXCEPTION: Final = Dated("Policies", "Exception from the policy ends", "until", "requested_by", "what", ends=True)


def policies_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Reviews of policies in force, and exceptions from them. Two queries."""
    in_force = Policy.objects.filter(status=Status.IN_FORCE, archived_at=None)
    excepted = PolicyException.objects.filter(state=ExceptionState.APPROVED, archived_at=None)
    return REVIEW.of(user, in_force, first, last) + EXCEPTION.of(user, excepted, first, last)


def acknowledgements_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """What people owe: of everybody for who sees all acknowledgements, else one's own and one's team's. Constant
    queries.
    """
    people = visible(user, Person)
    if not sees_all(user, Acknowledgement):
        people = people.filter(Q(user=user.pk) | Q(manager__user=user.pk))
    found = [one for one in owed(people) if one.standing != DONE and first <= one.due_on <= last]
    return [acknowledgement_due(one) for one in found]


def acknowledgement_due(one: Owed) -> Due:
    """What one person owes of one policy. The page is the policy's: everybody who is asked to read it sees it."""
    return Due(
        register="Policies", kind="Acknowledgement", ref=one.asked.ref, title=one.asked.title, whose=one.person.name,
        person=one.person.user_id, on=one.due_on, url=Policy(pk=one.asked.pk).get_absolute_url(),
        key=f"policies.acknowledgement-{one.asked.pk}-{one.person.pk}",
        source=("policies.policyversion", one.asked.version),
    )  # fmt: skip
