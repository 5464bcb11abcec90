"""The demo company's exercises: last year's tabletop, approved, and this year's, which waits for its attendees."""

import datetime
from collections.abc import Sequence
from typing import Final

from findings.models import Severity
from foundation.accounts.models import User
from foundation.organisation.demo_clock import as_on
from foundation.organisation.models import today
from foundation.trail.keep import save
from incidents.exercises import actions, signing
from incidents.models import Exercise, PlanVersion

SIGNED: Final = "It was held as written here. What people did and decided is told as it was."
APPROVED: Final = "I looked at the scenario, the attendees, the decisions and the gaps, and approve the record."
AFTERNOON: Final = datetime.time(13, 0, tzinfo=datetime.UTC)
INJECTS: Final = (
    (0, "The night shift finds that files in the billing system have new endings. A note asks for money.",
     "They declare severity 1 and call the commander.", "Declared after four minutes; the commander answered."),
    (15, "The chat is slow. Somebody asks whether the attackers read it.",
     "They move to the out-of-band channel.", "They moved after nine minutes: two people lacked the number."),
    (40, "A customer asks on the telephone whether its data are safe.",
     "Communications answers, and promises the next update.", "Support answered by itself at first; then referred it."),
    (60, "Logs show that two gigabytes left before the files were locked.",
     "Legal is called, and the clocks are started.", "Counsel's number at night was not in the plan. 20 minutes lost."),
)  # fmt: skip
DECISIONS: Final = (
    ("Cut the network of billing, leave the machines on.", "Memory is evidence, and it was spreading.", "Commander"),
    ("Do not answer the note.", "Counsel and the insurer come first.", "Executive"),
    ("Tell customers by the status page within the hour.", "Silence would cost more than an early word.", "Commander"),
)


def exercises(*, edition: PlanVersion, compliance: User, approver: User, attendees: Sequence[tuple[User, str]]) -> None:
    """Two tabletops of a version of the plan. attendees: who took part, with the role that they played."""
    done(edition, compliance, approver, attendees)
    held = exercise_of(
        edition, compliance, approver, 4, "A vendor is attacked",
        "The mail provider says that keys of its customers were read. Ours sends reset links.",
    )  # fmt: skip
    with as_on(at(4)):
        for user, role in attendees:
            actions.name_attendee(fresh(held), actor=compliance, user=user, role=role)
        for minute, text in (
            (0, "The provider's mail arrives."),
            (30, "A customer asks about a reset that it never asked for."),
        ):
            actions.add_inject(fresh(held), actor=compliance, minute=minute, text=text)
        actions.hold(fresh(held), actor=compliance)
        actions.take_part(fresh(held), actor=attendees[0][0])


def done(edition: PlanVersion, compliance: User, approver: User, attendees: Sequence[tuple[User, str]]) -> None:
    """The tabletop that was approved, with a gap that became a finding."""
    one = exercise_of(
        edition, compliance, approver, 75, "Ransom at quarter's end",
        "On the last Friday of the quarter, at six in the evening, files in the billing system are locked.",
    )  # fmt: skip
    with as_on(at(75)):
        for user, role in attendees:
            actions.name_attendee(fresh(one), actor=compliance, user=user, role=role)
        actions.name_attendee(fresh(one), actor=compliance, name="Karin Holm, Cloudharbour", role="Hosting provider")
        for minute, text, expected, response in INJECTS:
            actions.add_inject(
                fresh(one), actor=compliance, minute=minute, text=text, expected=expected, response=response
            )
        for what, why, by in DECISIONS:
            actions.add_decision(fresh(one), actor=compliance, what=what, why=why, by=by)
        actions.hold(fresh(one), actor=compliance)
        for user, _ in attendees:
            actions.take_part(fresh(one), actor=user)
    with as_on(at(73)):
        actions.raise_gap(
            fresh(one), actor=compliance, title="Counsel cannot be reached at night", severity=Severity.MEDIUM,
            description="The plan has counsel's office number only: 20 minutes were lost before anybody answered.",
            owner=compliance,
        )  # fmt: skip
        one = fresh(one)
        one.worked = "Declaring took four minutes. The scribe wrote from the first."
        one.did_not_work = "Two people lacked the number of the out-of-band channel; counsel could not be reached."
        one.plan_changes = "Counsel's number at night; the channel's number on a card for everybody with a role."
        one = actions.rewrite(one, actor=compliance)
        one = signing.sign(one, actor=compliance, statement=SIGNED)
    with as_on(at(70)):
        signing.approve(one, actor=approver, statement=APPROVED)


def exercise_of(
    edition: PlanVersion, facilitator: User, approver: User, days: int, title: str, scenario: str
) -> Exercise:
    """An exercise that was planned three weeks before its day, so many days ago."""
    day = at(days).date()
    with as_on(at(days + 21)):
        one = Exercise(
            title=title, scenario=scenario, edition=edition, facilitator=facilitator, approver=approver,
            held_on=day, place="Meeting room Björken, and the telephone conference",
            objectives="Reach everybody by the plan alone. Decide with what is known. Start the clocks in time.",
        )  # fmt: skip
        return save(one, actor=facilitator, verb="exercise.created")


def at(days: int) -> datetime.datetime:
    """An afternoon so many days ago."""
    return datetime.datetime.combine(today() - datetime.timedelta(days=days), AFTERNOON)


def fresh(one: Exercise) -> Exercise:
    """The exercise as it is stored now."""
    return Exercise.objects.get(pk=one.pk)
