"""What ends an exercise: the facilitator's signature, another person's approval, and the evidence that it leaves."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.access import apart, refs_of
from foundation.accounts.duties import EXERCISE_APPROVAL
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.trail.keep import save
from foundation.trail.leaf import canonical, sha256
from foundation.trail.steps import locked, move, say
from incidents.exercises import news
from incidents.models import (
    EXERCISE_MOVES,
    NEEDS_REVIEW,
    Exercise,
    ExerciseAttendee,
    ExerciseDecision,
    ExerciseFinding,
    ExerciseKind,
    ExerciseState,
    Incident,
    IncidentControlLink,
    Inject,
    PostIncidentReview,
    ReviewState,
    State,
)
from incidents.proofs import keep_as_evidence

FACILITATES: Final = (Role.COMPLIANCE_MANAGER, Role.MANAGER, Role.CONTROL_OWNER)  # table.TABLE: sign
NOT_COUNTED: Final = "The incident must be closed, of severity 1 or 2, and its review approved."
APPROVES: Final = (Role.COMPLIANCE_MANAGER, Role.MANAGER)  # table.TABLE: approve
# What an exercise itself says of what was tried; whoever changes one of these writes the record.
RECORD: Final = (
    "title", "kind", "edition_id", "incident_id", "scenario", "objectives", "held_on", "place", "worked",
    "did_not_work", "plan_changes", "no_gaps",
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One thing that keeps an exercise from going on, and the page where that is mended."""

    words: str
    url: str


# ---- what blocks -----------------------------------------------------------------------------------------------------


def blocks(exercise: Any) -> list[Block]:
    """What keeps an exercise from being signed or approved; nothing when it can be. Seven queries at most."""
    home, edit = exercise.get_absolute_url(), reverse("incidents:exercise-edit", args=[exercise.pk])
    found = []
    if exercise.state == ExerciseState.PLANNED:
        found.append(Block("It was not held yet.", home))
    if not exercise.edition.sha256:
        found.append(Block("The version of the plan that it names was never approved.", edit))
    found += [Block(words, f"{home}#people") for words in of_people(exercise)]
    if exercise.kind == ExerciseKind.REAL:
        found += [Block(words, edit) for words in counts(exercise.incident)]
    else:
        found += [Block(words, f"{home}#injects") for words in of_injects(exercise)]
    if not ExerciseDecision.objects.live().filter(exercise=exercise.pk).exists():
        found.append(Block("No decision is written.", f"{home}#decisions"))
    if not exercise.worked.strip() and not exercise.did_not_work.strip():
        found.append(Block("Nothing is said of what worked and what did not.", edit))
    return found + of_gaps(exercise, home, edit)


def of_people(exercise: Any) -> list[str]:
    """What is missing of those who took part. One query."""
    named = ExerciseAttendee.objects.live().filter(exercise=exercise.pk, user__isnull=False)
    people = dict(named.values_list("user", "confirmed_at"))
    others = {user for user, at in people.items() if at is not None} - {exercise.facilitator_id}
    waiting = sum(1 for at in people.values() if at is None)
    found = []
    if not others:
        found.append("Nobody beside the facilitator confirmed having taken part.")
    elif others == {exercise.approver_id}:
        found.append("Only the approver took part beside the facilitator: name another approver, or other attendees.")
    if waiting:
        words = f"{waiting} attendee{'s have' if waiting > 1 else ' has'} not confirmed having taken part."
        found.append(f"{words} Take off who did not.")
    return found


def of_injects(exercise: Any) -> list[str]:
    """What is missing of the injects. One query."""
    responses = list(Inject.objects.live().filter(exercise=exercise.pk).values_list("response", flat=True))
    if not responses:
        return ["No inject is written."]
    count = sum(1 for words in responses if not words.strip())
    return [f"{count} inject{'s have' if count > 1 else ' has'} no response."] if count else []


def of_gaps(exercise: Any, home: str, edit: str) -> list[Block]:
    """What is not said, or said twice over, of the gaps. One query."""
    gaps = ExerciseFinding.objects.live().filter(exercise=exercise.pk).exists()
    if gaps and exercise.no_gaps:
        return [Block("It says that no gap showed, and names some.", edit)]
    if gaps or exercise.no_gaps:
        return []
    return [Block("No gap is raised as a finding, and it is not said that none showed.", f"{home}#gaps")]


