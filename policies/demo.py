"""The demo company's policies: most of the starter texts adapted and in force, by the verbs people use."""

import datetime
from collections.abc import Mapping as ReadOnly
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.demo_clock import as_on
from foundation.organisation.models import today
from foundation.trail.keep import save
from people.models import Person
from policies import actions, approval, drafting, exceptions, reviews
from policies.acknowledging.giving import acknowledge
from policies.library import adapt, add_templates
from policies.models import Audience, Policy, PolicyVersion
from policies.people import approvers_of
from policies.text.markdown import FILL_IN
from policies.text.starters import starters

DAY: Final = datetime.timedelta(days=1)
MORNING: Final = datetime.time(9, 0, tzinfo=datetime.UTC)
ONE_IN: Final = 9  # of what people have to acknowledge is still open
LEFT_TO_OWNER: Final = 3
# Who owns each policy that the company made its own; the others stay templates.
OWNERS: Final = {
    "information-security": "daniel.osei",
    "acceptable-use": "owner",
    "access-control": "owner",
    "authentication": "owner",
    "asset-management": "maya.lindqvist",
    "data-classification": "daniel.osei",
    "encryption": "daniel.osei",
    "change-management": "wen.zhao",
    "secure-development": "wen.zhao",
    "vulnerability-management": "daniel.osei",
    "logging-monitoring": "maya.lindqvist",
    "incident-response": "daniel.osei",
    "business-continuity": "maya.lindqvist",
    "backup": "maya.lindqvist",
    "vendor-management": "compliance",
    "risk-management": "compliance",
    "hr-security": "helena.castro",
    "code-of-conduct": "helena.castro",
    "remote-work": "owner",
    "retention-disposal": "amara.nwosu",
    "privacy": "amara.nwosu",
}
# What the company filled in, by what the text asks for.
FILLED: Final = {
    "how often": "every quarter",
    "how often again": "every year",
    "deadline": "the end of the month",
    "how long": "30 days",
    "its address": "https://fernwood.example.com",
    "the channel": "the line for concerns on the intranet",
    "where to report": "security@example.com",
    "where": "security@example.com",
    "severity": "medium",
    "least length": "16 signs",
    "board or advisers": "the advisers",
    "the address": "security@example.com",
    "where requests are made": "in the help desk",
    "deadline for leavers, and for people dismissed": "the end of the last day; at once for people dismissed",
    "name the service and the companies": "Fernwood Cloud and Fernwood AB",
    "entities and services in scope": "Fernwood AB with Fernwood Cloud",
}
OTHERWISE: Final = "as the owner of this policy keeps it on the intranet"
IN_REVIEW, AMENDED, REVIEWED, DUE, BEING_WRITTEN = (
    "encryption", "access-control", "code-of-conduct", "backup", "vendor-management",
)  # fmt: skip
FOR_A_GROUP: Final = ("change-management", "secure-development")
APPROVED_DAYS_AGO: Final = {REVIEWED: 380, DUE: 350}
USUALLY: Final = 150


@transaction.atomic
def policies(*, compliance: User, staff: ReadOnly[str, User]) -> None:
    """Take every starter text over, and walk most of them to their state. Controls and the roster are there before."""
    with as_on(ago(400)):
        add_templates(list(starters()), actor=compliance)
    for key, handle in OWNERS.items():
        with as_on(ago(APPROVED_DAYS_AGO.get(key, USUALLY) + 10)):
            written(key, staff[handle], compliance, staff)
        if key != IN_REVIEW:
            with as_on(ago(APPROVED_DAYS_AGO.get(key, USUALLY))):
                approved(key, compliance)
    changed(compliance, staff)
    read(staff)


