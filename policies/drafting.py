"""Writing a policy: a draft is begun, written at, submitted, returned or withdrawn, while the one in force stands.

A policy has one open version at most. Whoever began a version or stored words of it is its author for good
(PolicyAuthor).
An edit while a version is in review returns it to draft, and voids what was approved of it.
"""

import datetime
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from foundation.accounts.access import are_apart
from foundation.accounts.duties import POLICY_APPROVAL
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say
from policies import news
from policies.content import check_text, hash_of, promises_of
from policies.models import (
    BINDING,
    OPEN,
    VERSION_MOVES,
    Policy,
    PolicyAuthor,
    PolicyVersion,
    Status,
    VersionState,
)
from policies.people import approvers_of, may_approve
from policies.text.placeholders import unfilled

EDITED: Final = "Edited while in review: what was approved of it is void."

# ---- beginning -----------------------------------------------------------------------------------------------------


@transaction.atomic
def register(policy: Policy, *, actor: Any, text: str = "") -> Policy:
    """Store a new policy with the draft of its first version. Raises ValidationError for a text that cannot stand."""
    check_text(text)
    policy.status = Status.DRAFT
    save(policy, actor=actor, verb="policy.created")
    begin(policy, actor=actor, text=text)
    return policy


@transaction.atomic
def amend(policy: Policy, *, actor: User, change_note: str, material: bool) -> PolicyVersion:
    """Begin the next version, with the words of the one before. What is in force stays in force until that is approved.

    Raises ValidationError without a note, for a template, or where a version is being worked on.
    """
    policy = locked(policy)
    say(change_note, "Say what is to change, and why.")
    if policy.status == Status.TEMPLATE:
        raise ValidationError("It is a template: make it the company's own first.")
    if open_version(policy) is not None:
        raise ValidationError(f"A version of {policy.ref} is being worked on.")
    versions = PolicyVersion.objects.filter(policy=policy).order_by("-id")
    before = versions.filter(state__in=BINDING).first() or versions.first()
    text = before.text if before else ""
    version = begin(policy, actor=actor, text=text, material=material, change_note=change_note.strip())
    if before is not None and before.state not in BINDING:  # words that nobody approved keep their authors
        for author in User.objects.filter(pk__in=authors_of(before)).exclude(pk=actor.pk).order_by("id"):
            note_author(version, author, actor=actor)
    return version


def begin(policy: Policy, *, actor: Any, text: str, material: bool = True, change_note: str = "") -> PolicyVersion:
    """The draft of a policy's next version, stored."""
    person = actor if isinstance(actor, User) else None
    version = PolicyVersion(
        policy=policy, title=policy.title, text=text, material=material, change_note=change_note, drafted_by=person
    )
    number(version)
    save(version, actor=actor, verb="policyversion.created", reason=change_note, refs={"policy": policy.pk})
    name_author(version, actor)
    return version


def number(version: PolicyVersion) -> None:
    """Give a draft its number: after the last that was in force, by the first part for a material change.

    A policy's first version is 1.0, and material: nobody has acknowledged anything of it yet.
    """
    found = PolicyVersion.objects.filter(policy=version.policy_id, state__in=BINDING)
    last = found.order_by("-major", "-minor").values_list("major", "minor").first()
    if last is None:
        version.major, version.minor, version.material = 1, 0, True
    elif version.material:
        version.major, version.minor = last[0] + 1, 0
    else:
        version.major, version.minor = last[0], last[1] + 1


def open_version(policy: Policy) -> PolicyVersion | None:
    """The version that is being worked on or waits for its day. At most one is (a constraint)."""
    found: PolicyVersion | None = PolicyVersion.objects.filter(policy=policy.pk, state__in=OPEN).first()
    return found


def why_owned(policy: Policy) -> str:
    """Why a policy cannot be left without an owner now, in words; "" where it can. One query."""
    if policy.status == Status.IN_FORCE:
        return "A policy in force has an owner."
    version = open_version(policy)
    if version is None or version.state == VersionState.DRAFT:
        return ""
    return f"{version.ref} waits for approval or for its day: somebody has to answer for it."


# ---- writing -------------------------------------------------------------------------------------------------------


@transaction.atomic
def write(
    version: PolicyVersion, *, actor: Any, title: str, text: str, change_note: str = "", material: bool = True,
    effective_on: datetime.date | None = None,
) -> PolicyVersion:  # fmt: skip
    """Store what a draft says. In review it is returned to draft by that, and what was approved of it is void.

    effective_on: the day from which it holds once it is approved; None: that day itself. Raises ValidationError for a
    version that is frozen, a text that is too long or promises an unknown number, or a day that has passed; Stale.
    """
    version = locked(version)
    if version.is_over:
        raise ValidationError(f"{version.ref} is {version.get_state_display().lower()}: it is not written any more.")
    say(title, "Give it a title.")
    check_text(text)
    if effective_on is not None and effective_on < today():
        raise ValidationError({"effective_on": "This day has passed."})
    before = said(version)
    version.title, version.text, version.change_note = title.strip(), text.replace("\r\n", "\n"), change_note.strip()
    version.material, version.effective_on = material, effective_on
    number(version)
    if said(version) == before:
        return version
    reason = ""
    if version.state == VersionState.IN_REVIEW:
        reason = EDITED
        back_to_draft(version, reason)
    save(version, actor=actor, verb="policyversion.written", reason=reason, refs={"policy": version.policy_id})
    name_author(version, actor)
    name_policy(version, actor)
    return version


def said(version: PolicyVersion) -> tuple[Any, ...]:
    """What an author says of a version."""
    return (version.title, version.text, version.change_note, version.material, version.effective_on)


