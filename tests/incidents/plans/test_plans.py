"""Response plans: written from the starter text, approved by another person, frozen, hashed, reviewed each year."""

import hashlib
import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction

from evidence.models import Evidence, EvidenceLink, State
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry
from incidents import guards
from incidents.models import IncidentControlLink, PlanReview, PlanRole, PlanVersion, Playbook, VersionState
from incidents.plans import approving, writing
from incidents.plans.comparing import compared
from incidents.plans.content import lines, parts_of, span
from incidents.plans.starter import starter
from incidents.plans.work import plans_work
from tests.factories.controls import ControlFactory
from tests.factories.people import UserFactory
from tests.factories.plans import WHY, begun, filled, fresh, in_force, submitted

pytestmark = pytest.mark.django_db


def test_the_starter_text_is_whole_and_leaves_open_what_only_the_company_knows(compliance: User):
    version = begun(compliance)
    parts = parts_of(version)
    assert len(lines(version.first_steps)) == 10
    assert {row.severity: row.acknowledge_minutes for row in parts["severities"]} == {1: 15, 2: 60, 3: 1440, 4: 4320}
    assert {row.kind for row in parts["contacts"]} == {"help", "vendor", "customer", "authority"}
    assert len(parts["playbooks"]) == len(starter()["playbooks"])
    assert all(len(lines(row.steps)) >= 5 for row in parts["playbooks"])
    found = approving.blocks(version, parts)
    assert any("Out-of-band channel: [fill in" in words for words in found)
    assert found[-1].startswith("And ")


def test_nothing_is_submitted_while_anything_is_left_to_fill_in(compliance: User, manager: User):
    version = begun(compliance)
    with pytest.raises(ValidationError, match="fill in"):
        approving.submit(fresh(version), actor=compliance, approver=manager, change_note="First.")
    version = filled(version, compliance)
    row = Playbook.objects.filter(edition=version).first()
    assert row is not None
    writing.change_part(row, actor=compliance, steps="Call.\n[Fill-in: whom]")
    with pytest.raises(ValidationError, match=r"Playbooks: .*Fill-in: whom"):
        approving.submit(fresh(version), actor=compliance, approver=manager, change_note="First.")
    assert fresh(version).state == VersionState.DRAFT


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda version: PlanRole.objects.filter(edition=version), "No role is written"),
        (lambda version: Playbook.objects.filter(edition=version), "No playbook is written"),
    ],
)
def test_what_blocks_submitting(compliance: User, manager: User, spoil, words: str):
    version = filled(begun(compliance), compliance)
    assert approving.blocks(version) == []
    for row in spoil(version):
        writing.remove_part(row, actor=compliance, reason="Spoilt.")
    with pytest.raises(ValidationError, match=words):
        approving.submit(fresh(version), actor=compliance, approver=manager, change_note="First.")


def test_a_role_needs_somebody_who_can_be_called(compliance: User, manager: User, owner: User):
    version = filled(begun(compliance), compliance)
    first, *rest = PlanRole.objects.filter(edition=version)
    writing.change_part(first, actor=compliance, user=owner, name="", telephone="")
    for row in rest:
        writing.change_part(row, actor=compliance, name="", telephone="")
    owner.is_active = False
    owner.save()
    found = approving.blocks(fresh(version))
    assert f"{first.role}: {owner} has no account any more." in found
    assert f"{rest[0].role}: say who holds it." in found
    assert any("No role has a telephone number" in words for words in found)


def test_who_wrote_any_of_it_cannot_approve_it(compliance: User, manager: User, owner: User):
    other = UserFactory(name="Cyril Compliance", role="compliance_manager")
    version = filled(begun(compliance), compliance)
    row = PlanRole.objects.filter(edition=version).first()
    assert row is not None
    writing.change_part(row, actor=other, duties="Leads.")
    assert writing.authors(version) == {compliance.pk, other.pk}
    for author in (other, compliance, owner):
        with pytest.raises(ValidationError, match="wrote some of it"):
            approving.submit(fresh(version), actor=compliance, approver=author, change_note="First.")
    version = approving.submit(fresh(version), actor=compliance, approver=manager, change_note="First.")
    for somebody in (compliance, other, owner):
        with pytest.raises(PermissionDenied):
            approving.approve(fresh(version), actor=somebody, statement=WHY)
    version = approving.give_back(fresh(version), actor=manager, reason="The channel is missing.")
    assert (version.state, version.submitted_by, version.returned_note) == ("draft", None, "The channel is missing.")
    assert manager.pk not in writing.authors(version)  # to return it is not to write it
    writing.add_playbook(fresh(version), actor=manager, title="Flood", steps="Leave the house.")
    with pytest.raises(ValidationError, match="wrote some of it"):
        approving.submit(fresh(version), actor=compliance, approver=manager, change_note="Again.")