def written(key: str, owner: User, compliance: User, staff: ReadOnly[str, User]) -> None:
    """Adapt a template: owner, approver, audience, and the places that the text leaves open."""
    policy = Policy.objects.get(starter_key=key)
    policy.owner = owner
    adapt(
        save(policy, actor=compliance, verb="policy.updated"), actor=compliance, note="It holds for the whole company."
    )
    approver = staff["tomas.okafor"] if owner in (compliance, staff["helena.castro"]) else staff["manager"]
    actions.name_approver(found(key), actor=compliance, approver=approver, reason="Answers for this area.")
    departments = Person.objects.filter(user=staff["wen.zhao"]).values_list("department", flat=True)
    if key in FOR_A_GROUP and any(departments):
        actions.change_audience(
            found(key), actor=compliance, reason="Only they release software.", audience=Audience.GROUPS,
            acknowledged=True, departments=list(departments),
        )  # fmt: skip
    version = drafting.open_version(found(key))
    assert version is not None  # noqa: S101 - adapting begins one
    text = FILL_IN.sub(lambda open_: filling(open_.group()), version.text)
    drafting.write(version, actor=compliance, title=version.title, text=text)


def filling(asked: str) -> str:
    """What the company put where the text asks for something: “[fill in: how often]”."""
    return FILLED.get(asked.partition(":")[2].strip(" ]"), OTHERWISE)


def approved(key: str, compliance: User) -> None:
    """Submit the open version of a policy, and have it approved by whoever is named."""
    version = drafting.open_version(found(key))
    assert version is not None  # noqa: S101 - it was written just now
    drafting.submit(version, actor=compliance, note="Please read it until Friday.")
    for approver in approvers_of(version.policy_id):
        approval.approve(PolicyVersion.objects.get(pk=version.pk), actor=approver, note="Agreed.")


def changed(compliance: User, staff: ReadOnly[str, User]) -> None:
    """What happened since: an amendment, a review, a version in review, one that is being written, an exception."""
    with as_on(ago(40)):
        version = drafting.amend(
            found(AMENDED), actor=compliance, material=True, change_note="Programs have owners too, since the audit."
        )
        more = "Every program that signs in has an owner, who looks at its rights each quarter."
        text = f"{version.text.rstrip()}\n\n{more}\n"
        drafting.write(
            version, actor=compliance, title=version.title, text=text, change_note=version.change_note, material=True
        )
        approved(AMENDED, compliance)
    with as_on(ago(20)):
        reviews.review(found(REVIEWED), actor=staff["helena.castro"], note="Read with the people partners; it fits.")
    waiting = drafting.open_version(found(IN_REVIEW))
    assert waiting is not None  # noqa: S101 - it was left open
    drafting.submit(waiting, actor=compliance, note="The first version, please.")
    drafting.amend(
        found(BEING_WRITTEN), actor=compliance, material=False, change_note="Name who reads the vendors' reports."
    )
    with as_on(ago(30)):
        asked = exceptions.request_exception(
            found("authentication"), actor=staff["ben.thackeray"], what="Passwords of 16 signs",
            for_whom="The old ticket kiosk in the lobby", reason="It takes 12 signs at most, and goes in spring.",
            compensating="It stands in a network of its own, and its password changes each month.",
            until=today() + 50 * DAY,
        )  # fmt: skip
        exceptions.approve(asked, actor=compliance, note="Until the kiosk goes.")


def read(staff: ReadOnly[str, User]) -> None:
    """Most people acknowledged most of what is for them; the rest still has to be read."""
    here = Person.objects.live().filter(user__isnull=False).select_related("user").order_by("id")
    bound = PolicyVersion.objects.in_force().select_related("policy").order_by("policy_id")
    for turn, person in enumerate(here):
        user: Any = person.user
        mine = Policy.objects.in_force().filter(acknowledged=True).for_person(person).values_list("pk", flat=True)
        for number, version in enumerate([one for one in bound if one.policy_id in set(mine)]):
            late = person.user == staff["owner"] and number < LEFT_TO_OWNER
            if late or (turn + number) % ONE_IN == 0 or version.in_force_from is None:
                continue
            day = max(version.in_force_from, person.starts_on) + (turn % 9 + 2) * DAY
            if day <= today():
                with as_on(datetime.datetime.combine(day, MORNING)):
                    acknowledge(version, actor=user, sha256=version.sha256)


def found(key: str) -> Policy:
    """The policy of a starter text, as it is stored now."""
    return Policy.objects.get(starter_key=key)


def ago(days: int) -> datetime.datetime:
    """A moment so many days before now."""
    return timezone.now() - days * DAY
