"""Exercises: planned, held, confirmed by each attendee, signed, approved by another person, kept as evidence."""

import datetime
import hashlib
import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, transaction

from evidence.models import Evidence, EvidenceLink, State
from findings.models import Finding
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry
from incidents import guards
from incidents.exercises import actions, signing
from incidents.exercises.cadence import next_due
from incidents.exercises.forms import ExerciseForm
from incidents.exercises.work import exercises_work
from incidents.models import (
    Exercise,
    ExerciseAttendee,
    ExerciseFinding,
    ExerciseState,
    IncidentControlLink,
    Inject,
    PlanVersion,
)
from tests.factories.controls import ControlFactory
from tests.factories.incidents import an_incident, approved_review
from tests.factories.people import UserFactory
from tests.factories.plans import WHY, an_exercise, approved, begun, fresh, in_force, signed, written_up

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def edition(compliance: User, manager: User) -> PlanVersion:
    """The plan's version in force."""
    return in_force(author=compliance, approver=manager)


@pytest.fixture
def exercise(compliance: User, manager: User, edition: PlanVersion) -> Exercise:
    """A tabletop that compliance facilitates and the manager approves."""
    return an_exercise(facilitator=compliance, approver=manager, edition=edition)


def words(exercise: Exercise) -> str:
    return " ".join(block.words for block in signing.blocks(fresh(exercise)))


def test_what_blocks_signing(exercise: Exercise, compliance: User, owner: User):
    found = words(exercise)
    for said in ("not held", "Nobody beside the facilitator", "No inject", "No decision", "what worked", "No gap"):
        assert said in found
    with pytest.raises(ValidationError):
        signing.sign(fresh(exercise), actor=compliance, statement=WHY)
    exercise = written_up(exercise, attendee=owner)
    assert words(exercise) == ""
    row = Inject.objects.get()
    actions.change_row(row, actor=compliance, response="")
    assert words(exercise) == "1 inject has no response."
    exercise.no_gaps = True
    actions.rewrite(exercise, actor=compliance)
    assert "It says that no gap showed" in words(exercise)


def test_each_attendee_confirms_for_himself(exercise: Exercise, compliance: User, owner: User, employee: User):
    row = actions.name_attendee(fresh(exercise), actor=compliance, user=owner, role="Scribe")
    guest = actions.name_attendee(fresh(exercise), actor=compliance, name="Vera Vendor", role="Hosting")
    with pytest.raises(ValidationError, match="once it is held"):
        actions.take_part(fresh(exercise), actor=owner)
    actions.hold(fresh(exercise), actor=compliance)
    for somebody in (compliance, employee):
        with pytest.raises(PermissionDenied):
            actions.take_part(fresh(exercise), actor=somebody)
    assert fresh(row).confirmed_at is None
    assert [item.kind for item in exercises_work(owner)] == ["Confirm that you took part"]
    assert actions.take_part(fresh(exercise), actor=owner).confirmed_at is not None
    assert exercises_work(owner) == []
    with pytest.raises(ValidationError, match="already"):
        actions.take_part(fresh(exercise), actor=owner)
    with pytest.raises(ValidationError, match="that stands"):
        actions.end_attendee(fresh(row), actor=compliance, reason="No.")
    actions.end_attendee(fresh(guest), actor=compliance, reason="She left early.")
    assert Entry.objects.filter(verb="exerciseattendee.confirmed", actor_id=owner.pk).count() == 1
    row = fresh(guest)
    row.confirmed_at = exercise.created_at
    with pytest.raises(IntegrityError, match="attendee_is_somebody"), transaction.atomic():
        save(row, actor=compliance, verb="exerciseattendee.confirmed")


@pytest.mark.parametrize("said", [{}, {"user": "owner", "name": "Somebody"}, {"user": "auditor"}, {"name": "  "}])
def test_who_is_named_is_one_person_who_can_confirm(exercise: Exercise, compliance: User, request, said):
    values = {key: request.getfixturevalue(value) if key == "user" else value for key, value in said.items()}
    with pytest.raises(ValidationError):
        actions.name_attendee(fresh(exercise), actor=compliance, role="Scribe", **values)
    assert not ExerciseAttendee.objects.exists()


def test_nobody_is_named_twice(exercise: Exercise, compliance: User, owner: User):
    for said in ({"user": owner}, {"name": "Vera Vendor"}):
        actions.name_attendee(fresh(exercise), actor=compliance, role="Scribe", **said)
        with pytest.raises(ValidationError, match="already"):
            actions.name_attendee(fresh(exercise), actor=compliance, role="Lead", **said)