def counts(incident: Incident | None) -> list[str]:
    """Why a real incident does not count as an exercise; nothing where it does: closed, severe, its review approved.

    Of a restricted one no more than that: whoever works on the exercise need not be named in it.
    """
    if incident is None:
        return ["Say which incident it was."]
    found = []
    if incident.state != State.CLOSED:
        found.append(f"{incident.ref} is not closed.")
    if incident.severity not in NEEDS_REVIEW:
        found.append(f"{incident.ref} is not of severity 1 or 2.")
    if not PostIncidentReview.objects.filter(incident=incident, state=ReviewState.APPROVED).exists():
        found.append(f"{incident.ref} has no approved review.")
    return [NOT_COUNTED] if found and incident.restricted else found


def countable() -> QuerySet[Incident]:
    """The incidents that may count as an exercise."""
    reviewed = PostIncidentReview.objects.filter(state=ReviewState.APPROVED).values("incident")
    found: QuerySet[Incident] = Incident.objects.filter(
        state=State.CLOSED, severity__in=NEEDS_REVIEW, archived_at=None, pk__in=reviewed
    )
    return found


# ---- the moves -------------------------------------------------------------------------------------------------------


@transaction.atomic
def sign(exercise: Exercise, *, actor: User, statement: str) -> Exercise:
    """Sign the record, as its facilitator. Raises PermissionDenied, Stale, ValidationError with what blocks it."""
    exercise = locked(exercise)
    if actor.pk != exercise.facilitator_id:
        raise PermissionDenied("Its facilitator signs the record.")
    say(statement, "State what you sign.")
    move(exercise, ExerciseState.SIGNED, EXERCISE_MOVES, "state")
    if found := blocks(exercise):
        raise ValidationError([block.words for block in found])
    exercise.signed_by, exercise.signed_at = actor, timezone.now()
    exercise.statement, exercise.note = statement.strip(), ""
    exercise = save(exercise, actor=actor, verb="exercise.signed", reason=exercise.statement)
    news.signed.tell(exercise, actor=actor)
    return exercise


@transaction.atomic
def approve(exercise: Exercise, *, actor: User, statement: str) -> Exercise:
    """Approve a signed exercise, as its approver: it is frozen and hashed, and becomes evidence for its controls.

    Raises PermissionDenied for anybody else, and for whoever facilitated or signed it; Stale; ValidationError without a
    statement and with whatever would block signing it now.
    """
    exercise = waiting(exercise, actor)
    under = apart(actor, involved(exercise), EXERCISE_APPROVAL, exercise)
    say(statement, "State what you approve.")
    if found := blocks(exercise):
        raise ValidationError([*(block.words for block in found), "Return it to its facilitator."])
    move(exercise, ExerciseState.APPROVED, EXERCISE_MOVES, "state")
    exercise.approved_by, exercise.approved_at, exercise.approved_under = actor, timezone.now(), under
    exercise.approval_statement = statement.strip()
    result = result_of(exercise)
    exercise.sha256 = sha256(canonical(result))
    exercise.evidence = keep_as_evidence(
        result, IncidentControlLink.Part.EXERCISE, day=exercise.held_on, register="exercises",
        what=f"Exercise {exercise.ref}", words=f"{exercise.ref}.", title=f"Exercise: {exercise.title}",
        name=f"{exercise.ref}.json", signed_by=actor, at=exercise.approved_at,
    )  # fmt: skip
    refs = {"sha256": exercise.sha256, "evidence": exercise.evidence.pk, **refs_of(under)}
    return save(exercise, actor=actor, verb="exercise.approved", reason=exercise.approval_statement, refs=refs)


@transaction.atomic
def give_back(exercise: Exercise, *, actor: User, reason: str) -> Exercise:
    """Return a signed exercise to its facilitator, with a reason. Raises PermissionDenied, Stale, ValidationError."""
    exercise = waiting(exercise, actor)
    say(reason, "Say what is to be written otherwise.")
    move(exercise, ExerciseState.HELD, EXERCISE_MOVES, "state")
    exercise.signed_by, exercise.signed_at, exercise.statement = None, None, ""
    exercise.note = reason.strip()
    return save(exercise, actor=actor, verb="exercise.returned", reason=reason)


