"""What runs by the clock, or because somebody asked: people are reminded by mail of the policies that they have to
read.
"""

from django.conf import settings
from django.db import transaction

from foundation.accounts.models import User
from foundation.jobs.job import Progress, job
from foundation.jobs.mail import deliver
from foundation.organisation.models import organisation, today
from foundation.trail.record import SYSTEM
from policies.acknowledging.paths import to_read_url
from policies.acknowledging.reminders import NAMED, TEMPLATE, reminders, reminders_of
from policies.models import Policy

TITLE = "Remind of policies to read"


@job()
def remind_of_policies(progress: Progress, /) -> None:
    """Leave a mail for everybody who is to be reminded today, or was to be on a day on which nothing ran."""
    for user_id in reminders(today()):
        policies_mail.enqueue(actor=SYSTEM, title=TITLE, user_id=user_id)


@job()
def remind_who_owes(progress: Progress, /, *, policy_id: int) -> None:
    """Leave a mail for everybody who still owes the acknowledgement of a policy and was not told of it today."""
    with transaction.atomic():  # all of them or, where this is killed, none
        for user_id in reminders_of(policy_id, today()):
            policies_mail.enqueue(actor=SYSTEM, title=TITLE, user_id=user_id, policy_id=policy_id)
    progress.link(f"{Policy(pk=policy_id).get_absolute_url()}acknowledgements/")


@job(retries=5)
def policies_mail(progress: Progress, /, *, user_id: int, policy_id: int | None = None) -> None:
    """Mail one person what they have to read. policy_id: because somebody reminded of this one.

    Nothing, where it is not open any more, or they were told of it already.
    """
    person, day = User.objects.get(pk=user_id), today()
    found = reminders(day, user_id) if policy_id is None else reminders_of(policy_id, day, user_id)
    lines = found.get(user_id, []) if person.is_active else []
    if not lines:
        return
    context = {
        "person": person, "org": organisation(), "home": settings.PUBLIC_URL, "lines": lines,
        "list": to_read_url(), "overdue": sum(line.overdue for line in lines),
    }  # fmt: skip
    named = {NAMED: sorted(line.version for line in lines)}
    deliver(progress, TEMPLATE, to=person, context=context, about=person, refs=named)
