"""Who keeps the programme reminds: everybody who still owes a policy's acknowledgement is mailed now, once a day."""

import datetime
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from foundation.accounts.models import User
from foundation.jobs.mail import in_trail
from foundation.organisation.models import begin_of, today, zone
from foundation.trail.models import Entry
from foundation.trail.record import record
from foundation.trail.steps import locked
from people.models import Person
from policies.acknowledging.jobs import remind_who_owes
from policies.acknowledging.owed import LATE, owed
from policies.acknowledging.reminders import named_since, owes
from policies.models import Policy

REMINDED: Final = "policy.reminded"


@dataclass(frozen=True)
class Owing:
    """Who still owes the acknowledgement of a policy on a day. `version`: of the one in force its key, 0 where nobody
    owes it; `ref`: as POL-3 2.1.

    `mail`: the accounts that a mail goes to. `mailed`: how many had one that day that named it. `unreached`: how many
    have no account, or a closed one. `late`: how many of all are late.
    """

    version: int
    ref: str
    mail: list[int]
    mailed: int
    unreached: int
    late: int

    @property
    def total(self) -> int:
        """How many owe it."""
        return len(self.mail) + self.mailed + self.unreached


def owing(policy: int, day: datetime.date) -> Owing:
    """Who owes it on a day; whoever has left, or is not in its audience, does not. Constant queries."""
    found = [one for one in owed(Person.objects.all(), policies=[policy], day=day) if owes(one)]
    if not found:
        return Owing(0, Policy.ref_of(policy), [], 0, 0, 0)
    asked, named = found[0].asked, named_since(day)
    active = set(User.objects.active().values_list("pk", flat=True))
    reached = [one.person.user_id for one in found if one.person.user_id in active]
    mail = [pk for pk in reached if pk is not None and named.get(pk, {}).get(asked.version) != day]
    late = sum(one.standing == LATE for one in found)
    return Owing(asked.version, asked.ref, mail, len(reached) - len(mail), len(found) - len(reached), late)


@transaction.atomic
def remind(policy: Policy, *, actor: Any) -> Policy:
    """Mail everybody who still owes the acknowledgement of a policy, by a job. Nobody is mailed of it twice in a day.

    Raises Stale, and ValidationError where somebody did so today already, and where there is nobody to mail.
    """
    policy = locked(policy)
    found = owing(policy.pk, today())
    if words := why_not(policy, found):
        raise ValidationError(words)
    refs = {"policyversion": found.version, "mailed": len(found.mail), "unreached": found.unreached}
    record(REMINDED, actor, policy, refs=refs)
    remind_who_owes.enqueue(actor=actor, title=f"Remind of {found.ref}", policy_id=policy.pk)
    return policy


def why_not(policy: Policy, found: Owing) -> str:
    """Why nobody is reminded of a policy now, in a sentence or two; "" where somebody can be."""
    if not found.total:
        return "Nobody owes its acknowledgement today."
    if (done := reminded_today(policy)) is not None and done.facts["refs"]["policyversion"] == found.version:
        who = User.objects.filter(pk=done.actor_id).first() or "Somebody"
        at = done.moment.astimezone(zone())
        return f"{who} reminded of {found.ref} today at {at:%H:%M}. Nobody is mailed of it twice in a day."
    if not found.mail and found.mailed:
        return "Whoever owes it had a mail today that names it. Nobody is mailed of it twice in a day."
    if not found.mail:
        return "Whoever owes it has no account to be mailed at: ask them, and record what they sign on paper."
    return ""


def reminded_today(policy: Policy) -> Entry | None:
    """The last time that somebody reminded of a policy today. One query."""
    told: Any = Entry.objects.filter(
        verb=REMINDED, object_type=Policy._meta.label_lower, object_id=str(policy.pk), outcome="ok",
        at__gte=in_trail(begin_of(today())),
    )  # fmt: skip
    found: Entry | None = told.order_by("at", "id").last()
    return found


def reminded_words(policy: Policy) -> str:
    """What is said to whoever reminded of a policy just now."""
    done = reminded_today(policy)
    refs = done.facts["refs"] if done is not None else {}
    mailed, unreached = refs.get("mailed", 0), refs.get("unreached", 0)
    words = "1 person is mailed." if mailed == 1 else f"{mailed} people are mailed."
    return f"{words} {unreached} cannot be mailed: without an account." if unreached else words
