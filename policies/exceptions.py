"""Exceptions from a policy: asked for by one person, approved by another, until a day.

One that has lapsed is over on every page from that day on (`PolicyException.standing`); `lapse_exceptions` writes it
down.
"""

import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from foundation.accounts.access import apart, refs_of
from foundation.accounts.duties import POLICY_EXCEPTION
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from foundation.trail.steps import locked, move, say
from policies.models import EXCEPTION_MOVES, ExceptionState, Policy, PolicyException, Status

LAPSED: Final = "Its last day was {}."


@transaction.atomic
def request_exception(
    policy: Policy, *, actor: User, what: str, for_whom: str, reason: str, compensating: str, until: datetime.date
) -> PolicyException:
    """Ask that a rule of a policy does not hold for something, until a day. Nothing changes before it is approved.

    Raises ValidationError without words, for a policy that is not in force, or for a day that is not ahead or too far.
    """
    policy = locked(policy)
    say(what, "Say which rule it is.")
    say(for_whom, "Say for which people, systems or cases.")
    say(reason, "Say why the rule cannot be kept.")
    say(compensating, "Say what stands in meanwhile, or why nothing needs to.")
    if policy.status != Status.IN_FORCE:
        raise ValidationError(f"{policy.ref} is not in force: it binds nobody.")
    check_until(until)
    exception = PolicyException(
        policy=policy, what=what.strip(), for_whom=for_whom.strip(), reason=reason.strip(),
        compensating=compensating.strip(), until=until, requested_by=actor,
    )  # fmt: skip
    refs = {"policy": policy.pk}
    return save(exception, actor=actor, verb="policyexception.requested", reason=reason, refs=refs)


def check_until(until: datetime.date) -> None:
    """An exception ends. Raises ValidationError for a day that is not ahead, or further than the setting allows."""
    longest = setting("policy_exception_days")
    if until <= today():
        raise ValidationError({"until": "The last day must lie ahead."})
    if until > today() + datetime.timedelta(days=longest):
        raise ValidationError({"until": f"An exception from a policy ends within {longest} days."})


@transaction.atomic
def approve(exception: PolicyException, *, actor: User, note: str = "") -> PolicyException:
    """Approve an exception until its day. Raises PermissionDenied for whoever asked, ValidationError."""
    exception = waiting(exception)
    lifted = apart(actor, (exception.requested_by_id,), POLICY_EXCEPTION, exception)
    if exception.policy.status != Status.IN_FORCE:
        raise ValidationError(f"{exception.policy.ref} is not in force: it binds nobody.")
    check_until(exception.until)
    exception.approved_under = lifted
    return decide(exception, ExceptionState.APPROVED, actor, note, refs_of(lifted))


@transaction.atomic
def decline(exception: PolicyException, *, actor: User, reason: str) -> PolicyException:
    """Turn a request down, with a reason: the policy holds. Raises as `approve` does."""
    exception = waiting(exception)
    say(reason, "Say why it is declined.")
    return decide(exception, ExceptionState.DECLINED, actor, reason, {})


def decide(exception: PolicyException, state: str, actor: User, note: str, refs: dict[str, Any]) -> PolicyException:
    """Write the decision onto the request; the database keeps it from then on."""
    move(exception, state, EXCEPTION_MOVES, "state")
    exception.decided_by, exception.decided_at, exception.decision_note = actor, timezone.now(), note.strip()
    refs = {"policy": exception.policy_id} | refs
    return save(exception, actor=actor, verb=f"policyexception.{state}", reason=note or exception.reason, refs=refs)


@transaction.atomic
def withdraw(exception: PolicyException, *, actor: Any, reason: str) -> PolicyException:
    """Take a request back before anybody answered. Raises ValidationError."""
    exception = waiting(exception)
    say(reason, "Say why it is taken back.")
    return over(exception, ExceptionState.WITHDRAWN, actor=actor, reason=reason)


@transaction.atomic
def end(exception: PolicyException, *, actor: Any, reason: str) -> PolicyException:
    """End an exception before its day: the policy holds again. Raises IllegalMove, ValidationError."""
    exception = locked(exception)
    say(reason, "Say why it ends.")
    return over(exception, ExceptionState.ENDED, actor=actor, reason=reason)


def waiting(exception: PolicyException) -> PolicyException:
    """The request, locked. Raises ValidationError where it waits for no answer any more."""
    found = locked(exception)
    if found.state != ExceptionState.REQUESTED:
        raise ValidationError(f"{found.ref} waits for no answer: {found.get_state_display().lower()}.")
    return found


def over(exception: PolicyException, state: str, *, actor: Any, reason: str) -> PolicyException:
    """End one that waits or is in force. Raises IllegalMove."""
    move(exception, state, EXCEPTION_MOVES, "state")
    exception.ended_at, exception.ended_reason = timezone.now(), reason
    refs = {"policy": exception.policy_id}
    return save(exception, actor=actor, verb=f"policyexception.{state}", reason=reason, refs=refs)


def end_all(policy: Policy, *, actor: Any, reason: str) -> None:
    """End whatever is asked or in force of a policy that binds nobody any more."""
    standing = (ExceptionState.REQUESTED, ExceptionState.APPROVED)
    for exception in PolicyException.objects.select_for_update().filter(policy=policy, state__in=standing):
        asked = exception.state == ExceptionState.REQUESTED
        over(exception, ExceptionState.WITHDRAWN if asked else ExceptionState.ENDED, actor=actor, reason=reason)


def lapse_exceptions() -> int:
    """Write down that exceptions are over whose last day has passed; returns how many. Each in its own step.

    Doing it twice changes nothing; how long nobody did it does not matter.
    """
    past = PolicyException.objects.filter(state=ExceptionState.APPROVED, until__lt=today()).order_by("id")
    return sum(lapse_one(pk) for pk in past.values_list("pk", flat=True))


@transaction.atomic
def lapse_one(pk: int) -> bool:
    """Lapse one exception, unless somebody was first: whether it did."""
    exception = PolicyException.objects.select_for_update().get(pk=pk)
    if exception.standing(today()) != ExceptionState.LAPSED or exception.state == ExceptionState.LAPSED:
        return False
    over(exception, ExceptionState.LAPSED, actor=SYSTEM, reason=LAPSED.format(exception.until))
    return True
