"""Removals and changes that reviews asked for: due, done, and proved by a later listing or excepted (R4.1, R4.2)."""

import datetime
from collections.abc import Collection
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accessreviews.closing import close_if_settled
from accessreviews.models import Assignment, Choice, Decision, Known, ListedAccount, Listing, Removal
from evidence.models import Evidence, State
from findings.actions import raise_finding
from findings.models import Finding, Kind, Severity, SourceKind
from foundation.accounts.access import apart, refs_of, visible
from foundation.accounts.duties import REMOVAL_CONFIRMATION, REMOVAL_EXCEPTION
from foundation.accounts.models import User
from foundation.organisation.calendar import business_calendar
from foundation.organisation.models import day_at, today
from foundation.organisation.settings import setting
from foundation.trail.keep import save, save_many
from foundation.trail.record import SYSTEM
from foundation.trail.steps import locked, say

LONGEST_EXCEPTION: Final = datetime.timedelta(days=365)
DECIDED_ANEW: Final = "The review was returned, and decided otherwise."
SOURCE: Final = "Access review removals"
CHUNK: Final = 500
UNPROVED: Final = Q(archived_at=None, proved_at=None)


def demand(part: Assignment, *, actor: User) -> None:
    """Ask for what a part that was just signed decided to remove or change, as tasks with a deadline.

    Signed again after it was returned: what is no longer decided is withdrawn, what is decided otherwise begins anew
    with a deadline of its own, the rest goes on as it was.
    """
    known = {one.decision_id: one for one in Removal.objects.filter(decision__assignment=part)}
    wanted = Decision.objects.filter(assignment=part, choice__in=(Choice.REMOVE, Choice.CHANGE))
    due, new = deadlines(today()), []
    for decision in wanted.select_related("item__account", "assignment__review__system").order_by("id"):
        removal = known.pop(decision.pk, None)
        if removal is None:
            new.append(new_removal(decision, due))
        elif (removal.kind, removal.roles_after) != (decision.choice, decision.roles_after) or removal.archived_at:
            begin_anew(removal, decision, due)
            save(removal, actor=actor, verb="removal.restored", reason=decision.reason)
    refs: Any = asked_by
    save_many(
        new, actor=actor, verb_created="removal.created", verb_updated="removal.created", reason=part.statement,
        refs=refs,
    )  # fmt: skip
    for removal in known.values():
        if removal.archived_at is None:
            removal.archived_at = timezone.now()
            save(removal, actor=actor, verb="removal.archived", reason=DECIDED_ANEW)


def asked_by(removal: Removal) -> dict[str, Any]:
    """What the entry of a new removal names."""
    return {"review": removal.review_id, "decision": removal.decision_id}


def begin_anew(removal: Removal, decision: Decision, due: tuple[datetime.date, datetime.date]) -> None:
    """Something else is asked for of the same account: what was done and said about the first is of the past."""
    removal.kind, removal.roles_after, removal.archived_at = decision.choice, decision.roles_after, None
    removal.due_on = due[0] if removal.privileged else due[1]
    removal.done_by = removal.done_at = removal.proof = None
    removal.shown_by = removal.proved_by = removal.proved_at = removal.confirmed_by = None
    removal.done_note = ""
    end_exception(removal)


def end_exception(removal: Removal) -> None:
    """No exception stands any more, and nobody asks for one. Its history has what was."""
    removal.exception_reason, removal.exception_until, removal.exception_requested_by = "", None, None
    removal.excepted_by = removal.excepted_at = removal.excepted_under = None


def new_removal(decision: Decision, due: tuple[datetime.date, datetime.date]) -> Removal:
    """The task that follows from a decision; the system's owner sees to it."""
    review, item = decision.assignment.review, decision.item
    return Removal(
        review=review, decision=decision, account=item.account, kind=decision.choice,
        roles_after=decision.roles_after, privileged=item.privileged, owner=review.system.owner,
        due_on=due[0] if item.privileged else due[1],
    )  # fmt: skip


def deadlines(day: datetime.date) -> tuple[datetime.date, datetime.date]:
    """By when privileged and other access has to be gone, counted in business days from a signature on this day."""
    calendar = business_calendar()
    privileged = calendar.add_business_days(day, setting("removal_privileged_days"))
    return privileged, calendar.add_business_days(day, setting("removal_days"))


# ---- doing them ----------------------------------------------------------------------------------------------------


@transaction.atomic
def assign(removal: Removal, *, actor: User, owner: User, reason: str) -> Removal:
    """Let somebody else see to it. Raises ValidationError without a reason, or for a closed account."""
    removal = waiting(removal)
    say(reason, "Say why.")
    if not owner.is_active:
        raise ValidationError({"owner": f"{owner} has no active account."})
    removal.owner = owner
    return save(removal, actor=actor, verb="removal.assigned", reason=reason)