def test_only_who_writes_it_writes_it(exercise: Exercise, compliance: User, manager: User, owner: User):
    second = UserFactory(name="Cyril Compliance", role="compliance_manager")
    actions.name_attendee(fresh(exercise), actor=compliance, user=owner, role="Scribe")
    for somebody in (owner, manager):
        with pytest.raises(PermissionDenied):
            actions.add_inject(fresh(exercise), actor=somebody, text="It rings.")
        with pytest.raises(PermissionDenied):
            actions.hold(fresh(exercise), actor=somebody)
    assert actions.add_inject(fresh(exercise), actor=second, text="It rings.").position == 1
    with pytest.raises(PermissionDenied, match="facilitator signs"):
        signing.sign(fresh(exercise), actor=second, statement=WHY)
    assert signing.involved(fresh(exercise)) == {compliance.pk, second.pk}


@pytest.mark.parametrize("what", ["scenario", "worked", "no_gaps"])
def test_whoever_wrote_any_of_the_record_never_approves_it(
    exercise: Exercise, compliance: User, manager: User, owner: User, what: str
):
    """Not by being named as its approver afterwards, either; whoever only took part has written nothing."""
    second = UserFactory(name="Cyril Compliance", role="compliance_manager")
    row = fresh(exercise)
    setattr(row, what, "Another." if what != "no_gaps" else True)
    actions.rewrite(row, actor=second)
    row = fresh(exercise)
    row.no_gaps, row.approver = False, second
    actions.rewrite(row, actor=compliance)
    exercise = signed(exercise, attendee=owner)
    assert signing.involved(exercise) == {compliance.pk, second.pk}
    with pytest.raises(PermissionDenied, match="wrote or signed"):
        signing.approve(fresh(exercise), actor=second, statement=WHY)


@pytest.mark.parametrize("new", [True, False])
def test_whoever_writes_does_not_name_themselves_to_approve_it(exercise: Exercise, new: bool):
    second = UserFactory(name="Cyril Compliance", role="compliance_manager")
    said = {"approver": str(second.pk), "title": "Mine"}
    form = ExerciseForm(said, user=second, instance=Exercise() if new else fresh(exercise))
    assert "wrote some of its record" in str(form.errors["approver"])


def test_an_exercise_is_not_held_before_its_day(compliance: User, manager: User, edition: PlanVersion):
    later = an_exercise(facilitator=compliance, approver=manager, edition=edition, held_on=today() + DAY)
    with pytest.raises(ValidationError, match="planned for"):
        actions.hold(fresh(later), actor=compliance)
    assert exercises_work(compliance) == []


def test_the_sole_attendee_does_not_approve(exercise: Exercise, compliance: User, manager: User, owner: User):
    exercise = written_up(exercise, attendee=manager)
    assert "Only the approver took part" in words(exercise)
    actions.name_attendee(fresh(exercise), actor=compliance, user=owner, role="Scribe")
    assert "1 attendee has not confirmed" in words(exercise)
    actions.take_part(fresh(exercise), actor=owner)
    assert words(exercise) == ""


def test_it_is_approved_by_another_person_hashed_and_evidence(
    exercise: Exercise, manager: User, compliance: User, owner: User
):
    control = ControlFactory(ref="INC-92")
    link = IncidentControlLink(part="exercise", control=control, reason="It is the exercise.")
    save(link, actor=compliance, verb="incidentcontrollink.created")
    exercise = signed(exercise, attendee=owner)
    assert [item.kind for item in exercises_work(manager)] == ["Signed; waits for your approval"]
    for somebody in (compliance, owner):
        with pytest.raises(PermissionDenied):
            signing.approve(fresh(exercise), actor=somebody, statement=WHY)
    exercise = signing.approve(fresh(exercise), actor=manager, statement=WHY)
    item = Evidence.objects.get(pk=exercise.evidence_id or 0)
    assert (item.state, item.reviewed_by, item.submitted_by) == (State.ACCEPTED, manager, None)
    assert EvidenceLink.objects.get(evidence=item).control == control
    with item.file.open() as file:
        kept = file.read()
    assert hashlib.sha256(kept).hexdigest() == exercise.sha256
    said = json.loads(kept)
    assert said["attendees"][1] == {
        "account": None,
        "named": "Vera Vendor",
        "role": "Hosting provider",
        "confirmed_at": "",
    }
    assert said["attendees"][0]["confirmed_at"] != ""
    assert said["gaps"][0]["finding"] == Finding.objects.get().ref
    assert (said["plan_version"], said["plan_sha256"]) == (1, exercise.edition.sha256)


def test_a_gap_outlives_its_exercise(exercise: Exercise, compliance: User, owner: User):
    exercise = approved(exercise, attendee=owner)
    found = Finding.objects.get()
    assert (found.title, found.source_name) == ("Nobody could reach counsel", f"Exercise {exercise.ref}")
    assert found.due_on is not None
    found.title = "Counsel cannot be reached at night"
    save(found, actor=compliance, verb="finding.updated")  # the finding lives on; the record of the exercise does not
    with pytest.raises(ValidationError, match="approved"):
        actions.unlink_gap(ExerciseFinding.objects.get(), actor=compliance, reason="No.")