def test_taking_over_a_withdrawn_draft_makes_nobody_another_person(compliance: User, manager: User):
    """Whoever wrote words that nobody approved does not approve them because somebody else copied them."""
    other = UserFactory(name="Cyril Compliance", role="compliance_manager")
    first = filled(begun(compliance), compliance)
    approving.withdraw(fresh(first), actor=compliance, reason="Somebody else carries it on.")
    second = writing.draft(fresh(first.plan), actor=other, change_note="Carried on.")
    assert writing.authors(second) == {compliance.pk, other.pk}
    with pytest.raises(ValidationError, match="wrote some of it"):
        approving.submit(fresh(second), actor=other, approver=compliance, change_note="Carried on.")
    second = approving.submit(fresh(second), actor=other, approver=manager, change_note="Carried on.")
    approving.approve(second, actor=manager, statement=WHY)
    third = writing.draft(fresh(first.plan), actor=other, change_note="It grows.")
    assert writing.authors(third) == {other.pk}  # what was approved is nobody's


def test_an_approved_version_is_in_force_hashed_and_evidence(compliance: User, manager: User):
    control = ControlFactory(ref="INC-91")
    link = IncidentControlLink(part="plan", control=control, reason="It is the plan.")
    save(link, actor=compliance, verb="incidentcontrollink.created")
    version = in_force(author=compliance, approver=manager)
    item = Evidence.objects.get(pk=version.evidence_id or 0)
    assert (item.state, item.reviewed_by, item.submitted_by) == (State.ACCEPTED, manager, None)
    assert EvidenceLink.objects.get(evidence=item).control == control
    with item.file.open() as file:
        kept = file.read()
    assert hashlib.sha256(kept).hexdigest() == version.sha256
    said = json.loads(kept)
    assert (said["version"], said["approved_by"], said["authors"]) == (1, manager.pk, [compliance.pk])
    assert said == json.loads(json.dumps(approving.result_of(fresh(version))))
    plan = version.plan
    plan.refresh_from_db()
    assert (plan.next_review_on - today()).days == 365
    entry = Entry.objects.get(verb="planversion.approved")
    assert entry.facts["refs"]["sha256"] == version.sha256


def test_a_new_version_copies_the_old_which_stays_in_force_until_it_is_superseded(compliance: User, manager: User):
    first = in_force(author=compliance, approver=manager)
    second = writing.draft(fresh(first.plan), actor=compliance, change_note="New insurer.")
    copied = {name: len(rows) for name, rows in parts_of(second).items()}
    assert copied == {name: len(rows) for name, rows in parts_of(first).items()}
    assert compared(first, parts_of(first), second, parts_of(second)) == []
    with pytest.raises(ValidationError, match="a draft of this plan already"):
        writing.draft(fresh(first.plan), actor=compliance, change_note="Another.")
    second.purpose = "It says who leads."
    writing.rewrite(second, actor=compliance)
    row = PlanRole.objects.filter(edition=second).first()
    assert row is not None
    writing.change_part(row, actor=compliance, telephone="+46 8 000 00 99")
    differences = compared(first, parts_of(first), fresh(second), parts_of(second))
    assert [one.heading for one in differences] == ["Purpose", "Roles"]
    assert approving.in_force(first.plan) == first
    second = approving.submit(fresh(second), actor=compliance, approver=manager, change_note="New insurer.")
    second = approving.approve(second, actor=manager, statement=WHY)
    assert approving.in_force(first.plan) == second
    assert fresh(first).state == VersionState.SUPERSEDED
    assert fresh(first).sha256 != second.sha256


