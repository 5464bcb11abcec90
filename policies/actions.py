"""What people do with a policy besides writing, approving and reviewing it: audience, approvers, links to controls."""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from controls.models import Control
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.steps import locked, say, tie, untie
from people.models import Kind
from policies.drafting import open_version, why_owned
from policies.models import (
    Audience,
    Part,
    Policy,
    PolicyApprover,
    PolicyControl,
    PolicyGroup,
    Status,
    VersionState,
)
from policies.people import may_approve


@transaction.atomic
def change(policy: Policy, *, actor: Any) -> Policy:
    """Save what the form changed. The next review follows the cadence; the title is the text's once it is in force.

    Raises ValidationError where a policy would lose its owner that is in force, or about to be.
    """
    stored = Policy.objects.select_for_update().get(pk=policy.pk)
    if stored.status in (Status.IN_FORCE, Status.RETIRED) and policy.title != stored.title:
        raise ValidationError({"title": "Amend the policy to give it another title."})
    if policy.owner_id is None and (words := why_owned(stored)):
        raise ValidationError({"owner": words})
    if stored.last_reviewed_on and stored.status == Status.IN_FORCE and stored.review_days != policy.review_days:
        policy.next_review_on = policy.next_review(stored.last_reviewed_on)
    return save(policy, actor=actor, verb="policy.updated")


# ---- audience ------------------------------------------------------------------------------------------------------


@transaction.atomic
def change_audience(
    policy: Policy, *, actor: Any, reason: str, audience: str, acknowledged: bool, kinds: Collection[str] = (),
    departments: Collection[str] = (),
) -> Policy:  # fmt: skip
    """Say whom a policy is for: everybody, or these groups; and whether they acknowledge it.

    departments: as the roster writes them. Raises ValidationError without a reason, or for groups without any.
    """
    policy = locked(policy)
    say(reason, "Say why it is for them.")
    wanted = {(kind, "") for kind in kinds} | {("", name.strip()) for name in departments if name.strip()}
    if audience not in Audience.values or any(kind and kind not in Kind.values for kind, _ in wanted):
        raise ValidationError({"audience": "There is no such group."})
    if audience == Audience.GROUPS and not wanted:
        raise ValidationError({"audience": "Name at least one group."})
    if audience == Audience.EVERYBODY and wanted:
        raise ValidationError({"audience": "It is for everybody, or for groups: not both."})
    set_groups(policy, wanted, actor=actor, reason=reason)
    policy.audience, policy.acknowledged = audience, acknowledged
    return save(policy, actor=actor, verb="policy.audience_changed", reason=reason)


def set_groups(policy: Policy, wanted: set[tuple[str, str]], *, actor: Any, reason: str) -> None:
    """Link these groups and no others; one that was taken off comes back."""
    known = {(one.kind, one.department): one for one in PolicyGroup.objects.select_for_update().filter(policy=policy)}
    refs = {"policy": policy.pk}
    for key in sorted(wanted):
        group = known.get(key)
        if group is None:
            group = PolicyGroup(policy=policy, kind=key[0], department=key[1])
            save(group, actor=actor, verb="policygroup.created", reason=reason, refs=refs)
        elif group.archived_at is not None:
            group.archived_at = None
            save(group, actor=actor, verb="policygroup.restored", reason=reason, refs=refs)
    for key, group in known.items():
        if key not in wanted and group.archived_at is None:
            group.archived_at = timezone.now()
            save(group, actor=actor, verb="policygroup.archived", reason=reason, refs=refs)


# ---- approvers -----------------------------------------------------------------------------------------------------


@transaction.atomic
def name_approver(policy: Policy, *, actor: Any, approver: User, reason: str) -> PolicyApprover:
    """Name somebody who must approve every version. Raises ValidationError for who cannot, or during a review."""
    policy = locked(policy)
    check_settled(policy)
    if not may_approve(approver):
        raise ValidationError({"approver": f"{approver} cannot approve: that takes a manager's role."})
    return tie(PolicyApprover(policy=policy, user=approver), actor=actor, reason=reason)


@transaction.atomic
def remove_approver(named: PolicyApprover, *, actor: Any, reason: str) -> PolicyApprover:
    """Take an approver off. Raises Stale, ValidationError without a reason or during a review."""
    check_settled(Policy.objects.select_for_update().get(pk=named.policy_id))
    return untie(named, actor=actor, reason=reason)


def check_settled(policy: Policy) -> None:
    """Who approves is settled before a version is submitted. Raises ValidationError while one is in review."""
    version = open_version(policy)
    if version is not None and version.state == VersionState.IN_REVIEW:
        raise ValidationError(f"{version.ref} is in review. Return it first: then its approvers can be changed.")


# ---- controls ------------------------------------------------------------------------------------------------------


@transaction.atomic
def link_control(policy: Policy, *, actor: User, control: str, part: str, reason: str) -> PolicyControl:
    """Say for which control a part of the policy is evidence, by its reference. Raises ValidationError."""
    policy = locked(policy)
    found = visible(actor, Control).filter(ref__iexact=control.strip()).first()
    if found is None:
        raise ValidationError({"control": "There is no control with this reference."})
    if found.archived_at:
        raise ValidationError({"control": f"{found.ref} is archived."})
    return tie_control(policy, found, part, reason, actor=actor)


def tie_control(policy: Policy, control: Control, part: str, reason: str, *, actor: Any) -> PolicyControl:
    """The link itself, once both are found. Raises ValidationError as `steps.tie`."""
    if part not in Part.values:
        raise ValidationError({"part": "Approval, review or acknowledgement."})
    return tie(PolicyControl(policy=policy, control=control, part=part, reason=reason), actor=actor, reason=reason)


@transaction.atomic
def unlink_control(link: PolicyControl, *, actor: User, reason: str) -> PolicyControl:
    """Say that it is that no longer. What was recorded before stays. Raises as `steps.untie`."""
    return untie(link, actor=actor, reason=reason)
