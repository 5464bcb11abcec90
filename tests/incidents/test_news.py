"""Whom incidents, their reviews, plans and exercises tell by mail: exactly those whom it concerns, and once."""

from typing import Any

import pytest
from django.core import mail

from foundation.accounts.actions import deactivate
from foundation.accounts.models import User
from foundation.jobs.worker import run_all
from foundation.trail.models import Entry
from incidents import actions
from incidents.exercises import signing
from incidents.models import Incident, Part, State
from incidents.plans import approving
from incidents.reviews import actions as reviews
from tests.factories.incidents import a_review, an_event, an_incident, named
from tests.factories.mails import nothing_waits, told_twice, words_of_all
from tests.factories.people import UserFactory
from tests.factories.plans import an_exercise, begun, filled, in_force, signed, submitted, written_up

pytestmark = pytest.mark.django_db

TITLE = "Backups of payroll were copied"
WORDS = ("Backups", "payroll", "SEV", "Oskar", "Mona", "Emil", "Cole", "dismissed for cause")


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


SECRET = {"title": TITLE, "summary": "By somebody dismissed for cause.", "restricted": True}


# ---- declared -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("severity", [1, 2])
def test_a_severe_incident_tells_compliance_managers_but_not_who_declares_it(
    severity: int, employee: User, compliance: User, manager: User, owner: User, admin: User
):
    UserFactory(role="compliance_manager", is_active=False)
    incident = actions.declare_at_once(Incident(title=TITLE), actor=employee, severity=severity)
    assert told_twice() == [compliance.email]
    (message,) = mail.outbox
    assert message.subject == f"SEV{severity}: {TITLE} ({incident.ref})"
    assert f"Commander: {employee.name}." in message.body
    assert incident.get_absolute_url() in message.body
    (entry,) = Entry.objects.filter(verb="mail.sent", object_type="incidents.incident", object_id=str(incident.pk))
    assert entry.facts["refs"]["to"] == compliance.pk
    assert compliance.email not in entry.detail


def test_its_commander_is_told_too_and_a_compliance_manager_who_declares_is_not(
    employee: User, compliance: User, owner: User, manager: User
):
    second = UserFactory(role="compliance_manager", email="second@example.com")
    event = an_event(reporter=employee, commander=owner)
    actions.declare(fresh(event), actor=compliance, severity=2, reason="As the matrix says.")
    assert told_twice() == sorted([owner.email, second.email])


@pytest.mark.parametrize("severity", [3, 4])
def test_what_is_not_severe_tells_nobody_until_it_is_raised(severity: int, owner: User, compliance: User):
    incident = actions.declare_at_once(Incident(title=TITLE), actor=owner, severity=severity)
    assert nothing_waits()
    actions.set_severity(fresh(incident), actor=compliance, severity=2, reason="Customers too.")
    assert told_twice() == [owner.email]
    actions.set_severity(fresh(incident), actor=owner, severity=1, reason="All of them.")
    assert told_twice() == [compliance.email]  # worse than severe is told anew
    for lower in (2, 3, 4):
        actions.set_severity(fresh(incident), actor=owner, severity=lower, reason="Fewer.")
        assert nothing_waits()


def test_a_restricted_one_tells_its_people_alone_and_none_of_its_words(
    employee: User, compliance: User, owner: User, manager: User, admin: User
):
    event = an_event(**SECRET, reporter=employee, commander=owner)
    named(event, manager, Part.LEGAL)
    actions.declare(fresh(event), actor=employee, severity=1, reason="Emil saw it.")
    assert told_twice() == sorted([compliance.email, owner.email])
    for message in mail.outbox:
        whole = words_of_all().replace(f"Hello {owner.name}", "")
        assert not [word for word in WORDS if word in whole], message.to
        assert message.subject == f"Restricted incident {event.ref}"
        assert event.get_absolute_url() in message.body


def test_what_becomes_restricted_or_over_before_the_mail_is_sent(employee: User, compliance: User, owner: User):
    first = actions.declare_at_once(Incident(title=TITLE), actor=employee, severity=1)
    actions.restrict(fresh(first), actor=employee, reason="A person.")
    assert told_twice() == [compliance.email]
    assert TITLE not in words_of_all()
    second = actions.declare_at_once(Incident(title="Slow"), actor=employee, severity=1)
    actions.set_severity(fresh(second), actor=employee, severity=3, reason="One machine.")
    assert told_twice() == []
    third = actions.declare_at_once(Incident(title="Down"), actor=employee, severity=1)
    actions.set_severity(fresh(third), actor=employee, severity=4, reason="Nothing.")
    actions.close(fresh(third), actor=compliance, note="A false alarm.")
    assert fresh(third).state == State.CLOSED
    assert told_twice() == []


def test_a_line_break_in_a_title_neither_forges_nor_keeps_a_mail_away(employee: User, compliance: User):
    actions.declare_at_once(Incident(title="Down\r\nBcc: all@example.com"), actor=employee, severity=1)
    assert told_twice() == [compliance.email]
    assert mail.outbox[0].subject.startswith("SEV1: Down Bcc: all@example.com (")
    assert mail.outbox[0].body.startswith("Hello ")


# ---- the command --------------------------------------------------------------------------------------------------


