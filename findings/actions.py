"""What people and programs do with findings: one function a verb, each one transaction and its trail.

`raise_finding` is the one door by which scanners, tests, checks and other registers raise a finding or detect it again.
Who may do it is asked before, in access.py; what is legal at all is asked here, on the row as it is stored.
"""

import datetime
from collections.abc import Iterable
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from controls.models import Control
from findings.deadlines import due_on
from findings.models import (
    ACCEPTED_LAPSED,
    MOVES,
    CorrectiveAction,
    Finding,
    FindingControl,
    Part,
    Status,
)
from foundation.accounts.access import apart, refs_of
from foundation.accounts.duties import FINDING_ACCEPTANCE, FINDING_VERIFICATION
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from foundation.trail.steps import locked, move, say, tie

LONGEST_ACCEPTANCE: Final = datetime.timedelta(days=365)
REDETECTED: Final = "Detected again on {}."


def raise_finding(  # noqa: PLR0913 - a finding says this much about itself
    *, actor: Any, title: str, kind: str, severity: str, source: str, source_name: str = "", key: str = "",
    description: str = "", detected_on: datetime.date | None = None, exposed: bool = False, exploited: bool = False,
    owner: User | None = None, controls: Iterable[tuple[Control, str]] = (),
) -> Finding:  # fmt: skip
    """Raise a finding, or detect a known one again: the one door for scanners, tests and every other register.

    actor: who found it, or SYSTEM. source, source_name: by what (SourceKind), and its name. key: what the source calls
    it; with one, `source_name` is needed, and the two together know it again. detected_on: the day on which the source
    saw it (None: today); the deadline is counted from the first such day (R9.1). controls: those affected, each with
    the reason.

    Sent again for the same day or an earlier one it changes nothing but, if that day is the earliest, the deadline. A
    later day is a new detection: what was fixed (on that day or before) or verified is reopened, with its history kept;
    what is accepted stays accepted; an archived one (raised by mistake) stays archived. Exposure and exploitation are
    only ever added; what people wrote or rated is left alone. Raises ValidationError for what is not legal.
    """
    day = detected_on or today()
    if key and not source_name.strip():
        raise ValidationError({"source_name": "A key needs the name of its source."})
    known = Finding.objects.filter(source_name=source_name, external_key=key).first() if key else None
    if known is not None:
        return redetect(known, actor=actor, day=day, exposed=exposed, exploited=exploited)
    finding = Finding(
        title=title.strip(), kind=kind, severity=severity, source=source, source_name=source_name, external_key=key,
        description=description, first_detected_on=day, exposed=exposed, exploited=exploited, owner=owner,
    )  # fmt: skip
    try:
        with transaction.atomic():
            finding = register(finding, actor=actor)
            for control, reason in controls:
                link(finding, control, reason, actor=actor)
    except IntegrityError:
        known = Finding.objects.filter(source_name=source_name, external_key=key).first() if key else None
        if known is None:
            raise
        return redetect(known, actor=actor, day=day, exposed=exposed, exploited=exploited)  # another was first
    return finding


@transaction.atomic
def register(finding: Finding, *, actor: Any) -> Finding:
    """Store a new finding with its deadline. Raises ValidationError."""
    rate(finding)
    finding.full_clean(validate_constraints=False)
    return save(finding, actor=actor, verb="finding.raised")


def rating(finding: Finding) -> tuple[Any, ...]:
    """What its deadline follows from, besides the settings."""
    return (finding.severity, finding.exposed, finding.exploited, finding.first_detected_on)


def rate(finding: Finding, settings: dict[str, int] | None = None) -> None:
    """Put the deadline onto it that its severity, exposure and exploitation give. ValidationError for a day ahead."""
    if finding.first_detected_on > today():
        raise ValidationError({"first_detected_on": "This day has not come yet."})
    known: datetime.date | None = finding.last_detected_on
    if known is None or known < finding.first_detected_on:
        finding.last_detected_on = finding.first_detected_on
    finding.due_on = due_on(
        finding.first_detected_on, finding.severity, exposed=finding.exposed, exploited=finding.exploited,
        settings=settings,
    )  # fmt: skip


@transaction.atomic
def redetect(finding: Finding, *, actor: Any, day: datetime.date, exposed: bool, exploited: bool) -> Finding:
    """A known finding that a source sees again: see raise_finding."""
    if day > today():
        raise ValidationError({"detected_on": "This day has not come yet."})
    finding = Finding.objects.select_for_update().get(pk=finding.pk)
    anew, rated = day > finding.last_detected_on, rating(finding)
    reopens = anew and seen_after_fix(finding, day)
    finding.first_detected_on = min(finding.first_detected_on, day)
    finding.last_detected_on = max(finding.last_detected_on, day)
    finding.exposed, finding.exploited = finding.exposed or exposed, finding.exploited or exploited
    if rating(finding) != rated:
        rate(finding)
    if reopens:
        reset(finding)
    verb = "reopened" if reopens else "redetected"
    return save(finding, actor=actor, verb=f"finding.{verb}", reason=REDETECTED.format(day) if anew else "")


