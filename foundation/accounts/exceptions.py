"""Exceptions from the separation of duties: asked for with a reason, approved by a second person, never for long.

A compliance manager asks; the person named in it, another compliance manager or a manager, approves. An administrator
has no say in it: running the tool gives none in the programme.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from foundation.accounts.access import apart, register_of, which
from foundation.accounts.duties import EXCEPTABLE, EXCEPTION_OF_ONESELF, EXCEPTION_REQUESTED
from foundation.accounts.models import DutyException, User
from foundation.accounts.roles import Role
from foundation.trail.keep import save

LONGEST: Final = timedelta(days=90)
APPROVERS: Final = (Role.COMPLIANCE_MANAGER, Role.MANAGER)
NOT_NAMED: Final = "Only the person who is named as approver decides."
State = DutyException.State


@transaction.atomic
def request_exception(exception: DutyException, *, actor: User) -> DutyException:
    """Ask for an exception; it lifts nothing before it is approved. Raises ValidationError for what `check` refuses."""
    exception.requested_by, exception.state = actor, State.REQUESTED
    check(exception)
    return save(exception, actor=actor, verb="dutyexception.created", reason=exception.reason)


def about(exception: DutyException, target: Model | None) -> None:
    """Confine an exception to one record, or to none in particular."""
    exception.object_type = register_of(type(target))._meta.label_lower if target is not None else ""
    exception.object_id = str(target.pk) if target is not None else ""


def check(exception: DutyException) -> None:
    """Raise ValidationError, by field, unless this may be asked for: of whom, by whom, how long, about what."""
    duty = EXCEPTABLE.get(exception.duty)
    if duty is None:
        raise ValidationError({"duty": "This rule knows no exception."})
    if exception.object_type and exception.object_type != duty.register:
        raise ValidationError({"record": "This rule is not about such a record."})
    if not exception.reason.strip():
        raise ValidationError({"reason": "Say why."})
    check_people(exception.beneficiary, exception.approver, exception.requested_by)
    check_alone(exception)
    check_times(exception.opens_at, exception.expires_at)


def check_people(beneficiary: User, approver: User, requester: User | None) -> None:
    """The second person is a third one where the requester asks for somebody else."""
    if not beneficiary.is_active or beneficiary.role in ("", Role.AUDITOR):
        raise ValidationError({"beneficiary": "Only an active member of the organisation can be excepted."})
    if not approver.is_active or approver.role not in APPROVERS:
        raise ValidationError({"approver": "A compliance manager or a manager approves."})
    if approver in (beneficiary, requester):
        raise ValidationError({"approver": "Somebody else approves: neither who asks nor who is excepted."})


def check_alone(exception: DutyException) -> None:
    """The same is not asked for twice while the first waits for its answer: a form that was sent again."""
    same = {name: getattr(exception, name) for name in ("duty", "beneficiary", "object_type", "object_id")}
    waiting = DutyException.objects.filter(**same, state=State.REQUESTED, expires_at__gt=timezone.now())
    if other := waiting.exclude(pk=exception.pk).first():
        raise ValidationError(f"{other} asks for this already.")


def check_times(opens_at: datetime, expires_at: datetime) -> None:
    """An exception ends by itself, soon."""
    if expires_at <= opens_at:
        raise ValidationError({"expires_at": "It ends before it begins."})
    if expires_at <= timezone.now():
        raise ValidationError({"expires_at": "This time is over."})
    if expires_at - opens_at > LONGEST:
        raise ValidationError({"expires_at": f"At most {LONGEST.days} days: ask again if it is still needed."})


def name_records(found: Iterable[DutyException], user: User) -> None:
    """Say of each what its record is called and where it is, as far as `user` sees it: two queries a register."""
    for label in {one.object_type for one in found if one.object_type}:
        about_it = [one for one in found if one.object_type == label]
        records = apps.get_model(label)._default_manager.in_bulk([int(one.object_id) for one in about_it])
        seen = which(user, "view", records.values())
        for one in about_it:
            if int(one.object_id) in seen:
                one.named, one.record_url = (
                    str(records[int(one.object_id)]),
                    records[int(one.object_id)].get_absolute_url(),
                )


@transaction.atomic
def approve_exception(exception: DutyException, *, actor: User, reason: str) -> DutyException:
    """Let it take effect. Raises PermissionDenied for all but the person named, ValidationError if it is too late."""
    stored = _decided_by(exception, actor)
    check_people(stored.beneficiary, stored.approver, stored.requested_by)
    stored.state = State.APPROVED
    return save(stored, actor=actor, verb="dutyexception.approved", reason=reason)


@transaction.atomic
def decline_exception(exception: DutyException, *, actor: User, reason: str) -> DutyException:
    """Turn it down. Raises as approve_exception."""
    stored = _decided_by(exception, actor)
    stored.state = State.DECLINED
    return save(stored, actor=actor, verb="dutyexception.declined", reason=reason)


@transaction.atomic
def end_exception(exception: DutyException, *, actor: User, reason: str) -> DutyException:
    """End it, or take back what was asked for, now. Raises ValidationError if it has no effect any more."""
    stored = _locked(exception)
    if stored.state not in (State.REQUESTED, State.APPROVED) or stored.expires_at <= timezone.now():
        raise ValidationError("It is over already.")
    stored.state, stored.ended_at = State.ENDED, timezone.now()
    return save(stored, actor=actor, verb="dutyexception.ended", reason=reason)


def _locked(exception: DutyException) -> DutyException:
    stored = DutyException.objects.select_for_update().get(pk=exception.pk)
    stored.version = exception.version  # that of the page which was read: save refuses a stale one
    return stored


def _decided_by(exception: DutyException, actor: User) -> DutyException:
    stored = _locked(exception)
    apart(actor, [stored.requested_by_id], EXCEPTION_REQUESTED)
    apart(actor, [stored.beneficiary_id], EXCEPTION_OF_ONESELF)
    if actor.pk != stored.approver_id:
        raise PermissionDenied(NOT_NAMED)
    if stored.state != State.REQUESTED or stored.expires_at <= timezone.now():
        raise ValidationError("It no longer waits for a decision.")
    stored.decided_at = timezone.now()
    return stored
