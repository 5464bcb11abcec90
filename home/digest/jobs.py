"""The weekly digest by mail: on the weekday of the setting, one job for each person who wants it."""

import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.urls import resolve, reverse

from foundation.accounts.models import User
from foundation.jobs.job import Progress, job
from foundation.jobs.mail import deliver
from foundation.jobs.models import Slot
from foundation.organisation.models import begin_of, day_at, organisation, today
from foundation.organisation.settings import setting
from foundation.trail.record import SYSTEM
from home.digest.content import AHEAD, WEEK, Digest, digest_of

TEMPLATE: Final = "emails/digest"
TITLE: Final = "Weekly digest"


def digest_day(day: datetime.date) -> datetime.date:
    """The last day until `day` on which digests are mailed."""
    return day - datetime.timedelta(days=(day.isoweekday() - setting("digest_weekday")) % 7)


@job()
def leave_digests(progress: Progress, /) -> None:
    """Leave a digest for everybody who wants it, if this week's were not left yet.

    The day of the week is taken once, by whichever worker comes first, in the transaction that leaves all of them: so
    nobody has two. A day on which nothing ran is made up for on a later one. Where the weekday was changed, and where
    this is the first week, the next full week begins with it.
    """
    day = today()
    due = digest_day(day)
    with transaction.atomic():
        last = Slot.objects.filter(name=TITLE).order_by("-due").first()
        if last is not None and day_at(last.due) > due - WEEK:
            return  # left already, or less than a week ago
        _, mine = Slot.objects.get_or_create(name=TITLE, due=begin_of(due))
        if not mine or (last is None and due != day):
            return
        for user_id in [one.pk for one in User.objects.active().order_by("pk") if one.wants_digest and one.role]:
            digest_mail.enqueue(actor=SYSTEM, title=TITLE, user_id=user_id)


@job(retries=5)
def digest_mail(progress: Progress, /, *, user_id: int) -> None:
    """Mail one person the digest as things stand now. Nothing, where there is nothing to say or they want none now."""
    person = User.objects.get(pk=user_id)
    if not (person.is_active and person.role and person.wants_digest):
        return
    found = told_to(person)
    if not found.says_something:
        return
    context = {
        "person": person, "org": organisation(), "home": settings.PUBLIC_URL, "digest": found, "days": AHEAD.days,
        "overview": reverse("overview"), "choose": reverse("reminders"),
    }  # fmt: skip
    deliver(progress, TEMPLATE, to=person, context=context, about=person)


def told_to(person: User) -> Digest:
    """What one person is told: of the lists that the wiring hands to My work and to the calendar."""
    work: dict[str, Any] = resolve(reverse("my-work")).kwargs
    due: dict[str, Any] = resolve(reverse("calendar-feed", args=["any"])).kwargs
    return digest_of(person, due["due"], work["work"], due["due_to_auditors"])
