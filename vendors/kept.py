"""A signed result of this register, kept as evidence for the controls of a part of the work. See evidence.own."""

import datetime
from typing import Any

from evidence.models import Evidence
from evidence.own import keep_record
from vendors.models import VendorControl
from vendors.proofs import links_for


def keep_as_evidence(
    result: dict[str, Any],
    part: VendorControl.Part,
    *,
    what: str,
    day: datetime.date,
    event: str = "",
    words: str = "",
    **told: Any,
) -> Evidence:
    """Keep a signed result for the controls of a part of the work, accepted by whoever signed it.

    what: the record, as anybody asks for it again; the reason of a link opens with it, or with `words` where given.
    day, event: of the occurrence that it proves, as `links_for`. told: the rest of `evidence.own.keep_record`.
    """
    links = links_for(part, day, event, words or f"{what}.")
    return keep_record(result, links=links, register="vendors", query=what, **told)
