"""Response plans and exercises for tests, at any stage, through the actions that people use."""

from typing import Any

from findings.models import Severity
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from incidents.exercises import actions, signing
from incidents.models import Exercise, PlanVersion, ResponsePlan
from incidents.plans import approving, writing
from incidents.plans.content import ALL_TEXTS, PARTS, parts_of

SAID = "Written by us."
WHY = "We looked at it."


def fresh(row: Any) -> Any:
    """The row as it is stored now."""
    return type(row).objects.get(pk=row.pk)


def begun(actor: User, **values: Any) -> PlanVersion:
    """The first draft of a new plan, as the starter text has it."""
    plan = writing.begin(ResponsePlan(**{"title": "Incident response plan", "owner": actor, **values}), actor=actor)
    return PlanVersion.objects.get(plan=plan)


def filled(version: PlanVersion, actor: User) -> PlanVersion:
    """A draft in which nothing is left to fill in."""
    version = fresh(version)
    for name in ALL_TEXTS:
        setattr(version, name, getattr(version, name).replace("[fill in:", "(").replace("]", ")"))
    writing.rewrite(version, actor=actor)
    for name, rows in parts_of(version).items():
        for row in rows:
            texts = {field: getattr(row, field) for field in PARTS[name][1] if isinstance(getattr(row, field), str)}
            said = {field: text.replace("[fill in:", "(").replace("]", ")") for field, text in texts.items()}
            if said != texts:
                writing.change_part(row, actor=actor, **said)
    return fresh(version)


def submitted(version: PlanVersion, *, author: User, approver: User) -> PlanVersion:
    """A draft that waits for its approver."""
    return approving.submit(filled(version, author), actor=author, approver=approver, change_note=SAID)


def in_force(*, author: User, approver: User, **values: Any) -> PlanVersion:
    """The first version of a new plan, approved."""
    version = submitted(begun(author, **values), author=author, approver=approver)
    return approving.approve(version, actor=approver, statement=WHY)


def an_exercise(*, facilitator: User, approver: User, edition: PlanVersion, **values: Any) -> Exercise:
    """A tabletop of a version of the plan, planned for today."""
    said = {"title": "Ransom at quarter's end", "scenario": "Files are locked on a Friday evening.", "held_on": today()}
    exercise = Exercise(**{**said, "facilitator": facilitator, "approver": approver, "edition": edition, **values})
    return save(exercise, actor=facilitator, verb="exercise.created")


def written_up(exercise: Exercise, *, attendee: User) -> Exercise:
    """An exercise that was held, with all that its facilitator has to write, ready to be signed."""
    by = exercise.facilitator
    actions.name_attendee(fresh(exercise), actor=by, user=attendee, role="Technical lead")
    actions.name_attendee(fresh(exercise), actor=by, name="Vera Vendor", role="Hosting provider")
    actions.add_inject(fresh(exercise), actor=by, minute=0, text="A note asks for money.", response="They declared.")
    actions.add_decision(fresh(exercise), actor=by, what="Cut the network.", why="It spread.", by="Commander")
    actions.hold(fresh(exercise), actor=by)
    actions.take_part(fresh(exercise), actor=attendee)
    actions.raise_gap(
        fresh(exercise),
        actor=by,
        title="Nobody could reach counsel",
        severity=Severity.MEDIUM,
        description="No number.",
    )
    exercise = fresh(exercise)
    exercise.worked = "The scribe wrote from the first minute."
    return actions.rewrite(exercise, actor=by)


def signed(exercise: Exercise, *, attendee: User) -> Exercise:
    """An exercise that waits for its approver."""
    return signing.sign(written_up(exercise, attendee=attendee), actor=exercise.facilitator, statement=WHY)


def approved(exercise: Exercise, *, attendee: User) -> Exercise:
    """An exercise that another person approved."""
    return signing.approve(signed(exercise, attendee=attendee), actor=exercise.approver, statement=WHY)