def test_nothing_of_an_approved_exercise_is_rewritten(exercise: Exercise, compliance: User, manager: User, owner: User):
    exercise = approved(exercise, attendee=owner)
    inject, attendee = Inject.objects.get(), ExerciseAttendee.objects.first()
    for refused in (
        lambda: actions.change_row(fresh(inject), actor=compliance, response="Other."),
        lambda: actions.remove_row(fresh(inject), actor=compliance, reason="No."),
        lambda: actions.add_inject(fresh(exercise), actor=compliance, text="More."),
        lambda: actions.add_decision(fresh(exercise), actor=compliance, what="More."),
        lambda: actions.name_attendee(fresh(exercise), actor=compliance, name="Late", role="x"),
        lambda: actions.take_part(fresh(exercise), actor=owner),
        lambda: actions.rewrite(fresh(exercise), actor=compliance),
        lambda: actions.cancel(fresh(exercise), actor=compliance, reason="No."),
        lambda: signing.sign(fresh(exercise), actor=compliance, statement=WHY),
        lambda: signing.give_back(fresh(exercise), actor=manager, reason="No."),
        lambda: signing.approve(fresh(exercise), actor=manager, statement=WHY),
    ):
        with pytest.raises(ValidationError):
            refused()
    for row, field in ((fresh(exercise), "title"), (fresh(inject), "text"), (fresh(attendee), "role")):
        setattr(row, field, "Other")
        with pytest.raises(DatabaseError, match=guards.EXERCISE[:20]), transaction.atomic():
            save(row, actor=compliance, verb=f"{row._meta.model_name}.updated")
    with pytest.raises(DatabaseError, match=guards.EXERCISE[:20]), transaction.atomic():
        Inject._base_manager.filter(pk=inject.pk)._raw_delete("default")
    assert fresh(exercise).sha256 == exercise.sha256


def test_of_two_at_once_the_second_is_refused(exercise: Exercise, manager: User, owner: User):
    exercise = signed(exercise, attendee=owner)
    seen = fresh(exercise)
    signing.give_back(fresh(exercise), actor=manager, reason="The decision lacks a reason.")
    with pytest.raises(Stale):
        signing.approve(seen, actor=manager, statement=WHY)
    back = fresh(exercise)
    assert (back.state, back.signed_by, back.statement) == (ExerciseState.HELD, None, "")


def test_a_real_incident_counts_once_it_is_closed_and_reviewed(
    compliance: User, manager: User, owner: User, edition: PlanVersion
):
    now = edition.approved_at
    incident = an_incident(1)
    exercise = an_exercise(facilitator=owner, approver=manager, edition=edition, kind="real", incident=incident)
    exercise = written_up(exercise, attendee=compliance)
    for said in ("is not closed", "no approved review"):
        assert said in words(exercise)
    with pytest.raises(ValidationError, match="is not closed"):
        signing.sign(fresh(exercise), actor=owner, statement=WHY)
    exercise.incident.restricted = True  # its facilitator is not named in it: not how it stands is told
    assert signing.counts(exercise.incident) == [signing.NOT_COUNTED]
    approved_review(incident, author=compliance, approver=manager)
    incident.refresh_from_db()
    incident.state, incident.closed_at, incident.closed_by = "closed", now, compliance
    incident.closed_at = max(now, incident.declared_at)
    save(incident, actor=compliance, verb="incident.closed")
    assert words(exercise) == ""
    assert list(signing.countable()) == [incident]
    mild = an_incident(3)
    assert signing.counts(mild)[1] == f"{mild.ref} is not of severity 1 or 2."
    assert signing.counts(None) == ["Say which incident it was."]


def test_the_version_must_have_been_approved(compliance: User, manager: User):
    exercise = an_exercise(facilitator=compliance, approver=manager, edition=begun(compliance))
    assert "was never approved" in words(exercise)


def test_when_the_next_is_due(exercise: Exercise, compliance: User, manager: User, owner: User, edition: PlanVersion):
    assert next_due() == edition.approved_at.date() + 365 * DAY
    approved(exercise, attendee=owner)
    assert next_due() == exercise.held_on + 365 * DAY
    assert exercises_work(compliance) == []


def test_who_plans_is_told_when_none_is_planned(compliance: User, manager: User, owner: User, edition: PlanVersion):
    old = an_exercise(facilitator=owner, approver=manager, edition=edition, held_on=today() - 400 * DAY)
    approved(old, attendee=compliance)
    assert [item.kind for item in exercises_work(compliance)] == ["No exercise is planned, and one is overdue"]
    assert exercises_work(manager) == []
    an_exercise(facilitator=owner, approver=manager, edition=edition, held_on=today() + DAY)
    assert exercises_work(compliance) == []