def name_author(version: PolicyVersion, actor: Any) -> None:
    """Note that somebody wrote at a draft, once for each person."""
    if not isinstance(actor, User) or PolicyAuthor.objects.filter(policy_version=version, user=actor).exists():
        return
    note_author(version, actor, actor=actor)


def note_author(version: PolicyVersion, author: User, *, actor: User) -> None:
    """Write down one author of a draft, whose words the actor stored or took over."""
    refs = {"policyversion": version.pk}
    save(PolicyAuthor(policy_version=version, user=author), actor=actor, verb="policyauthor.created", refs=refs)


def name_policy(version: PolicyVersion, actor: Any) -> None:
    """Call a policy that was never in force as its draft is called."""
    policy = Policy.objects.select_for_update().get(pk=version.policy_id)
    if policy.status == Status.DRAFT and policy.title != version.title:
        policy.title = version.title
        save(policy, actor=actor, verb="policy.updated", refs={"policyversion": version.pk})


def back_to_draft(version: PolicyVersion, reason: str) -> None:
    """Put a version that is in review back: nothing of it is signed any more."""
    move(version, VersionState.DRAFT, VERSION_MOVES, "state")
    version.state_note, version.sha256, version.promises = reason, "", {}
    version.submitted_by = version.submitted_at = None


def authors_of(version: PolicyVersion) -> set[int]:
    """The numbers of everybody who wrote at a version. One query."""
    return set(PolicyAuthor.objects.filter(policy_version=version.pk).values_list("user_id", flat=True))


# ---- submitting ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """One thing that keeps a draft from being submitted. mend: the verb on its policy that mends it, or ""."""

    words: str
    mend: str = ""


def blocks(version: PolicyVersion) -> list[Block]:
    """What keeps a draft from being submitted; nothing when it can be. Four queries at most."""
    found, policy = [], Policy.objects.select_related("owner").get(pk=version.policy_id)
    if policy.archived_at is not None:
        found.append(Block("The policy is archived: restore it first."))
    if not version.text.strip():
        found.append(Block("It says nothing yet: write its text."))
    if left := unfilled(version.text):
        found.append(Block(f"{len(left)} of its places are still to be filled in."))
    if (version.major, version.minor) != (1, 0) and not version.change_note.strip():
        found.append(Block("Say what changes in it."))
    if policy.owner is None or not policy.owner.is_active:
        found.append(Block("Nobody owns the policy: name an owner.", "change"))
    if version.effective_on is not None and version.effective_on < today():
        day = version.effective_on
        found.append(Block(f"The day on which it comes into force, {day}, has passed: choose another."))
    return [*found, *approver_blocks(version)]


def approver_blocks(version: PolicyVersion) -> list[Block]:
    """What its approvers have to do with that: somebody approves it who may, and who did not write it (R8.1)."""
    approvers = approvers_of(version.policy_id)
    if not approvers:
        return [Block("Nobody is named to approve it.", "name_approver")]
    if gone := [str(one) for one in approvers if not may_approve(one)]:
        return [Block(f"{', '.join(gone)} cannot approve any more: take them off, or name somebody else.")]
    authors = authors_of(version)
    if not any(are_apart(one, authors, POLICY_APPROVAL, version) for one in approvers):
        words = "Everybody who is named to approve it wrote at it: name somebody else as well."
        return [Block(words, "name_approver")]
    return []


@transaction.atomic
def submit(version: PolicyVersion, *, actor: User, note: str = "") -> PolicyVersion:
    """Submit a draft to its approvers, with the numbers that it promises as they are today, hashed (R8.1, R8.3).

    Raises ValidationError with all that keeps it from that.
    """
    version = locked(version)
    if version.state != VersionState.DRAFT:
        raise ValidationError(f"{version.ref} is {version.get_state_display().lower()}.")
    Policy.objects.select_for_update().get(pk=version.policy_id)  # so that owner and approvers stay as they are
    if found := blocks(version):
        raise ValidationError([one.words for one in found])
    version.promises, version.submission = promises_of(version.text), version.submission + 1
    version.submitted_by, version.submitted_at, version.state_note = actor, timezone.now(), note.strip()
    version.sha256 = hash_of(version)
    move(version, VersionState.IN_REVIEW, VERSION_MOVES, "state")
    refs = {"policy": version.policy_id, "sha256": version.sha256}
    version = save(version, actor=actor, verb="policyversion.submitted", reason=note, refs=refs)
    news.submitted.tell(version, actor=actor)
    return version


@transaction.atomic
def give_back(version: PolicyVersion, *, actor: User, reason: str) -> PolicyVersion:
    """Return a submitted version to its authors, with a reason; what was approved of it is void."""
    version = locked(version)
    say(reason, "Say what is to change.")
    if version.state != VersionState.IN_REVIEW:
        raise ValidationError(f"{version.ref} is not in review.")
    back_to_draft(version, reason)
    refs = {"policy": version.policy_id}
    return save(version, actor=actor, verb="policyversion.returned", reason=reason, refs=refs)


@transaction.atomic
def withdraw(version: PolicyVersion, *, actor: User, reason: str) -> PolicyVersion:
    """Take a version back that is not in force yet; its number is free again. Raises IllegalMove, ValidationError."""
    version = locked(version)
    say(reason, "Say why it is taken back.")
    move(version, VersionState.WITHDRAWN, VERSION_MOVES, "state")
    version.state_note = reason
    refs = {"policy": version.policy_id}
    return save(version, actor=actor, verb="policyversion.withdrawn", reason=reason, refs=refs)
