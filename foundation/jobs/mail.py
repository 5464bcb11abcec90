"""Mail, sent by jobs only: an app's job looks its ids up, and `deliver` renders, sends and says so in the trail."""

import datetime
import smtplib
from typing import Any, Final

from django.core.mail import EmailMultiAlternatives
from django.core.mail.utils import DNS_NAME
from django.db import models, transaction
from django.template import Context
from django.template.loader import get_template, render_to_string

from foundation.jobs.job import JobError, Progress
from foundation.trail.models import EPOCH, Entry
from foundation.trail.record import record

PERMANENT = 500  # SMTP replies from here on say that trying again is no use
# What may have become of a mail so that it is not left again: it went out, or its address is refused for good.
ANSWERED: Final = ("mail.sent", "mail.refused")
MICROSECOND: Final = datetime.timedelta(microseconds=1)


def deliver(
    progress: Progress, template: str, *, to: Any, context: dict[str, Any], about: models.Model,
    refs: dict[str, Any] | None = None,
) -> bool:  # fmt: skip
    """Send the mail `template` to the user `to`; call it in a job of its own, one a recipient.

    `template`: path below templates/ without ending; `.txt` begins with the line "Subject: …" and an empty line,
    `.html` is the same in HTML. `context` is made from ids inside the job: no secret or personal data in the queue.
    `about`: what the trail entry `mail.sent` is filed under; the address is in its erasable part only. `refs`: what
    else that entry names.
    A server that cannot be reached raises, and the job is retried; an address that is refused for good is a JobError
    and the entry `mail.refused`, so that whoever reads the trail knows who was not reached.
    Run again after it was sent, it sends nothing and returns False: only a crash in the instant between can repeat it.
    """
    if _was_sent(progress, about):
        return False
    message = _message(progress, template, to.email, context)
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as refused:
        if all(code >= PERMANENT for code, _ in refused.recipients.values()):
            _note(progress, "mail.refused", template, to, about, refs, outcome="failed")
            raise JobError("The mail server refuses this address.") from refused
        raise
    _note(progress, "mail.sent", template, to, about, refs)
    return True


def was_mailed(to: Any, template: str, about: models.Model, since: datetime.datetime) -> bool:
    """Whether the user `to` was sent this mail about this record since a moment, or their address refused it."""
    return any(entry.facts["refs"]["to"] == to.pk for entry in mails(template, type(about), since, about.pk))


def mails(template: str, model: type[models.Model], since: datetime.datetime, pk: int | None = None) -> list[Entry]:
    """The entries of this mail about records of a model (or the one with this number) since a moment, in order: it went
    out, or its address refused it. One query.
    """
    found = Entry.objects.filter(verb__in=ANSWERED, object_type=model._meta.label_lower, at__gte=in_trail(since))
    if pk is not None:
        found = found.filter(object_id=str(pk))
    return [entry for entry in found.order_by("at", "id") if entry.facts.get("refs", {}).get("template") == template]


def in_trail(moment: datetime.datetime) -> int:
    """A moment by the trail's clock: microseconds since 1970-01-01 UTC."""
    return (moment - EPOCH) // MICROSECOND


@transaction.atomic
def _note(
    progress: Progress, verb: str, template: str, to: Any, about: models.Model, more: dict[str, Any] | None, *,
    outcome: str = "ok",
) -> None:  # fmt: skip
    refs = {"template": template, "to": to.pk, "job": str(progress.job.pk)} | (more or {})
    record(verb, progress.actor, about, refs=refs, private={"to": to.email}, outcome=outcome)


def _was_sent(progress: Progress, about: models.Model) -> bool:
    told = Entry.objects.filter(object_type=about._meta.label_lower, object_id=str(about.pk), verb="mail.sent")
    return told.filter(request_id=str(progress.job.pk)).exists()


def _message(progress: Progress, template: str, address: str, context: dict[str, Any]) -> EmailMultiAlternatives:
    text = get_template(f"{template}.txt").template.render(Context(context, autoescape=False))  # type: ignore[attr-defined]
    first, _, body = text.lstrip().partition("\n")
    label, _, subject = first.partition(":")
    if label != "Subject" or not subject.strip():
        raise ValueError(f"{template}.txt must begin with a line “Subject: …”.")
    # One id for every attempt of this job: a mailbox that gets the mail twice can tell that it is one.
    headers = {"Message-ID": f"<{progress.job.pk}@{DNS_NAME}>", "Auto-Submitted": "auto-generated"}
    mail = EmailMultiAlternatives(" ".join(subject.split()), body.strip() + "\n", to=[address], headers=headers)
    mail.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return mail
