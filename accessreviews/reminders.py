"""Of what people are reminded by mail on a day: parts to decide, reviews to approve, removals to do."""

import datetime
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Max, Q

from accessreviews.models import Assignment, Removal, Review, ReviewState
from accessreviews.standing import waits
from foundation.accounts.models import User
from foundation.organisation.models import day_at, zone
from foundation.trail.models import Entry

AHEAD: Final = (14, 7, 1)  # days before a review is due
AFTER: Final = 3  # and so often while it is overdue
SOON: Final = datetime.timedelta(days=1)  # removals: from the day before, each day
TEMPLATE: Final = "emails/access_reviews"


@dataclass(frozen=True)
class Reminder:
    """One line of a mail: what waits, since when or until when, and its page."""

    words: str
    due: datetime.date
    link: str
    overdue: bool


def is_reminded(due: datetime.date, day: datetime.date) -> bool:
    """Whether this is a day on which people are reminded of what is due on another."""
    ahead = (due - day).days
    return ahead in AHEAD or (ahead < 0 and -ahead % AFTER == 0)


def reminders(day: datetime.date, person: int | None = None) -> dict[int, list[Reminder]]:
    """What each active person is reminded of on a day, the most urgent first; or one person. Four queries."""
    found: dict[int, list[Reminder]] = defaultdict(list)
    for whose, reminder in (*parts(day, person), *approvals(day, person), *removals(day, person)):
        found[whose].append(reminder)
    here = set(User.objects.active().filter(pk__in=found).values_list("pk", flat=True))
    return {whose: sorted(said, key=lambda one: one.due) for whose, said in found.items() if whose in here}


def parts(day: datetime.date, person: int | None) -> Iterator[tuple[int, Reminder]]:
    """Reviewers and delegates of parts that are not signed."""
    found = Assignment.objects.filter(signed_at=None, review__state=ReviewState.DECIDING)
    if person is not None:
        found = found.filter(Q(reviewer=person) | Q(delegate=person))
    for part in found.select_related("review__campaign", "review__system").order_by("id"):
        due = part.review.campaign.due_on
        if is_reminded(due, day):
            words = f"{part.review.system.name}: decide on {part.item_count:,} account(s) and sign"
            for whose in (part.reviewer_id, part.delegate_id):
                if whose is not None and person in (None, whose):
                    yield whose, Reminder(words, due, part.get_absolute_url(), due < day)


def approvals(day: datetime.date, person: int | None) -> Iterator[tuple[int, Reminder]]:
    """Approvers of reviews that are signed: on the day after, and by the deadline."""
    found = Review.objects.filter(state=ReviewState.SIGNED).annotate(signed=Max("assignments__signed_at"))
    if person is not None:
        found = found.filter(campaign__approver=person)
    for review in found.select_related("campaign", "system").order_by("id"):
        due = review.campaign.due_on
        fresh = day_at(review.signed) + SOON == day
        approver = review.campaign.approver_id
        if approver is not None and (fresh or is_reminded(due, day)):
            words = f"{review.system.name}: approve the review, or return it"
            yield approver, Reminder(words, due, review.get_absolute_url(), due < day)


def removals(day: datetime.date, person: int | None) -> Iterator[tuple[int, Reminder]]:
    """Owners of removals that are due tomorrow, today, or overdue."""
    found = Removal.objects.filter(waits(day), done_at=None, shown_by=None, due_on__lte=day + SOON)
    if person is not None:
        found = found.filter(owner=person)
    for removal in found.select_related("account", "review__system").order_by("due_on", "id"):
        what = "change" if removal.roles_after else "remove"
        words = f"{removal.review.system.name}: {what} the access of {removal.account.key} ({removal.ref})"
        if removal.owner_id is not None:
            yield removal.owner_id, Reminder(words, removal.due_on, removal.get_absolute_url(), removal.due_on < day)


def was_sent(person: User, day: datetime.date) -> bool:
    """Whether this person had this mail on this day already: one a day, however often the job runs."""
    begins = datetime.datetime.combine(day, datetime.time.min, zone())
    told: Any = Entry.objects.filter(
        verb="mail.sent", object_type=User._meta.label_lower, object_id=str(person.pk),
        at__gte=int(begins.timestamp() * 1_000_000),
    )  # fmt: skip
    return any(entry.facts.get("refs", {}).get("template") == TEMPLATE for entry in told)
