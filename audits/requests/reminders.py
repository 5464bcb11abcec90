"""Who is reminded by mail on a day to answer auditors' requests, or to assign them. One mail for all of them.

Of each request one is reminded twice: some days before it is due, as the setting says, and once it is late. Its owner
is; of what nobody owns, every compliance manager.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from audits.models import Engagement
from audits.models.requests import TO_ANSWER, Request
from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.jobs.mail import mails
from foundation.organisation.models import begin_of, day_at
from foundation.organisation.settings import setting

TEMPLATE: Final = "emails/requests"
NAMED: Final = "requests"  # in the entry of such a mail: the requests that it names
DAY: Final = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Reminder:
    """One line of a mail: which request waits, by when, and its page. on: the day on which it is said."""

    request: int
    words: str
    due: datetime.date
    link: str
    overdue: bool
    assigned: bool
    on: datetime.date


def reminded_on(request: Request, day: datetime.date, ahead: int) -> datetime.date | None:
    """The last day until `day` on which somebody is reminded of it; None where there was none.

    Those days are `ahead` days before it is due, unless it was written later, and the day after.
    """
    written = day_at(request.created_at)
    days = (request.due_on - ahead * DAY, request.due_on + DAY)
    return max((one for one in days if written < one <= day), default=None)


def waiting() -> QuerySet[Request]:
    """The requests that are the company's turn, of engagements that are open; the most urgent first."""
    found: QuerySet[Request] = Request.objects.filter(state__in=TO_ANSWER, engagement__in=Engagement.objects.open())
    return found.order_by("due_on", "id")


def reminders(day: datetime.date, user: User | None = None) -> dict[int, list[Reminder]]:
    """Whom a mail goes to on a day, by the number of their account: what waits for them, the most urgent first.

    That is what they are reminded of on a day since the last mail that named it: nobody is told the same twice,
    however often this is asked, and a day on which nothing ran is made up for. user: one account alone, as far as that
    person may answer. Constant queries.
    """
    ahead = setting("request_reminder_days")
    rows = list(waiting() if user is None else allowed(user, "respond", waiting()))
    said = [told for one in rows if (told := line_of(one, day, ahead)) is not None]
    if not said:
        return {}
    named = named_since(min(line.on for _, line in said), user)
    found: dict[int, list[Reminder]] = defaultdict(list)
    for whose, line in addressed(said):
        if user in (None, whose) and named[whose.pk].get(line.request, datetime.date.min) < line.on:
            found[whose.pk].append(line)
    return dict(found)


def line_of(request: Request, day: datetime.date, ahead: int) -> tuple[int | None, Reminder] | None:
    """Who owns it, and what is said of it; None where nothing is to be said yet."""
    on = reminded_on(request, day, ahead)
    if on is None:
        return None
    owner, words = request.owner_id, f"{request.ref} {' '.join(request.title.split())}"
    line = Reminder(
        request.pk, words, request.due_on, request.get_absolute_url(), request.due_on < day, owner is not None, on
    )
    return owner, line


def addressed(said: list[tuple[int | None, Reminder]]) -> Iterator[tuple[User, Reminder]]:
    """Each line with everybody whom it is for. Two queries."""
    active = {one.pk: one for one in User.objects.active().filter(pk__in={owner for owner, _ in said if owner})}
    managers = list(User.objects.in_role(Role.COMPLIANCE_MANAGER).order_by("pk"))
    for owner, line in said:
        for whose in managers if owner is None else filter(None, [active.get(owner)]):
            yield whose, line


def named_since(day: datetime.date, user: User | None = None) -> dict[int, dict[int, datetime.date]]:
    """The last day, from `day` on, on which a mail named a request to a person, or their address refused it: by the
    number of the account, then of the request. One query.
    """
    found: dict[int, dict[int, datetime.date]] = defaultdict(dict)
    for entry in mails(TEMPLATE, User, begin_of(day), user.pk if user else None):
        found[int(entry.object_id)] |= dict.fromkeys(entry.facts["refs"].get(NAMED, ()), day_at(entry.moment))
    return found
