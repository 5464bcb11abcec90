"""What ends a round: its approver's signature, which freezes the register and makes the result evidence (R5.3)."""

from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from controls.models import Control
from evidence.actions import For, Source, record_evidence
from evidence.models import Evidence, Kind, Requirement
from foundation.accounts.access import apart
from foundation.accounts.duties import ASSESSMENT_APPROVAL
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from foundation.trail.steps import locked, move, say
from risks.assessments.blocks import blocks
from risks.assessments.result import result_of
from risks.assessments.snapshot import freeze
from risks.methods import established
from risks.models import ASSESSMENT_MOVES, AssessedRisk, Assessment, AssessmentControl, AssessmentState, Participant

OURS: Final = "Countersign"


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


def as_evidence(assessment: Assessment, approver: User) -> Evidence:
    """The round's result as an item of evidence for its controls, accepted by the approver's signature.

    It is the register's own record, made by nobody: who took part and who approved it stand in it. It is about the day
    on which the round began; approved after the control's grace, it counts as late.
    """
    tied = AssessmentControl.objects.live().filter(assessment=assessment, control__archived_at=None)
    links = [
        For(
            control=link.control, reason=link.reason, occurrence=assessment.starts_on,
            requirement=requirement_of(link.control),
        )
        for link in tied.select_related("control").order_by("id")
    ]  # fmt: skip
    source = Source(
        system=OURS, query=f"Risk assessment {assessment.ref}", connector=f"{OURS}: risk assessments",
        captured_at=assessment.approved_at, rows=assessment.line_count,
    )  # fmt: skip
    result: dict[str, Any] = result_of(assessment)
    return record_evidence(
        result, actor=SYSTEM, accepted_by=approver, title=f"Risk assessment: {assessment.title}"[:200],
        kind=Kind.RECORD, source=source, links=links, name=f"{assessment.ref}.json", another=True,
    )  # fmt: skip


def requirement_of(control: Control) -> Requirement | None:
    """The control's requirement that a record of ours meets today: the first, where there are several."""
    day = today()
    asked = Requirement.objects.live().filter(control=control, effective_from__lte=day).order_by("effective_from", "id")
    asked = asked.filter(Q(effective_to=None) | Q(effective_to__gte=day))
    return next((one for one in asked if one.accepts(Kind.RECORD)), None)