def waiting(exercise: Exercise, actor: User) -> Exercise:
    """The exercise, locked, if it waits for this person. Raises PermissionDenied, Stale, ValidationError."""
    exercise = locked(exercise)
    if actor.pk != exercise.approver_id:
        raise PermissionDenied("The approver whom it names does this.")
    if exercise.state != ExerciseState.SIGNED:
        raise ValidationError("It does not wait for an approval.")
    return exercise


def involved(exercise: Any) -> set[int]:
    """Everybody who ever facilitated or signed it, or wrote any of its record. Five queries.

    Giving that away makes nobody another person; to take part, by one's own word, is not to write.
    """
    people: set[int | None] = set()
    before: tuple[Any, ...] | None = None
    then = Exercise.history.filter(id=exercise.pk).order_by("history_id")
    for facilitator, signer, writer, *words in then.values_list(
        "facilitator_id", "signed_by_id", "history_user_id", *RECORD
    ):
        people |= {facilitator, signer} | ({writer} if tuple(words) != before else set())
        before = tuple(words)
    for model in (Inject, ExerciseDecision, ExerciseFinding):
        wrote = model.history.filter(exercise_id=exercise.pk).order_by()
        people |= set(wrote.values_list("history_user_id", flat=True).distinct())
    named = ExerciseAttendee.history.filter(exercise_id=exercise.pk).exclude(history_user_id=F("user_id"))
    people |= set(named.order_by().values_list("history_user_id", flat=True).distinct())
    return {number for number in (*people, exercise.facilitator_id, exercise.signed_by_id) if number is not None}


# ---- the record ------------------------------------------------------------------------------------------------------


def result_of(exercise: Exercise) -> dict[str, Any]:
    """An exercise as plain data: what was hashed and is kept as evidence. People with accounts by their numbers."""
    edition, real = exercise.edition, exercise.incident
    return {
        "format": "countersign exercise 1",
        "exercise": exercise.ref,
        "title": exercise.title,
        "kind": str(exercise.kind),
        "plan": edition.plan.ref,
        "plan_version": edition.number,
        "plan_sha256": edition.sha256,
        "incident": real.ref if real else "",
        "scenario": exercise.scenario,
        "objectives": exercise.objectives,
        "held_on": str(exercise.held_on),
        "place": exercise.place,
        "facilitator": exercise.facilitator_id,
        "attendees": [
            {
                "account": one.user_id, "named": one.name, "role": one.role,
                "confirmed_at": one.confirmed_at.isoformat() if one.confirmed_at else "",
            }
            for one in live(ExerciseAttendee, exercise, "id")
        ],
        "injects": [
            {"minute": one.minute, "text": one.text, "expected": one.expected, "response": one.response}
            for one in live(Inject, exercise, "position", "id")
        ],
        "decisions": [
            {"what": one.what, "why": one.why, "by": one.by}
            for one in live(ExerciseDecision, exercise, "position", "id")
        ],
        "gaps": [
            {"finding": one.finding.ref, "reason": one.reason}
            for one in live(ExerciseFinding, exercise, "id").select_related("finding")
        ],
        "no_gaps": exercise.no_gaps,
        "worked": exercise.worked,
        "did_not_work": exercise.did_not_work,
        "plan_changes": exercise.plan_changes,
        "signed_by": exercise.signed_by_id,
        "signed_at": exercise.signed_at.isoformat() if exercise.signed_at else "",
        "statement": exercise.statement,
        "approved_by": exercise.approved_by_id,
        "approved_at": exercise.approved_at.isoformat() if exercise.approved_at else "",
        "approval_statement": exercise.approval_statement,
    }  # fmt: skip


def live(model: Any, exercise: Exercise, *order: str) -> Any:
    """The rows of an exercise that count, in their order."""
    return model.objects.live().filter(exercise=exercise.pk).order_by(*order)


def people_of(roles: Iterable[str]) -> QuerySet[User]:
    """Everybody with one of these roles who may sign in."""
    return User.objects.active().filter(role__in=tuple(roles)).order_by("name", "id")
