"""Publishing a version of the list, which nobody changes afterwards; and noting who was told of it."""

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.trail.keep import save
from foundation.trail.steps import locked, say
from vendors.kept import keep_as_evidence
from vendors.models import Notice, SubprocessorList, VendorControl
from vendors.subprocessors.draft import Draft, draft, earliest

PART = VendorControl.Part.SUBPROCESSORS


@transaction.atomic
def publish(*, actor: User, reason: str, effective_on: datetime.date, seen: str = "") -> SubprocessorList:
    """Publish the list as the register says it now, in force from a day.

    seen: the hash of the list that the person read; if the register says something else by now, it is refused.
    Raises ValidationError without a reason, where an entry lacks something, where nothing changed, and for a day before
    the notice that customers are owed (none for the first version, or where sub-processors only leave).
    """
    newest = SubprocessorList.objects.select_for_update().order_by("-number").first()
    found = draft()
    say(reason, "Say why the list changes.")
    check(found, effective_on, seen)
    version = SubprocessorList(
        number=(newest.number if newest else 0) + 1, entries=found.entries, changes=found.changes,
        sha256=found.sha256, effective_on=effective_on, reason=reason.strip(), published_by=actor,
        published_at=timezone.now(),
    )  # fmt: skip
    version.full_clean()
    version.evidence = keep_as_evidence(
        result_of(version), PART, signed_by=actor, at=version.published_at, title=str(version),
        what=f"Sub-processor list, version {version.number}", name=f"subprocessors-{version.number}.json",
        rows=len(version.entries), day=today(), event=f"Version {version.number}",
        alone=True,
    )  # fmt: skip
    refs = {"sha256": version.sha256, "evidence": version.evidence_id, "entries": len(version.entries)}
    return save(version, actor=actor, verb="subprocessorlist.published", reason=reason, refs=refs)


def check(found: Draft, effective_on: datetime.date, seen: str) -> None:
    """Raise ValidationError for a list that cannot be published, or not from that day."""
    if seen and seen != found.sha256:
        raise ValidationError("The register changed while you were reading. Read the list again, then publish it.")
    if found.lacking:
        raise ValidationError([f"{vendor.name} lacks: {words}." for vendor, words in found.lacking])
    if not found.differs and found.earlier is not None:
        raise ValidationError(f"Nothing changed since version {found.earlier.number}.")
    days = setting("subprocessor_notice_days")
    first = earliest(found, today(), days)
    if effective_on < first:
        owed = f"Customers are told {days} days before: from {first} on." if found.needs_notice else "Not before today."
        if found.pending == first:
            owed = f"It holds what customers were told holds from {first} on: not before."
        raise ValidationError({"effective_on": owed})


def result_of(version: SubprocessorList) -> dict[str, Any]:
    """A version as plain data: what is kept as evidence, and handed to customers as JSON."""
    return {
        "format": "countersign sub-processor list 1", "version": version.number,
        "effective_on": str(version.effective_on), "published_at": version.published_at.isoformat(),
        "entries": version.entries, "changes": version.changes, "entries_sha256": version.sha256,
    }  # fmt: skip


@transaction.atomic
def record_notice(
    version: SubprocessorList, *, actor: User, sent_on: datetime.date, audience: str, channel: str,
    objections_until: datetime.date, text: str,
) -> Notice:  # fmt: skip
    """Note who was told of a version, when and how, and until when they may object. Raises ValidationError."""
    version = locked(version)
    if sent_on > today():
        raise ValidationError({"sent_on": "This day has not come yet: note it when it is sent."})
    notice = Notice(
        list=version, sent_on=sent_on, audience=audience.strip(), channel=channel.strip(), text=text.strip(),
        objections_until=objections_until, sent_by=actor,
    )  # fmt: skip
    notice.full_clean()
    result = {
        "format": "countersign sub-processor notice 1", "version": version.number, "entries_sha256": version.sha256,
        "sent_on": str(sent_on), "audience": notice.audience, "channel": notice.channel, "text": notice.text,
        "objections_until": str(objections_until), "sent_by": actor.pk,
    }  # fmt: skip
    save(notice, actor=actor, verb="notice.recorded", refs={"subprocessorlist": version.pk})
    keep_as_evidence(
        result, PART, signed_by=actor, at=timezone.now(), title=f"Notice of {str(version).lower()}",
        what=f"Notice {notice.pk} of version {version.number}", name=f"notice-{notice.pk}.json", day=sent_on,
        event=f"Notice {notice.pk}", alone=True,
    )  # fmt: skip
    return notice


def owed(version: SubprocessorList, days: int) -> datetime.date | None:
    """The last day on which its customers were to be told; None for a version that only takes sub-processors off.

    The first version is owed none either: nobody was told anything before.
    """
    if version.number == 1 or all(words.startswith("No longer used:") for words in version.changes):
        return None
    day: datetime.date = version.effective_on - datetime.timedelta(days=days)
    return day
