"""Who is reminded by mail on a day to read and acknowledge policies. One mail for all of them."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from foundation.accounts.models import User
from foundation.jobs.mail import ANSWERED, in_trail
from foundation.organisation.models import day_at, zone
from foundation.organisation.settings import setting
from foundation.trail.models import Entry
from people.models import Person
from policies.acknowledging.owed import DONE, LATE, Owed, later, owed
from policies.acknowledging.paths import reading_url

TEMPLATE: Final = "emails/policies"


@dataclass(frozen=True)
class Reminder:
    """One line of a mail: which version is to be read, by when, and its page."""

    words: str
    due: datetime.date
    link: str
    overdue: bool


def reminded_on(one: Owed, day: datetime.date, every: int) -> datetime.date | None:
    """The last day until `day` on which a person is reminded of it; None where there was none.

    Those days are the first, `every` days before it is due, the day itself, and every so many days while it is late.
    """
    if not one.is_open:
        return None
    begins = max(one.entered_on, one.asked.majors[one.asked.major])
    found = [begins] if one.standing != DONE and begins <= day else []
    steps = (day - one.due_on).days // every
    return max([*found, later(one.due_on, steps * every)] if steps >= -1 else found, default=None)


def reminders(day: datetime.date, user: int | None = None) -> dict[int, list[Reminder]]:
    """Whom a mail goes to on a day, by the number of their account: all that they have to read, the most urgent first.

    Whoever is reminded of one policy is told of all that are open. Whoever had a mail since the last day on which they
    are reminded of anything gets none: so nobody gets two, however often this is asked, and a day on which nothing ran
    is made up for. user: one account alone. Constant queries.
    """
    people = Person.objects.filter(Q(user=user) if user is not None else Q(user__in=User.objects.active()))
    every = setting("acknowledgement_reminder_days")
    told: dict[int, list[Owed]] = defaultdict(list)
    last: dict[int, datetime.date] = {}
    for one in owed(people, day=day):
        if one.is_open and one.person.user_id is not None:
            told[one.person.user_id].append(one)
            if (on := reminded_on(one, day, every)) is not None:
                last[one.person.user_id] = max(on, last.get(one.person.user_id, on))
    mailed = mails_since(min(last.values()), user) if last else {}
    return {
        whose: [reminder_of(one) for one in sorted(told[whose], key=lambda one: (one.due_on, one.asked.title))]
        for whose, on in last.items()
        if whose not in mailed or mailed[whose] < on
    }


def reminder_of(one: Owed) -> Reminder:
    """A line of the mail."""
    words = f"{one.asked.title} ({one.asked.ref})"
    return Reminder(words, one.due_on, reading_url(one.asked.version), one.standing == LATE)


def mails_since(day: datetime.date, user: int | None = None) -> dict[int, datetime.date]:
    """The last day, from `day` on, on which each person had this mail; by the number of their account. One query."""
    begins = datetime.datetime.combine(day, datetime.time.min, zone())
    sent: Any = Entry.objects.filter(
        verb__in=ANSWERED, object_type=User._meta.label_lower, at__gte=in_trail(begins)
    )  # fmt: skip
    if user is not None:
        sent = sent.filter(object_id=str(user))
    return {
        int(entry.object_id): day_at(entry.moment)
        for entry in sent.order_by("at", "id")
        if entry.facts.get("refs", {}).get("template") == TEMPLATE
    }
