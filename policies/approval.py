"""Approving a version, and what follows: it comes into force on its day, and supersedes the one before (R8.1).

A version is approved when everybody who is named has approved it as it was submitted. At least one of them wrote
nothing of it: an author's own approval counts, and never suffices.
"""

import datetime
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from foundation.accounts.access import apart, refs_of
from foundation.accounts.duties import POLICY_APPROVAL
from foundation.accounts.models import DutyException, User
from foundation.organisation.models import day_at, today
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from foundation.trail.steps import locked, move, say
from policies.content import hash_of, promises_of
from policies.drafting import authors_of, open_version
from policies.exceptions import end_all
from policies.models import (
    MOVES,
    VERSION_MOVES,
    Policy,
    PolicyApproval,
    PolicyVersion,
    Status,
    VersionState,
)
from policies.people import approvers_of, may_approve
from policies.results import keep_approval

STATEMENT: Final = "I have read {version} as submitted, and approve it."

# ---- approving -----------------------------------------------------------------------------------------------------


@transaction.atomic
def approve(version: PolicyVersion, *, actor: User, note: str = "") -> PolicyVersion:
    """Approve a submitted version, as one of its named approvers; the last of them puts it into force on its day.

    Raises PermissionDenied for whoever is not named, and for authors who would be the only ones to approve it (unless
    an exception allows that); ValidationError where nothing waits, and where a promised number is another by now.
    """
    version = locked(version)
    waiting = {one.pk: one for one in approvers_of(version.policy_id)}
    if actor.pk not in waiting or not may_approve(actor):
        raise PermissionDenied("It is approved by those who are named for that.")
    if version.state != VersionState.IN_REVIEW:
        raise ValidationError(f"{version.ref} is {version.get_state_display().lower()}: nothing waits for approval.")
    given = list(PolicyApproval.objects.filter(policy_version=version, submission=version.submission))
    for approval in given:
        waiting.pop(approval.approver_id, None)
    if actor.pk not in waiting:
        raise ValidationError("You approved it already.")
    check_promises(version)
    sign(version, given, last=len(waiting) == 1, actor=actor, note=note)
    return completed(version, actor) if len(waiting) == 1 else version


def check_promises(version: PolicyVersion) -> None:
    """What approvers sign is what holds today (R8.3). Raises ValidationError where a setting was changed since."""
    if promises_of(version.text) != version.promises:
        raise ValidationError(
            "A setting that it promises is another than when it was submitted. Return it, and submit it anew."
        )
    if hash_of(version) != version.sha256:
        raise ValidationError("Its words are not those that were submitted. Return it.")


def sign(version: PolicyVersion, given: list[PolicyApproval], *, last: bool, actor: User, note: str) -> PolicyApproval:
    """The approval itself. The last of several authors would approve it alone: refused, or by an exception."""
    authors, exception = authors_of(version), None
    if last and all(approval.by_author for approval in given):
        exception = apart(actor, authors, POLICY_APPROVAL, version)
    approval = PolicyApproval(
        policy_version=version, submission=version.submission, sha256=version.sha256, approver=actor,
        approved_at=timezone.now(), statement=STATEMENT.format(version=f"{version.ref}, “{version.title}”,"),
        note=note.strip(), by_author=actor.pk in authors, approved_under=exception,
    )  # fmt: skip
    return save(approval, actor=actor, verb="policyapproval.created", reason=note, refs=refs_for(version, exception))


def refs_for(version: PolicyVersion, exception: DutyException | None = None) -> dict[str, Any]:
    """What an entry about an approval names."""
    refs = {"policyversion": version.pk, "policy": version.policy_id, "sha256": version.sha256}
    return refs | refs_of(exception)


def completed(version: PolicyVersion, actor: User) -> PolicyVersion:
    """Everybody has approved it: it is frozen, and in force at once where no later day was chosen."""
    move(version, VersionState.APPROVED, VERSION_MOVES, "state")
    version.approved_at, version.state_note = timezone.now(), ""
    version.evidence = keep_approval(version, approvals_of(version), signed_by=actor)
    refs = {"policy": version.policy_id, "sha256": version.sha256, "evidence": version.evidence.pk}
    save(version, actor=actor, verb="policyversion.approved", refs=refs)
    if version.effective_on is None or version.effective_on <= today():
        come_into_force(version, actor=actor)
    return version


