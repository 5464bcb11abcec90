"""What people do with controls beyond filling in their form: one function a verb, each one transaction and its trail.

Who may do it is asked before, in access.py; what is legal at all is asked here, on the row as it is stored.
"""

import datetime
from collections.abc import Iterable
from collections.abc import Mapping as ReadOnly

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from controls.models import MOVES, SCOPE, Applicability, Category, Control, Criterion, Mapping, Status, Wording
from foundation.accounts.access import apart, refs_of
from foundation.accounts.duties import NOT_APPLICABLE
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.trail.keep import Stale, save, save_many
from foundation.trail.steps import IllegalMove, legal, locked, move, say


@transaction.atomic
def update_status(
    control: Control, *, actor: User, status: str, note: str, since: datetime.date | None = None
) -> Control:
    """Declare the implementation status, with a note; staying where it is with a new note is a report of progress.

    `since`: the first day on which an implemented control operates, or the last on which a retired one did; today if
    not given. From these days come the occurrences that are expected of it. Raises IllegalMove for a move that MOVES
    does not list, and for not applicable, which takes two people; ValidationError without a note, or for a day that has
    not come. Moving on withdraws an open proposal and ends an approved one.
    """
    control = locked(control)
    say(note, "Say in a note what changed.")
    if status == Status.NOT_APPLICABLE:
        raise IllegalMove("Not applicable takes a proposal and a second person.")
    if status != control.status:
        move(control, status, MOVES)
        _forget_proposal(control)
        control.status_changed_at = timezone.now()
    _operate(control, since)
    control.status_note = note
    return save(control, actor=actor, verb="control.status_updated", reason=note)


@transaction.atomic
def propose_not_applicable(control: Control, *, actor: User, reason: str) -> Control:
    """Propose that the control does not apply here. The status stays until a second person approves.

    Raises IllegalMove where the status allows no such move, ValidationError without a reason or when proposed already.
    """
    control = locked(control)
    say(reason, "Say why the control does not apply.")
    legal(control, Status.NOT_APPLICABLE, MOVES)
    if control.awaits_second_person:
        raise ValidationError("It is already proposed and waits for a second person.")
    control.not_applicable_reason, control.proposed_by, control.proposed_at = reason, actor, timezone.now()
    return save(control, actor=actor, verb="control.not_applicable_proposed", reason=reason)


@transaction.atomic
def approve_not_applicable(control: Control, *, actor: User, note: str = "") -> Control:
    """Approve somebody else's proposal: the control leaves the scope.

    Raises PermissionDenied for the proposer, unless an exception allows it; ValidationError without a proposal.
    """
    control = _proposed(control)
    exception = apart(actor, [control.proposed_by_id], NOT_APPLICABLE, control)
    move(control, Status.NOT_APPLICABLE, MOVES)
    control.approved_by, control.approved_under = actor, exception
    control.status_note = note or control.not_applicable_reason
    control.status_changed_at = timezone.now()
    _operate(control, None)
    refs = refs_of(exception)
    return save(control, actor=actor, verb="control.not_applicable_approved", reason=note, refs=refs)


@transaction.atomic
def decline_not_applicable(control: Control, *, actor: User, reason: str) -> Control:
    """Turn a proposal down, with a reason; the control stays as it is. Raises ValidationError without a proposal."""
    control = _proposed(control)
    say(reason, "Say why the control does apply.")
    _forget_proposal(control)
    return save(control, actor=actor, verb="control.not_applicable_declined", reason=reason)


@transaction.atomic
def reword(  # noqa: PLR0913 - a wording has this many parts
    control: Control, *, actor: User, who: str, what: str, how_often: str, on_what: str,
    effective_from: datetime.date, reason: str, frequency: str = "",
) -> Wording:  # fmt: skip
    """Give the control a wording that is in force from a day on. What was in force before stays on record.

    The day may lie in the past (the wording was agreed before it was typed in) or in the future. `frequency`: how often
    the control operates while the wording is in force; "" = as it does now. Raises ValidationError if a part or the
    reason is missing.
    """
    control = locked(control)
    wording = Wording(
        control=control, who=who, what=what, how_often=how_often, on_what=on_what,
        frequency=frequency or control.frequency, effective_from=effective_from, reason=reason, author=actor,
    )  # fmt: skip
    wording.full_clean()
    if wording.frequency != control.frequency and effective_from <= today():
        control.frequency_before = control.frequency_before or control.frequency
        control.frequency = wording.frequency
        save(control, actor=actor, verb="control.updated", reason=reason)
    return save(wording, actor=actor, verb="wording.written", reason=reason, refs=wording_refs(wording))


@transaction.atomic
def set_criteria(
    control: Control, wanted: ReadOnly[Criterion, str], *, actor: User, reason: str, seen: int | None = None
) -> list[Mapping]:
    """Make the control's criteria exactly `wanted` (criterion → rationale); returns the links that changed.

    Each link that is made, taken away, brought back or explained anew has its own history row and trail entry.
    `seen` is the sum of the links' versions that the person decided on: Stale, now that they are locked, if it is
    another. Raises ValidationError without a reason.
    """
    control = locked(control)
    say(reason, "Say why the criteria change.")
    known = {link.criterion_id: link for link in Mapping.objects.select_for_update().filter(control=control)}
    if seen is not None and seen != sum(link.version for link in known.values()):
        raise Stale(control)
    changed = []
    for criterion, rationale in wanted.items():
        link = known.pop(criterion.pk, None)
        verb = "created" if link is None else "restored" if link.archived_at else "updated"
        link = link or Mapping(control=control, criterion=criterion)
        if verb != "updated" or link.rationale != rationale:
            link.archived_at, link.rationale = None, rationale
            changed.append(_keep_link(link, actor, verb, reason))
    for link in known.values():
        if link.archived_at is None:
            link.archived_at = timezone.now()
            changed.append(_keep_link(link, actor, "archived", reason))
    return changed


