"""Policies and what belongs to them, made for tests through the actions that everything uses."""

import datetime
from typing import Any

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.record import SYSTEM
from policies import actions, approval, drafting, exceptions
from policies.models import Audience, Policy, PolicyException, PolicyVersion, VersionState
from policies.people import approvers_of
from tests.factories.people import UserFactory

TEXT = "# Access control\n\nAccounts of leavers are closed.\n"
COUNTED = iter(range(1, 10**6))


def day(offset: int) -> datetime.date:
    """A day, counted from today."""
    return today() + datetime.timedelta(days=offset)


def a_policy(*, text: str = TEXT, actor: Any = SYSTEM, **values: Any) -> Policy:
    """A policy with an owner and a draft of version 1.0."""
    values = {"title": f"Policy {next(COUNTED)}"} | values
    if "owner" not in values:
        values["owner"] = UserFactory(role="manager")
    return drafting.register(Policy(**values), actor=actor, text=text)


def named(policy: Policy, *approvers: User) -> Policy:
    """The policy with these people named to approve it."""
    for approver in approvers:
        policy.refresh_from_db()
        actions.name_approver(policy, actor=SYSTEM, approver=approver, reason="Answers for it.")
    policy.refresh_from_db()
    return policy


def draft_of(policy: Policy) -> PolicyVersion:
    """Its open version, as it stands."""
    version = drafting.open_version(policy)
    assert version is not None
    return version


def written(version: PolicyVersion, *, actor: Any = SYSTEM, **said: Any) -> PolicyVersion:
    """The draft with some of its words changed."""
    version.refresh_from_db()
    kept = {name: getattr(version, name) for name in ("title", "text", "change_note", "material", "effective_on")}
    return drafting.write(version, actor=actor, **(kept | said))


def submitted(policy: Policy, *, author: User | None = None) -> PolicyVersion:
    """Its draft, submitted to its approvers; one is named where nobody was."""
    if not approvers_of(policy.pk):
        named(policy, UserFactory(role="manager"))
    return drafting.submit(draft_of(policy), actor=author or UserFactory(role="compliance_manager"))


def approved(version: PolicyVersion) -> PolicyVersion:
    """The submitted version, approved by everybody who is named."""
    for approver in approvers_of(version.policy_id):
        version.refresh_from_db()
        approval.approve(version, actor=approver)
    version.refresh_from_db()
    return version


def in_force(*, text: str = TEXT, audience: dict[str, Any] | None = None, **values: Any) -> PolicyVersion:
    """A version in force, from today, of a policy of its own. audience: kinds and departments, for groups alone."""
    policy = a_policy(text=text, **values)
    if audience is not None:
        actions.change_audience(
            policy, actor=SYSTEM, reason="Only they.", audience=Audience.GROUPS, acknowledged=True, **audience
        )
        policy.refresh_from_db()
    return approved(submitted(policy))


def amended(version: PolicyVersion, *, material: bool = True, **said: Any) -> PolicyVersion:
    """The next version of a policy in force, in force in its place."""
    policy = Policy.objects.get(pk=version.policy_id)
    drafting.amend(policy, actor=UserFactory(role="compliance_manager"), change_note="It grew.", material=material)
    words = {"text": f"{version.text}\nMore is said here.\n"} | said
    written(draft_of(policy), **words)
    found = approved(submitted(policy))
    assert found.state in (VersionState.IN_FORCE, VersionState.APPROVED)
    return found


def an_exception(policy: Policy, *, requested_by: User | None = None, **told: Any) -> PolicyException:
    """A request to be excepted from a policy in force, for a month."""
    said = {
        "what": "Passwords of 16 signs", "for_whom": "The old till", "reason": "It takes 12.",
        "compensating": "It stands behind a gateway.", "until": day(30),
    }  # fmt: skip
    policy.refresh_from_db()
    return exceptions.request_exception(policy, actor=requested_by or UserFactory(role="manager"), **(said | told))
