"""The columns of the lists of documents and contracts, and the facts on their pages."""

import datetime
from operator import attrgetter
from typing import Any

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import day_of
from foundation.trail.asof import rows
from vendors.clauses import in_words
from vendors.models import Vendor, VendorDocument

CURRENT, EXPIRED, SUPERSEDED, ARCHIVED = "Current", "Expired", "Superseded", "Archived"
STATE_TONES = {CURRENT: "ok", EXPIRED: "bad", SUPERSEDED: "mute", ARCHIVED: "mute"}


def attach_vendor(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The day on which each is judged, and its vendor by name and page to whoever sees it. One query."""
    day, ids = day_of(moment), {one.vendor_id for one in found}
    seen = dict(visible(user, rows(Vendor, moment), moment).filter(id__in=ids).values_list("id", "name"))
    for one in found:
        name = seen.get(one.vendor_id)
        one.seen_on = day
        one.vendor_words = f"{Vendor.ref_of(one.vendor_id)} {name or ''}".strip()
        one.vendor_url = Vendor(pk=one.vendor_id).get_absolute_url() if name is not None else ""


def attach_documents(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """Their vendors, and which of them have a newer version. Two queries."""
    attach_vendor(found, user, moment)
    attach_newer(found, moment)


def attach_newer(found: list[Any], moment: datetime.datetime | None) -> None:
    """Which documents have a newer version. One query."""
    ids = [one.pk for one in found]
    newer = set(rows(VendorDocument, moment).filter(supersedes_id__in=ids).values_list("supersedes_id", flat=True))
    for one in found:
        one.is_superseded = one.pk in newer


attach_contracts = attach_vendor


def document_state(one: Any) -> str:
    """Whether it stands on the day."""
    if one.archived_at:
        return ARCHIVED
    if one.is_superseded:
        return SUPERSEDED
    return EXPIRED if one.expires_on is not None and one.expires_on < one.seen_on else CURRENT


def covers(one: Any) -> str:
    """The days that it covers."""
    if one.period_from and one.period_to:
        return f"{one.period_from} to {one.period_to}"
    return f"to {one.period_to}" if one.period_to else f"from {one.period_from}" if one.period_from else ""


def ends_words(one: Any) -> str:
    """Its last day, and until when notice can be given."""
    if one.ends_on is None:
        return ""
    said = f"{one.ends_on}{' ended' if one.ends_on < one.seen_on else ''}"
    return f"{said}, notice by {one.notice_on}" if one.notice_days and one.ends_on >= one.seen_on else said


def terms_words(one: Any) -> str:
    """How many of the terms it holds."""
    return in_words(one.clauses)


VENDOR = Column("vendor", "Vendor", sort="vendor__name", get=attrgetter("vendor_words"), url=attrgetter("vendor_url"))
DOCUMENT_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Document", sort="title", kind="title"),
    VENDOR,
    Column("kind", "Kind", sort="kind"),
    Column("covers", "Covers", sort="period_to", get=covers),
    Column("expires_on", "Expires", sort="expires_on", kind="date"),
    Column("state", "State", kind="badge", tones=STATE_TONES, get=document_state),
    Column("issued_on", "Issued", sort="issued_on", kind="date", more=True),
    Column("name", "File", more=True),
)
DOCUMENT_FACTS = (
    *DOCUMENT_COLUMNS[2:],
    Column("content_type", "Type of file"),
    Column("size", "Bytes", kind="number"),
    Column("sha256", "SHA-256"),
    Column("brought_by", "Filed by", kind="person"),
    Column("created_at", "Filed", kind="moment"),
)
CONTRACT_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Contract", sort="title", kind="title"),
    VENDOR,
    Column("starts_on", "Starts", sort="starts_on", kind="date"),
    Column("ends", "Ends", sort="ends_on", kind="date", get=ends_words, data=attrgetter("ends_on")),
    Column("terms", "Terms", get=terms_words),
    Column("breach_notice_hours", "Notice of breaches (hours)", sort="breach_notice_hours", kind="number"),
    Column("is_dpa", "Data processing", sort="is_dpa"),
    Column("renews_itself", "Renews by itself", more=True),
    Column("reference", "Reference", more=True),
)
CONTRACT_FACTS = (
    *CONTRACT_COLUMNS[2:],
    Column("document", "Signed paper", empty="Not filed", get=attrgetter("document")),
    Column("evidence", "Recorded as", get=attrgetter("evidence")),
    Column("note", "Note"),
)
