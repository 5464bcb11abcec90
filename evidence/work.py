"""What waits for a person among the evidence: to judge, given back, running out; exemptions to decide."""

import datetime
from collections.abc import Iterator

from django.db.models import Q

from evidence.models import Evidence, Exemption, ExemptionState, State
from evidence.states import LINK_WAITS, judged_by
from foundation.accounts.access import allowed, can, visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.work import WorkItem

MOST = 100  # a longer list is the register with its filter


def evidence_work(user: User) -> list[WorkItem]:
    """What to judge, what came back, what stops being good soon, and exemptions to decide. Two queries."""
    return [*items(user), *to_decide(user)]


def items(user: User) -> Iterator[WorkItem]:
    """The newest versions that wait for this person, the oldest first: to judge, returned, running out."""
    day = today()
    judges = judged_by(user) if can(user, "review", Evidence) else Q(pk__in=())
    mine = Q(submitted_by=user.pk) | Q(collected_by=user.pk)
    soon = Q(state=State.ACCEPTED, expires_on__lte=day + datetime.timedelta(days=setting("review_due_soon_days")))
    back = Q(state=State.RETURNED)
    found = visible(user, Evidence).filter(judges | (mine & (back | soon)), superseded_by=None)
    found = found.annotate(link_waits=LINK_WAITS).select_related("submitted_by", "reviewed_by")
    for item in found.order_by("created_at", "id")[:MOST]:
        if item.state == State.SUBMITTED:
            yield entry(item, f"Submitted by {item.submitted_by or item.connector or 'the system'}", "Judge", "detail")
        elif item.state == State.RETURNED:
            yield entry(item, f"Returned by {item.reviewed_by}", "Send a new version", "supersede")
        elif item.link_waits and user.pk not in (item.submitted_by_id, item.collected_by_id):
            yield entry(item, "Linked to one more control", "Confirm", "detail")
        else:
            words = "Expired" if item.expires_on and item.expires_on < day else "Expires soon"
            yield entry(item, words, "Renew", "supersede", item.expires_on)


def to_decide(user: User) -> Iterator[WorkItem]:
    """Exemptions that somebody else asked for."""
    found = allowed(user, "approve", Exemption).filter(state=ExemptionState.REQUESTED).exclude(requested_by=user.pk)
    for one in found.select_related("control", "requested_by").order_by("id")[:MOST]:
        yield WorkItem.on(one, "Exemptions", one.reason, f"{one.requested_by} asks to except it", "Decide")


def entry(item: Evidence, kind: str, action: str, page: str, due: datetime.date | None = None) -> WorkItem:
    """An item as something to do."""
    return WorkItem.on(item, "Evidence", item.title, kind, action, f"evidence:evidence-{page}", due)