@transaction.atomic
def complete(removal: Removal, *, actor: User, ticket: str, note: str, proof: str = "") -> Removal:
    """Say that it is removed or changed: the ticket, what was done, and evidence of it (EV-12), if there is any.

    That alone proves nothing: the next listing does. Raises ValidationError without a ticket or a note.
    """
    removal = waiting(removal)
    say(ticket, "Say where the work is tracked.")
    say(note, "Say what was done.")
    if removal.done_at:
        raise ValidationError(f"{removal.ref} is done already; the next listing shows it.")
    removal.proof = evidence_of(proof, actor) if proof.strip() else None
    removal.ticket, removal.done_note, removal.done_by, removal.done_at = ticket, note, actor, timezone.now()
    return save(removal, actor=actor, verb="removal.completed", reason=note, refs={"review": removal.review_id})


def evidence_of(ref: str, actor: User) -> Evidence:
    """The item of this reference, as far as the person sees it. Raises ValidationError."""
    number = Evidence.number_in(ref)
    found = None if number is None else visible(actor, Evidence).filter(pk=number).first()
    if found is None or found.state == State.WITHDRAWN:
        raise ValidationError({"proof": "There is no such evidence, as EV-12."})
    return found


def waiting(removal: Removal) -> Removal:
    """The removal, locked, if it is not settled. Raises Stale, ValidationError."""
    removal = locked(removal)
    if removal.is_settled(today()):
        raise ValidationError(f"{removal.ref} is settled.")
    return removal


# ---- proving them --------------------------------------------------------------------------------------------------


@transaction.atomic
def prove(listing: Listing, *, actor: Any = SYSTEM) -> int:
    """See in a new listing what became of its system's removals; returns how many it proves.

    Gone, disabled, or with exactly the roles that were to remain: proved, also where it was excepted; unless whoever
    did it (or, where nobody says so, sees to it) brought this listing, for then somebody else has to look as well
    (`confirm`). Still there although it was said to be done, or past its deadline: it is open again, and a finding
    says so.
    """
    open_ones = Removal.objects.filter(UNPROVED, review__system=listing.system_id).select_for_update(of=("self",))
    related = ("account", "decision__assignment", "review__campaign", "review__system")
    waiting = list(open_ones.select_related(*related).order_by("id"))
    later = [one for one in waiting if asked_before(one, listing.pulled_at)]
    now = accounts_in(listing, {one.account.key.casefold() for one in later})
    proved, campaigns = 0, {}
    for removal in later:
        if is_gone(removal, now.get(removal.account.key.casefold())):
            proved += show(removal, listing, actor)
            campaigns[removal.review.campaign_id] = removal.review.campaign
        elif not removal.is_settled(today()) and is_refuted(removal, listing):
            refute(removal, listing, actor)
    for campaign in campaigns.values():
        close_if_settled(campaign, actor=actor)
    return proved


def asked_before(removal: Removal, moment: datetime.datetime) -> bool:
    """Whether it was asked for, by a signature that stands, before a moment."""
    signed: datetime.datetime | None = removal.decision.assignment.signed_at
    return signed is not None and signed < moment


def accounts_in(listing: Listing, keys: Collection[str]) -> dict[str, ListedAccount]:
    """The accounts of these casefolded names in a listing: a source that spells them otherwise shows them still."""
    if not keys:
        return {}
    names = ListedAccount.objects.filter(listing=listing).order_by().values_list("pk", "key")
    wanted = [pk for pk, key in names.iterator(chunk_size=5000) if key.casefold() in keys]
    found: dict[str, ListedAccount] = {}
    for start in range(0, len(wanted), CHUNK):
        for account in ListedAccount.objects.filter(pk__in=wanted[start : start + CHUNK]):
            found[account.key.casefold()] = account
    return found


def is_gone(removal: Removal, account: ListedAccount | None) -> bool:
    """Whether what was asked for is what a listing shows."""
    if account is None or account.enabled == Known.NO:
        return True
    if removal.kind == Choice.REMOVE:
        return False
    return {role.casefold() for role in account.roles} == {role.casefold() for role in removal.roles_after}


def is_refuted(removal: Removal, listing: Listing) -> bool:
    """Whether a listing that still shows it says that it was not done as said, or not in time."""
    if removal.done_at is not None:
        return removal.done_at < listing.pulled_at
    return removal.due_on < day_at(listing.pulled_at)


def show(removal: Removal, listing: Listing, actor: Any) -> int:
    """Keep that a listing shows it; 1 if that proves it."""
    shown_before, removal.shown_by = removal.shown_by_id is not None, removal.shown_by or listing
    refs = {"listing": listing.pk}
    remover = removal.done_by_id or removal.owner_id
    if remover is not None and remover in (listing.pulled_by_id, listing.frozen_by_id):
        if shown_before:
            return 0
        save(removal, actor=actor, verb="removal.shown", refs=refs)
        return 0
    removal.proved_by, removal.proved_at = listing, timezone.now()
    save(removal, actor=actor, verb="removal.proved", refs=refs)
    return 1


