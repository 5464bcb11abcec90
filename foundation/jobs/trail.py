"""The sealed log's work by the clock or at the press of a button: verifying it, sweeping it, mailing its checkpoint."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse

from foundation.jobs.job import Progress, job
from foundation.trail import notes, seal
from foundation.trail.log import Anchor, Block
from foundation.trail.record import now, record
from foundation.trail.verify import Report, verify

SHOWN = 50  # faults that the entry of a verification names; the job's file holds all

MAIL = """This is the newest checkpoint of the audit trail at {url}.

Keep this mail where nobody who runs that system can reach it. With it you, or an auditor, can show later that nothing
that was on the trail by then has been rewritten: save the lines below as a file and give it to verify_bundle.py
(--checkpoint), or to `manage.py trail export --earlier`.

{note}"""


@job(retries=1)
def verify_trail(progress: Progress) -> None:
    """Verify all of it; the result is an entry, which the integrity page shows, and a file for who asked."""
    last = seal.head()
    total = last.size if last else 0
    report = verify(say=lambda done: progress.set(min(done, total), total + 1, f"{done:,} entries verified"))
    size = report.checkpoint.size if report.checkpoint else 0
    refs = {"size": size, "entries": report.entries, "faults": len(report.faults), "said": report.faults[:SHOWN]}
    with transaction.atomic():
        record("trail.verified", progress.actor, refs=refs, outcome="ok" if report.holds else "failed")
    progress.attach("trail-verification.txt", "text/plain", in_words(report).encode())
    progress.link(reverse("trail:integrity"))
    progress.set(total + 1, total + 1, "All of it holds." if report.holds else f"{len(report.faults):,} faults.")


@job()
def sweep_trail(progress: Progress) -> None:
    """Find entries that committed later than any gap stays open; the next sealing takes them."""
    seal.sweep()


@job(retries=5)
def mail_checkpoint(progress: Progress) -> None:
    """Mail the newest checkpoint to TRAIL_ANCHOR_MAIL, unless it was."""
    last = seal.head()
    if last is None or Anchor.objects.filter(kind="mail", size=last.size).exists():
        return
    message(last).send()
    with transaction.atomic():
        Anchor.objects.create(kind="mail", size=last.size, sha256=notes.digest(last.note), at=now())
        refs = {"size": last.size, "job": str(progress.job.pk)}
        record("mail.sent", progress.actor, refs=refs, private={"to": ", ".join(settings.TRAIL_ANCHOR_MAIL)})


def message(block: Block) -> EmailMessage:
    """The mail with a block's checkpoint; its lines are not wrapped, because the signature is over them."""
    return EmailMessage(
        f"Checkpoint of the audit trail: {block.size:,} entries",
        MAIL.format(url=settings.PUBLIC_URL, note=block.note),
        to=settings.TRAIL_ANCHOR_MAIL,
        headers={"Auto-Submitted": "auto-generated"},
    )


def in_words(report: Report) -> str:
    """A report as lines of text."""
    counts = (
        f"{report.entries:,} entries verified, {report.sealed:,} of them sealed; {report.histories:,} history rows; "
        f"{report.anchors:,} checkpoints outside the database."
    )
    lines = [
        counts,
        *(f"FAULT: {fault}" for fault in report.faults),
        *(f"Note: {note}" for note in report.notes),
        "All of it holds." if report.holds else f"{len(report.faults):,} faults.",
    ]
    return "\n".join(lines) + "\n"
