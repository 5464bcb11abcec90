"""What runs by the clock: people are reminded by mail of the auditors' requests that wait for them."""

from django.conf import settings
from django.db import transaction

from audits.requests.reminders import NAMED, TEMPLATE, reminders
from foundation.accounts.models import User
from foundation.jobs.job import Progress, job
from foundation.jobs.mail import deliver
from foundation.organisation.models import organisation, today
from foundation.trail.record import SYSTEM

TITLE = "Remind of auditors' requests"


@job()
def remind_of_requests(progress: Progress, /) -> None:
    """Leave a mail for everybody who is to be reminded today, or was to be on a day on which nothing ran."""
    with transaction.atomic():  # all of them or, where this is killed, none
        for user_id in reminders(today()):
            requests_mail.enqueue(actor=SYSTEM, title=TITLE, user_id=user_id)


@job(retries=5)
def requests_mail(progress: Progress, /, *, user_id: int) -> None:
    """Mail one person what waits for them. Nothing, where it is not theirs any more, or they were told already."""
    person = User.objects.get(pk=user_id)
    lines = reminders(today(), person).get(user_id, []) if person.is_active else []
    if not lines:
        return
    context = {
        "person": person, "org": organisation(), "home": settings.PUBLIC_URL, "lines": lines,
        "overdue": sum(line.overdue for line in lines),
    }  # fmt: skip
    named = {NAMED: sorted(line.request for line in lines)}
    deliver(progress, TEMPLATE, to=person, context=context, about=person, refs=named)
