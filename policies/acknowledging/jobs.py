"""What runs by the clock: people are reminded by mail of the policies that they have to read."""

from django.conf import settings

from foundation.accounts.models import User
from foundation.jobs.job import Progress, job
from foundation.jobs.mail import deliver
from foundation.organisation.models import organisation, today
from foundation.trail.record import SYSTEM
from policies.acknowledging.paths import to_read_url
from policies.acknowledging.reminders import TEMPLATE, reminders


@job()
def remind_of_policies(progress: Progress, /) -> None:
    """Leave a mail for everybody who is to be reminded today, or was to be on a day on which nothing ran."""
    for user_id in reminders(today()):
        policies_mail.enqueue(actor=SYSTEM, title="Remind of policies to read", user_id=user_id)


@job(retries=5)
def policies_mail(progress: Progress, /, *, user_id: int) -> None:
    """Mail one person what they have to read. Nothing, where nothing is open any more, or they were mailed already."""
    person = User.objects.get(pk=user_id)
    lines = reminders(today(), user_id).get(user_id, []) if person.is_active else []
    if not lines:
        return
    context = {
        "person": person, "org": organisation(), "home": settings.PUBLIC_URL, "lines": lines,
        "list": to_read_url(), "overdue": sum(line.overdue for line in lines),
    }  # fmt: skip
    deliver(progress, TEMPLATE, to=person, context=context, about=person)