def seen_after_fix(finding: Finding, day: datetime.date) -> bool:
    """Whether a detection on this day says that the fix did not hold."""
    if finding.archived_at is not None or finding.status not in (Status.FIXED, Status.VERIFIED):
        return False
    return finding.fixed_on is None or day >= finding.fixed_on


def reset(finding: Finding) -> None:
    """Open it again. Who fixed, verified and accepted it before stands in its history."""
    finding.status = Status.REOPENED
    finding.fixed_on = finding.fixed_by = finding.verified_at = finding.verified_by = finding.verified_under = None
    finding.fix_note = finding.verification_note = ""
    forget_acceptance(finding)


def forget_acceptance(finding: Finding) -> None:
    """Take the request and the acceptance off it; its history and the trail keep them."""
    finding.acceptance_reason, finding.acceptance_until = "", None
    finding.acceptance_requested_by = finding.accepted_by = finding.accepted_at = finding.accepted_under = None


# ---- working on it -------------------------------------------------------------------------------------------------


@transaction.atomic
def start(finding: Finding, *, actor: User, note: str) -> Finding:
    """Say that work on it has begun, with a note. Raises ValidationError where that is no legal move."""
    finding = locked(finding)
    say(note, "Say what is being done.")
    move(finding, Status.IN_PROGRESS, MOVES)
    return save(finding, actor=actor, verb="finding.started", reason=note)


@transaction.atomic
def fix(finding: Finding, *, actor: User, root_cause: str, note: str, fixed_on: datetime.date | None = None) -> Finding:
    """Say that it is fixed, why it could happen, and what was done: another person then verifies that.

    `fixed_on`: None = today. Raises ValidationError without a cause or a note, or for a day that cannot be.
    """
    finding = locked(finding)
    say(root_cause, "Say why it could happen.")
    say(note, "Say what was done.")
    day = fixed_on or today()
    if not finding.first_detected_on <= day <= today():
        raise ValidationError({"fixed_on": "Between its first detection and today."})
    move(finding, Status.FIXED, MOVES)
    forget_acceptance(finding)
    finding.root_cause, finding.fix_note, finding.fixed_by, finding.fixed_on = root_cause, note, actor, day
    return save(finding, actor=actor, verb="finding.fixed", reason=note)


@transaction.atomic
def verify(finding: Finding, *, actor: User, note: str) -> Finding:
    """See that it is gone, and close it.

    Raises PermissionDenied for whoever fixed it or did one of its corrective actions, unless an exception allows it;
    ValidationError without a note, or where nothing waits to be verified.
    """
    finding = locked(finding)
    say(note, "Say what was looked at.")
    move(finding, Status.VERIFIED, MOVES)
    exception = apart(actor, removers(finding), FINDING_VERIFICATION, finding)
    finding.verified_by, finding.verified_at, finding.verification_note = actor, timezone.now(), note
    finding.verified_under = exception
    return save(finding, actor=actor, verb="finding.verified", reason=note, refs=refs_of(exception))


def removers(finding: Finding) -> set[int]:
    """Everybody who ever said that they fixed it or did one of its corrective actions: those never verify it alone.

    From history, so that what was returned, reopened or archived since does not wash anybody's hands.
    """
    fixed = Finding.history.filter(id=finding.pk, fixed_by__isnull=False)
    done = CorrectiveAction.history.filter(finding_id=finding.pk, done_by__isnull=False)
    return {*fixed.values_list("fixed_by_id", flat=True), *done.values_list("done_by_id", flat=True)}


def removed_by(user: User) -> Q:
    """The findings among whose `removers` this person is."""
    fixed = Finding.history.filter(fixed_by=user.pk)
    done = CorrectiveAction.history.filter(done_by=user.pk)
    return Q(id__in=fixed.values("id")) | Q(id__in=done.values("finding_id"))


@transaction.atomic
def return_fix(finding: Finding, *, actor: User, reason: str) -> Finding:
    """Say that a fix does not hold, instead of verifying it. ValidationError without a reason or a fix that waits."""
    finding = locked(finding)
    say(reason, "Say what shows that it is not fixed.")
    if finding.status != Status.FIXED:
        raise ValidationError(f"{finding.ref} does not wait to be verified.")
    reset(finding)
    return save(finding, actor=actor, verb="finding.reopened", reason=reason)


