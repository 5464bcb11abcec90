"""The verbs on what belongs to a finding: its links to controls and evidence, and its corrective actions."""

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from controls.models import Control
from evidence.models import Evidence, State
from findings.actions import link
from findings.models import CorrectiveAction, Finding, FindingControl, FindingEvidence
from foundation.accounts.access import apart, refs_of, visible
from foundation.accounts.duties import ACTION_VERIFICATION
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.steps import locked, say, tie, untie


@transaction.atomic
def link_control(finding: Finding, *, actor: User, control: str, part: str, reason: str) -> FindingControl:
    """Link the control with this reference, as affected or compensating. Raises ValidationError."""
    finding = locked(finding)
    found = visible(actor, Control).filter(ref__iexact=control.strip()).first()
    if found is None:
        raise ValidationError({"control": "There is no control with this reference."})
    return link(finding, found, reason, actor=actor, part=part)


@transaction.atomic
def add_evidence(finding: Finding, *, actor: User, evidence: str, reason: str) -> FindingEvidence:
    """Link an item of evidence (EV-12) that proves the fix. Raises ValidationError for what the person does not see."""
    finding = locked(finding)
    number = Evidence.number_in(evidence)
    found = None if number is None else visible(actor, Evidence).filter(pk=number).first()
    if found is None or found.state == State.WITHDRAWN:
        raise ValidationError({"evidence": "There is no such evidence, as EV-12."})
    return tie(FindingEvidence(finding=finding, evidence=found, reason=reason), actor=actor, reason=reason)


@transaction.atomic
def unlink(row: Any, *, actor: User, reason: str) -> Any:
    """Take a link to a control or to evidence away, with a reason. Raises Stale, ValidationError."""
    return untie(row, actor=actor, reason=reason)


@transaction.atomic
def plan_action(finding: Finding, *, actor: User, what: str, owner: User, due_on: datetime.date) -> CorrectiveAction:
    """Plan a corrective action. Raises ValidationError for an owner who has left, or a day that has passed."""
    finding = locked(finding)
    check_plan(owner, due_on)
    action = CorrectiveAction(finding=finding, what=what, owner=owner, due_on=due_on)
    action.full_clean()
    return save(action, actor=actor, verb="correctiveaction.created", refs={"finding": finding.pk})


def check_plan(owner: User, due_on: datetime.date) -> None:
    """Somebody who is here does it, on a day to come."""
    if not owner.is_active:
        raise ValidationError({"owner": f"{owner} has no active account."})
    if due_on < today():
        raise ValidationError({"due_on": "This day has passed."})


@transaction.atomic
def complete(
    action: CorrectiveAction, *, actor: User, note: str, done_on: datetime.date | None = None
) -> CorrectiveAction:
    """Say that it is done, and how that can be seen. Raises ValidationError if it is already, or on a day ahead."""
    action = locked(action)
    say(note, "Say what was done.")
    if action.done_by_id:
        raise ValidationError(f"{action.ref} is done already.")
    if done_on and done_on > today():
        raise ValidationError({"done_on": "This day has not come yet."})
    action.done_on, action.done_by, action.done_note = done_on or today(), actor, note
    return keep(action, actor, "completed", note)


@transaction.atomic
def verify_action(action: CorrectiveAction, *, actor: User, note: str) -> CorrectiveAction:
    """See that it is done. Raises PermissionDenied for who did it (unless excepted), ValidationError before that."""
    action = locked(action)
    say(note, "Say what was looked at.")
    if not action.done_by_id or action.verified_by_id:
        raise ValidationError(f"{action.ref} does not wait to be verified.")
    exception = apart(actor, [action.done_by_id], ACTION_VERIFICATION, action)
    action.verified_by, action.verified_at, action.verification_note = actor, timezone.now(), note
    action.verified_under = exception
    return keep(action, actor, "verified", note, refs_of(exception))


@transaction.atomic
def return_action(action: CorrectiveAction, *, actor: User, reason: str) -> CorrectiveAction:
    """Give it back: it is not done. Raises ValidationError without a reason, or where nothing waits."""
    action = locked(action)
    say(reason, "Say what is missing.")
    if not action.done_by_id or action.verified_by_id:
        raise ValidationError(f"{action.ref} does not wait to be verified.")
    action.done_on, action.done_by, action.done_note = None, None, ""
    return keep(action, actor, "returned", reason)


def keep(
    action: CorrectiveAction, actor: User, participle: str, reason: str, refs: dict[str, Any] | None = None
) -> CorrectiveAction:
    """Save it; its entry names the finding."""
    about = {"finding": action.finding_id} | (refs or {})
    return save(action, actor=actor, verb=f"correctiveaction.{participle}", reason=reason, refs=about)
