"""The verbs on the rating method, and on who accepts critical risks. A version is published, never edited."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.once import forget
from foundation.trail.keep import Stale, save
from foundation.trail.record import SYSTEM
from foundation.trail.steps import locked, say
from risks.models import LEVELS, Executive, Method, in_force
from risks.models.method import METHOD, first_method


def established() -> Method:
    """The version in force, stored: the first one is, as the product's, when somebody first needs it."""
    forget((METHOD, None))  # somebody may have published one since this request read it
    found = in_force()
    if found.pk:
        return found
    forget((METHOD, None))
    try:
        with transaction.atomic():
            return save(first_method(), actor=SYSTEM, verb="method.published", reason=found.reason)
    except IntegrityError:  # somebody else needed it in the same instant
        return in_force()


@transaction.atomic
def publish(
    *, actor: User, seen: int, likelihood: Sequence[dict[str, str]], impact: Sequence[dict[str, str]],
    medium_from: int, high_from: int, critical_from: int, reason: str,
) -> Method:  # fmt: skip
    """Put a new version in force. Ratings that stand stay as they are; bands are read by it from now on.

    seen: the number of the version that its writer started from; raises Stale if another is in force by now,
    ValidationError for levels without name or meaning, bands out of order, or where nothing would change.
    """
    before = established()
    if before.number != seen:
        raise Stale(before)
    say(reason, "Say why the method changes.")
    for levels in (likelihood, impact):
        if len(levels) != len(LEVELS) or not all(one["name"].strip() and one["meaning"].strip() for one in levels):
            raise ValidationError("Each of the five levels has a name and a meaning.")
    method = Method(
        number=before.number + 1, likelihood=list(likelihood), impact=list(impact), medium_from=medium_from,
        high_from=high_from, critical_from=critical_from, reason=reason, published_by=actor,
    )  # fmt: skip
    said = ("likelihood", "impact", "medium_from", "high_from", "critical_from")
    if all(getattr(method, name) == getattr(before, name) for name in said):
        raise ValidationError("Nothing differs from the version in force.")
    method.full_clean()
    forget((METHOD, None))
    return save(method, actor=actor, verb="method.published", reason=reason)


@transaction.atomic
def name_executive(*, actor: User, user: User, reason: str) -> Executive:
    """Name a manager who accepts critical risks. ValidationError for another role, or who is named already."""
    say(reason, "Say why this person.")
    if user.role != Role.MANAGER or not user.is_active:
        raise ValidationError({"user": "Only somebody with an active account of the role Manager can be named."})
    known = Executive.objects.select_for_update().filter(user=user).first()
    if known is not None and known.archived_at is None:
        raise ValidationError({"user": f"{user} is named already."})
    executive: Any = known or Executive(user=user)
    executive.reason, executive.archived_at = reason, None
    verb = "restored" if known else "created"
    kept: Executive = save(executive, actor=actor, verb=f"executive.{verb}", reason=reason)
    return kept


@transaction.atomic
def end_executive(executive: Executive, *, actor: User, reason: str) -> Executive:
    """End a naming. What was accepted until then stands. Raises Stale, ValidationError."""
    say(reason, "Say why it ends.")
    stored = locked(executive)
    stored.archived_at = timezone.now()
    return save(stored, actor=actor, verb="executive.ended", reason=reason)
