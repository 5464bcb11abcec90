"""Systems, people of the roster and listings made for tests, through the doors that everything uses."""

import datetime
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from accessreviews.listings.freeze import record_listing
from accessreviews.listings.rows import AccountRow
from accessreviews.models import AccountMatch, Known, Listing, Shape, SignIn
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from people.models import Person
from systems.models import System, SystemAdministrator

COUNT = iter(range(1, 10**9))


def a_system(**values: Any) -> System:
    """A production system, reviewed quarterly, in which “Admin” is privileged."""
    said = {"name": f"System {next(COUNT)}", "production": True, "privileged_roles": ["Admin"]}
    return save(System(**{**said, **values}), actor=SYSTEM, verb="system.created")


def administrator(system: System, user: Any) -> SystemAdministrator:
    """Somebody who administers it."""
    link = SystemAdministrator(system=system, user=user, reason="Runs it.")
    return save(link, actor=SYSTEM, verb="systemadministrator.created", reason="Runs it.")


def a_person(name: str = "", **values: Any) -> Person:
    """Somebody who has worked here for a year, with an address made of the name."""
    name = name or f"Worker {next(COUNT)}"
    said = {"name": name, "email": f"{name.lower().replace(' ', '.')}@example.com", "starts_on": day(-365)}
    return save(Person(**{**said, **values}), actor=SYSTEM, verb="person.created")


def an_account(key: str = "", **values: Any) -> AccountRow:
    """An enabled account with a second factor, in use, of no role."""
    number = next(COUNT)
    said = {
        "line": number, "key": key or f"account{number}", "enabled": Known.YES, "mfa": Known.YES,
        "sign_in": SignIn.KNOWN, "last_sign_in": day(-1), "roles": ("User",),
    }  # fmt: skip
    return AccountRow(**{**said, **values})


def account_of(person: Person, **values: Any) -> AccountRow:
    """A person's account, by their address."""
    return an_account(**{"key": person.email, "email": person.email, "name": person.name, **values})


def a_listing(system: System | None = None, rows: Iterable[AccountRow] | int = 3, **values: Any) -> Listing:
    """A listing of these accounts, or of so many unknown ones, pulled just now by the system."""
    accounts = [an_account(line=line) for line in range(2, rows + 2)] if isinstance(rows, int) else list(rows)
    said = {
        "actor": SYSTEM, "source": "Admin console", "query": "Users > Export", "source_total": len(accounts),
        "pulled_at": timezone.now(), "content": f"listing {next(COUNT)}".encode(), "name": "users.csv",
        "shape": Shape.OWN,
    }  # fmt: skip
    return record_listing(system or a_system(), accounts, **{**said, **values})


def a_match(system: System, key: str, **values: Any) -> AccountMatch:
    """What somebody said an account is."""
    match = AccountMatch(system=system, key=key, **{"reason": "Asked its team.", **values})
    match.full_clean()
    return save(match, actor=SYSTEM, verb="accountmatch.created", reason=match.reason)


def day(offset: int) -> datetime.date:
    """A day, counted from today."""
    return today() + datetime.timedelta(days=offset)
