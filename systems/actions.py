"""What people do with systems beyond changing them: saying who administers one."""

from django.db import transaction

from foundation.accounts.models import User
from foundation.trail.steps import locked, tie, untie
from systems.models import System, SystemAdministrator


@transaction.atomic
def name_administrator(system: System, *, actor: User, user: User, reason: str) -> SystemAdministrator:
    """Say that somebody administers a system: they decide on none of its accounts (domain §4).

    Raises Stale, ValidationError without a reason or where they are named already.
    """
    system = locked(system)
    return tie(SystemAdministrator(system=system, user=user, reason=reason), actor=actor, reason=reason)


@transaction.atomic
def unlink(link: SystemAdministrator, *, actor: User, reason: str) -> SystemAdministrator:
    """Say that somebody administers it no longer. Raises Stale, ValidationError without a reason."""
    return untie(link, actor=actor, reason=reason)
