"""Of what people are reminded by mail on a day: parts to decide, reviews to approve, removals to do."""

import datetime
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import Max, Q

from accessreviews.models import Assignment, Removal, Review, ReviewState
from accessreviews.standing import waits
from foundation.accounts.models import User
from foundation.jobs.mail import mails
from foundation.organisation.models import begin_of, day_at

AHEAD: Final = (14, 7, 1)  # days before a review is due
AFTER: Final = 3  # and so often while it is overdue
SOON: Final = datetime.timedelta(days=1)  # removals: from the day before, each day
TEMPLATE: Final = "emails/access_reviews"


@dataclass(frozen=True)
class Reminder:
    """One line of a mail: what waits, since when or until when, and its page. on: the day on which it is said."""

    words: str
    due: datetime.date
    link: str
    overdue: bool
    on: datetime.date


def reminded_on(due: datetime.date, day: datetime.date, since: datetime.date) -> datetime.date | None:
    """The last day until `day` on which people are reminded of what is due on another; None where there was none.

    since: from when on it waits for them; they are reminded of nothing before.
    """
    late = (day - due).days
    days = [due - datetime.timedelta(days=ahead) for ahead in AHEAD]
    if late >= AFTER:
        days.append(due + datetime.timedelta(days=late - late % AFTER))
    return max((one for one in days if since <= one <= day), default=None)


def reminders(day: datetime.date, person: int | None = None) -> dict[int, list[Reminder]]:
    """What each active person is to be reminded of on a day, the most urgent first; or one person. Five queries.

    That is what they are reminded of on a day since their last mail: so nobody is reminded twice, however often this
    is asked, and a day on which nothing ran is made up for, once.
    """
    said = [*parts(day, person), *approvals(day, person), *removals(day, person)]
    mailed = mails_since(min(reminder.on for _, reminder in said), person) if said else {}
    found: dict[int, list[Reminder]] = defaultdict(list)
    for whose, reminder in said:
        if whose not in mailed or mailed[whose] < reminder.on:
            found[whose].append(reminder)
    here = set(User.objects.active().filter(pk__in=found).values_list("pk", flat=True))
    return {whose: sorted(lines, key=lambda one: one.due) for whose, lines in found.items() if whose in here}


def parts(day: datetime.date, person: int | None) -> Iterator[tuple[int, Reminder]]:
    """Reviewers and delegates of parts that are not signed."""
    found = Assignment.objects.filter(signed_at=None, review__state=ReviewState.DECIDING)
    if person is not None:
        found = found.filter(Q(reviewer=person) | Q(delegate=person))
    for part in found.select_related("review__campaign", "review__system").order_by("id"):
        campaign = part.review.campaign
        due, begun = campaign.due_on, day_at(campaign.launched_at) if campaign.launched_at else day
        if (on := reminded_on(due, day, begun)) is not None:
            words = f"{part.review.system.name}: decide on {part.item_count:,} account(s) and sign"
            for whose in (part.reviewer_id, part.delegate_id):
                if whose is not None and person in (None, whose):
                    yield whose, Reminder(words, due, part.get_absolute_url(), due < day, on)


def approvals(day: datetime.date, person: int | None) -> Iterator[tuple[int, Reminder]]:
    """Approvers of reviews that are signed: on the day after, and by the deadline."""
    found = Review.objects.filter(state=ReviewState.SIGNED).annotate(signed=Max("assignments__signed_at"))
    if person is not None:
        found = found.filter(campaign__approver=person)
    for review in found.select_related("campaign", "system").order_by("id"):
        due, approver = review.campaign.due_on, review.campaign.approver_id
        first = day_at(review.signed) + SOON
        if approver is not None and first <= day:
            on = reminded_on(due, day, first) or first
            words = f"{review.system.name}: approve the review, or return it"
            yield approver, Reminder(words, due, review.get_absolute_url(), due < day, on)


def removals(day: datetime.date, person: int | None) -> Iterator[tuple[int, Reminder]]:
    """Owners of removals that are due tomorrow, today, or overdue."""
    found = Removal.objects.filter(waits(day), done_at=None, shown_by=None, due_on__lte=day + SOON)
    if person is not None:
        found = found.filter(owner=person)
    for removal in found.select_related("account", "review__system").order_by("due_on", "id"):
        what = "change" if removal.roles_after else "remove"
        words = f"{removal.review.system.name}: {what} the access of {removal.account.key} ({removal.ref})"
        if removal.owner_id is not None:
            yield (
                removal.owner_id,
                Reminder(words, removal.due_on, removal.get_absolute_url(), removal.due_on < day, day),
            )


def mails_since(day: datetime.date, person: int | None = None) -> dict[int, datetime.date]:
    """The last day, from `day` on, on which each person had this mail; by the number of their account. One query."""
    return {int(entry.object_id): day_at(entry.moment) for entry in mails(TEMPLATE, User, begin_of(day), person)}
