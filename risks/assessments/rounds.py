"""What is done to a round of risk assessment before it is approved: beginning, considering risks, taking part.

Ratings are changed on the risk itself (`rate`); a round says of each risk what was found, also where nothing changed.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from controls.models import Control
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.trail.keep import save, save_many
from foundation.trail.steps import locked, move, say, tie, untie
from risks.assessments.blocks import blocks, lacking, looked_at
from risks.models import (
    ASSESSMENT_MOVES,
    AssessedRisk,
    Assessment,
    AssessmentControl,
    AssessmentState,
    Participant,
    Risk,
    Status,
)

# table.TABLE: who may lead (submit), approve and take part.
LEADS: Final = (Role.COMPLIANCE_MANAGER,)
APPROVES: Final = (Role.COMPLIANCE_MANAGER, Role.MANAGER)
TAKES_PART: Final = (Role.COMPLIANCE_MANAGER, Role.MANAGER, Role.CONTROL_OWNER)
OVER: Final = "The assessment is {}: nothing is changed in it any more."


@transaction.atomic
def begin(assessment: Assessment, *, actor: Any) -> Assessment:
    """Store a new round with the risks that its kind looks at, as they are rated now."""
    assessment = save(assessment, actor=actor, verb="assessment.created")
    take_in(assessment, Risk.objects.filter(looked_at(assessment.kind)).order_by("id"), actor)
    return assessment


def take_in(assessment: Assessment, risks: Iterable[Risk], actor: Any) -> None:
    """Put risks into a round, with their ratings of now. Constant queries a thousand."""
    made = [
        AssessedRisk(
            assessment=assessment, risk=risk, inherent_before=risk.inherent_score, residual_before=risk.residual_score
        )
        for risk in risks
    ]  # fmt: skip
    verb = "assessedrisk.created"
    save_many(made, actor=actor, verb_created=verb, verb_updated=verb, reason="", refs=refs_of)


def refs_of(row: AssessedRisk) -> dict[str, Any]:
    """What an entry about a risk in a round names."""
    return {"assessment": row.assessment_id, "risk": row.risk_id}


@transaction.atomic
def put_risk(assessment: Assessment, *, actor: User, risk: str) -> Assessment:
    """Put one more risk (R-12) into an open round. Raises ValidationError for a template, or one that is in it."""
    assessment = opened(assessment)
    number = Risk.number_in(risk)
    found = None if number is None else visible(actor, Risk).filter(pk=number, archived_at=None).first()
    if found is None:
        raise ValidationError({"risk": "There is no risk with this reference, as R-12."})
    if found.status == Status.TEMPLATE:
        raise ValidationError({"risk": f"{found.ref} is a template: adapt it first."})
    if AssessedRisk.objects.filter(assessment=assessment, risk=found).exists():
        raise ValidationError({"risk": f"{found.ref} is in it already."})
    take_in(assessment, [found], actor)
    return assessment


@transaction.atomic
def put_new(assessment: Assessment, *, actor: User) -> Assessment:
    """Put every risk into an open round that its kind looks at and that came up since it began."""
    assessment = opened(assessment)
    take_in(assessment, lacking(assessment).order_by("id"), actor)
    return assessment


@transaction.atomic
def consider(item: AssessedRisk, *, actor: User, note: str) -> AssessedRisk:
    """Say what was found of a risk, also that nothing changed; once more, it replaces what was said.

    Raises PermissionDenied for the approver, who judges the result; ValidationError without a note or once submitted.
    """
    assessment = standing_open(item.assessment_id)
    item = locked(item)
    if actor.pk == assessment.approver_id:
        raise PermissionDenied("Who approves the assessment considers no risk in it.")
    say(note, "Say what was found, also where nothing changed.")
    item.note, item.considered_by, item.considered_at = note.strip(), actor, timezone.now()
    return save(item, actor=actor, verb="assessedrisk.considered", reason=item.note, refs=refs_of(item))


# ---- who takes part ------------------------------------------------------------------------------------------------


@transaction.atomic
def name_participant(assessment: Assessment, *, actor: Any, user: User, part: str) -> Participant:
    """Name somebody who takes part and what they speak for. Raises ValidationError where they cannot, or do already."""
    assessment = opened(assessment)
    if not user.is_active or user.role not in TAKES_PART:
        raise ValidationError({"user": f"{user} cannot sign in and confirm having taken part."})
    if user.pk == assessment.approver_id:
        raise ValidationError({"user": f"{user} approves this assessment."})
    row = Participant(assessment=assessment, user=user, part=part.strip())
    return tie(row, actor=actor, reason=part)


@transaction.atomic
def end_participant(row: Participant, *, actor: User, reason: str) -> Participant:
    """Take somebody off an open round, with a reason. Raises Stale, ValidationError."""
    standing_open(row.assessment_id)
    return untie(row, actor=actor, reason=reason)


@transaction.atomic
def take_part(assessment: Assessment, *, actor: User) -> Participant:
    """Confirm having taken part: each for themselves. Raises PermissionDenied for whoever was not named."""
    assessment = opened(assessment)
    row = Participant.objects.live().select_for_update().filter(assessment=assessment, user=actor).first()
    if row is None:
        raise PermissionDenied("Only whoever was named as a participant confirms having taken part.")
    if row.confirmed_at is not None:
        raise ValidationError("You confirmed that already.")
    row.confirmed_at = timezone.now()
    return save(row, actor=actor, verb="participant.confirmed", refs={"assessment": assessment.pk})


# ---- controls ------------------------------------------------------------------------------------------------------


@transaction.atomic
def link_control(assessment: Assessment, *, actor: Any, control: str, reason: str) -> AssessmentControl:
    """Link the control (RSK-01) that the round is the operation of. Raises ValidationError; not once it is closed."""
    assessment = locked(assessment)
    unfinished(assessment)
    found = visible(actor, Control).filter(ref__iexact=control.strip(), archived_at=None).first()
    if found is None:
        raise ValidationError({"control": "There is no control with this reference."})
    return tie(AssessmentControl(assessment=assessment, control=found, reason=reason), actor=actor, reason=reason)


@transaction.atomic
def unlink_control(row: AssessmentControl, *, actor: User, reason: str) -> AssessmentControl:
    """Take the link to a control away, before the round is closed. Raises Stale, ValidationError."""
    unfinished(Assessment.objects.select_for_update().get(pk=row.assessment_id))
    return untie(row, actor=actor, reason=reason)


# ---- moves before the approval -------------------------------------------------------------------------------------


@transaction.atomic
def submit(assessment: Assessment, *, actor: User, conclusion: str) -> Assessment:
    """Submit a round to its approver, with what it came to.

    Raises PermissionDenied for the approver; ValidationError with everything that blocks it.
    """
    assessment = locked(assessment)
    if actor.pk == assessment.approver_id:
        raise PermissionDenied("Who approves it does not submit it.")
    say(conclusion, "Say what the assessment came to.")
    move(assessment, AssessmentState.SUBMITTED, ASSESSMENT_MOVES, "state")
    if found := blocks(assessment):
        raise ValidationError([block.words for block in found])
    assessment.conclusion, assessment.submitted_by = conclusion.strip(), actor
    assessment.submitted_at = timezone.now()
    return save(assessment, actor=actor, verb="assessment.submitted", reason=assessment.conclusion)


@transaction.atomic
def cancel(assessment: Assessment, *, actor: User, reason: str) -> Assessment:
    """Call a round off, with a reason. Raises ValidationError once it is closed."""
    assessment = locked(assessment)
    say(reason, "Say why it is called off.")
    move(assessment, AssessmentState.CANCELLED, ASSESSMENT_MOVES, "state")
    return save(assessment, actor=actor, verb="assessment.cancelled", reason=reason)


def opened(assessment: Assessment) -> Assessment:
    """The round, locked, if it is open. Raises Stale, ValidationError."""
    return is_open(locked(assessment))


def standing_open(number: int) -> Assessment:
    """The round of a row, locked, if it is open. Raises ValidationError."""
    return is_open(Assessment.objects.select_for_update().get(pk=number))


def is_open(assessment: Assessment) -> Assessment:
    """The round, if it is open. Raises ValidationError."""
    if assessment.state != AssessmentState.OPEN:
        raise ValidationError(OVER.format(assessment.get_state_display().lower()))
    return assessment


def unfinished(assessment: Assessment) -> None:
    """Raise ValidationError once a round is closed or cancelled."""
    if assessment.state not in (AssessmentState.OPEN, AssessmentState.SUBMITTED):
        raise ValidationError(OVER.format(assessment.get_state_display().lower()))
