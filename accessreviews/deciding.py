"""Deciding on accounts: keep, change or remove, one by one or the unremarkable ones together; undone until signed.

Each verb locks the part first, so that nothing is decided while it is signed, and two who decide at once are told.
"""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from accessreviews.assigning import DECIDES
from accessreviews.models import Assignment, Choice, Comment, Decision, ReviewItem, ReviewState
from foundation.accounts.access import apart
from foundation.accounts.duties import ACCESS_DECISION
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.trail.keep import Stale, save, save_many
from foundation.trail.steps import locked, say
from systems.models import SystemAdministrator

MOST_AT_ONCE: Final = 500  # kept together in one request
MOST_ROLES: Final = 200
PARTICIPLES: Final = {Choice.KEEP: "kept", Choice.CHANGE: "changed", Choice.REMOVE: "removed"}
NOT_YOURS: Final = "These accounts were assigned to somebody else."


@transaction.atomic
def decide(
    item: ReviewItem, *, actor: User, choice: str, seen: int = 0, reason: str = "", roles_after: Sequence[str] = (),
) -> Decision:  # fmt: skip
    """Decide on one account.

    choice: of Choice. seen: the version of the decision that the person saw, 0 for none. reason: needed to change, to
    remove, and to keep an account that is flagged. roles_after: of a change, the roles that remain.

    Raises PermissionDenied for whoever it was not assigned to, whose account it is or who administers the system;
    Stale where a colleague decided meanwhile; ValidationError once it is signed, or for what was not said.
    """
    part = open_part(item.assignment_id, actor)
    independent(actor, [item], part)
    check(item, choice, reason, roles_after)
    known = Decision.objects.select_for_update().filter(item=item).first()
    if (known.version if known else 0) != seen:
        raise Stale(known or Decision(item=item, assignment=part))
    decision = known or Decision(item=item, assignment=part)
    decision.choice, decision.reason, decision.in_bulk = choice, reason.strip(), False
    decision.roles_after = cleaned(roles_after) if choice == Choice.CHANGE else []
    decision.decided_by, decision.decided_at = actor, timezone.now()
    decision.seconds = since_last(part, actor, decision.decided_at)
    return keep(decision, PARTICIPLES[Choice(choice)], actor, decision.reason)


@transaction.atomic
def keep_together(part: Assignment, items: Iterable[ReviewItem], *, actor: User) -> int:
    """Keep accounts that no flag marks and nobody has decided on; returns how many.

    Raises as `decide`; ValidationError for a flagged one among them (each is judged by itself), or for too many.
    """
    found = list(items)
    part = open_part(part.pk, actor)
    if not found:
        raise ValidationError("Tick the accounts that are to be kept together.")
    if len(found) > MOST_AT_ONCE:
        raise ValidationError(f"At most {MOST_AT_ONCE} accounts are kept together.")
    if any(item.assignment_id != part.pk for item in found):
        raise PermissionDenied(NOT_YOURS)
    if flagged := [str(item) for item in found if item.flagged]:
        names = ", ".join(flagged[:5])
        raise ValidationError(f"Flagged accounts are decided one by one, each with a reason: {names}.")
    independent(actor, found, part)
    known = {one.item_id: one for one in Decision.objects.select_for_update().filter(item__in=found)}
    if any(one.choice for one in known.values()):
        raise ValidationError("Some of them were decided meanwhile. Load the page again.")
    now, decisions = timezone.now(), []
    for item in found:
        decision = known.get(item.pk) or Decision(item=item, assignment=part)
        decision.choice, decision.reason, decision.roles_after = Choice.KEEP, "", []
        decision.decided_by, decision.decided_at, decision.seconds, decision.in_bulk = actor, now, None, True
        decisions.append(decision)
    save_many(
        decisions, actor=actor, verb_created="decision.kept", verb_updated="decision.kept", reason="",
        refs=lambda one: {"review": part.review_id, "account": one.item.account_id},
    )  # fmt: skip
    return len(decisions)