@transaction.atomic
def assign_owner(controls: Iterable[Control], *, actor: User, owner: User | None, reason: str) -> int:
    """Give all these controls one owner (or none): all of them or, on any error, none. Returns how many changed.

    Each changed control has its own history row and trail entry. Raises ValidationError without a reason, or for an
    owner who has left.
    """
    if owner is not None and not owner.is_active:
        raise ValidationError(f"{owner} has no active account.")
    return _change_all(controls, "owner_assigned", actor, reason, owner=owner)


@transaction.atomic
def change_review_date(controls: Iterable[Control], *, actor: User, review_date: datetime.date, reason: str) -> int:
    """Set one next review day on all these controls, all or none. Returns how many changed.

    Raises ValidationError for a day that is not ahead.
    """
    lies_ahead(review_date)
    return _change_all(controls, "review_date_changed", actor, reason, review_date=review_date)


@transaction.atomic
def review(control: Control, *, actor: User, note: str, next_review: datetime.date | None = None) -> Control:
    """Record that the control was looked at today; the next review falls on `next_review`, else one cadence from today.

    Raises ValidationError without a note, for an archived or retired control, or for a next review that is not ahead.
    """
    control = locked(control)
    say(note, "Say what the review found.")
    if control.status == Status.RETIRED:
        raise ValidationError("A retired control is not reviewed.")
    day = today()
    following = next_review or day + datetime.timedelta(days=setting("control_review_days"))
    lies_ahead(following)
    control.last_reviewed_on, control.review_date = day, following
    return save(control, actor=actor, verb="control.reviewed", reason=note)


@transaction.atomic
def set_scope(wanted: ReadOnly[Category, bool], *, actor: User, reason: str) -> None:
    """Take categories into the scope or out of it, all of these changes or none; each has its own trail entry."""
    for category, in_scope in wanted.items():
        change_scope(category, actor=actor, in_scope=in_scope, reason=reason)


@transaction.atomic
def change_scope(category: Category, *, actor: User, in_scope: bool, reason: str) -> Category:
    """Take a category into the scope or out of it (R1.1). ValidationError for a required one or without a reason."""
    category = locked(category)
    say(reason, "Say why the scope changes.")
    if category.required and not in_scope:
        raise ValidationError(f"{category.name} is always in scope.")
    category.in_scope = in_scope
    return save(category, actor=actor, verb="category.scope_changed", reason=reason)


@transaction.atomic
def change_applicability(
    criterion: Criterion, *, actor: User, applicability: str, reason: str, subservice_organisation: str = ""
) -> Criterion:
    """Say how a criterion applies (R1.2). An exception needs a reason; a carve-out names whom."""
    criterion = locked(criterion)
    applies = applicability == Applicability.APPLICABLE
    criterion.applicability = applicability
    criterion.applicability_reason = "" if applies else reason
    criterion.subservice_organisation = subservice_organisation
    criterion.full_clean()
    return save(criterion, actor=actor, verb="criterion.applicability_changed", reason=reason)


def link_refs(link: Mapping) -> dict[str, int]:
    """What the entry of a link also names: its two ends."""
    return {"control": link.control_id, "criterion": link.criterion_id}


def wording_refs(wording: Wording) -> dict[str, int]:
    """What the entry of a wording also names: its control."""
    return {"control": wording.control_id}


def lies_ahead(day: datetime.date) -> None:
    """Refuse a next review that nobody can make any more: a review that is planned lies after today."""
    if day <= today():
        raise ValidationError("The next review must lie ahead.")


def _operate(control: Control, since: datetime.date | None) -> None:
    """Keep the days between which it operates: begun once it is implemented, over once it is retired or leaves."""
    day = today()
    if since is not None and since > day:
        raise ValidationError("This day has not come yet.")
    if control.status == Status.IMPLEMENTED and (since or control.operates_from is None or control.operates_until):
        control.operates_from, control.operates_until = since or day, None
    elif control.status not in SCOPE and control.operates_from and control.operates_until is None:
        control.operates_until = max(since or day, control.operates_from)


def _proposed(control: Control) -> Control:
    control = locked(control)
    if not control.awaits_second_person:
        raise ValidationError("Nobody has proposed it as not applicable.")
    return control


def _forget_proposal(control: Control) -> None:
    """Nothing is lost: the history and the trail keep who proposed what and who approved it."""
    control.not_applicable_reason, control.proposed_at = "", None
    control.proposed_by = control.approved_by = control.approved_under = None


def _links(control: Control) -> dict[Criterion, str]:
    live = Mapping.objects.live().filter(control=control).select_related("criterion")
    return {link.criterion: link.rationale for link in live}


def _keep_link(link: Mapping, actor: User, verb: str, reason: str) -> Mapping:
    return save(link, actor=actor, verb=f"mapping.{verb}", reason=reason, refs=link_refs(link))


def _change_all(controls: Iterable[Control], participle: str, actor: User, reason: str, **values: object) -> int:
    say(reason, "Say why.")
    wanted = {control.pk: control.version for control in controls}
    stored = list(Control.objects.select_for_update().live().filter(pk__in=wanted))
    if len(stored) != len(wanted):
        raise ValidationError("One of these controls is archived. Leave it out, or restore it first.")
    changed = []
    for control in stored:
        control.version = wanted[control.pk]
        if any(getattr(control, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(control, name, value)
            changed.append(control)
    verb = f"control.{participle}"
    save_many(changed, actor=actor, verb_created=verb, verb_updated=verb, reason=reason)
    return len(changed)
