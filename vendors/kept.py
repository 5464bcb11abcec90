"""A signed result of this register, kept as evidence for the controls of a part of the work. See evidence.own."""

import datetime
from typing import Any

from evidence.models import Evidence
from evidence.own import keep_result
from vendors.models import VendorControl
from vendors.proofs import ties_of


def keep_as_evidence(result: dict[str, Any], part: VendorControl.Part, *, day: datetime.date, **told: Any) -> Evidence:
    """Keep a signed result for the controls of a part of the work, accepted by whoever signed it.

    day: of the occurrence that it proves. told: the rest of `evidence.own.keep_result`.
    """
    return keep_result(result, ties_of(part), day, register="vendors", **told)
