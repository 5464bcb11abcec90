"""What keeps a round from being submitted and approved, and what is worth a look before (R5.3, CC3.3)."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from foundation.organisation.models import today
from foundation.trail.asof import rows
from risks.models import (
    Acceptance,
    AssessedRisk,
    Assessment,
    AssessmentKind,
    Participant,
    Risk,
    RiskControl,
    RiskFinding,
    RiskVendor,
    Status,
    TreatmentAction,
    Trigger,
    counted,
)

NOT_RATED = Q(inherent_score=None) | Q(residual_score=None)


@dataclass(frozen=True)
class Block:
    """One thing that keeps a round from going on, and the page where that is mended."""

    words: str
    url: str


def blocks(assessment: Assessment, confirmed: int | None = None, came: dict[str, int] | None = None) -> list[Block]:
    """What keeps this round from being submitted, or approved, now; nothing when it can be. One query to three.

    confirmed: how many took part by their own word, if that is known already; came: what `came_up` says, likewise.
    """
    work = reverse("risks:assessment-risks", args=[assessment.pk])
    conditions = {"todo": todo(), "unrated": unrated(), "fraud": fraud()}
    counts = {name: Count("id", filter=condition) for name, condition in conditions.items()}
    inside = AssessedRisk.objects.filter(assessment=assessment).aggregate(all=Count("id"), **counts)
    found = []
    if not inside["all"]:
        found.append(Block("No risk is looked at.", reverse("risks:assessment-put-risk", args=[assessment.pk])))
    if count := inside["todo"]:
        found.append(Block(f"{count} risk{'s are' if count > 1 else ' is'} not considered.", f"{work}?show=todo"))
    if count := inside["unrated"]:
        found.append(Block(f"{count} risk{'s are' if count > 1 else ' is'} not rated.", f"{work}?show=unrated"))
    if assessment.kind in (AssessmentKind.ANNUAL, AssessmentKind.FRAUD) and not inside["fraud"]:
        words = "Fraud is not considered: no risk in it is marked as one of fraud (CC3.3)."
        found.append(Block(words, f"{reverse('risks:risk-list')}?fraud=yes"))
    if count := (came or came_up(assessment))["unrated"]:
        words = f"{count} risk{'s' if count > 1 else ''} of its kind came up since it began, without a rating."
        found.append(Block(words, reverse("risks:assessment-put-new", args=[assessment.pk])))
    if assessment.starts_on > today():
        found.append(Block(f"It begins on {assessment.starts_on}.", f"{assessment.get_absolute_url()}edit/"))
    if confirmed is None:
        confirmed = Participant.objects.live().filter(assessment=assessment, confirmed_at__isnull=False).count()
    if not confirmed:
        words = "No participant has confirmed having taken part."
        found.append(Block(words, f"{assessment.get_absolute_url()}#people"))
    return found


def looked_at(kind: str) -> Q:
    """The risks that a round of this kind begins with: all counted ones, or those of fraud or of a change."""
    narrower = {AssessmentKind.FRAUD: Q(fraud=True), AssessmentKind.CHANGE: ~Q(change_trigger=Trigger.NONE)}
    return counted() & narrower.get(AssessmentKind(kind), Q())


def lacking(assessment: Assessment) -> QuerySet[Risk]:
    """The risks that the round's kind looks at and that are not in it."""
    inside = AssessedRisk.objects.filter(assessment=assessment).values("risk")
    return Risk.objects.filter(looked_at(assessment.kind)).exclude(pk__in=inside)


def came_up(assessment: Assessment) -> dict[str, int]:
    """How many such risks there are (`all`), and how many of them lack a rating (`unrated`). One query."""
    found: dict[str, int] = lacking(assessment).aggregate(all=Count("id"), unrated=Count("id", filter=NOT_RATED))
    return found


def changed_since(assessment: Assessment) -> QuerySet[Risk]:
    """The risks that changed in any way, or came up, since the round was submitted: the approver is told.

    A changed link, step of its plan or acceptance is a change of its risk: it stands in the snapshot.
    """
    later = Q(pk__in=Risk.history.filter(history_date__gt=assessment.submitted_at).values("id"))
    for model in (RiskControl, RiskVendor, RiskFinding, TreatmentAction, Acceptance):
        later |= Q(pk__in=model.history.filter(history_date__gt=assessment.submitted_at).values("risk_id"))
    return Risk.objects.filter(later).order_by("id")


def notes(assessment: Assessment, came: int, unconfirmed: int) -> list[Block]:
    """What blocks nothing and is worth a look. One query.

    came: how many risks came up since it began. unconfirmed: how many participants did not say they took part.
    """
    found = []
    if came:
        many = came > 1
        words = f"{came} risk{'s' if many else ''} came up since it began and {'are' if many else 'is'} not in it."
        found.append(Block(words, reverse("risks:assessment-put-new", args=[assessment.pk])))
    if count := Risk.objects.live().filter(status=Status.TEMPLATE).count():
        words = f"{count} template{'s are' if count > 1 else ' is'} neither adapted nor archived: they count nowhere."
        found.append(Block(words, f"{reverse('risks:risk-list')}?status={Status.TEMPLATE}"))
    if unconfirmed:
        words = f"{unconfirmed} participant{'s have' if unconfirmed > 1 else ' has'} not confirmed having taken part."
        found.append(Block(words, f"{assessment.get_absolute_url()}#people"))
    return found


# ---- the risks of a round by what is to be done about them ---------------------------------------------------------


def todo(moment: datetime.datetime | None = None) -> Q:
    """Those that wait to be considered; what was archived since waits for nothing. For live rows or those of then."""
    return Q(considered_at=None) & among(moment, archived_at=None)


def unrated(moment: datetime.datetime | None = None) -> Q:
    """Those that count and lack a rating."""
    found = rows(Risk, moment).filter(counted()).filter(NOT_RATED)
    return Q(risk_id__in=found.values("id"))


def moved(moment: datetime.datetime | None = None) -> Q:
    """Those that were rated anew since they came into the round."""
    now = {name: Coalesce(F(f"{name}_score"), 0) for name in ("inherent", "residual")}
    then = {name: Coalesce(OuterRef(f"{name}_before"), 0) for name in now}
    same = rows(Risk, moment).alias(now_inherent=now["inherent"], now_residual=now["residual"])
    same = same.filter(id=OuterRef("risk_id"), now_inherent=then["inherent"], now_residual=then["residual"])
    return ~Q(Exists(same))


def fraud() -> Q:
    """Those that are of fraud."""
    return among(None, archived_at=None, fraud=True)


def among(moment: datetime.datetime | None, **those: Any) -> Q:
    """Those whose risk is one of these."""
    return Q(risk_id__in=rows(Risk, moment).filter(**those).values("id"))
