"""Clocks of an incident: starting, pausing, resuming, dismissing, and recording what was sent to whom (R7.1).

Nothing starts by itself: a person says which rule applies, since when, and why. A clock copies its rule's version and
the calendar, and stands by them. Each verb writes the incident's timeline in its own transaction.
"""

import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from evidence.actions import as_file
from foundation.accounts.models import User
from foundation.files.kinds import plain_name
from foundation.files.storage import stored_file
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say
from incidents import timeline
from incidents.clocks.rules import in_force
from incidents.clocks.standing import both_walls
from incidents.clocks.terms import copied, due, pauses_of, terms_of, warned_from
from incidents.clocks.words import period
from incidents.command import require_response
from incidents.models import (
    CLOCK_MOVES,
    Clock,
    ClockPause,
    ClockState,
    EntryKind,
    Incident,
    Notification,
    NotificationRule,
    StartEvent,
    State,
    ticking,
)

AHEAD: Final = datetime.timedelta(days=366)  # the calendar year of an incident may still have to end


# ---- starting ------------------------------------------------------------------------------------------------------


@transaction.atomic
def start(
    incident: Incident, *, actor: User, rule: NotificationRule, started_at: datetime.datetime, reason: str
) -> Clock:
    """Start a clock by the version of a rule that is in force. started_at: when what it counts from happened.

    A closed incident can have clocks too: the duty to tell outlives the response. Raises ValidationError without a
    reason, for a dismissed incident, a rule that is not in force or runs already, and a moment that cannot be.
    """
    incident = open_to(incident, actor)
    say(reason, "Say why this rule applies, and how you know since when.")
    if not in_force().filter(pk=rule.pk).exists():
        raise ValidationError({"rule": "This version of the rule is not in force. Choose again."})
    if Clock.objects.filter(ticking(), incident=incident, rule__key=rule.key).exists():
        raise ValidationError({"rule": "A clock by this rule runs already."})
    check_start(rule, started_at)
    clock = Clock(
        incident=incident, rule=rule, started_at=started_at, start_reason=reason.strip(), started_by=actor,
        **copied(rule, started_at),
    )  # fmt: skip
    clock.due_at = due(clock)
    refs = {"incident": incident.pk, "notificationrule": rule.pk}
    save(clock, actor=actor, verb="clock.created", reason=clock.start_reason, refs=refs)
    words = f"{period(clock.amount, clock.unit)} from {zoned_of(clock, started_at)}"
    until = f", until {zoned_of(clock, clock.due_at)}" if clock.due_at else ""
    tell(clock, f"Clock started: {clock.title}. {words[0].upper()}{words[1:]}{until}. {clock.start_reason}", actor)
    return clock


def open_to(incident: Incident, actor: User) -> Incident:
    """The incident, locked, for somebody who responds to it. Raises PermissionDenied, ValidationError."""
    stored = locked(incident)
    require_response(actor, stored)
    if stored.state == State.DISMISSED:
        raise ValidationError(f"{stored.ref} was dismissed. Take it up again first.")
    return stored


def check_start(rule: NotificationRule, started_at: datetime.datetime) -> None:
    """Raise ValidationError for a start that has not come (but for the end of a year), or is a slip of the pen."""
    ahead = rule.starts == StartEvent.YEAR_END and started_at <= timezone.now() + AHEAD
    if not ahead:
        timeline.said_at(started_at, "started_at")


# ---- standing still ------------------------------------------------------------------------------------------------


@transaction.atomic
def pause(clock: Clock, *, actor: User, reason: str) -> Clock:
    """Stop the time of a clock from now on. Raises ValidationError where it has none, or where it has run out."""
    clock = held(clock, actor)
    say(reason, "Say what stops the time, such as who asked for the delay.")
    now = timezone.now()
    if clock.state == ClockState.RUNNING and clock.due_at is None:
        raise ValidationError("It has no deadline: there is nothing to pause.")
    if clock.state == ClockState.RUNNING and clock.due_at is not None and clock.due_at < now:
        raise ValidationError("Its deadline has passed: a pause would change nothing any more.")
    move(clock, ClockState.PAUSED, CLOCK_MOVES, "state")
    clock.due_at = None
    stretch = ClockPause(clock=clock, paused_at=now, paused_by=actor, reason=reason.strip())
    save(stretch, actor=actor, verb="clockpause.created", reason=stretch.reason, refs={"clock": clock.pk})
    return kept(clock, "paused", f"Clock paused: {clock.title}. {stretch.reason}", actor, stretch.reason)


@transaction.atomic
def resume(clock: Clock, *, actor: User, reason: str) -> Clock:
    """Let the time of a clock go on: what was left is left. Raises ValidationError where it is not paused."""
    clock = held(clock, actor)
    say(reason, "Say why the time goes on.")
    move(clock, ClockState.RUNNING, CLOCK_MOVES, "state")
    stretch = ClockPause.objects.select_for_update().get(clock=clock, resumed_at=None)
    stretch.resumed_at, stretch.resumed_by, stretch.resume_reason = timezone.now(), actor, reason.strip()
    save(stretch, actor=actor, verb="clockpause.resumed", reason=stretch.resume_reason, refs={"clock": clock.pk})
    clock.due_at = due(clock, pauses_of([clock]).get(clock.pk, ()))
    begins = warned_from(clock)
    if begins is not None and begins > timezone.now():
        clock.warned_at = None  # it is far off again: people are warned anew
    words = f"Clock goes on: {clock.title}. Until {zoned_of(clock, clock.due_at)}. {stretch.resume_reason}"
    return kept(clock, "resumed", words, actor, stretch.resume_reason)


# ---- ending --------------------------------------------------------------------------------------------------------


