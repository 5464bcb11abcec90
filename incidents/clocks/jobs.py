"""What runs by the clock: people are told that a notification is due soon, or overdue."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from foundation.accounts.models import User
from foundation.jobs.job import Progress, job
from foundation.jobs.mail import deliver, was_mailed
from foundation.organisation.models import organisation
from foundation.trail.record import SYSTEM
from incidents.clocks.columns import due_walls
from incidents.clocks.standing import standing
from incidents.clocks.warning import TEMPLATE, pressing, tell, told_of
from incidents.models import Clock, ClockState


@job()
def warn_of_clocks(progress: Progress, /) -> None:
    """Note which clocks press, and leave mails: once when a deadline is near, once when it has passed."""
    for number, _ in pressing(timezone.now()):
        warn(number)


@transaction.atomic
def warn(number: int) -> None:
    """The note and its mails, both or neither."""
    told = tell(number)
    if told is None:
        return
    clock, word = told
    for person in told_of(clock):
        clock_mail.enqueue(actor=SYSTEM, title=f"Tell of {clock.ref}", clock_id=clock.pk, user_id=person.pk, word=word)


@job(retries=5)
def clock_mail(progress: Progress, /, *, clock_id: int, user_id: int, word: str) -> None:
    """Mail one person that a clock presses. Nothing, where it stands still or has ended meanwhile, or was mailed; nor
    for who is not to be told of it any more.
    """
    clock, person = Clock.objects.select_related("incident").get(pk=clock_id), User.objects.get(pk=user_id)
    since = clock.late_told_at if word == "overdue" else clock.warned_at
    if clock.state != ClockState.RUNNING or since is None or person not in told_of(clock):
        return
    if was_mailed(person, TEMPLATE, clock, since):
        return
    stands = standing(clock, (), timezone.now())
    context = {
        "person": person, "org": organisation(), "home": settings.PUBLIC_URL, "clock": clock, "due": due_walls(clock),
        "stands": stands, "overdue": stands.key == "overdue", "restricted": clock.incident.restricted,
    }  # fmt: skip
    deliver(progress, TEMPLATE, to=person, context=context, about=clock)