@transaction.atomic
def undo(item: ReviewItem, *, actor: User, seen: int) -> Decision:
    """Take a decision back, until its part is signed. Raises as `decide`; ValidationError where there is none."""
    part = open_part(item.assignment_id, actor)
    decision = Decision.objects.select_for_update().filter(item=item).exclude(choice="").first()
    if decision is None:
        raise ValidationError("Nothing is decided on this account.")
    if decision.version != seen:
        raise Stale(decision)
    decision.choice, decision.reason, decision.roles_after, decision.in_bulk = "", "", [], False
    decision.decided_by, decision.decided_at, decision.seconds = actor, timezone.now(), None
    decision.assignment = part
    return keep(decision, "undone", actor)


@transaction.atomic
def comment(item: ReviewItem, *, actor: User, words: str) -> Comment:
    """Say something about an account: its reviewer, delegate and approver do. Raises as `decide`."""
    part = Assignment.objects.select_related("review__campaign").get(pk=item.assignment_id)
    if actor.pk not in (part.reviewer_id, part.delegate_id, part.review.campaign.approver_id):
        raise PermissionDenied(NOT_YOURS)
    if part.review.state not in (ReviewState.DECIDING, ReviewState.SIGNED):
        raise ValidationError("This review is over. Corrections are addenda.")
    say(words, "Say something.")
    said = Comment(item=item, assignment=part, words=words.strip(), author=actor)
    return save(said, actor=actor, verb="comment.written", refs={"review": part.review_id, "account": item.account_id})


@transaction.atomic
def delegate(part: Assignment, *, actor: User, delegate: User | None, reason: str) -> Assignment:
    """Let a colleague decide beside the reviewer, who still signs; nobody (None) takes that back.

    Raises ValidationError without a reason, for the approver, the reviewer, an administrator of the system, or somebody
    whose role decides on nothing; and once the part is signed.
    """
    part = locked(part)
    if actor.pk != part.reviewer_id and actor.role != Role.COMPLIANCE_MANAGER:
        raise PermissionDenied(NOT_YOURS)
    say(reason, "Say why it is delegated, or why no longer.")
    review = part.review
    if part.signed_at or review.state != ReviewState.DECIDING:
        raise ValidationError("It is signed, or not open: nothing is left to decide.")
    if delegate is not None:
        eligible(part, delegate, "delegate")
    part.delegate = delegate
    return save(part, actor=actor, verb="assignment.delegated", reason=reason, refs={"review": part.review_id})


@transaction.atomic
def reassign(part: Assignment, *, actor: User, reviewer: User, reason: str) -> Assignment:
    """Give a part to another reviewer, who signs it: the first one has left, or cannot. Raises as `delegate`.

    What was decided stands as decided by whom it was; the new reviewer signs for it. Whoever has an account of their
    own in the part cannot take it over.
    """
    part = locked(part)
    say(reason, "Say why somebody else reviews it.")
    if part.signed_at or part.review.state != ReviewState.DECIDING:
        raise ValidationError("It is signed, or not open: nothing is left to decide.")
    eligible(part, reviewer, "reviewer")
    own = Q(subject=reviewer) | Q(account__owner=reviewer) | Q(account__person__user=reviewer)
    if ReviewItem.objects.filter(own, assignment=part).exists():
        raise ValidationError({"reviewer": f"An account of {reviewer} is among these."})
    part.reviewer = reviewer
    part.delegate = None if part.delegate_id == reviewer.pk else part.delegate
    return save(part, actor=actor, verb="assignment.reassigned", reason=reason, refs={"review": part.review_id})


def eligible(part: Assignment, person: User, field: str) -> None:
    """Raise ValidationError for somebody who cannot decide in this part."""
    review = part.review
    if person.pk in (part.reviewer_id, review.campaign.approver_id):
        raise ValidationError({field: f"{person} is the reviewer or the approver of it."})
    if person.role not in DECIDES or not person.is_active:
        raise ValidationError({field: f"{person}'s role decides on no accounts."})
    if person.pk in administrators(review.system_id):
        raise ValidationError({field: f"{person} administers {review.system.name}."})