@transaction.atomic
def dismiss(clock: Clock, *, actor: User, reason: str) -> Clock:
    """End a clock without anybody being told, because the rule does not apply, or not any more. Says why."""
    clock = held(clock, actor)
    say(reason, "Say why nobody has to be told.")
    move(clock, ClockState.DISMISSED, CLOCK_MOVES, "state")
    clock.ended_at, clock.ended_by, clock.end_reason = timezone.now(), actor, reason.strip()
    return kept(clock, "dismissed", f"Clock dismissed: {clock.title}. {clock.end_reason}", actor, clock.end_reason)


def notify(clock: Clock, *, actor: User, meets: bool, **told: Any) -> Notification:
    """Record what was sent because of a clock; `meets`: it is what the rule asks for, and the clock ends with it.

    told: as `record_notification`. Raises ValidationError also where it was sent before the clock's start.
    """
    notice = prepare(clock.incident, actor=actor, clock=clock, meets=meets, **told)
    with transaction.atomic():
        stored = locked(clock)
        require_response(actor, stored.incident)
        if meets:
            meet(stored, notice, actor)
        else:
            written(notice, actor)
    return notice


def meet(clock: Clock, notice: Notification, actor: User) -> None:
    """End a clock by a notification, as of the moment at which it was sent."""
    if notice.sent_at < clock.started_at:
        raise ValidationError({"sent_at": "The clock began later: then this is not what meets it."})
    move(clock, ClockState.MET, CLOCK_MOVES, "state")
    written(notice, actor)
    if terms_of(clock) is not None:
        clock.due_at = due(clock, pauses_of([clock]).get(clock.pk, ()), notice.sent_at)
    clock.ended_at, clock.ended_by, clock.end_reason = notice.sent_at, actor, f"{notice.ref} to {notice.told}"
    late = clock.due_at is not None and clock.due_at < notice.sent_at
    words = f"Clock ended {'late' if late else 'in time' if clock.due_at else ''}".strip()
    kept(clock, "met", f"{words}: {clock.title}, by {notice.ref}.", actor, refs={"notification": notice.pk})


# ---- what was sent -------------------------------------------------------------------------------------------------


def record_notification(incident: Incident, *, actor: User, clock: Clock | None = None, **told: Any) -> Notification:
    """Record what was sent to whom about an incident. Written once. clock: of the same incident, which ends with it.

    told: `told` (to whom), `channel`, `sent_at`, `what`, and perhaps `sent_by` (else the actor), `reference`,
    `people_told`, `file`. Raises ValidationError for a moment that has not come.
    """
    if clock is not None:
        return notify(clock, actor=actor, meets=True, **told)
    notice = prepare(incident, actor=actor, **told)
    with transaction.atomic():
        require_response(actor, locked(incident))
        return written(notice, actor)


def prepare(
    incident: Incident, *, actor: User, sent_at: datetime.datetime, file: File | None = None,
    sent_by: User | None = None, **told: Any,
) -> Notification:  # fmt: skip
    """A notification that may be kept, its file stored already: outside any transaction."""
    timeline.said_at(sent_at, "sent_at")
    notice = Notification(
        incident=incident, sent_at=sent_at, sent_by=sent_by or actor, recorded_by=actor,
        **{name: value.strip() if isinstance(value, str) else value for name, value in told.items()},
    )  # fmt: skip
    if file is not None:
        content, notice.sha256 = as_file(file, file.name or "file")
        notice.name, notice.size = plain_name(file.name or "file"), content.size or 0
        notice.file.save(notice.name, content, save=False)
        notice.content_type = stored_file(str(notice.file.name)).content_type
    notice.full_clean(exclude=["file", "content_type"])
    return notice


def written(notice: Notification, actor: User) -> Notification:
    """Keep a notification, and write it into the timeline at the moment at which it was sent."""
    refs = {"incident": notice.incident_id, "clock": notice.clock_id} if notice.clock_id else {
        "incident": notice.incident_id
    }  # fmt: skip
    save(notice, actor=actor, verb="notification.recorded", refs=refs)
    facts = refs | {"notification": notice.pk} | ({"sha256": notice.sha256} if notice.sha256 else {})
    timeline.add(
        notice.incident, EntryKind.NOTIFICATION, f"{notice.ref}: told {notice.told} by {notice.channel}. {notice.what}",
        actor=actor, facts=facts, happened_at=notice.sent_at,
    )  # fmt: skip
    return notice


# ---- what the verbs share ------------------------------------------------------------------------------------------


def held(clock: Clock, actor: User) -> Clock:
    """The clock, locked, for somebody who responds to its incident. Raises PermissionDenied, Stale."""
    stored = locked(clock)
    require_response(actor, stored.incident)
    return stored


def kept(
    clock: Clock, participle: str, words: str, actor: Any, reason: str = "", refs: dict[str, Any] | None = None
) -> Clock:
    """Save a clock that changed, and write its timeline."""
    save(
        clock,
        actor=actor,
        verb=f"clock.{participle}",
        reason=reason,
        refs={"incident": clock.incident_id, **(refs or {})},
    )
    tell(clock, words, actor)
    return clock


def tell(clock: Clock, words: str, actor: Any) -> None:
    """An entry of the incident's timeline about a clock."""
    facts = {"clock": clock.pk, "state": clock.state, "due_at": clock.due_at.isoformat() if clock.due_at else None}
    timeline.add(clock.incident, EntryKind.CLOCK, words, actor=actor, facts=facts)


def zoned_of(clock: Clock, moment: datetime.datetime | None) -> str:
    """A moment in UTC and in the clock's zone."""
    return both_walls(moment, ZoneInfo(clock.zone))
