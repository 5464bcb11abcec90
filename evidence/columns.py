"""The columns of the lists of evidence, requirements and exemptions, and the facts on their pages."""

import datetime
from collections import defaultdict
from operator import attrgetter, methodcaller
from typing import Any

from django.template.defaultfilters import filesizeformat

from evidence.models import TONES, Evidence, EvidenceLink, ExemptionState
from evidence.states import come_from, what_counts
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.trail.asof import rows

DECIDED: dict[str, str] = {
    ExemptionState.REQUESTED: "info",
    ExemptionState.APPROVED: "warn",
    ExemptionState.DECLINED: "mute",
}


def attach_links(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """Give each item the references of its controls, as far as `user` sees the links, and its successor."""
    ids = [item.pk for item in found]
    refs: dict[int, list[str]] = defaultdict(list)
    links = visible(user, rows(EvidenceLink, moment), moment).filter(evidence_id__in=ids, archived_at=None)
    for key, ref in links.order_by("control__ref").values_list("evidence_id", "control__ref"):
        refs[key].append(ref)
    after = rows(Evidence, moment).filter(supersedes_id__in=ids).values_list("supersedes_id", "id")
    followers = dict(after)
    for item in found:
        item.control_refs, item.followed_by = refs[item.pk], followers.get(item.pk)


def collector(item: Evidence) -> str:
    """The person or the connector that pulled it."""
    return str(item.collected_by or item.connector or "")


def file_words(item: Evidence) -> str:
    """The file's name, kind and size."""
    return f"{item.name} · {item.content_type} · {filesizeformat(item.size)}"


def received(item: Evidence) -> datetime.datetime:
    """When it was handed in: our own clock's time."""
    return item.created_at


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Evidence", sort="title", kind="title"),
    Column("control_refs", "Controls", empty="No control"),
    Column("state", "State", sort="state", kind="badge", tones=TONES),
    Column("submitted_by", "Submitted by", sort="submitted_by__name", kind="person"),
    Column("captured_at", "Captured", sort="captured_at", kind="moment"),
    Column("expires_on", "Good until", sort="expires_on", kind="date"),
    Column("period", "Covers", sort="period_from", kind="period", more=True),
    Column("kind", "Kind", sort="kind", more=True),
    Column("source_system", "Source", sort="source_system", more=True),
    Column("collected_by", "Collected by", get=collector, more=True),
    Column("sha256", "SHA-256", more=True),
)
FACTS = (
    Column("description", "Description"),
    Column("control_refs", "Controls", empty="No control"),
    Column("kind", "Kind"),
    Column("source_system", "Source system"),
    Column("environment", "Environment"),
    Column("query", "Query or path", empty="Not said"),
    Column("collected_by", "Collected by", get=collector, empty="Not said"),
    Column("captured_at", "Captured", kind="moment"),
    Column("period", "Covers"),
    Column("come_from", "These times are", get=come_from),
    Column("received", "Received", kind="moment", get=received),
    Column("counts", "What counts", get=what_counts),
    Column("row_count", "Rows", kind="number"),
    Column("redaction", "Redaction", get=lambda item: item.redaction or "Nothing taken out"),
    Column("submitted_by", "Submitted by", kind="person", get=lambda item: item.submitted_by or "The system"),
    Column("reviewer", "To be judged by", kind="person", get=lambda item: item.reviewer or "Whoever may"),
    Column("expires_on", "Good until", kind="date", get=lambda item: item.expires_on or "Does not expire"),
    Column("file", "File", get=file_words),
    Column("sha256", "SHA-256"),
)
REQUIREMENTS = (
    Column("title", "What is needed", sort="title", kind="title"),
    Column("control", "Control", sort="control__ref", get=attrgetter("control.ref")),
    Column("source", "From where", sort="source"),
    Column("kinds", "Accepted kinds", get=methodcaller("kind_words")),
    Column("effective_from", "From", sort="effective_from", kind="date"),
    Column("effective_to", "Until", sort="effective_to", kind="date"),
)
EXEMPTIONS = (
    Column("exemption", "Exemption", sort="id", kind="title", get=str),
    Column("control", "Control", sort="control__ref", get=attrgetter("control.ref")),
    Column("starts_on", "From", sort="starts_on", kind="date"),
    Column("ends_on", "To", sort="ends_on", kind="date"),
    Column("reason", "Reason"),
    Column("requested_by", "Asked by", sort="requested_by__name", kind="person"),
    Column("state", "State", sort="state", kind="badge", tones=DECIDED),
    Column("decided_by", "Decided by", sort="decided_by__name", kind="person"),
)
