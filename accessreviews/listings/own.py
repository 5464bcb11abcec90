"""Countersign lists its own accounts: it is a system of its own inventory, reviewed like any other."""

import datetime
import json
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accessreviews.listings.freeze import record_listing
from accessreviews.listings.rows import AccountRow
from accessreviews.models import Known, Listing, Shape, SignIn
from accessreviews.quarters import Quarter
from foundation.accounts.models import IdentityProvider, Token, User
from foundation.accounts.roles import Role
from foundation.accounts.second_factor import kinds_of
from foundation.organisation.models import day_at, today, zone
from foundation.trail.keep import save
from foundation.trail.models import EPOCH, Entry
from foundation.trail.record import SYSTEM
from systems.models import Criticality, DataClass, System

NAME: Final = "Countersign"
QUERY: Final = (
    "Every account of this installation, open or closed, and every API token that is neither revoked nor ended."
)


def own_system() -> System | None:
    """This installation in the inventory; None until its accounts were listed once."""
    return System.objects.filter(own=True).first()


@transaction.atomic
def registered() -> System:
    """This installation in the inventory: put there when it is first asked for."""
    known = System.objects.select_for_update().filter(own=True).first()
    if known:
        return known
    taken = System.objects.filter(name__iexact=NAME).exists()
    system = System(
        name=f"{NAME} (this installation)" if taken else NAME, own=True, criticality=Criticality.HIGH, privileged=True,
        purpose="Holds the evidence of the SOC 2 programme.", data_classes=[DataClass.CONFIDENTIAL, DataClass.PERSONAL],
        privileged_roles=[str(Role.ADMINISTRATOR.label), str(Role.COMPLIANCE_MANAGER.label)],
    )  # fmt: skip
    system.full_clean()
    return save(system, actor=SYSTEM, verb="system.created")


def list_own_accounts(*, actor: Any = SYSTEM) -> Listing:
    """Freeze who has access to this installation now. Raises ValidationError where that is refused."""
    system = registered()
    pulled_at = timezone.now()
    users = list(User.objects.order_by("pk"))
    tokens = list(Token.objects.filter(revoked_at=None, expiry__gt=pulled_at).select_related("user").order_by("pk"))
    signed_in, factors = last_sign_ins(), kinds_of(user.pk for user in users)
    without = Known.UNKNOWN if providers_ask() else Known.NO
    rows = [
        *(
            account_of(line, user, signed_in.get(user.pk), Known.YES if user.pk in factors else without)
            for line, user in enumerate(users, 1)
        ),
        *(token_of(line, token) for line, token in enumerate(tokens, len(users) + 1)),
    ]
    total = User.objects.count() + Token.objects.filter(revoked_at=None, expiry__gt=pulled_at).count()
    return record_listing(
        system, rows, actor=actor, source=NAME, query=QUERY, source_total=total, pulled_at=pulled_at,
        content=as_bytes(rows), shape=Shape.COUNTERSIGN, connector=NAME,
    )  # fmt: skip


def account_of(line: int, user: User, signed_in: datetime.date | None, mfa: Known) -> AccountRow:
    """One account of this installation."""
    begun = user.joined_at or user.invited_at
    return AccountRow(
        line=line, key=user.email, name=user.name, email=user.email,
        roles=(str(user.get_role_display()),) if user.role else (), enabled=Known.YES if user.is_active else Known.NO,
        mfa=mfa, machine=Known.NO,
        sign_in=SignIn.KNOWN if signed_in else SignIn.NEVER, last_sign_in=signed_in,
        created_on=day_at(begun) if begun else None,
    )  # fmt: skip


def providers_ask() -> bool:
    """Whether an identity provider asks people for a second factor: whoever has none here may well have one there."""
    return IdentityProvider.objects.live().filter(enabled=True, does_mfa=True).exists()


def token_of(line: int, token: Token) -> AccountRow:
    """One API token: a machine's account whose person answers for it."""
    return AccountRow(
        line=line, key=f"API token {token.pk}", name=token.name, roles=tuple(f"API: {one}" for one in token.scopes),
        enabled=Known.YES if token.user.is_active else Known.NO, machine=Known.YES,
        sign_in=SignIn.KNOWN if token.last_used_on else SignIn.NEVER, last_sign_in=token.last_used_on,
        created_on=day_at(token.created), owner_said=token.user.email,
    )  # fmt: skip


def last_sign_ins() -> dict[int, datetime.date]:
    """The day of everybody's last sign-in, as the trail has it. One query."""
    entries = Entry.objects.filter(verb="auth.signed_in", actor_kind="user", outcome="ok").order_by()
    here, found = zone(), entries.values_list("actor_id").annotate(Max("at"))
    return {
        pk: (EPOCH + datetime.timedelta(microseconds=at)).astimezone(here).date() for pk, at in found if pk is not None
    }


def as_bytes(rows: list[AccountRow]) -> bytes:
    """What is kept as evidence: one account a line."""
    names = (
        "key", "name", "email", "roles", "enabled", "mfa", "machine", "sign_in", "last_sign_in", "created_on",
        "owner_said",
    )  # fmt: skip
    told = ({name: getattr(row, name) for name in names} for row in rows)
    lines = (json.dumps(one, ensure_ascii=False, sort_keys=True, default=str) for one in told)
    return ("[" + ",\n".join(lines) + "]\n").encode()


# ---- once a quarter ------------------------------------------------------------------------------------------------


def list_once_a_quarter() -> Listing | None:
    """Freeze this installation's accounts unless that was done in this quarter already, or nobody has one yet."""
    since = datetime.datetime.combine(Quarter.of(today()).first, datetime.time(), zone())
    if Listing.objects.filter(system__own=True, pulled_at__gte=since).exists() or not User.objects.exists():
        return None
    return list_own_accounts()