def refute(removal: Removal, listing: Listing, actor: Any) -> None:
    """It is still there: open again, with a finding (one for each removal, detected again by each later listing)."""
    done = removal.done_at is not None
    words = "was said to be done" if done else f"was due on {removal.due_on}"
    removal.finding = found(removal, f"It {words}; {listing.ref} still shows the account.", actor)
    removal.done_by = removal.done_at = removal.shown_by = None
    removal.done_note = ""
    refs = {"listing": listing.pk, "finding": removal.finding.pk}
    save(removal, actor=actor, verb="removal.refuted", refs=refs)


def found(removal: Removal, words: str, actor: Any) -> Finding:
    """The finding about a removal that did not happen; privileged access is the graver one."""
    controls = [
        (link.control, f"{removal.ref} of {removal.review.campaign.ref}.")
        for link in removal.review.campaign.controls.live().select_related("control")
    ]
    system = removal.review.system
    return raise_finding(
        actor=actor, title=f"{removal.ref}: access to {system.name} not removed after its review"[:200],
        kind=Kind.DEVIATION, severity=Severity.HIGH if removal.privileged else Severity.MEDIUM,
        source=SourceKind.TEST, source_name=SOURCE, key=removal.ref, owner=removal.owner,
        description=f"{words} Decided in {removal.review.campaign}.", controls=controls,
    )  # fmt: skip


@transaction.atomic
def confirm(removal: Removal, *, actor: User, note: str) -> Removal:
    """See in the listing that its remover pulled that it is gone, as somebody else: that proves it.

    Raises PermissionDenied for who did it or brought the listing, ValidationError where nothing waits for this.
    """
    removal = waiting(removal)
    say(note, "Say what you looked at.")
    listing = removal.shown_by
    if listing is None:
        raise ValidationError("No listing shows yet that it is gone.")
    remover = removal.done_by_id or removal.owner_id
    apart(actor, [remover, listing.pulled_by_id, listing.frozen_by_id], REMOVAL_CONFIRMATION, removal)
    removal.confirmed_by, removal.proved_by, removal.proved_at = actor, listing, timezone.now()
    removal = save(removal, actor=actor, verb="removal.confirmed", reason=note, refs={"listing": listing.pk})
    close_if_settled(removal.review.campaign, actor=actor)
    return removal


# ---- excepting them ------------------------------------------------------------------------------------------------


@transaction.atomic
def request_exception(removal: Removal, *, actor: User, reason: str, until: datetime.date) -> Removal:
    """Ask to leave it as it is until a day, at most a year ahead. Raises ValidationError when asked already."""
    removal = waiting(removal)
    say(reason, "Say why it has to stay, and what stands in meanwhile.")
    if removal.exception_requested_by_id:
        raise ValidationError("That was asked already and waits for an answer.")
    if not today() < until <= today() + LONGEST_EXCEPTION:
        raise ValidationError({"until": "A day ahead, at most a year."})
    removal.exception_reason, removal.exception_until, removal.exception_requested_by = reason, until, actor
    return save(removal, actor=actor, verb="removal.exception_requested", reason=reason)


@transaction.atomic
def except_(removal: Removal, *, actor: User, note: str = "") -> Removal:
    """Accept the exception that a colleague asked for. Raises PermissionDenied for who asked, does it or owns it."""
    removal = waiting(removal)
    if removal.exception_requested_by_id is None:
        raise ValidationError("Nobody asks to except it.")
    if removal.exception_until is None or removal.exception_until <= today():
        raise ValidationError("Its last day has passed: ask again.")
    concerned = [removal.exception_requested_by_id, removal.done_by_id, removal.owner_id]
    exception = apart(actor, concerned, REMOVAL_EXCEPTION, removal)
    subject = removal.decision.item.subject_id
    if actor.pk == subject:
        raise PermissionDenied("Nobody excepts their own account.")
    removal.excepted_by, removal.excepted_at, removal.excepted_under = actor, timezone.now(), exception
    reason = note or removal.exception_reason
    removal = save(removal, actor=actor, verb="removal.excepted", reason=reason, refs=refs_of(exception))
    close_if_settled(removal.review.campaign, actor=actor)
    return removal


@transaction.atomic
def decline_exception(removal: Removal, *, actor: User, reason: str) -> Removal:
    """Turn the exception down, with a reason. Raises ValidationError where nobody asks."""
    removal = waiting(removal)
    say(reason, "Say why it cannot stay.")
    if removal.exception_requested_by_id is None:
        raise ValidationError("Nobody asks to except it.")
    end_exception(removal)
    return save(removal, actor=actor, verb="removal.exception_declined", reason=reason)


@transaction.atomic
def lapse() -> int:
    """End each exception whose last day has passed: it is to be done again, and a finding says so. Returns how many."""
    over = Q(archived_at=None, proved_at=None, excepted_at__isnull=False, exception_until__lt=today())
    lapsed = list(Removal.objects.filter(over).select_for_update(of=("self",)).order_by("id"))
    for removal in lapsed:
        removal.finding = found(removal, f"Its exception ended on {removal.exception_until}.", SYSTEM)
        end_exception(removal)
        save(removal, actor=SYSTEM, verb="removal.lapsed", refs={"finding": removal.finding.pk})
    return len(lapsed)
