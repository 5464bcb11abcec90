"""The demo company's listings: exports in the shapes of their systems, written from its roster, and read as any file.

What is true of an account follows from the names of system and person, so that each later listing continues the one
before it: leavers are disabled, but for one here and there; some are dormant, lack a second factor, or gain a role.
"""

import csv
import datetime
import io
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from django.core.files.base import ContentFile
from django.utils import timezone

from accessreviews.listings.bring import bring_file, remember, remembered
from accessreviews.models import Listing
from foundation.organisation.models import zone
from people.models import Person
from systems.models import System

DAY: Final = datetime.timedelta(days=1)
# Who has an account: departments (none: everybody), the role that everybody has, roles that some have (share of them).
RULES: Final[Mapping[str, tuple[tuple[str, ...], str, tuple[tuple[str, float], ...]]]] = {
    "Okta": ((), "Everyone", (("Help Desk Administrator", 0.04),)),
    "Google Workspace": ((), "", (("User Management Admin", 0.04),)),
    "GitHub": (("Engineering", "Platform", "Security"), "Member", ()),
    "AWS production": (("Platform", "Security"), "", ()),
    "Product database": (("Platform", "Engineering"), "reader", (("migrations_author", 0.3), ("db_owner", 0.08))),
    "Ledger": (("Finance", "Executive"), "Viewer", (("Create payments", 0.5), ("Approve payments", 0.4))),
    "Support desk": (("Support", "Product", "Sales"), "Agent", (("Administrator", 0.08),)),
    "People system": (("People", "Legal", "Executive"), "Self-service", (("HR administrator", 0.4),)),
}
ADMIN: Final = {
    "Okta": "Super Administrator", "Google Workspace": "Super Admin", "GitHub": "Owner",
    "Product database": "superuser",
    "Ledger": "Administrator", "Support desk": "Administrator", "People system": "HR administrator",
}  # fmt: skip
MACHINES: Final[Mapping[str, tuple[tuple[str, bool], ...]]] = {  # account, whether somebody answers for it
    "GitHub": (("fernwood-deploy[bot]", False),),
    "AWS production": (("ci-deploy", False), ("backup-writer", False)),
    "Product database": (("app_api", True), ("app_worker", True), ("reporting", False)),
    "Ledger": (("bank-interface", True),),
    "Support desk": (("mail-gateway", True),),
}
COLUMNS: Final = {
    "key": "Account", "name": "Name", "email": "E-mail", "roles": "Roles", "enabled": "Active", "mfa": "MFA",
    "sign_in": "Last sign-in", "created": "Created", "machine": "Service account", "owner_said": "Owner",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account as its system would export it. `used`: the last sign-in, None for never."""

    key: str
    name: str = ""
    email: str = ""
    number: str = ""
    roles: tuple[str, ...] = ()
    enabled: bool = True
    mfa: bool = True
    used: datetime.date | None = None
    created: datetime.date
    machine: bool = False
    owner: str = ""


def demo_listing(
    system: System, day: datetime.date, people: Iterable[Person], rng: Random, gone: Collection[str] = ()
) -> Listing:
    """The listing of a system on a day, brought in by its owner as a file. Days of one system have to go forward.

    people: the roster; rng: for what differs from pull to pull (when somebody last signed in); gone: accounts, by name
    or address, that are there no more.
    """
    owner = system.owner
    if owner is None:
        raise ValueError(f"{system} has no owner who could bring its listing in.")
    found = [*persons(system, day, people, rng), *machines(system, day, rng)]
    accounts = [one for one in found if one.key not in gone and (one.email or one.key) not in gone]
    write, name, source, query = WRITERS.get(system.name, OTHER)
    data = write(accounts)
    if write is own_file and not remembered(system):
        remember(system, {"columns": COLUMNS}, owner)
    pulled_at = min(datetime.datetime.combine(day, datetime.time(9, 30), zone()), timezone.now())
    told = {
        "system": system, "source": source or system.name, "query": query, "environment": "fernwood",
        "pulled_at": pulled_at, "source_total": counted(system.name, accounts),
    }  # fmt: skip
    how = {"shape": "", "dates": "", "encoding": "", "sheet": ""}
    return bring_file(ContentFile(data, name), name, actor=owner, told=told, how=how)


def persons(system: System, day: datetime.date, people: Iterable[Person], rng: Random) -> Iterable[Account]:
    """The accounts of people who had begun by that day."""
    departments, role, some = RULES[system.name]
    admins = {link.user.email for link in system.administrators.filter(archived_at=None).select_related("user")}
    for person in people:
        fate = Random(f"{system.name}/{person.email}")
        begun = person.starts_on + fate.randrange(1, 5) * DAY
        wanted = not departments or person.department in departments or person.email in admins
        if begun > day or not wanted:
            continue
        gone = person.ends_on is not None and person.ends_on < day
        kept_open = fate.random() < 0.25  # the leavers whom somebody forgot
        if gone and not kept_open and fate.random() < 0.3:
            continue  # removed instead of disabled
        held = [role, *(name for name, share in some if fate.random() < share)]
        if fate.random() < 0.06 and day > begun + 200 * DAY and some:
            held.append(some[0][0])  # grew into it later
        if person.email in admins and system.name in ADMIN:
            held.append(ADMIN[system.name])
        idle, away = fate.random(), person.ends_on if gone and not kept_open else day
        used = (
            None if idle < 0.03 else (away or day) - (fate.randrange(95, 260) if idle < 0.1 else rng.randrange(9)) * DAY
        )
        yield Account(
            key=person.email, name=person.name, email=person.email, number=person.external_id,
            roles=tuple(dict.fromkeys(one for one in held if one)), enabled=not gone or kept_open,
            mfa=fate.random() > 0.06, used=max(used, begun) if used else None, created=begun,
        )  # fmt: skip


def machines(system: System, day: datetime.date, rng: Random) -> Iterable[Account]:
    """Accounts of programs, and one that nobody knows."""
    created = day - 400 * DAY
    for key, owned in MACHINES.get(system.name, ()):
        owner = system.owner.email if owned and system.owner else ""
        yield Account(key=key, roles=("service",), mfa=False, used=day - rng.randrange(2) * DAY, created=created,
                      machine=True, owner=owner)  # fmt: skip
    if system.name in ("Support desk", "Google Workspace"):
        yield Account(
            key="temp.agency@example.com", name="Temp Agency", email="temp.agency@example.com",
            roles=tuple(filter(None, (RULES[system.name][1],))), mfa=False, used=day - 40 * DAY,
            created=day - 120 * DAY,
        )  # fmt: skip


def counted(system: str, accounts: Sequence[Account]) -> int:
    """How many the source itself would count: AWS has its root account beside them, GitHub no disabled ones."""
    if system == "GitHub":
        return sum(one.enabled for one in accounts)
    return len(accounts) + (system == "AWS production")


# ---- writing exports -----------------------------------------------------------------------------------------------


def sheet(header: Sequence[str], rows: Iterable[Sequence[Any]], separator: str = ",") -> bytes:
    """A CSV as exports are."""
    buffer = io.StringIO(newline="")
    write = csv.writer(buffer, delimiter=separator)
    write.writerow(header)
    write.writerows(rows)
    return buffer.getvalue().encode()


def parted(name: str) -> tuple[str, str]:
    """First and last name."""
    first, _, last = name.partition(" ")
    return first, last


def okta_file(accounts: Sequence[Account]) -> bytes:
    """A report of Okta."""
    header = (
        "Okta Username", "First Name", "Last Name", "Primary Email", "Employee Number", "Status", "Created",
        "Last Login", "MFA Factors", "Admin Roles", "Groups",
    )  # fmt: skip
    return b"\xef\xbb\xbf" + sheet(header, ([
        one.key, *parted(one.name), one.email, one.number, "ACTIVE" if one.enabled else "DEPROVISIONED",
        f"{one.created}T08:00:00.000Z", f"{one.used}T08:00:00.000Z" if one.used else "",
        "Okta Verify" if one.mfa else "0", "; ".join(role for role in one.roles if "Admin" in role),
        "; ".join(role for role in one.roles if "Admin" not in role),
    ] for one in accounts), ";")  # fmt: skip


def google_file(accounts: Sequence[Account]) -> bytes:
    """“Download users” of Google Workspace."""
    header = (
        "First Name [Required]", "Last Name [Required]", "Email Address [Required]", "Org Unit Path [Required]",
        "Status [READ ONLY]", "Last Sign In [READ ONLY]", "Employee ID", "2sv Enrolled [READ ONLY]",
        "Admin Roles [READ ONLY]",
    )  # fmt: skip
    return sheet(header, ([
        *parted(one.name), one.email.title() if len(one.name) % 7 == 0 else one.email, "/",
        "Active" if one.enabled else "Suspended", f"{one.used:%Y/%m/%d} 08:00:00" if one.used else "Never logged in",
        one.number, one.mfa, "; ".join(one.roles),
    ] for one in accounts))  # fmt: skip


def github_file(accounts: Sequence[Account]) -> bytes:
    """The export of a GitHub organisation's members; who was disabled is no member any more."""
    members = [one for one in accounts if one.enabled]
    return json.dumps([
        {
            "login": one.key.partition("@")[0].replace(".", "-"), "name": one.name or None, "tfa_enabled": one.mfa,
            "is_public": False, "role": "Owner" if "Owner" in one.roles else "Member",
            "last_active": f"{one.used} 08:00:00 UTC" if one.used else None, "saml_name_id": one.email or None,
        }
        for one in members
    ], indent=1).encode()  # fmt: skip


def aws_file(accounts: Sequence[Account]) -> bytes:
    """The credential report of AWS, with the root account before all others."""
    header = (
        "user", "arn", "user_creation_time", "password_enabled", "password_last_used", "mfa_active",
        "access_key_1_active", "access_key_1_last_used_date", "access_key_2_active", "access_key_2_last_used_date",
    )  # fmt: skip
    arn = "arn:aws:iam::111122223333"
    root = ["<root_account>", f"{arn}:root", "2019-03-01T10:00:00+00:00", "not_supported",
            "2024-02-14T08:00:00+00:00", "true", "false", "N/A", "false", "N/A"]  # fmt: skip
    rows = []
    for one in accounts:
        used = f"{one.used}T08:00:00+00:00" if one.used else "no_information"
        by_key, opens = one.machine, "true" if one.enabled else "false"
        rows.append([
            one.key, f"{arn}:user/{one.key}", f"{one.created}T08:00:00+00:00", "false" if by_key else opens,
            "N/A" if by_key else used, "true" if one.mfa and not by_key else "false", opens if by_key else "false",
            used if by_key else "N/A", "false", "N/A",
        ])  # fmt: skip
    return sheet(header, [root, *rows])


def own_file(accounts: Sequence[Account]) -> bytes:
    """An export in no known shape: its columns are mapped."""
    return sheet(list(COLUMNS.values()), ([
        one.key, one.name, one.email, "; ".join(one.roles), "yes" if one.enabled else "no",
        "yes" if one.mfa else "no", one.used or "never", one.created, "yes" if one.machine else "no", one.owner,
    ] for one in accounts))  # fmt: skip


Writer = tuple[Callable[[Sequence[Account]], bytes], str, str, str]
WRITERS: Final[Mapping[str, Writer]] = {
    "Okta": (okta_file, "okta-users.csv", "Okta admin console", "Reports > User accounts, all statuses > CSV"),
    "Google Workspace": (
        google_file,
        "users.csv",
        "Google Admin console",
        "Directory > Users > Download users, all columns",
    ),
    "GitHub": (github_file, "members.json", "GitHub", "Organisation > People > Export > JSON"),
    "AWS production": (aws_file, "credential_report.csv", "AWS IAM", "aws iam get-credential-report"),
}
OTHER: Final[Writer] = (own_file, "accounts.csv", "", "Administration > Users > Export, all users")