def test_whoever_is_given_the_command_is_told_and_who_takes_it_is_not(owner: User, manager: User, compliance: User):
    incident = an_incident(title=TITLE, commander=owner)
    actions.assign_commander(fresh(incident), actor=owner, commander=manager, reason="Shift change.")
    assert told_twice() == [manager.email]
    assert mail.outbox[0].subject == f"You command {incident.ref}: {TITLE}"
    actions.assign_commander(fresh(incident), actor=compliance, commander=compliance, reason="I take over.")
    assert told_twice() == []
    actions.assign_commander(fresh(incident), actor=compliance, commander=manager, reason="Back.")
    assert told_twice() == [manager.email]  # once for each time


def test_whoever_gave_it_away_before_the_mail_was_sent_is_not_told(owner: User, manager: User, compliance: User):
    incident = an_incident(commander=owner)
    actions.assign_commander(fresh(incident), actor=owner, commander=manager, reason="Shift change.")
    actions.assign_commander(fresh(incident), actor=manager, commander=compliance, reason="Ill.")
    run_all()
    assert [message.to for message in mail.outbox] == [[compliance.email]]


def test_the_command_of_a_restricted_one_is_told_without_its_words(owner: User, employee: User):
    event = an_incident(1, **SECRET, commander=owner)
    actions.assign_commander(fresh(event), actor=owner, commander=employee, reason="Mona knows payroll.")
    assert told_twice() == [employee.email]
    whole = words_of_all().replace(f"Hello {employee.name}", "")
    assert not [word for word in WORDS if word in whole]
    assert mail.outbox[0].subject == f"You command {event.ref}"


# ---- what waits for an approval -----------------------------------------------------------------------------------


def a_written_review(incident: Incident, author: User, approver: User) -> Any:
    return a_review(
        incident, author=author, approver=approver, facts="It began at night.", impact="None.", held_on=None,
        root_cause="A leaked password.", worked="The alert.", lessons="Scan.", no_control_failed=True,
    )  # fmt: skip


def test_a_submitted_review_tells_its_approver_again_when_it_comes_again(
    owner: User, manager: User, compliance: User, employee: User
):
    incident = an_incident(title=TITLE, commander=owner)
    review = a_written_review(incident, owner, manager)
    reviews.submit(review, actor=owner)
    assert told_twice() == [manager.email]
    assert review.ref in mail.outbox[0].subject
    assert f"{owner.name} submitted it." in mail.outbox[0].body
    assert TITLE in mail.outbox[0].body
    reviews.give_back(fresh(review), actor=manager, reason="Say more.")
    reviews.submit(fresh(review), actor=compliance)
    assert told_twice() == [manager.email]


def test_a_review_of_a_restricted_incident_is_told_without_words_and_not_to_who_sees_it_no_more(
    owner: User, manager: User
):
    incident = an_incident(**SECRET, commander=owner)
    part = named(incident, manager, Part.OBSERVER)
    review = a_written_review(incident, owner, manager)
    reviews.submit(review, actor=owner)
    assert told_twice() == [manager.email]
    whole = words_of_all().replace(f"Hello {manager.name}", "")
    assert not [word for word in WORDS if word in whole]
    reviews.give_back(fresh(review), actor=manager, reason="Say more.")
    reviews.submit(fresh(review), actor=owner)
    actions.take_off(fresh(part), actor=owner, reason="Changed teams.")
    assert told_twice() == []


def test_a_submitted_plan_tells_its_approver(compliance: User, manager: User, owner: User, admin: User):
    version = filled(begun(compliance), compliance)
    assert nothing_waits()
    approving.submit(version, actor=compliance, approver=manager, change_note="Written by us.")
    assert told_twice() == [manager.email]
    assert mail.outbox[0].subject == f"Waits for your approval: Version 1 of {version.plan.ref}"


def test_what_was_taken_back_or_decided_before_the_mail_is_sent_tells_nobody(
    compliance: User, manager: User, admin: User
):
    version = submitted(begun(compliance), author=compliance, approver=manager)
    approving.approve(fresh(version), actor=manager, statement="We looked at it.")
    assert told_twice() == []
    second = submitted(begun(compliance, title="Another"), author=compliance, approver=manager)
    deactivate(manager, actor=admin, reason="Left.")
    assert fresh(second).approver_id == manager.pk
    assert told_twice() == []


def test_a_signed_exercise_tells_its_approver(compliance: User, manager: User, owner: User, colleague: User):
    edition = in_force(author=compliance, approver=manager)
    run_all()
    exercise = an_exercise(facilitator=owner, approver=manager, edition=edition)
    written = written_up(exercise, attendee=colleague)
    assert nothing_waits()
    signing.sign(written, actor=owner, statement="We looked at it.")
    assert told_twice() == [manager.email]
    assert mail.outbox[0].subject == f"Waits for your approval: {exercise.ref}"
    assert exercise.title in mail.outbox[0].body


def test_an_exercise_that_came_back_and_is_signed_again_is_told_again(
    compliance: User, manager: User, owner: User, colleague: User
):
    edition = in_force(author=compliance, approver=manager)
    exercise = signed(an_exercise(facilitator=owner, approver=manager, edition=edition), attendee=colleague)
    run_all()
    signing.give_back(fresh(exercise), actor=manager, reason="Say who decided.")
    signing.sign(fresh(exercise), actor=owner, statement="We looked at it.")
    assert told_twice() == [manager.email]
