"""What ends a round: its approver's signature, which freezes the register and makes the result evidence (R5.3)."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from evidence.models import Evidence
from evidence.own import keep_record, proofs
from foundation.accounts.access import apart
from foundation.accounts.duties import ASSESSMENT_APPROVAL
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say
from risks.assessments.blocks import blocks
from risks.assessments.result import result_of
from risks.assessments.snapshot import freeze
from risks.methods import established
from risks.models import ASSESSMENT_MOVES, AssessedRisk, Assessment, AssessmentControl, AssessmentState, Participant


@transaction.atomic
def approve(assessment: Assessment, *, actor: User, statement: str) -> Assessment:
    """Approve a submitted round, as its approver: it closes with a snapshot that nobody can change any more.

    Raises PermissionDenied for anybody else, and for whoever led, submitted or worked on it; ValidationError without a
    statement, before it was submitted, and with whatever would block submitting it now.
    """
    assessment = for_approver(assessment, actor)
    say(statement, "State what you approve.")
    move(assessment, AssessmentState.CLOSED, ASSESSMENT_MOVES, "state")
    if found := blocks(assessment):
        raise ValidationError([*(block.words for block in found), "Return it to its lead."])
    assessment.method = established()
    assessment.line_count, assessment.sha256 = freeze(assessment, assessment.method, today())
    assessment.approved_by, assessment.approved_at = actor, timezone.now()
    assessment.approval_statement = statement.strip()
    assessment.evidence = as_evidence(assessment, actor)
    refs = {"sha256": assessment.sha256, "evidence": assessment.evidence.pk}
    return save(assessment, actor=actor, verb="assessment.approved", reason=assessment.approval_statement, refs=refs)


@transaction.atomic
def give_back(assessment: Assessment, *, actor: User, reason: str) -> Assessment:
    """Return a submitted round to its lead, with a reason. Raises as `approve`."""
    assessment = for_approver(assessment, actor)
    say(reason, "Say what is to be looked at again.")
    move(assessment, AssessmentState.OPEN, ASSESSMENT_MOVES, "state")
    assessment.submitted_by, assessment.submitted_at = None, None
    return save(assessment, actor=actor, verb="assessment.returned", reason=reason)


def for_approver(assessment: Assessment, actor: User) -> Assessment:
    """The round, locked, for its approver. Raises PermissionDenied, Stale, ValidationError."""
    assessment = locked(assessment)
    if actor.pk != assessment.approver_id:
        raise PermissionDenied("The approver whom it names does this.")
    if assessment.state != AssessmentState.SUBMITTED:
        raise ValidationError("It does not wait for an approval.")
    apart(actor, involved(assessment), ASSESSMENT_APPROVAL, assessment)
    return assessment


def involved(assessment: Assessment) -> set[int | None]:
    """Everybody who ever led or submitted it, considered a risk in it or was named to take part.

    Giving that away, or being taken off, makes nobody another person. One query.
    """
    then, inside = Assessment.history.filter(id=assessment.pk), {"assessment": assessment.pk}
    people = then.order_by().values_list("lead_id").union(
        then.order_by().values_list("submitted_by_id"),
        AssessedRisk.history.filter(**inside).order_by().values_list("considered_by_id"),
        Participant.history.filter(**inside).order_by().values_list("user_id"),
    )  # fmt: skip
    return {assessment.lead_id, assessment.submitted_by_id, *(number for (number,) in people)} - {None}


def as_evidence(assessment: Any, approver: User) -> Evidence:
    """The round's result as an item of evidence for its controls, accepted by the approver's signature.

    It is the register's own record, made by nobody: who took part and who approved it stand in it. It is about the day
    on which the round began; approved after the control's grace, it counts as late.
    """
    return keep_record(
        result_of(assessment), register="risk assessments", query=f"Risk assessment {assessment.ref}",
        links=proofs(
            AssessmentControl.objects.filter(assessment=assessment), assessment.starts_on, asked_on=today()
        ),
        title=f"Risk assessment: {assessment.title}", name=f"{assessment.ref}.json", signed_by=approver,
        at=assessment.approved_at, rows=assessment.line_count,
    )  # fmt: skip
