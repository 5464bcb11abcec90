"""What runs by the clock: the quarter's campaign is planned, exceptions end, people are reminded by mail."""

from django.conf import settings

from accessreviews import removals
from accessreviews.reminders import TEMPLATE, reminders
from accessreviews.schedule import plan_quarter
from foundation.accounts.models import User
from foundation.jobs.job import Progress, job
from foundation.jobs.mail import deliver
from foundation.organisation.models import organisation, today
from foundation.trail.record import SYSTEM


@job()
def plan_access_review(progress: Progress, /) -> None:
    """Plan the campaign of this quarter, unless there is one."""
    campaign = plan_quarter(today())
    if campaign is not None:
        progress.link(campaign.get_absolute_url())


@job()
def end_exceptions(progress: Progress, /) -> None:
    """End the exceptions from removals whose last day has passed, each with a finding."""
    removals.lapse()


@job()
def remind_of_access_reviews(progress: Progress, /) -> None:
    """Leave a mail for everybody who is to be reminded today, or was to be on a day on which nothing ran."""
    for person in reminders(today()):
        access_review_mail.enqueue(actor=SYSTEM, title="Remind of access reviews", user_id=person)


@job(retries=5)
def access_review_mail(progress: Progress, /, *, user_id: int) -> None:
    """Mail one person what they are to be reminded of. Nothing, where nothing waits any more, or they were mailed."""
    person = User.objects.get(pk=user_id)
    lines = reminders(today(), user_id).get(user_id, [])
    if not lines:
        return
    home = settings.PUBLIC_URL
    context = {
        "person": person, "org": organisation(), "home": home, "lines": lines,
        "overdue": sum(line.overdue for line in lines),
    }  # fmt: skip
    deliver(progress, TEMPLATE, to=person, context=context, about=person)
