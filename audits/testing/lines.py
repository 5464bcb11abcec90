"""What the company hands in for the lines of a sample: several lines in one move, on the request that asks for them."""

import datetime
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction

from audits.models.requests import Request, RequestEvidence
from audits.models.testing import AuditSample, ItemEvidence, SampleItem
from audits.requests.actions import answerable, hand_in, made_ready_for, named_evidence, running, taken, write
from evidence.actions import Ready, store
from evidence.models import Evidence
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.trail.asof import rows, thaw
from foundation.trail.steps import tie, untie


def hand_in_for(
    ours: AuditSample, *, actor: User, items: Sequence[int], files: Sequence[File] = (), evidence: str = "",
    note: str = "", submit: bool = False, **told: Any,
) -> AuditSample:  # fmt: skip
    """Hand in files and evidence that is there already for these lines, all of it or nothing.

    items: numbers of lines. What was handed in for the request before can be named for further lines. note, submit and
    told: as `audits.requests.actions.respond`. Raises Stale, ValidationError.
    """
    request = Request.objects.select_related("engagement").get(pk=ours.request_id)
    answerable(request)
    if (files or evidence.strip()) and not items:
        raise ValidationError({"items": "Choose the lines that it is for."})
    if items and not (files or evidence.strip()):
        raise ValidationError({"file": "Hand in a file or evidence for these lines."})
    if not (items or note.strip() or submit):
        raise ValidationError("Hand in a file or evidence, or write a note.")
    known = named_evidence(evidence, actor)
    ready = made_ready_for(request, files, actor=actor, **told) if files else []
    return _hand_in_for(ours, request, actor=actor, items=items, ready=ready, known=known, note=note, submit=submit)


@transaction.atomic
def _hand_in_for(
    ours: AuditSample, request: Request, *, actor: User, items: Sequence[int], ready: Sequence[Ready],
    known: Sequence[Evidence], note: str, submit: bool,
) -> AuditSample:  # fmt: skip
    request = taken(request)
    answerable(request)
    lines = list(SampleItem.objects.filter(audit_sample=ours, number__in=items, replaced_by=None))
    if len(lines) < len(set(items)):
        raise ValidationError({"items": "One of these lines is not there, or was replaced."})
    made = [store(one, actor=actor, accepted_by=None) for one in ready]
    before = {link.evidence_id: link for link in RequestEvidence.objects.live().filter(request=request)}
    tied = set(
        ItemEvidence.objects.live().filter(item__in=lines).values_list("item_id", "handed_in_id")
    )  # fmt: skip
    for one in [*made, *known]:
        link = before.get(one.pk) or tie(
            RequestEvidence(request=request, evidence=one), actor=actor, reason=f"Handed in for {request.ref}."
        )
        for line in lines:
            if (line.pk, link.pk) not in tied:
                tie(ItemEvidence(item=line, handed_in=link), actor=actor, reason=f"It shows item {line.number}.")
    if note.strip():
        write(request, note, actor=actor)
    if submit:
        hand_in(request, actor)
    return ours


@transaction.atomic
def take_back(link: ItemEvidence, *, actor: User, reason: str) -> ItemEvidence:
    """Say that it does not show this line after all, while it is the company's turn. Raises Stale, ValidationError."""
    request = Request.objects.get(sample__items__evidence_links=link.pk)
    running(request.engagement_id)
    answerable(Request.objects.select_for_update().get(pk=request.pk))
    return untie(link, actor=actor, reason=reason)


def evidence_of(user: User, drawn: Sequence[Any], moment: datetime.datetime | None) -> dict[int, list[Any]]:
    """What is handed in for each line. Two queries."""
    live = visible(user, rows(RequestEvidence, moment), moment).filter(archived_at=None).values("id")
    links = visible(user, rows(ItemEvidence, moment), moment).filter(
        item_id__in=[one.pk for one in drawn], handed_in_id__in=live, archived_at=None
    )
    told: dict[int, list[Any]] = {one.pk: [] for one in drawn}
    for row in links.select_related("handed_in__evidence").order_by("id"):
        told[row.item_id].append(thaw(row))
    return told
