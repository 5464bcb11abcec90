"""The one door to an incident's timeline. Every verb writes its entry here, in its own transaction."""

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from evidence.actions import as_file
from foundation.accounts.models import User
from foundation.files.kinds import plain_name
from foundation.files.storage import stored_file
from foundation.trail.keep import save
from foundation.trail.steps import say
from incidents.models import EntryKind, Incident, TimelineEntry

EARLIEST = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)  # whatever is said to lie before is a slip of the pen


def said_at(moment: datetime.datetime | None, field: str = "happened_at") -> datetime.datetime:
    """The moment that a person said, or now. Raises ValidationError for one that has not come, or is a slip."""
    now = timezone.now()
    if moment is None:
        return now
    if moment > now:
        raise ValidationError({field: "This moment has not come yet."})
    if moment < EARLIEST:
        raise ValidationError({field: "Say a moment since the year 2000."})
    return moment


@transaction.atomic
def add(  # noqa: PLR0913 - what the timeline and the trail say, each by its name
    incident: Incident, kind: EntryKind, text: str, *, actor: Any, facts: dict[str, Any] | None = None,
    happened_at: datetime.datetime | None = None, corrects: TimelineEntry | None = None, verb: str = "",
    reason: str = "", refs: dict[str, Any] | None = None, about: User | None = None,
) -> TimelineEntry:  # fmt: skip
    """Append an entry: what happened, when it did (None: now), and plain facts for machines. Never changed again.

    about: of whom it tells. A text of ours names nobody, since what stands in an entry cannot be erased.

    Verbs call it in the transaction of their change. Where the entry is all that they change, they say their own verb,
    reason and refs for the trail. Raises ValidationError for a moment that has not come.
    """
    entry = TimelineEntry(
        incident=incident, kind=kind, text=text, facts=facts or {}, happened_at=said_at(happened_at),
        at=timezone.now(), by=actor if isinstance(actor, User) else None, corrects=corrects, about=about,
    )  # fmt: skip
    return _written(entry, actor, verb, reason, refs)


def keep(  # noqa: PLR0913 - what the trail and the timeline say, each by its name
    incident: Incident, *, actor: Any, verb: str, kind: EntryKind, text: str, reason: str = "",
    refs: dict[str, Any] | None = None, facts: dict[str, Any] | None = None,
    happened_at: datetime.datetime | None = None, about: User | None = None,
) -> Incident:  # fmt: skip
    """Save a changed incident and write its timeline, both or neither. Raises Stale, ValidationError."""
    with transaction.atomic():
        kept = save(incident, actor=actor, verb=verb, reason=reason, refs=refs)
        add(kept, kind, text, actor=actor, facts=facts, happened_at=happened_at, about=about)
    return kept


def prepare_file(
    incident: Incident, file: File, text: str, *, actor: User, happened_at: datetime.datetime | None = None
) -> TimelineEntry:
    """An entry with a file, its bytes stored already: outside any transaction. `append` writes it."""
    say(text, "Say what the file shows.")
    content, sha256 = as_file(file, file.name or "file")
    name = plain_name(file.name or "file")
    entry = TimelineEntry(
        incident=incident, kind=EntryKind.FILE, text=text, happened_at=said_at(happened_at), at=timezone.now(),
        by=actor, name=name, size=content.size or 0, sha256=sha256, facts={"name": name, "sha256": sha256},
    )  # fmt: skip
    entry.file.save(name, content, save=False)
    entry.content_type = stored_file(str(entry.file.name)).content_type
    return entry


@transaction.atomic
def append(entry: TimelineEntry, *, actor: Any) -> TimelineEntry:
    """Write an entry that `prepare_file` made."""
    return _written(entry, actor)


@transaction.atomic
def correct(
    entry: TimelineEntry, *, actor: User, text: str, happened_at: datetime.datetime | None = None
) -> TimelineEntry:
    """Say what is right instead: a new entry that names the old one, which stays. Raises ValidationError."""
    say(text, "Say what is right instead.")
    TimelineEntry.objects.select_for_update().get(pk=entry.pk)  # whoever corrects it at the same instant waits
    if TimelineEntry.objects.filter(corrects=entry).exists():
        raise ValidationError("It was corrected already. Correct the later entry.")
    incident = Incident.objects.get(pk=entry.incident_id)
    kind = EntryKind.DECISION if entry.kind == EntryKind.DECISION else EntryKind.NOTE
    return add(
        incident, kind, text, actor=actor, happened_at=happened_at or entry.happened_at, corrects=entry,
        facts={"corrects": entry.pk},
    )  # fmt: skip


def _written(
    entry: TimelineEntry, actor: Any, verb: str = "", reason: str = "", refs: dict[str, Any] | None = None
) -> TimelineEntry:
    verb = verb or ("timelineentry.corrected" if entry.corrects_id else "timelineentry.created")
    refs = {"incident": entry.incident_id, **(refs or {})}
    return save(entry, actor=actor, verb=verb, reason=reason, refs=refs)