# ---- what all of them ask ------------------------------------------------------------------------------------------


def open_part(number: int, actor: User) -> Assignment:
    """The part, locked, if this person decides in it now. Raises PermissionDenied, ValidationError."""
    part: Assignment = (
        Assignment.objects.select_for_update(of=("self",)).select_related("review__campaign", "review__system")
        .get(pk=number)
    )  # fmt: skip
    if actor.pk not in (part.reviewer_id, part.delegate_id):
        raise PermissionDenied(NOT_YOURS)
    if part.signed_at is not None:
        raise ValidationError("It is signed: what was decided stands.")
    if part.review.state != ReviewState.DECIDING:
        raise ValidationError(f"This review is {part.review.get_state_display().lower()}.")
    return part


def independent(actor: User, items: Sequence[ReviewItem], part: Assignment) -> None:
    """Nobody decides on their own account or on one of a system that they administer. Raises PermissionDenied (R4.1).

    As things stand now: who was tied to an account or made an administrator since it was launched is barred as well.
    """
    for item in items:
        apart(actor, barred_from(item), ACCESS_DECISION)
        if item.account.email and item.account.email == actor.email.lower():
            raise PermissionDenied(ACCESS_DECISION.rule)
    apart(actor, administrators(part.review.system_id), ACCESS_DECISION)


def barred_from(item: ReviewItem) -> set[int | None]:
    """Whose account it is, or who answers for it: as it was when launched, and as the roster says now."""
    person = item.account.person
    return {item.subject_id, item.account.owner_id, person.user_id if person else None}


def administrators(system: int) -> set[int]:
    """Who administers a system now."""
    return set(SystemAdministrator.objects.live().filter(system=system).values_list("user_id", flat=True))


def check(item: ReviewItem, choice: str, reason: str, roles_after: Sequence[str]) -> None:
    """Raise ValidationError for a decision that does not say enough."""
    if choice not in Choice.values:
        raise ValidationError({"choice": "Keep, change or remove it."})
    if not reason.strip():
        if choice != Choice.KEEP:
            raise ValidationError({"reason": f"Say why you {choice} it."})
        if item.flagged:
            raise ValidationError({"reason": "It is flagged: say why it is right to keep it all the same."})
    if choice == Choice.CHANGE:
        check_roles(item, cleaned(roles_after))


def check_roles(item: ReviewItem, roles: Sequence[str]) -> None:
    """A change leaves other roles than there are, and some. Raises ValidationError."""
    if not roles:
        raise ValidationError({"roles_after": "Say which roles remain. To take all of them away, remove the account."})
    if len(roles) > MOST_ROLES:
        raise ValidationError({"roles_after": f"At most {MOST_ROLES} roles."})
    if {role.casefold() for role in roles} == {role.casefold() for role in item.account.roles}:
        raise ValidationError({"roles_after": "These are the roles that it has. Keep it, or say what changes."})


def cleaned(roles: Sequence[str]) -> list[str]:
    """Roles as a person typed them: without blanks, each once, sorted."""
    return sorted({role.strip() for role in roles if role.strip()})


def since_last(part: Assignment, actor: User, now: datetime.datetime) -> int | None:
    """Seconds since this person's decision before in this part, by the server's clock; None for the first."""
    last = Decision.objects.filter(assignment=part, decided_by=actor).aggregate(last=Max("decided_at"))["last"]
    return None if last is None else max(0, int((now - last).total_seconds()))


def keep(decision: Decision, participle: str, actor: Any, reason: str = "") -> Decision:
    """Save it; its entry names the review and the account."""
    refs = {"review": decision.assignment.review_id, "account": decision.item.account_id}
    return save(decision, actor=actor, verb=f"decision.{participle}", reason=reason, refs=refs)
