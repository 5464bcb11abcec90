"""The demo company's systems, with owners and administrators, made by the actions that people use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction

from foundation.accounts.models import User
from foundation.trail.keep import save
from systems.actions import name_administrator
from systems.models import System

CUSTOMER = ["customer", "personal"]


@dataclass(frozen=True, kw_only=True)
class Seed:
    """One system: its values; `owner` and `admins` by the part of the address before the @."""

    owner: str
    admins: tuple[str, ...]
    purpose: str
    values: Mapping[str, Any] = field(default_factory=dict)


SEEDS: Final[Mapping[str, Seed]] = {
    "Okta": Seed(
        owner="owner", admins=("owner",), purpose="Signs everybody in to everything else.",
        values={"criticality": "critical", "privileged": True, "data_classes": ["personal"],
                "privileged_roles": ["Super Administrator", "Org Administrator"]},
    ),
    "Google Workspace": Seed(
        owner="owner", admins=("owner",), purpose="Mail, calendar and documents.",
        values={"criticality": "high", "privileged": True, "data_classes": ["confidential", "personal"],
                "privileged_roles": ["Super Admin", "User Management Admin"]},
    ),
    "GitHub": Seed(
        owner="wen.zhao", admins=("wen.zhao", "sofia.andersen"), purpose="Source code and its reviews.",
        values={"criticality": "critical", "privileged": True, "data_classes": ["confidential"],
                "privileged_roles": ["Owner"]},
    ),
    "AWS production": Seed(
        owner="maya.lindqvist", admins=("maya.lindqvist", "sofia.andersen"), purpose="Runs the product.",
        values={"criticality": "critical", "production": True, "privileged": True,
                "data_classes": ["customer", "confidential"], "privileged_roles": ["root"]},
    ),
    "Product database": Seed(
        owner="maya.lindqvist", admins=("maya.lindqvist",), purpose="What customers entrust to the product.",
        values={"criticality": "critical", "production": True, "privileged": True, "data_classes": CUSTOMER,
                "privileged_roles": ["db_owner", "superuser"],
                "forbidden_pairs": [["migrations_author", "migrations_approver"]]},
    ),
    "Ledger": Seed(
        owner="noor.haddad", admins=("noor.haddad",), purpose="Invoices and payments.",
        values={"criticality": "high", "data_classes": ["confidential"], "privileged_roles": ["Administrator"],
                "forbidden_pairs": [["Create payments", "Approve payments"]]},
    ),
    "Support desk": Seed(
        owner="ben.thackeray", admins=("ben.thackeray",), purpose="Customers' questions and what was answered.",
        values={"criticality": "medium", "data_classes": CUSTOMER, "privileged_roles": ["Administrator"]},
    ),
    "People system": Seed(
        owner="helena.castro", admins=("helena.castro",), purpose="Contracts, pay and time off.",
        values={"criticality": "high", "privileged": True, "data_classes": ["personal"],
                "privileged_roles": ["HR administrator"]},
    ),
}  # fmt: skip


@transaction.atomic
def systems(*, compliance: User, staff: Mapping[str, User]) -> dict[str, System]:
    """Make them; `staff`: accounts by the part of the address before the @. Returns the systems by name."""
    found = {}
    for name, seed in SEEDS.items():
        system = System(name=name, purpose=seed.purpose, owner=staff[seed.owner], **seed.values)
        system.full_clean()
        found[name] = save(system, actor=compliance, verb="system.created")
        for handle in seed.admins:
            reason = "Holds its administrator's account."
            name_administrator(system, actor=compliance, user=staff[handle], reason=reason)
    return found
