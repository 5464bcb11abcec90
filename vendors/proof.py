"""What is approved in this register becomes evidence for the controls that it operates (`VendorControl`)."""

import datetime
import hashlib
from typing import Any, Final

from django.db.models import Q

from controls.models import Control
from evidence.actions import For, Source, record_evidence
from evidence.models import Evidence, Kind, Requirement
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.leaf import canonical
from foundation.trail.record import SYSTEM
from vendors.models import VendorControl

OURS: Final = "Countersign"


def canonical_bytes(result: dict[str, Any]) -> bytes:
    """A result as the one text that is hashed and kept: canonical JSON, UTF-8, without a newline."""
    return canonical(result).encode()


def hash_of(result: dict[str, Any]) -> str:
    """SHA-256 over a result, hex: of the very bytes that are kept as evidence."""
    return hashlib.sha256(canonical_bytes(result)).hexdigest()


def keep_as_evidence(  # noqa: PLR0913 - an item says this much about itself
    result: dict[str, Any], part: VendorControl.Part, *, signed_by: User, at: datetime.datetime, title: str, what: str,
    name: str, period: tuple[datetime.date, datetime.date] | None = None, rows: int | None = None,
) -> Evidence:  # fmt: skip
    """Keep a signed result for the controls of a part of the work, accepted by whoever signed it.

    It is the register's own record, made by nobody. what: the record, as anybody asks for it again. name: of the file,
    whose SHA-256 is `hash_of(result)`. Inside the transaction of the signature.
    """
    day = min(period[1], today()) if period else today()
    links = [
        For(control=link.control, reason=link.reason, requirement=requirement_of(link.control, day))
        for link in VendorControl.objects.live().filter(part=part, control__archived_at=None).select_related("control")
    ]
    source = Source(
        system=OURS, query=what, connector=f"{OURS}: vendors", captured_at=at, stamped=True, period=period, rows=rows
    )
    return record_evidence(
        canonical_bytes(result), actor=SYSTEM, accepted_by=signed_by, title=title[:200], kind=Kind.RECORD,
        source=source, links=links, name=name, another=True,
    )  # fmt: skip


def requirement_of(control: Control, day: datetime.date) -> Requirement | None:
    """The control's requirement that a record of ours meets on a day: the first, where there are several."""
    asked = Requirement.objects.live().filter(control=control, effective_from__lte=day).order_by("effective_from", "id")
    asked = asked.filter(Q(effective_to=None) | Q(effective_to__gte=day))
    return next((one for one in asked if one.accepts(Kind.RECORD)), None)
