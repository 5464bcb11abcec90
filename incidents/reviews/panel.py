"""What an incident's tab shows of its reviews, and what waits for people among them."""

import datetime
from typing import Any

from foundation.accounts.access import verbs_on, visible
from foundation.accounts.models import User
from foundation.pages.act import VerbPage
from foundation.pages.moment import at
from foundation.pages.panels import Panel
from foundation.pages.work import WorkItem
from foundation.trail.asof import rows, thaw
from incidents.command import responds
from incidents.models import REVIEW_TONES, Incident, PostIncidentReview, ReviewState
from incidents.reviews import actions
from incidents.reviews.forms import BeginForm
from incidents.reviews.people import to_approve

REGISTER = "Incidents"
UNDER_WAY = (ReviewState.DRAFT, ReviewState.SUBMITTED)
# The verb on an incident by which its review begins.
BEGIN = VerbPage(
    "begin_review", actions.begin, "Begin review", "Its review is begun: write it here.", BeginForm, path="reviews/new",
    tab="review", leads=lambda incident: incident.reviews.latest("id").get_absolute_url(),
)  # fmt: skip


def reviews_panel(user: User, incident: Any, moment: datetime.datetime | None) -> Panel:
    """The reviews of an incident, the newest first, and the way to begin one. Constant queries."""
    seen = visible(user, rows(PostIncidentReview, moment), moment).filter(incident_id=incident.pk)
    found = [thaw(row) for row in seen.select_related("author", "approver").order_by("-id")]
    lines = [(one, REVIEW_TONES[one.state]) for one in found]
    free = moment is None and not incident.is_event and not any(one.state in UNDER_WAY for one in found)
    may_begin = free and bool(verbs_on(user, ("begin_review",), incident)) and responds(user, incident)
    shown = {"lines": lines, "at": at(moment), "may_begin": may_begin, "others_begin": free and not may_begin}
    return Panel("incidents/reviews_panel.html", shown)


def incident_reviews_work(user: User) -> list[WorkItem]:
    """Reviews that one writes or approves, and incidents that one leads and that nobody reviews yet. Two queries."""
    found = visible(user, PostIncidentReview).filter(author=user.pk, state=ReviewState.DRAFT) | to_approve(user)
    found = found.select_related("incident").order_by("id")
    begun = PostIncidentReview.objects.filter(state__in=UNDER_WAY)
    left = visible(user, Incident).filter(commander=user.pk, review_due_on__isnull=False)
    left = left.exclude(id__in=begun.values("incident_id")).order_by("review_due_on", "id")
    return [item(one) for one in found] + [to_begin(one) for one in left]


def item(one: PostIncidentReview) -> WorkItem:
    """A review as something to do; its incident says by when."""
    if one.state == ReviewState.SUBMITTED:
        return WorkItem.on(one, REGISTER, one.title, "Waits for your approval", "Look at it")
    due = one.incident.review_due_on
    return WorkItem.on(one, REGISTER, one.title, "Review to be written", "Go on writing", due=due)


def to_begin(one: Incident) -> WorkItem:
    """An incident that has to be reviewed."""
    page = "incidents:incident-begin-review"
    return WorkItem.on(one, REGISTER, one.title, "Review to be begun", "Begin review", page, one.review_due_on)
