"""A signed result of this register, kept as evidence: the very bytes that were hashed, linked to its controls."""

import datetime
import hashlib
from typing import Any

from evidence.actions import Source, record_evidence
from evidence.models import Evidence, Kind
from foundation.accounts.models import User
from foundation.trail.leaf import canonical
from foundation.trail.record import SYSTEM
from vendors.models import VendorControl
from vendors.proofs import OURS, links_for


def canonical_bytes(result: dict[str, Any]) -> bytes:
    """A result as the one text that is hashed and kept: canonical JSON, UTF-8, without a newline."""
    return canonical(result).encode()


def hash_of(result: dict[str, Any]) -> str:
    """SHA-256 over a result, hex: of the very bytes that are kept as evidence."""
    return hashlib.sha256(canonical_bytes(result)).hexdigest()


def keep_as_evidence(  # noqa: PLR0913 - an item says this much about itself
    result: dict[str, Any], part: VendorControl.Part, *, signed_by: User, at: datetime.datetime, day: datetime.date,
    title: str, what: str, name: str, event: str = "", period: tuple[datetime.date, datetime.date] | None = None,
    rows: int | None = None, alone: bool = False,
) -> Evidence:  # fmt: skip
    """Keep a signed result for the controls of a part of the work, accepted by whoever signed it.

    It is the register's own record, made by nobody. alone: whether one person made and signed it, who then submits it,
    and another one judges it (R3.4). day: of the occurrence that it proves, by `event` where each is one of its own.
    what: the record, as anybody asks for it again. name: of the file, whose SHA-256 is `hash_of(result)`.
    Inside the transaction of the signature.
    """
    source = Source(
        system=OURS, query=what, connector=f"{OURS}: vendors", captured_at=at, stamped=True, period=period, rows=rows
    )
    return record_evidence(
        canonical_bytes(result), actor=signed_by if alone else SYSTEM, accepted_by=None if alone else signed_by,
        title=title[:200], kind=Kind.RECORD, source=source,
        links=links_for(part, day, event, f"{what}."), name=name, another=True,
    )  # fmt: skip
