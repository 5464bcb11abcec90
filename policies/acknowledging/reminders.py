"""Who is reminded by mail on a day to read and acknowledge policies. One mail for all of them."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from foundation.accounts.models import User
from foundation.organisation.models import zone
from foundation.organisation.settings import setting
from foundation.trail.models import Entry
from people.models import Person
from policies.acknowledging.owed import DONE, LATE, Owed, owed
from policies.acknowledging.paths import reading_url

TEMPLATE: Final = "emails/policies"


@dataclass(frozen=True)
class Reminder:
    """One line of a mail: which version is to be read, by when, and its page."""

    words: str
    due: datetime.date
    link: str
    overdue: bool


def is_reminded(one: Owed, day: datetime.date, every: int) -> bool:
    """Whether this is a day on which a person is reminded of it: the first, `every` days before it is due, the day
    itself, and every so many days while it is late.
    """
    if not one.is_open:
        return False
    ahead = (one.due_on - day).days
    new = one.standing != DONE and max(one.entered_on, one.asked.majors[one.asked.major]) == day
    return new or ahead == every or (ahead <= 0 and -ahead % every == 0)


def reminders(day: datetime.date, user: int | None = None) -> dict[int, list[Reminder]]:
    """Whom a mail goes to on a day, by the number of their account: all that they have to read, the most urgent first.

    Whoever is reminded of one policy is told of all that are open. user: one account alone. Constant queries.
    """
    people = Person.objects.filter(Q(user=user) if user is not None else Q(user__in=User.objects.active()))
    every = setting("acknowledgement_reminder_days")
    told: dict[int, list[Owed]] = defaultdict(list)
    for one in owed(people, day=day):
        if one.is_open and one.person.user_id is not None:
            told[one.person.user_id].append(one)
    return {
        whose: [reminder_of(one) for one in sorted(found, key=lambda one: (one.due_on, one.asked.title))]
        for whose, found in told.items()
        if any(is_reminded(one, day, every) for one in found)
    }


def reminder_of(one: Owed) -> Reminder:
    """A line of the mail."""
    words = f"{one.asked.title} ({one.asked.ref})"
    return Reminder(words, one.due_on, reading_url(one.asked.version), one.standing == LATE)


def was_sent(person: User, day: datetime.date) -> bool:
    """Whether this person had this mail on this day already: one a day, however often the job runs."""
    begins = datetime.datetime.combine(day, datetime.time.min, zone())
    told: Any = Entry.objects.filter(
        verb="mail.sent", object_type=User._meta.label_lower, object_id=str(person.pk),
        at__gte=int(begins.timestamp() * 1_000_000),
    )  # fmt: skip
    return any(entry.facts.get("refs", {}).get("template") == TEMPLATE for entry in told)
