"""The columns of the list of requests, and the facts on a request's page."""

import datetime
from operator import attrgetter
from typing import Any

from django.db.models import Count

from audits.models.requests import REQUEST_TONES, RequestEvidence
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import day_of
from foundation.pages.people import owner_words
from foundation.trail.asof import rows


def attach_day(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The day on which each is judged, and how many items were handed in. One query."""
    links = visible(user, rows(RequestEvidence, moment), moment).filter(archived_at=None)
    counts = links.filter(request_id__in=[one.pk for one in found]).order_by().values_list("request_id")
    handed_in = dict(counts.annotate(Count("id")))
    for one in found:
        one.seen_on, one.handed_in = day_of(moment), handed_in.get(one.pk, 0)


def due_words(request: Any) -> str:
    """The day, with a word when it has passed unanswered."""
    return f"{request.due_on}{' late' if request.is_late(request.seen_on) else ''}"


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("external_ref", "Firm's ref", sort="external_ref"),
    Column("title", "Request", sort="title", kind="title"),
    Column("state", "State", sort="state", kind="badge", tones=REQUEST_TONES),
    Column("due", "Due", sort="due_on", kind="date", get=due_words, data=attrgetter("due_on")),
    Column(
        "owner", "Owner", sort="owner__name", kind="person", empty="Not assigned", get=owner_words,
        data=attrgetter("owner"),
    ),
    Column("handed_in", "Items", kind="number"),
    Column("kind", "Kind", sort="kind", more=True),
    Column("engagement", "Engagement", sort="engagement__name", more=True),
    Column("submitted_at", "Submitted", sort="submitted_at", kind="moment", more=True),
    Column("judged_at", "Judged", sort="judged_at", kind="moment", more=True),
)  # fmt: skip
FACTS = (
    Column("description", "Details"),
    Column("engagement", "Engagement"),
    Column("external_ref", "Firm's reference"),
    Column("kind", "Kind"),
    Column("period", "Period"),
    Column("due", "Due", kind="date", get=due_words),
    Column("owner", "Owner", kind="person", empty="Not assigned", get=owner_words),
    Column("raised_by", "Written by", kind="person"),
    Column("submitted_by", "Submitted by", kind="person"),
    Column("submitted_at", "Submitted", kind="moment"),
    Column("judged_by", "Judged by", kind="person"),
    Column("judged_at", "Judged", kind="moment"),
    Column("answer", "Note of the decision"),
)
