"""The demo company's people: invented, in every role, made by the same actions that administrators use."""

from typing import Final

from foundation.accounts.actions import change_role, deactivate, invite, set_password
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.trail.record import SYSTEM

# Address before @example.com, name, job title, role, manager. Whoever manages somebody stands above them. The titles of
# the leads are the ones that the starter controls name as their owners.
PEOPLE: Final[tuple[tuple[str, str, str, Role, str], ...]] = (
    ("tomas.okafor", "Tomas Okafor", "CEO", Role.MANAGER, ""),
    ("manager", "Marcus Webb", "VP engineering", Role.MANAGER, "tomas.okafor"),
    ("compliance", "Camille Duarte", "Compliance manager", Role.COMPLIANCE_MANAGER, "tomas.okafor"),
    ("ingrid.falk", "Ingrid Falk", "Risk and compliance analyst", Role.COMPLIANCE_MANAGER, "compliance"),
    ("owner", "Owen Castellano", "IT lead", Role.CONTROL_OWNER, "manager"),
    ("maya.lindqvist", "Maya Lindqvist", "Platform lead", Role.CONTROL_OWNER, "manager"),
    ("daniel.osei", "Daniel Osei", "Security lead", Role.CONTROL_OWNER, "manager"),
    ("wen.zhao", "Wen Zhao", "Engineering lead", Role.CONTROL_OWNER, "manager"),
    ("helena.castro", "Helena Castro", "HR lead", Role.CONTROL_OWNER, "tomas.okafor"),
    ("jonas.petrov", "Jonas Petrov", "Product lead", Role.CONTROL_OWNER, "tomas.okafor"),
    ("amara.nwosu", "Amara Nwosu", "Legal counsel", Role.CONTROL_OWNER, "tomas.okafor"),
    ("lucia.ferreira", "Lucia Ferreira", "Privacy officer", Role.EMPLOYEE, "amara.nwosu"),
    ("noor.haddad", "Noor Haddad", "Finance lead", Role.CONTROL_OWNER, "tomas.okafor"),
    ("ben.thackeray", "Ben Thackeray", "Support lead", Role.CONTROL_OWNER, "jonas.petrov"),
    ("sofia.andersen", "Sofia Andersen", "Site reliability engineer", Role.CONTROL_OWNER, "maya.lindqvist"),
    ("raj.iyer", "Raj Iyer", "Software engineer", Role.EMPLOYEE, "wen.zhao"),
    ("clara.weiss", "Clara Weiss", "Software engineer", Role.EMPLOYEE, "wen.zhao"),
    ("mateo.rios", "Mateo Rios", "Support engineer", Role.EMPLOYEE, "ben.thackeray"),
    ("yuki.tanaka", "Yuki Tanaka", "People partner", Role.EMPLOYEE, "helena.castro"),
    ("felix.brandt", "Felix Brandt", "Data analyst", Role.EMPLOYEE, "jonas.petrov"),
    ("grace.mbeki", "Grace Mbeki", "Software engineer", Role.EMPLOYEE, "wen.zhao"),
    ("auditor", "Audra Kimball", "Senior associate, Harrow & Pike LLP", Role.AUDITOR, ""),
)
NOT_YET_IN: Final = "grace.mbeki"  # starts next month: invited, without a password


def people(password: str) -> dict[str, User]:
    """Make the demo's people, all with this password; return them by the part of the address before the @.

    The administrator comes first and does the rest. One person has left, one has not accepted the invitation yet.
    """
    admin = invite(
        actor=SYSTEM,
        email="admin@example.com",
        name="Astrid Hallberg",
        title="IT administrator",
        role=Role.ADMINISTRATOR,
        mail=False,
    )
    set_password(admin, password, verb="auth.invitation_accepted")
    found = {"admin": admin}
    for handle, name, title, role, manager in PEOPLE:
        found[handle] = invite(
            actor=admin,
            email=f"{handle}@example.com",
            name=name,
            title=title,
            role=role,
            manager=found.get(manager),
            mail=False,
        )
        if handle != NOT_YET_IN:
            set_password(found[handle], password, verb="auth.invitation_accepted")
    change_role(found["lucia.ferreira"], Role.CONTROL_OWNER, actor=admin, reason="Appointed privacy officer")
    deactivate(found["felix.brandt"], actor=admin, reason="Left the company")
    return found
