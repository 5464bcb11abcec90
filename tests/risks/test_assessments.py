"""Rounds of risk assessment before they are closed: what they look at, who takes part, what blocks them (R5.3)."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse

from foundation.accounts.models import User
from foundation.trail.keep import Stale
from foundation.trail.models import Entry
from risks.assessments import closing, rounds
from risks.assessments.blocks import blocks, came_up, moved, notes, todo
from risks.assessments.work import assessments_work
from risks.models import AssessedRisk, Assessment, AssessmentState, Participant, Risk, Status
from tests.factories.assessments import CONCLUSION, STATEMENT, a_round, considered, fresh, submitted, took_part
from tests.factories.controls import ControlFactory
from tests.factories.risks import a_risk, rated


@pytest.fixture
def assessment(compliance: User, manager: User) -> Assessment:
    """A yearly round over two rated risks, one of fraud; `manager` approves it."""
    rated(title="Data leaks")
    rated(title="Invoices are forged", fraud=True)
    return a_round(lead=compliance, approver=manager)


def words(assessment: Assessment) -> list[str]:
    return [block.words for block in blocks(fresh(assessment))]


def inside(assessment: Assessment) -> set[str]:
    return set(AssessedRisk.objects.filter(assessment=assessment).values_list("risk__title", flat=True))


def test_a_round_looks_at_the_risks_of_its_kind(compliance: User, manager: User):
    rated(title="Data leaks")
    rated(title="Invoices are forged", fraud=True)
    rated(title="The cloud moves", change_trigger="technology")
    a_risk(title="Not mine yet", status=Status.TEMPLATE)
    a_risk(title="Over", status=Status.CLOSED)
    people = {"lead": compliance, "approver": manager}
    yearly = a_round(**people)
    assert inside(yearly) == {"Data leaks", "Invoices are forged", "The cloud moves"}
    assert inside(a_round(kind="fraud", **people)) == {"Invoices are forged"}
    assert inside(a_round(kind="change", trigger="A new region", **people)) == {"The cloud moves"}
    one = AssessedRisk.objects.filter(assessment=yearly).first()
    assert (one.inherent_before, one.residual_before) == (16, 16)
    entries = Entry.objects.filter(verb="assessedrisk.created")
    assert entries.count() == 5
    # What came up since can be put in, by hand or all together; a template never.
    late = rated(title="Came later")
    assert next(note.words for note in notes(yearly, came_up(yearly)["all"], 0)).startswith("1 risk came up since")
    rounds.put_new(fresh(yearly), actor=compliance)
    assert "Came later" in inside(yearly)
    template, fraud = Risk.objects.get(title="Not mine yet"), fresh(Assessment.objects.get(kind="fraud"))
    for asked, why in (("R-99999", "no risk"), ("nonsense", "no risk"), (template.ref, "template"), (None, "already")):
        with pytest.raises(ValidationError, match=why):
            rounds.put_risk(fraud, actor=compliance, risk=asked or Risk.objects.get(fraud=True).ref)
    rounds.put_risk(fraud, actor=compliance, risk=late.ref.lower())
    assert "Came later" in inside(fraud)


def test_what_blocks_submitting(assessment: Assessment, compliance: User, manager: User, owner: User):
    assert words(assessment) == ["2 risks are not considered.", "No participant has confirmed having taken part."]
    with pytest.raises(ValidationError, match="2 risks are not considered"):
        rounds.submit(fresh(assessment), actor=compliance, conclusion=CONCLUSION)
    took_part(assessment, owner)
    considered(assessment, compliance)
    assert words(assessment) == []
    # a risk that is no fraud any more, and one that was never rated
    fraud = Risk.objects.get(fraud=True)
    Risk.objects.filter(pk=fraud.pk)
    new = a_risk(title="Came later")
    rounds.put_risk(fresh(assessment), actor=compliance, risk=new.ref)
    assert words(assessment) == ["1 risk is not considered.", "1 risk is not rated."]
    considered(assessment, compliance)
    rated(risk=new)
    assert AssessedRisk.objects.filter(moved(), assessment=assessment).get().risk_id == new.pk
    with pytest.raises(ValidationError, match="Say what"):
        rounds.submit(fresh(assessment), actor=compliance, conclusion=" ")
    kept = rounds.submit(fresh(assessment), actor=compliance, conclusion=CONCLUSION)
    assert (kept.state, kept.submitted_by) == (AssessmentState.SUBMITTED, compliance)
    assert all(block.url.startswith("/risks/") for block in blocks(a_round(lead=compliance, approver=manager)))


def test_a_yearly_round_without_fraud_is_blocked(compliance: User, manager: User, owner: User):
    rated()
    assessment = a_round(lead=compliance, approver=manager)
    took_part(assessment, owner)
    considered(assessment, compliance)
    assert words(assessment) == ["Fraud is not considered: no risk in it is marked as one of fraud (CC3.3)."]
    change = a_round(lead=compliance, approver=manager, kind="other")
    assert not any("Fraud" in said for said in words(change))


def test_taking_part_is_everybodys_own(assessment: Assessment, compliance: User, manager: User, owner: User):
    with pytest.raises(PermissionDenied):
        rounds.take_part(fresh(assessment), actor=owner)
    with pytest.raises(ValidationError, match="approves"):
        rounds.name_participant(fresh(assessment), actor=compliance, user=manager, part="Finance")
    row = took_part(assessment, owner)
    assert row.confirmed_at
    assert Entry.objects.get(verb="participant.confirmed").actor_id == owner.pk
    with pytest.raises(ValidationError, match="already"):
        rounds.take_part(fresh(assessment), actor=owner)
    rounds.end_participant(fresh(row), actor=compliance, reason="Was on leave.")
    with pytest.raises(PermissionDenied):
        rounds.take_part(fresh(assessment), actor=owner)
    again = rounds.name_participant(fresh(assessment), actor=compliance, user=owner, part="Operations")
    assert (again.pk, again.confirmed_at, again.part) == (row.pk, None, "Operations")
    assert Participant.objects.count() == 1


def test_the_approver_considers_and_submits_nothing(
    assessment: Assessment, compliance: User, manager: User, owner: User
):
    item = AssessedRisk.objects.filter(todo(), assessment=assessment).first()
    with pytest.raises(PermissionDenied):
        rounds.consider(item, actor=manager, note="Fine.")
    with pytest.raises(ValidationError, match="what was found"):
        rounds.consider(item, actor=owner, note="  ")
    kept = rounds.consider(item, actor=owner, note="Nothing changed.")
    assert (kept.considered_by, kept.note) == (owner, "Nothing changed.")
    with pytest.raises(Stale):
        rounds.consider(item, actor=compliance, note="Mine.")  # read before the other's
    with pytest.raises(PermissionDenied):
        rounds.submit(fresh(assessment), actor=manager, conclusion=CONCLUSION)


def test_who_led_or_submitted_never_approves(assessment: Assessment, compliance: User, manager: User, owner: User):
    assessment = submitted(assessment, participant=owner)
    for other in (compliance, owner):
        with pytest.raises(PermissionDenied):
            closing.approve(fresh(assessment), actor=other, statement=STATEMENT)
    back = closing.give_back(fresh(assessment), actor=manager, reason="Look at the vendors again.")
    assert (back.state, back.submitted_by, back.conclusion) == (AssessmentState.OPEN, None, CONCLUSION)
    # handing the round over does not make the former lead another person
    back.lead, back.approver = manager, compliance
    from foundation.trail.keep import save

    handed = save(back, actor=compliance, verb="assessment.updated")
    again = rounds.submit(fresh(handed), actor=manager, conclusion=CONCLUSION)
    with pytest.raises(PermissionDenied, match="led, submitted"):
        closing.approve(fresh(again), actor=compliance, statement=STATEMENT)


def test_nothing_moves_in_a_round_that_was_submitted_or_called_off(
    assessment: Assessment, compliance: User, manager: User, owner: User
):
    row = took_part(assessment, owner)
    item = AssessedRisk.objects.filter(assessment=assessment).first()
    link = rounds.link_control(
        fresh(assessment), actor=compliance, control=ControlFactory(ref="RSK-91").ref, reason="It is the round."
    )
    rounds.cancel(fresh(assessment), actor=compliance, reason="Begun twice.")
    over = fresh(assessment)
    for refused in (
        lambda: rounds.consider(fresh(item), actor=compliance, note="Late."),
        lambda: rounds.end_participant(fresh(row), actor=compliance, reason="Late."),
        lambda: rounds.put_risk(over, actor=compliance, risk="R-1"),
        lambda: rounds.put_new(over, actor=compliance),
        lambda: rounds.name_participant(over, actor=compliance, user=owner, part="Late"),
        lambda: rounds.take_part(over, actor=owner),
        lambda: rounds.link_control(over, actor=compliance, control="RSK-91", reason="Late."),
        lambda: rounds.unlink_control(fresh(link), actor=compliance, reason="Late."),
        lambda: rounds.submit(over, actor=compliance, conclusion=CONCLUSION),
        lambda: rounds.cancel(over, actor=compliance, reason="Twice."),
        lambda: closing.approve(over, actor=manager, statement=STATEMENT),
    ):
        with pytest.raises(ValidationError):
            refused()


def test_a_participant_is_led_on_and_reminded_of_what_they_see_alone(compliance: User, manager: User, owner: User):
    mine, other = rated(owner=owner, title="Mine", fraud=True), rated(title="Somebody else's")
    last = rated(owner=owner, title="Mine too")
    assessment = a_round(lead=compliance, approver=manager)
    rounds.name_participant(fresh(assessment), actor=compliance, user=owner, part="Engineering")
    items = {one.risk_id: one for one in AssessedRisk.objects.filter(assessment=assessment)}
    page = {pk: reverse("risks:assessedrisk-consider", args=[one.pk]) for pk, one in items.items()}
    client = Client()
    client.force_login(owner)
    assert ["2 risks to consider" in one.kind for one in assessments_work(owner)].count(True) == 1
    assert ["3 risks to consider" in one.kind for one in assessments_work(compliance)].count(True) == 1
    shown = client.get(page[mine.pk])
    assert shown.context["left"] == 1  # of those that it can lead on to
    answer = client.post(page[mine.pk], {"note": "Looked at.", "version": items[mine.pk].version})
    assert answer.url == page[last.pk]
    answer = client.post(page[last.pk], {"note": "Looked at.", "version": items[last.pk].version})
    assert answer.url == reverse("risks:assessment-risks", args=[assessment.pk])
    assert client.get(page[other.pk]).status_code == 404
    assert not any("to consider" in one.kind for one in assessments_work(owner))
