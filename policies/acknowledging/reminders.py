"""Who is reminded by mail on a day to read and acknowledge policies. One mail for all of them."""

import datetime
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from foundation.accounts.models import User
from foundation.jobs.mail import mails
from foundation.organisation.models import begin_of, day_at
from foundation.organisation.settings import setting
from people.models import Person
from policies.acknowledging.owed import DONE, LATE, Owed, later, owed
from policies.acknowledging.paths import reading_url

TEMPLATE: Final = "emails/policies"
NAMED: Final = "policyversions"  # in the entry of such a mail: the versions that it names


@dataclass(frozen=True)
class Reminder:
    """One line of a mail: which version is to be read, by when, and its page."""

    words: str
    due: datetime.date
    link: str
    overdue: bool
    version: int


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
    """Whom a mail goes to on a day, by the number of their account: what they have to read, the most urgent first.

    Whoever is reminded of one version is told of all that are open, but for those that a mail of that day named
    already. Of each version one is reminded once for each of its days, whatever else was mailed meanwhile: so nobody
    is told the same twice, however often this is asked, and a day on which nothing ran is made up for. user: one
    account alone. Constant queries.
    """
    every = setting("acknowledgement_reminder_days")
    told = open_to_mail(day, user)
    due = {
        whose: [(one.asked.version, on) for one in found if (on := reminded_on(one, day, every)) is not None]
        for whose, found in told.items()
    }
    begins = min((on for found in due.values() for _, on in found), default=None)
    named = named_since(begins, user) if begins is not None else {}
    return {
        whose: lines_of(told[whose], {version for version, last in named.get(whose, {}).items() if last == day})
        for whose, found in due.items()
        if any(named.get(whose, {}).get(version, datetime.date.min) < on for version, on in found)
    }


def reminders_of(policy: int, day: datetime.date, user: int | None = None) -> dict[int, list[Reminder]]:
    """The same where somebody reminds of one policy: a mail goes to everybody who owes it and whom no mail of that day
    named its version. user: one account alone. Constant queries.
    """
    told, named = open_to_mail(day, user), named_since(day, user)
    found = {}
    for whose, waiting in told.items():
        just = {version for version, last in named.get(whose, {}).items() if last == day}
        if any(one.asked.pk == policy and owes(one) and one.asked.version not in just for one in waiting):
            found[whose] = lines_of(waiting, just)
    return found


def owes(one: Owed) -> bool:
    """Whether it is still to be acknowledged: what could be given anew already is not owed yet."""
    return one.standing != DONE


def open_to_mail(day: datetime.date, user: int | None = None) -> dict[int, list[Owed]]:
    """What is open on a day, by the number of the account, for everybody who has one that is not closed. Constant
    queries.
    """
    people = Person.objects.filter(user__in=User.objects.active() if user is None else [user])
    told: dict[int, list[Owed]] = defaultdict(list)
    for one in owed(people, day=day):
        if one.is_open and one.person.user_id is not None:
            told[one.person.user_id].append(one)
    return told


def lines_of(found: list[Owed], but: Collection[int]) -> list[Reminder]:
    """The lines of one mail, the most urgent first, without these versions."""
    left = [one for one in found if one.asked.version not in but]
    return [reminder_of(one) for one in sorted(left, key=lambda one: (one.due_on, one.asked.title))]


def reminder_of(one: Owed) -> Reminder:
    """A line of the mail."""
    version = one.asked.version
    words = f"{one.asked.title} ({one.asked.ref})"
    return Reminder(words, one.due_on, reading_url(version), one.standing == LATE, version)


def named_since(day: datetime.date, user: int | None = None) -> dict[int, dict[int, datetime.date]]:
    """The last day, from `day` on, on which a mail named a version to a person, or their address refused it: by the
    number of the account, then of the version. One query.
    """
    found: dict[int, dict[int, datetime.date]] = defaultdict(dict)
    for entry in mails(TEMPLATE, User, begin_of(day), user):
        found[int(entry.object_id)] |= dict.fromkeys(entry.facts["refs"].get(NAMED, ()), day_at(entry.moment))
    return found
