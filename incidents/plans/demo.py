"""The demo company's response plan: the version in force, with names and telephones, and a draft of the next."""

import datetime
import re
from typing import Any, Final

from foundation.accounts.models import User
from foundation.organisation.demo_clock import as_on
from foundation.organisation.models import today
from incidents.models import PlanVersion, ResponsePlan
from incidents.plans import approving, writing
from incidents.plans.content import ALL_TEXTS, PARTS, parts_of

DAYS_AGO: Final = 310  # when the plan came into force
MORNING: Final = datetime.time(9, 0, tzinfo=datetime.UTC)
GAP: Final = re.compile(r"\[fill in: ([^\]]*)\]")
# What the company says where the starter text leaves it open: by the words in the gap.
SAID: Final = {
    "number and code, printed, not only in our chat": "+46 8 5550 0100, code 4471",
    "how long": "two weeks",
    "where, and who has the key": "in the safe on the third floor; the commander and the executive have keys",
    "which channel": "the status page and a mail to their security contact",
    "after how many minutes": "60 minutes",
    "outside counsel": "Advokat Lindmark & Berg",
    "forensics firm": "Nordlys Forensics",
    "contract number, hours": "contract NF-2291, around the clock",
    "insurer": "Skeppsbro Insurance",
    "policy number": "policy SB-77120",
    "hosting provider": "Cloudharbour",
    "customers with a contractual deadline": "Customers with a clause of 48 hours: list in the safe",
    "supervisory authority": "Data protection authority",
    "police unit": "Police, computer crime",
}
APPROVED: Final = "I read the whole plan, its roles and its playbooks, and approve it."
REVIEWED: Final = "I read the plan in force. It still holds: no change is needed."
PHONE: Final = "+46 8 5550 01"
ROLES: Final = ("Commander", "Technical lead", "Communications", "Legal and privacy", "Scribe", "Executive")


def at(days: int) -> datetime.datetime:
    """A morning so many days ago."""
    return datetime.datetime.combine(today() - datetime.timedelta(days=days), MORNING)


def plans(*, compliance: User, approver: User, staff: dict[str, User]) -> PlanVersion:
    """One plan: its version in force, which was reviewed once, and a draft that waits for the approver.

    Returns the version in force.
    """
    people = list(dict.fromkeys(user for user in staff.values() if user.role not in ("", "auditor")))
    with as_on(at(DAYS_AGO + 12)):
        plan = writing.begin(ResponsePlan(title="Incident response plan", owner=compliance), actor=compliance)
        first = PlanVersion.objects.get(plan=plan)
        fill(first, compliance, people)
    with as_on(at(DAYS_AGO + 2)):
        note = "The first version: the starter text with our own people, numbers and channel."
        first = approving.submit(fresh(first), actor=compliance, approver=approver, change_note=note)
    with as_on(at(DAYS_AGO)):
        first = approving.approve(fresh(first), actor=approver, statement=APPROVED)
    with as_on(at(30)):
        approving.review(ResponsePlan.objects.get(pk=plan.pk), actor=compliance, statement=REVIEWED)
    with as_on(at(6)):
        note = "After the exercise: counsel's number at night, and who may switch off the service."
        second = writing.draft(ResponsePlan.objects.get(pk=plan.pk), actor=compliance, change_note=note)
        second.notification = f"{second.notification}\n\nCounsel is called first, at any hour."
        second = writing.rewrite(second, actor=compliance)
        approving.submit(fresh(second), actor=compliance, approver=approver, change_note=note)
    return first


def fill(version: PlanVersion, actor: User, people: list[User]) -> None:
    """Say what the starter text leaves open; the roles go to people with accounts."""
    for name in ALL_TEXTS:
        setattr(version, name, filled(getattr(version, name), 0))
    writing.rewrite(version, actor=actor)
    for part, rows in parts_of(version).items():
        for place, row in enumerate(rows):
            said = {
                field: filled(text, place) for field in PARTS[part][1] if isinstance(text := getattr(row, field), str)
            }
            if part == "roles":
                said |= held(row.role, people)
            writing.change_part(row, actor=actor, **said)


def held(role: str, people: list[User]) -> dict[str, Any]:
    """Who holds a role, and who stands in, with invented numbers."""
    place = ROLES.index(role)
    user, deputy = people[place % len(people)], people[(place + 3) % len(people)]
    return {
        "user": user, "name": "", "telephone": f"{PHONE}{10 + place}", "deputy": deputy, "deputy_name": "",
        "deputy_telephone": f"{PHONE}{20 + place}",
    }  # fmt: skip


def filled(text: str, place: int) -> str:
    """A text with what the company says in its gaps; a telephone is an invented one."""
    return GAP.sub(lambda gap: SAID.get(gap[1], f"{PHONE}{30 + place}"), text)


def fresh(version: PlanVersion) -> PlanVersion:
    """The version as it is stored now."""
    return PlanVersion.objects.get(pk=version.pk)