def approvals_of(version: PolicyVersion) -> list[PolicyApproval]:
    """Every approval of a version, the void ones as well, oldest first. One query."""
    found = PolicyApproval.objects.filter(policy_version=version.pk).select_related("approver", "approved_under")
    return list(found.order_by("id"))


# ---- in force ------------------------------------------------------------------------------------------------------


def come_into_force(version: PolicyVersion, *, actor: Any) -> PolicyVersion:
    """Put an approved version into force, and the one before out of it; its approval counts as the policy's review."""
    assert version.approved_at is not None  # noqa: S101 - a constraint of the table
    policy = Policy.objects.select_for_update().get(pk=version.policy_id)
    approved_on = day_at(version.approved_at)
    day = max(version.effective_on or approved_on, approved_on)
    leave_force(policy, VersionState.SUPERSEDED, day, actor=actor, reason=f"{version.number} is in force.")
    move(version, VersionState.IN_FORCE, VERSION_MOVES, "state")
    version.in_force_from = day
    save(version, actor=actor, verb="policyversion.came_into_force", refs={"policy": policy.pk})
    if policy.status != Status.IN_FORCE:
        move(policy, Status.IN_FORCE, MOVES)
    policy.title, policy.status_note = version.title, ""
    policy.last_reviewed_on, policy.next_review_on = approved_on, policy.next_review(approved_on)
    save(policy, actor=actor, verb="policy.came_into_force", refs={"policyversion": version.pk})
    return version


def leave_force(policy: Policy, state: str, day: datetime.date, *, actor: Any, reason: str) -> None:
    """Put the version that is in force out of it, if there is one."""
    before = PolicyVersion.objects.select_for_update().filter(policy=policy, state=VersionState.IN_FORCE).first()
    if before is None:
        return
    move(before, state, VERSION_MOVES, "state")
    before.in_force_until, before.state_note = day, reason
    save(before, actor=actor, verb=f"policyversion.{state}", reason=reason, refs={"policy": policy.pk})


@transaction.atomic
def retire(policy: Policy, *, actor: User, reason: str) -> Policy:
    """Take a policy out of force; exceptions from it end. Raises ValidationError where a version is being worked on."""
    policy = locked(policy)
    say(reason, "Say why it is not needed any more.")
    move(policy, Status.RETIRED, MOVES)
    if (version := open_version(policy)) is not None:
        raise ValidationError(f"{version.ref} is being worked on. Withdraw it first.")
    end_all(policy, actor=actor, reason=reason)
    leave_force(policy, VersionState.RETIRED, today(), actor=actor, reason=reason)
    policy.status_note, policy.next_review_on = reason, None
    return save(policy, actor=actor, verb="policy.retired", reason=reason)


def check_put_away(policy: Policy) -> None:
    """What binds people or is being worked on is not archived unseen. Raises ValidationError. The row is locked."""
    policy = Policy.objects.select_for_update().get(pk=policy.pk)
    if policy.status == Status.IN_FORCE:
        raise ValidationError("It is in force. Retire it first.")
    if (version := open_version(policy)) is not None and version.state != VersionState.DRAFT:
        raise ValidationError(f"{version.ref} waits for approval or for its day. Withdraw it first.")


def put_due_into_force() -> int:
    """Put every approved version into force whose day has come; returns how many. Each in its own step.

    Doing it twice changes nothing; how long nobody did it does not matter.
    """
    due = PolicyVersion.objects.filter(state=VersionState.APPROVED, effective_on__lte=today()).order_by("id")
    return sum(into_force_one(pk) for pk in due.values_list("pk", flat=True))


@transaction.atomic
def into_force_one(pk: int) -> bool:
    """Put one version into force, unless somebody was first: whether it did."""
    version = PolicyVersion.objects.select_for_update().get(pk=pk)
    if version.state != VersionState.APPROVED:
        return False
    come_into_force(version, actor=SYSTEM)
    return True
