"""What is done to an exercise before it is signed: planning, naming who takes part, taking part, writing it up."""

from typing import Any, Final, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from findings.actions import raise_finding
from findings.models import Kind, SourceKind
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.models import today
from foundation.trail.asof import thaw
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say, tie, untie
from incidents.models import (
    EXERCISE_MOVES,
    Exercise,
    ExerciseAttendee,
    ExerciseDecision,
    ExerciseFinding,
    ExerciseState,
    Inject,
)
from incidents.rows import after, change, put, take_away

RUNS: Final = "Its facilitator does this, or a compliance manager who does not approve it."
WRITTEN: Final = (ExerciseState.PLANNED, ExerciseState.HELD)
OVER: Final = "{} is {}: nothing is changed in it any more."
Row = TypeVar("Row", Inject, ExerciseDecision)


def runs(user: User, exercise: Exercise) -> bool:
    """Whether this person writes the record: the facilitator, or a compliance manager; never who approves it."""
    if user.pk == exercise.approver_id:
        return False
    return user.pk == exercise.facilitator_id or user.role == Role.COMPLIANCE_MANAGER


def written_by(exercise: Exercise, actor: User, *states: str) -> Exercise:
    """The exercise, locked, if this person writes it and it is in one of the states (else: planned or held).

    Raises PermissionDenied, Stale, ValidationError.
    """
    return writable(locked(exercise), actor, *states)


def standing(number: int, actor: User) -> Exercise:
    """The exercise of a row, locked, if this person writes it. Raises PermissionDenied, ValidationError."""
    return writable(Exercise.objects.select_for_update().get(pk=number), actor)


def writable(exercise: Exercise, actor: User, *states: str) -> Exercise:
    """The exercise, if this person writes it now. Raises PermissionDenied, ValidationError."""
    if not runs(actor, exercise):
        raise PermissionDenied(RUNS)
    if exercise.state not in (states or WRITTEN):
        raise ValidationError(OVER.format(exercise.ref, exercise.get_state_display().lower()))
    return exercise


@transaction.atomic
def rewrite(exercise: Exercise, *, actor: User) -> Exercise:
    """Keep what was said anew of an exercise. Raises PermissionDenied, Stale, ValidationError once it is signed."""
    standing(exercise.pk, actor)
    return save(exercise, actor=actor, verb="exercise.updated")


@transaction.atomic
def hold(exercise: Exercise, *, actor: User) -> Exercise:
    """Say that it was held, on its day. Raises PermissionDenied, Stale, ValidationError before the day."""
    exercise = written_by(exercise, actor)
    move(exercise, ExerciseState.HELD, EXERCISE_MOVES, "state")
    if exercise.held_on > today():
        raise ValidationError(f"It is planned for {exercise.held_on}. Change the day if it was held before.")
    return save(exercise, actor=actor, verb="exercise.held")


@transaction.atomic
def cancel(exercise: Exercise, *, actor: User, reason: str) -> Exercise:
    """Call an exercise off, with a reason. Raises Stale, ValidationError once it is signed."""
    exercise = locked(exercise)
    say(reason, "Say why it is called off.")
    move(exercise, ExerciseState.CANCELLED, EXERCISE_MOVES, "state")
    exercise.note = reason.strip()
    return save(exercise, actor=actor, verb="exercise.cancelled", reason=reason)


# ---- who takes part --------------------------------------------------------------------------------------------------


@transaction.atomic
def name_attendee(
    exercise: Exercise, *, actor: User, role: str, user: User | None = None, name: str = ""
) -> ExerciseAttendee:
    """Name somebody who takes part, with an account or, without one, by name alone; and the role that they play.

    Raises PermissionDenied, Stale; ValidationError where they are named already, or cannot sign in.
    """
    exercise = written_by(exercise, actor)
    name = name.strip()
    if (user is None) == (not name):
        raise ValidationError({"name": "Choose an account, or write the name of somebody who has none."})
    if user is not None and (not user.is_active or user.role in ("", Role.AUDITOR)):
        raise ValidationError({"user": f"{user} cannot sign in and confirm having taken part."})
    say(role, "Say which role they play.")
    row = ExerciseAttendee(exercise=exercise, user=user, name=name, role=role.strip())
    return tie(row, actor=actor, reason=role)


