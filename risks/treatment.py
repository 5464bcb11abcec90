"""What is done about a risk: the decision, and the steps of its plan."""

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say
from risks.acceptance import present
from risks.models import MOVES, Risk, Status, Treatment, TreatmentAction

DECIDED = (Treatment.MITIGATE, Treatment.TRANSFER, Treatment.AVOID)  # accepting takes another person


@transaction.atomic
def treat(risk: Risk, *, actor: User, treatment: str, reason: str) -> Risk:
    """Decide to mitigate, transfer or avoid it, and why. Accepting goes by `acceptance.request_acceptance`.

    Raises ValidationError without a reason, for another treatment, before it was rated, or while it is accepted.
    """
    risk = present(locked(risk))
    say(reason, "Say why it is treated so, and what comes of it.")
    if treatment not in DECIDED:
        raise ValidationError({"treatment": "Mitigate, transfer or avoid. Accepting it is asked for instead."})
    if risk.status == Status.IDENTIFIED:
        raise ValidationError("Rate it first: how it is treated follows from what remains.")
    if risk.status != Status.TREATING:
        move(risk, Status.TREATING, MOVES)
    risk.treatment, risk.treatment_reason, risk.status_note = treatment, reason, reason
    return save(risk, actor=actor, verb="risk.treated", reason=reason)


@transaction.atomic
def plan_action(risk: Risk, *, actor: User, what: str, owner: User, due_on: datetime.date) -> TreatmentAction:
    """Plan a step of its treatment. Raises ValidationError for an owner who has left, or a day that has passed."""
    risk = locked(risk)
    if risk.status in (Status.TEMPLATE, Status.CLOSED):
        raise ValidationError(f"{risk.ref} is {risk.get_status_display().lower()}: nothing is planned for it.")
    check_plan(owner, due_on)
    action = TreatmentAction(risk=risk, what=what, owner=owner, due_on=due_on)
    action.full_clean(exclude=["done_by"])
    return save(action, actor=actor, verb="treatmentaction.created", refs={"risk": risk.pk})


def check_plan(owner: User, due_on: datetime.date) -> None:
    """Somebody who is here does it, on a day to come."""
    if not owner.is_active:
        raise ValidationError({"owner": f"{owner} has no active account."})
    if due_on < today():
        raise ValidationError({"due_on": "This day has passed."})


@transaction.atomic
def complete(
    action: TreatmentAction, *, actor: User, note: str, done_on: datetime.date | None = None
) -> TreatmentAction:
    """Say that it is done, and how that can be seen. done_on: None = today. Raises ValidationError."""
    stored: Any = locked(action)
    say(note, "Say what was done, and where that can be seen.")
    if stored.done_by_id:
        raise ValidationError(f"{stored.ref} is done already.")
    if done_on and done_on > today():
        raise ValidationError({"done_on": "This day has not come yet."})
    stored.done_on, stored.done_by, stored.done_note = done_on or today(), actor, note
    verb, refs = "treatmentaction.completed", {"risk": stored.risk_id}
    kept: TreatmentAction = save(stored, actor=actor, verb=verb, reason=note, refs=refs)
    return kept
