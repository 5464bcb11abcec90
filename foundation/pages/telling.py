"""Telling people by mail, as it happens, that something waits for them: one job for a change, which leaves the mails.

An app says what is told by a function with `@news` in a `news.py`, which finds out whom it concerns now. Its action
calls `tell` in the transaction of the change. Whom it concerns is asked when the mails are left, and again when each is
sent: nobody is told of what they may not see (any more), of what is over by then, of what they did, or twice.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from foundation.accounts.access import can
from foundation.accounts.models import User
from foundation.jobs.job import Progress, job
from foundation.jobs.mail import deliver, was_mailed
from foundation.organisation.models import organisation
from foundation.trail.record import SYSTEM


@dataclass(frozen=True)
class Telling:
    """Of which record people are told, who they are, and what the mail says of it (the context of its template)."""

    about: Model
    people: Iterable[User]
    context: dict[str, Any] = field(default_factory=dict)


Find = Callable[[int], Telling | None]  # from the record's number; None: there is nothing to tell any more


@dataclass(frozen=True)
class News:
    """Something that people are told of; made by `news`. template: path below templates/ without ending."""

    template: str
    find: Find

    @property
    def path(self) -> str:
        """Where a worker finds it again."""
        return f"{self.find.__module__}.{self.find.__qualname__}"

    def tell(self, about: Model, *, actor: Any) -> None:
        """Leave one job that tells whom it concerns, but the actor, whose doing it is. It starts after the commit."""
        title = f"Tell of {about._meta.verbose_name} {about.pk}"  # numbers alone: a queue has readers of its own
        ids = {"what": self.path, "record": about.pk, "by": actor.pk, "since": timezone.now().isoformat()}
        leave_mails.enqueue(actor=SYSTEM, title=title, **ids)

    def waiting(self, record: int, by: int | None, since: str) -> tuple[Telling | None, list[User]]:
        """What is to be told now, and who was not told yet since that moment (ISO)."""
        telling = self.find(record)
        if telling is None:
            return None, []
        about, moment = telling.about, datetime.datetime.fromisoformat(since)
        return telling, [
            person
            for person in telling.people
            if person.pk != by
            and person.is_active
            and can(person, "view", about)
            and not was_mailed(person, self.template, about, moment)
        ]


def news(template: str) -> Callable[[Find], News]:
    """Make a function that finds whom something concerns, and in which words, something that people are told of."""
    return lambda find: News(template, find)


def news_at(path: str) -> News:
    """What a job names; SuspiciousOperation when the path is not one declared with @news."""
    found = import_string(path)
    if not isinstance(found, News):
        raise SuspiciousOperation(f"{path} is nothing that people are told of.")
    return found


def asked_to_approve(
    record: Model, approvers: Iterable[User | None], waiting: Callable[[User], QuerySet[Any]], *, what: str,
    title: str = "", by: User | None = None,
) -> Telling:  # fmt: skip
    """What `emails/approval` tells those of the approvers in whose My work the record waits.

    waiting: the rows that wait for a person there. what: what the record is called; title, by: what it is about and who
    submitted it, unless the mail may not say that.
    """
    people = [one for one in approvers if one is not None and waiting(one).filter(pk=record.pk).exists()]
    link: str = record.get_absolute_url()  # type: ignore[attr-defined]
    return Telling(record, people, {"what": what, "title": " ".join(title.split()), "by": by, "link": link})


@job()
def leave_mails(progress: Progress, /, *, what: str, record: int, by: int | None, since: str) -> None:
    """Leave a mail for everybody whom it concerns: all of them, or none and it is tried again."""
    _, people = news_at(what).waiting(record, by, since)
    with transaction.atomic():
        for person in people:
            ids = {"what": what, "record": record, "by": by, "since": since, "user": person.pk}
            mail_one.enqueue(actor=SYSTEM, title=progress.job.title, **ids)


@job(retries=5)
def mail_one(progress: Progress, /, *, what: str, record: int, by: int | None, since: str, user: int) -> None:
    """Mail one person. Nothing, where it concerns them no more or they were mailed already."""
    told = news_at(what)
    telling, people = told.waiting(record, by, since)
    person = next((one for one in people if one.pk == user), None)
    if telling is None or person is None:
        return
    context = {"person": person, "org": organisation(), "home": settings.PUBLIC_URL, **telling.context}
    deliver(progress, told.template, to=person, context=context, about=telling.about)