def test_nothing_of_an_approved_version_is_rewritten(compliance: User, manager: User):
    version = in_force(author=compliance, approver=manager)
    row, before = PlanRole.objects.filter(edition=version)[0], version.sha256
    for refused in (
        lambda: writing.change_part(fresh(row), actor=compliance, telephone="0"),
        lambda: writing.remove_part(fresh(row), actor=compliance, reason="No."),
        lambda: writing.add_role(fresh(version), actor=compliance, role="Cook"),
        lambda: writing.rewrite(fresh(version), actor=compliance),
        lambda: approving.withdraw(fresh(version), actor=compliance, reason="No."),
        lambda: approving.give_back(fresh(version), actor=manager, reason="No."),
        lambda: approving.approve(fresh(version), actor=manager, statement=WHY),
    ):
        with pytest.raises(ValidationError):
            refused()
    changed = fresh(version)
    changed.purpose = "Another."
    with pytest.raises(DatabaseError, match=guards.PLAN[:20]), transaction.atomic():
        save(changed, actor=compliance, verb="planversion.updated")
    row.telephone = "0"
    with pytest.raises(DatabaseError, match=guards.PLAN[:20]), transaction.atomic():
        save(row, actor=compliance, verb="planrole.updated")
    with pytest.raises(DatabaseError, match=guards.PLAN[:20]), transaction.atomic():
        PlanRole._base_manager.filter(pk=row.pk)._raw_delete("default")
    assert (
        fresh(version).sha256
        == before
        == hashlib.sha256(
            json.dumps(
                approving.result_of(fresh(version)), sort_keys=True, separators=(",", ":"), ensure_ascii=False
            ).encode()
        ).hexdigest()
    )


def test_of_two_at_once_the_second_is_refused(compliance: User, manager: User):
    version = submitted(begun(compliance), author=compliance, approver=manager)
    seen = fresh(version)
    approving.approve(fresh(version), actor=manager, statement=WHY)
    with pytest.raises(Stale):
        approving.approve(seen, actor=manager, statement=WHY)
    with pytest.raises(Stale):
        approving.give_back(seen, actor=manager, reason="Late.")
    assert PlanVersion.objects.filter(state="approved").count() == 1
    row = PlanRole.objects.filter(edition=version)[0]
    assert row.version == fresh(row).version


def test_a_part_changed_meanwhile_is_not_written_over(compliance: User):
    version = begun(compliance)
    row = PlanRole.objects.filter(edition=version)[0]
    writing.change_part(fresh(row), actor=compliance, telephone="1")
    with pytest.raises(Stale):
        writing.change_part(row, actor=compliance, telephone="2")
    assert fresh(row).telephone == "1"


def test_the_yearly_review_is_signed_and_waits_for_another_person(compliance: User, manager: User):
    version = in_force(author=compliance, approver=manager)
    plan = fresh(version.plan)
    with pytest.raises(ValidationError, match="what you looked at"):
        approving.review(plan, actor=compliance, statement=" ")
    signed = approving.review(plan, actor=compliance, statement="It still holds.")
    assert (signed.edition, signed.reviewed_on, (signed.next_review_on - today()).days) == (version, today(), 365)
    assert fresh(plan).last_reviewed_on == today()
    assert signed.evidence is not None
    assert (signed.evidence.submitted_by, signed.evidence.state) == (compliance, State.SUBMITTED)
    with pytest.raises(ValidationError, match="today already"):
        approving.review(fresh(plan), actor=manager, statement="Again.")
    with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
        PlanReview._base_manager.filter(pk=signed.pk)._raw_delete("default")
    empty = begun(compliance, title="Another").plan
    with pytest.raises(ValidationError, match="No version is in force"):
        approving.review(empty, actor=compliance, statement="It still holds.")


def test_what_waits_for_whom(compliance: User, manager: User, employee: User):
    version = begun(compliance)
    assert [item.kind for item in plans_work(compliance)] == ["Draft to finish"]
    version = submitted(version, author=compliance, approver=manager)
    assert [item.kind for item in plans_work(manager)] == ["Submitted; waits for your approval"]
    version = approving.give_back(version, actor=manager, reason="No.")
    assert [item.kind for item in plans_work(compliance)] == ["Came back to you"]
    version = approving.submit(fresh(version), actor=compliance, approver=manager, change_note="Again.")
    approving.approve(version, actor=manager, statement=WHY)
    assert plans_work(compliance) == plans_work(manager) == plans_work(employee) == []
    plan = fresh(version.plan)
    plan.next_review_on = today()
    save(plan, actor=compliance, verb="responseplan.updated")
    assert [(item.kind, item.due) for item in plans_work(compliance)] == [("Review due", today())]
    assert plans_work(manager) == []


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(None, ""), (15, "15 min"), (60, "1 h"), (240, "4 h"), (1440, "1 day"), (4320, "3 days"), (90, "90 min")],
)
def test_times_in_words(minutes: int | None, words: str):
    assert span(minutes) == words