@transaction.atomic
def reopen(finding: Finding, *, actor: Any, reason: str) -> Finding:
    """Open it again: the fix does not hold, or its acceptance is taken back. ValidationError without a reason."""
    finding = locked(finding)
    say(reason, "Say why it is open again.")
    if Status.REOPENED not in MOVES[finding.status]:
        raise ValidationError(f"{finding.ref} is open as it is.")
    reset(finding)
    return save(finding, actor=actor, verb="finding.reopened", reason=reason)


# ---- accepting it --------------------------------------------------------------------------------------------------


@transaction.atomic
def request_acceptance(finding: Finding, *, actor: User, reason: str, until: datetime.date) -> Finding:
    """Ask to live with it until a day, at most a year ahead. Nothing changes before another person approves.

    Raises ValidationError without a reason, for a day that is not ahead or too far, or when asked already.
    """
    finding = locked(finding)
    say(reason, "Say why it can be accepted, and what stands in meanwhile.")
    if Status.ACCEPTED not in MOVES[finding.status]:
        raise ValidationError(f"{finding.ref} is {finding.get_status_display().lower()}: there is nothing to accept.")
    if finding.awaits_acceptance:
        raise ValidationError("That was asked already and waits for an answer.")
    check_until(until)
    finding.acceptance_reason, finding.acceptance_until, finding.acceptance_requested_by = reason, until, actor
    return save(finding, actor=actor, verb="finding.acceptance_requested", reason=reason)


@transaction.atomic
def accept(finding: Finding, *, actor: User, note: str = "") -> Finding:
    """Approve a colleague's request: the finding is accepted until its day, then it is open again by itself.

    Raises PermissionDenied for the requester and for the owner, unless an exception allows it; ValidationError without
    a request, or once its day has passed.
    """
    finding = asked_for(finding)
    concerned = {finding.acceptance_requested_by_id} | owners_since_asked(finding)
    exception = apart(actor, concerned, FINDING_ACCEPTANCE, finding)
    check_until(finding.acceptance_until)
    move(finding, Status.ACCEPTED, MOVES)
    finding.accepted_by, finding.accepted_at, finding.accepted_under = actor, timezone.now(), exception
    refs = refs_of(exception)
    return save(finding, actor=actor, verb="finding.accepted", reason=note or finding.acceptance_reason, refs=refs)


def owners_since_asked(finding: Finding) -> set[int | None]:
    """Who owns it, or did at any time since it was asked: giving it away does not make an owner another person."""
    asked = Finding.history.filter(id=finding.pk, acceptance_requested_by__isnull=False, accepted_by=None)
    return {finding.owner_id, *asked.values_list("owner_id", flat=True)}


@transaction.atomic
def decline_acceptance(finding: Finding, *, actor: User, reason: str) -> Finding:
    """Turn a request down, with a reason; the finding stays as it is. Raises ValidationError without a request."""
    finding = asked_for(finding)
    say(reason, "Say why it cannot be accepted.")
    forget_acceptance(finding)
    return save(finding, actor=actor, verb="finding.acceptance_declined", reason=reason)


def reopen_lapsed() -> int:
    """Open again what was accepted until a day that has passed. Returns how many. Each has its own entry."""
    lapsed = list(Finding.objects.lapsed(today()))
    for finding in lapsed:
        reopen(finding, actor=SYSTEM, reason=ACCEPTED_LAPSED.format(finding.acceptance_until))
    return len(lapsed)


def check_until(until: datetime.date | None) -> None:
    """An acceptance ends, within a year. Raises ValidationError."""
    if until is None or until <= today():
        raise ValidationError({"until": "The last day must lie ahead."})
    if until > today() + LONGEST_ACCEPTANCE:
        raise ValidationError({"until": "At most a year: accept it again then if it is still right."})


def asked_for(finding: Finding) -> Finding:
    """The finding, locked, with a request that waits. Raises ValidationError."""
    finding = locked(finding)
    if not finding.awaits_acceptance:
        raise ValidationError("Nobody asks to accept it.")
    return finding


# ---- common --------------------------------------------------------------------------------------------------------


def link(finding: Finding, control: Control, reason: str, *, actor: Any, part: str = Part.AFFECTED) -> FindingControl:
    """Link a control, or say anew what it has to do with the finding. Raises ValidationError.

    A compensating control has to be implemented, and another than those affected: it meets the same risk by itself.
    """
    if control.archived_at:
        raise ValidationError({"control": f"{control.ref} is archived."})
    if part == Part.COMPENSATING and control.operates_from is None:
        raise ValidationError({"control": f"{control.ref} does not operate: it compensates nothing."})
    return tie(FindingControl(finding=finding, control=control, part=part, reason=reason), actor=actor, reason=reason)