def named_words(exercise: Exercise) -> str:
    """What is said to whoever named somebody last: whether these can confirm it themselves. One query."""
    versions = ExerciseAttendee.history.filter(exercise_id=exercise.pk).select_related("user")
    last = thaw(versions.latest("history_id"))
    if last.user:
        return f"{last.who} is named: they confirm themselves that they took part."
    return f"{last.who} is named by you. Without an account they cannot confirm it themselves."


@transaction.atomic
def end_attendee(row: ExerciseAttendee, *, actor: User, reason: str) -> ExerciseAttendee:
    """Take somebody off, with a reason; what they confirmed goes with them. Raises as `written_by`."""
    standing(row.exercise_id, actor)
    row = locked(row)
    if row.confirmed_at is not None:
        raise ValidationError(f"{row.who} confirmed having taken part: that stands.")
    return untie(row, actor=actor, reason=reason)


@transaction.atomic
def take_part(exercise: Exercise, *, actor: User) -> ExerciseAttendee:
    """Confirm having taken part: each for themselves, nobody for anybody else, once it was held.

    Raises PermissionDenied for whoever was not named; ValidationError before it was held, twice, or once it is signed.
    """
    exercise = Exercise.objects.select_for_update().get(pk=exercise.pk)
    row = ExerciseAttendee.objects.live().select_for_update().filter(exercise=exercise, user=actor).first()
    if row is None:
        raise PermissionDenied("Only whoever was named as an attendee confirms having taken part.")
    if exercise.state != ExerciseState.HELD:
        raise ValidationError(f"{exercise.ref} is {exercise.get_state_display().lower()}: say this once it is held.")
    if row.confirmed_at is not None:
        raise ValidationError("You confirmed that already.")
    row.confirmed_at = timezone.now()
    return save(row, actor=actor, verb="exerciseattendee.confirmed", refs={"exercise": exercise.pk})


# ---- what happened ---------------------------------------------------------------------------------------------------


@transaction.atomic
def add_inject(exercise: Exercise, *, actor: User, **said: Any) -> Inject:
    """Write an inject, after those that are there. Raises PermissionDenied, Stale, ValidationError."""
    exercise = written_by(exercise, actor)
    return add_row(Inject, exercise, actor, said)


@transaction.atomic
def add_decision(exercise: Exercise, *, actor: User, **said: Any) -> ExerciseDecision:
    """Write a decision, after those that are there. Raises PermissionDenied, Stale, ValidationError."""
    exercise = written_by(exercise, actor)
    return add_row(ExerciseDecision, exercise, actor, said)


@transaction.atomic
def change_row(row: Row, *, actor: User, **said: Any) -> Row:
    """Say something else of an inject or a decision. Raises PermissionDenied, Stale, ValidationError."""
    exercise = standing(row.exercise_id, actor)
    return change(row, said, actor=actor, refs={"exercise": exercise.pk})


@transaction.atomic
def remove_row(row: Row, *, actor: User, reason: str) -> Row:
    """Take an inject or a decision away, with a reason. Raises PermissionDenied, Stale, ValidationError."""
    exercise = standing(row.exercise_id, actor)
    return take_away(row, actor=actor, reason=reason, refs={"exercise": exercise.pk})


def add_row(model: type[Row], exercise: Exercise, actor: User, said: dict[str, Any]) -> Row:
    """Write one more inject or decision, after those that are there."""
    place = after(model.objects.filter(exercise=exercise))
    return put(model(exercise=exercise, position=place, **said), actor=actor, refs={"exercise": exercise.pk})


# ---- gaps ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def raise_gap(
    exercise: Exercise, *, actor: User, title: str, severity: str, description: str, owner: User | None = None
) -> ExerciseFinding:
    """Raise a finding from a gap that it showed. The finding has a deadline of its own and outlives the exercise.

    Raises PermissionDenied, Stale, ValidationError.
    """
    exercise = written_by(exercise, actor)
    say(description, "Say which gap the exercise showed.")
    found = raise_finding(
        actor=actor, title=title, kind=Kind.DEVIATION, severity=severity, source=SourceKind.TEST,
        source_name=f"Exercise {exercise.ref}", description=description, detected_on=min(exercise.held_on, today()),
        owner=owner,
    )  # fmt: skip
    return tie(ExerciseFinding(exercise=exercise, finding=found, reason=description), actor=actor, reason=description)


@transaction.atomic
def unlink_gap(row: ExerciseFinding, *, actor: User, reason: str) -> ExerciseFinding:
    """Say that a finding is no gap of this exercise; the finding stays. Raises as `written_by`."""
    standing(row.exercise_id, actor)
    return untie(row, actor=actor, reason=reason)
