"""Rounds of risk assessment made for tests, at any stage, through the actions that people use."""

import datetime
from typing import Any

from foundation.accounts.models import User
from foundation.organisation.models import today
from risks.assessments import closing, rounds
from risks.models import AssessedRisk, Assessment, Participant

CONCLUSION = "Two risks are worse than last year; both are being treated."
STATEMENT = "I looked at how the risks were assessed, and approve the result."


def fresh(row: Any) -> Any:
    """The row as it is stored now."""
    return type(row).objects.get(pk=row.pk)


def a_round(*, lead: User, approver: User, **values: Any) -> Assessment:
    """A yearly round that began today, with the risks that there are."""
    said = {"title": "Risk assessment 2026", "starts_on": today(), "due_on": today() + datetime.timedelta(days=30)}
    return rounds.begin(Assessment(**{**said, "lead": lead, "approver": approver, **values}), actor=lead)


def took_part(assessment: Assessment, user: User, part: str = "Engineering") -> Participant:
    """Somebody who was named, and confirmed it."""
    rounds.name_participant(fresh(assessment), actor=assessment.lead, user=user, part=part)
    return rounds.take_part(fresh(assessment), actor=user)


def considered(assessment: Assessment, actor: User, note: str = "Looked at; nothing changed.") -> None:
    """Every risk of a round that waits, considered."""
    for item in AssessedRisk.objects.filter(assessment=assessment, considered_at=None):
        rounds.consider(item, actor=actor, note=note)


def submitted(assessment: Assessment, *, participant: User) -> Assessment:
    """A round worked through by one participant beside its lead, and submitted."""
    took_part(assessment, participant)
    considered(assessment, assessment.lead)
    return rounds.submit(fresh(assessment), actor=assessment.lead, conclusion=CONCLUSION)


def closed(*, lead: User, approver: User, participant: User, **values: Any) -> Assessment:
    """A closed round over the risks that there are; one of them is of fraud."""
    assessment = submitted(a_round(lead=lead, approver=approver, **values), participant=participant)
    return closing.approve(fresh(assessment), actor=approver, statement=STATEMENT)
