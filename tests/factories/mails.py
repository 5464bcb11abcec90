"""What people were told by mail, for tests: the job of a change is run twice over, as after a worker's death."""

from django.core import mail

from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.pages.telling import leave_mails
from foundation.trail.record import SYSTEM


def told_twice() -> list[str]:
    """Whom the one job that waits tells, by their addresses. It is run twice, and once more when all is done."""
    mail.outbox.clear()
    (left,) = Job.objects.filter(state="waiting")
    assert left.task == leave_mails.path
    leave_mails.enqueue(actor=SYSTEM, title="Again", **left.args)
    run_all()
    people = sorted(message.to[0] for message in mail.outbox)
    leave_mails.enqueue(actor=SYSTEM, title="Once more", **left.args)
    run_all()
    assert not Job.objects.exclude(state="done").exists()
    assert len(mail.outbox) == len(people)
    return people


def words_of_all() -> str:
    """Everything that the mails say, subject, text and HTML."""
    parts = [(one.subject, one.body, *(str(other[0]) for other in one.alternatives)) for one in mail.outbox]
    return "\n".join("\n".join(part) for part in parts)


def nothing_waits() -> bool:
    """Whether no job was left."""
    return not Job.objects.filter(state="waiting").exists()
