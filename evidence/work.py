"""What waits for a person among the evidence: to judge, given back, running out; exemptions to decide."""

import datetime
from collections.abc import Iterator
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse

from evidence.models import Evidence, Exemption, ExemptionState, State
from evidence.states import judged_by
from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.work import WorkItem

MOST = 50  # of one sort: a longer list is the register with its filter


def evidence_work(user: User) -> list[WorkItem]:
    """What to judge, what came back, what stops being good soon, and exemptions to decide. One query each."""
    return [*to_judge(user), *given_back(user), *expiring(user), *to_decide(user)]


def to_judge(user: User) -> Iterator[WorkItem]:
    """Items that wait for this person, the oldest first."""
    found = allowed(user, "review", Evidence).filter(judged_by(user), superseded_by=None)
    for item in found.select_related("submitted_by").order_by("created_at", "id")[:MOST]:
        yield entry(item, f"Submitted by {item.submitted_by or item.connector or 'the system'}", "Judge", "detail")


def given_back(user: User) -> Iterator[WorkItem]:
    """One's own items that were returned."""
    for item in own(user).filter(state=State.RETURNED).select_related("reviewed_by")[:MOST]:
        yield entry(item, f"Returned by {item.reviewed_by}", "Send a new version", "supersede")


def expiring(user: User) -> Iterator[WorkItem]:
    """One's own accepted items that stop being good soon, or have."""
    day = today()
    soon = day + datetime.timedelta(days=setting("review_due_soon_days"))
    found = own(user).filter(state=State.ACCEPTED, expires_on__lte=soon)
    for item in found.order_by("expires_on", "id")[:MOST]:
        words = "Expired" if item.expires_on and item.expires_on < day else "Expires soon"
        yield entry(item, words, "Renew", "supersede", item.expires_on)


def to_decide(user: User) -> Iterator[WorkItem]:
    """Exemptions that somebody else asked for."""
    found = allowed(user, "approve", Exemption).filter(state=ExemptionState.REQUESTED).exclude(requested_by=user.pk)
    for one in found.select_related("control", "requested_by").order_by("id")[:MOST]:
        page, words = one.get_absolute_url(), f"{one.requested_by} asks to except it"
        yield WorkItem("Exemptions", str(one), one.reason, page, words, "Decide", page)


def own(user: User) -> QuerySet[Evidence]:
    """The newest versions that this person submitted or collected and may follow with another."""
    mine = Q(submitted_by=user.pk) | Q(collected_by=user.pk)
    return allowed(user, "supersede", Evidence).filter(mine, superseded_by=None).order_by("id")


def entry(item: Evidence, kind: str, action: str, page: str, due: datetime.date | None = None) -> WorkItem:
    """An item as something to do; whoever does it comes back to My work."""
    address = f"{reverse(f'evidence:evidence-{page}', args=[item.pk])}?{urlencode({'next': '/'})}"
    return WorkItem(
        register="Evidence", ref=item.ref, title=item.title, url=item.get_absolute_url(), kind=kind, action=action,
        action_url=address, due=due,
    )  # fmt: skip
