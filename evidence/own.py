"""Registers of ours keep what was signed in them as evidence: one way for all, and how a new register takes it.

Somebody signs a piece of work (a review, a round, a list), and its result proves something about controls. A register
needs three things for that, and copies none of the rest:

1. **A tie**, a model of its own that says which control the work, or a part of it, operates and what it proves:
   `control`, `reason`, `ends` for `steps.tie` (VendorControl, AssessmentControl, CampaignControl).
2. **A result**, plain data of objects, lists, strings, integers, booleans and null, which opens with its `"format"`
   ("countersign vendor review 1") and names people by the numbers of their accounts, so that it can be kept for ever.
3. **A call of `keep_result`** in the action that signs, inside its transaction:

       review.sha256 = sha256(canonical(result))  # both of foundation.trail.leaf
       review.evidence = keep_result(
           result, ties, today(), what=f"Vendor review {review.ref}", register="vendors",
           title=f"Vendor review {review.ref}: {vendor.name}", name=f"{review.ref}.json",
           signed_by=actor, at=review.approved_at,
       )

What is kept are the very bytes that were hashed: whoever downloads the item and hashes it finds what was signed.
"""

import datetime
from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Q, QuerySet

from controls.models import Control
from evidence.actions import For, Source, record_evidence
from evidence.models import Evidence, Kind, Requirement
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.leaf import canonical
from foundation.trail.record import SYSTEM

OURS: Final = "Countersign"  # the source system of what our registers say
LONGEST_TITLE: Final = 200


def requirement_of(control: Control, day: datetime.date) -> Requirement | None:
    """The control's requirement that a record of ours meets on a day: the first, where there are several.

    A day that has not come yet is read as today: what will be asked then is not known.
    """
    day = min(day, today())
    asked = Requirement.objects.live().filter(control=control, effective_from__lte=day).order_by("effective_from", "id")
    asked = asked.filter(Q(effective_to=None) | Q(effective_to__gte=day))
    return next((one for one in asked if one.accepts(Kind.RECORD)), None)


def proofs(
    ties: QuerySet[Any], day: datetime.date, *, event: str = "", words: str = "", asked_on: datetime.date | None = None
) -> list[For]:
    """What a result proves: a link for each of these ties that is live and whose control is.

    ties: rows with `control`, `reason` and `archived_at`; of a model with parts, those of one part. day: of the
    occurrence that it fills. event: what that is called where each is one of its own (a vendor approved), else "".
    words: stand before the tie's reason, which says what the work proves about the control. asked_on: the day whose
    requirement it meets, where that is not `day`. One query, and one for each control.
    """
    live = ties.filter(archived_at=None, control__archived_at=None).select_related("control")
    return [
        For(
            control=tie.control, reason=f"{words} {tie.reason}".strip(), occurrence=day, event=event,
            requirement=requirement_of(tie.control, asked_on or day),
        )
        for tie in live.order_by("control__ref", "id")
    ]  # fmt: skip


def keep_result(
    result: Mapping[str, Any], ties: QuerySet[Any], day: datetime.date, *, what: str, event: str = "", words: str = "",
    **told: Any,
) -> Evidence:  # fmt: skip
    """Keep a signed result for the controls of these ties. what: the record, as anybody asks for it again.

    ties, day, event: as `proofs`. words: what the reason of each link opens with, where that is not `what`. told: the
    rest of `keep_record`, which says when it is accepted at once, and what it raises.
    """
    links = proofs(ties, day, event=event, words=words or f"{what}.")
    return keep_record(result, links=links, query=what, **told)


def keep_record(  # noqa: PLR0913 - an item says this much about itself
    result: Mapping[str, Any], *, links: list[For], register: str, query: str, title: str, name: str, signed_by: User,
    at: datetime.datetime, alone: bool = False, period: tuple[datetime.date, datetime.date] | None = None,
    rows: int | None = None,
) -> Evidence:  # fmt: skip
    """Keep a signed result as an item of evidence for the controls that `links` name; without any, it waits for some.

    Where two people had their part (one worked, another signed), the signature is the judgement: the item is submitted
    by nobody and accepted by `signed_by` at once. `alone`: one person made and signed it; that person submits the item,
    and somebody else judges it as any other (R3.4).

    register: in the plural, after "Countersign: " ("vendors"). query: the record, as anybody asks for it again. name:
    of the file. at: when it was signed. period: first and last day that it covers, none after `at`. rows: of a list.

    Inside the transaction of the signature: the bytes are few. Raises TypeError for a value that canonical JSON does
    not know (a float, a day that is not a string), ValidationError as `record_evidence`.
    """
    return record_evidence(
        canonical(dict(result)).encode(), actor=signed_by if alone else SYSTEM,
        accepted_by=None if alone else signed_by, title=title[:LONGEST_TITLE], kind=Kind.RECORD, links=links, name=name,
        another=True, source=Source(
            system=OURS, query=query, connector=f"{OURS}: {register}", captured_at=at, stamped=True, period=period,
            rows=rows,
        ),
    )  # fmt: skip
