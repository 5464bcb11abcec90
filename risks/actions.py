"""What people do with risks besides rating, treating and accepting them: one function a verb, one transaction each."""

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from controls.models import Control
from findings.models import Finding
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say, tie, untie
from risks.acceptance import end, present, standing_one, withdraw
from risks.models import (
    MOVES,
    AcceptanceState,
    Effectiveness,
    Risk,
    RiskControl,
    RiskFinding,
    RiskVendor,
    Status,
)
from risks.rating import next_review
from vendors.models import Vendor


@transaction.atomic
def register(risk: Risk, *, actor: Any) -> Risk:
    """Store a new risk; its first review is due as the setting of new risks says. Raises ValidationError."""
    if risk.identified_on > today():
        raise ValidationError({"identified_on": "This day has not come yet."})
    risk.review_on = risk.review_on or next_review(risk)
    return save(risk, actor=actor, verb="risk.created")


@transaction.atomic
def adapt(risk: Risk, *, actor: User, note: str) -> Risk:
    """Make a template the company's own: from now on it counts. Raises ValidationError without a note or an owner."""
    risk = locked(risk)
    say(note, "Say how it concerns this company.")
    if risk.owner_id is None:
        raise ValidationError("Name an owner first: somebody has to rate it.")
    if risk.status != Status.TEMPLATE:
        raise ValidationError(f"{risk.ref} is the company's own already.")
    move(risk, Status.IDENTIFIED, MOVES)
    risk.identified_on, risk.review_on, risk.status_note = today(), next_review(risk), note
    return save(risk, actor=actor, verb="risk.adapted", reason=note)


@transaction.atomic
def review(risk: Risk, *, actor: User, note: str, review_on: datetime.date | None = None) -> Risk:
    """Say that it was looked at and nothing changed. review_on: the next time; None = as its band's cadence says."""
    risk = present(locked(risk))
    say(note, "Say what was looked at.")
    if risk.status in (Status.TEMPLATE, Status.CLOSED):
        raise ValidationError(f"{risk.ref} is {risk.get_status_display().lower()}: there is nothing to review.")
    if review_on and review_on <= today():
        raise ValidationError({"review_on": "The next review must lie ahead."})
    risk.last_reviewed_on, risk.review_on, risk.review_note = today(), review_on or next_review(risk), note
    return save(risk, actor=actor, verb="risk.reviewed", reason=note)


@transaction.atomic
def close(risk: Risk, *, actor: User, reason: str) -> Risk:
    """Close a risk that is gone; what was accepted or asked ends with it. Raises ValidationError without a reason."""
    risk = present(locked(risk))
    say(reason, "Say why it is gone.")
    acceptance = standing_one(risk)
    if acceptance is not None and acceptance.state == AcceptanceState.REQUESTED:
        withdraw(acceptance, actor=actor, reason=reason)
    elif acceptance is not None:
        end(acceptance, actor=actor, reason=reason)
        risk = Risk.objects.get(pk=risk.pk)
    move(risk, Status.CLOSED, MOVES)
    risk.status_note = reason
    return save(risk, actor=actor, verb="risk.closed", reason=reason)


@transaction.atomic
def reopen(risk: Risk, *, actor: User, reason: str) -> Risk:
    """Open a closed risk again. Raises ValidationError without a reason, or for one that is not closed."""
    risk = locked(risk)
    say(reason, "Say why it is open again.")
    if risk.status != Status.CLOSED:
        raise ValidationError(f"{risk.ref} is not closed. An acceptance is ended on its own page.")
    move(risk, Status.REOPENED if risk.residual_score else Status.IDENTIFIED, MOVES)
    risk.status_note, risk.review_on = reason, next_review(risk)
    return save(risk, actor=actor, verb="risk.reopened", reason=reason)


def check_put_away(risk: Risk) -> None:
    """What is accepted or waits to be is not archived unseen. Raises ValidationError.

    Locks the risk, so that nobody asks meanwhile: inside a transaction.
    """
    risk = Risk.objects.select_for_update().get(pk=risk.pk)
    if standing_one(risk) is not None:
        raise ValidationError("It is accepted, or waits to be. End or withdraw that first.")


# ---- links ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def link_control(risk: Risk, *, actor: User, control: str, effectiveness: str, reason: str) -> RiskControl:
    """Link the control with this reference, and how far it lowers the risk. Raises ValidationError."""
    risk = locked(risk)
    found = visible(actor, Control).filter(ref__iexact=control.strip()).first()
    if found is None:
        raise ValidationError({"control": "There is no control with this reference."})
    if found.archived_at:
        raise ValidationError({"control": f"{found.ref} is archived."})
    return tie_control(risk, found, effectiveness, reason, actor=actor)


def tie_control(risk: Risk, control: Control, effectiveness: str, reason: str, *, actor: Any) -> RiskControl:
    """The link itself, once both are found."""
    if effectiveness not in Effectiveness.values:
        raise ValidationError({"effectiveness": "Strong, moderate, weak or not tested."})
    link = RiskControl(risk=risk, control=control, effectiveness=effectiveness, reason=reason)
    return tie(link, actor=actor, reason=reason)


@transaction.atomic
def link_vendor(risk: Risk, *, actor: User, vendor: str, reason: str) -> RiskVendor:
    """Link the vendor with this reference (V-3) or name. Raises ValidationError for one that is not seen."""
    risk = locked(risk)
    number, seen = Vendor.number_in(vendor), visible(actor, Vendor).filter(archived_at=None)
    found = (seen.filter(name__iexact=vendor.strip()) if number is None else seen.filter(pk=number)).first()
    if found is None:
        raise ValidationError({"vendor": "There is no such vendor, as V-3 or by its name."})
    return tie(RiskVendor(risk=risk, vendor=found, reason=reason), actor=actor, reason=reason)


@transaction.atomic
def link_finding(risk: Risk, *, actor: User, finding: str, reason: str) -> RiskFinding:
    """Link the finding with this reference (F-3). Raises ValidationError for one that is not seen."""
    risk = locked(risk)
    number = Finding.number_in(finding)
    found = None if number is None else visible(actor, Finding).filter(pk=number, archived_at=None).first()
    if found is None:
        raise ValidationError({"finding": "There is no such finding, as F-3."})
    return tie(RiskFinding(risk=risk, finding=found, reason=reason), actor=actor, reason=reason)


@transaction.atomic
def unlink(row: Any, *, actor: User, reason: str) -> Any:
    """Take a link to a control, a vendor or a finding away, with a reason. Raises Stale, ValidationError."""
    return untie(row, actor=actor, reason=reason)
