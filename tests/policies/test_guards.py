"""What the database itself refuses of policies, whoever is connected: plain SQL, past every action (R8.1, R8.2)."""

import pytest
from django.db import DatabaseError, connection, transaction

from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from policies import approval, drafting, exceptions, reviews
from policies.models import (
    Acknowledgement,
    Method,
    Policy,
    PolicyApproval,
    PolicyAuthor,
    PolicyReview,
    PolicyVersion,
    VersionState,
)
from tests.factories.people import UserFactory
from tests.factories.policies import a_policy, amended, an_exception, day, draft_of, in_force, named, submitted
from tests.factories.roster import a_person

pytestmark = pytest.mark.django_db


def refused(statement: str, *values: object) -> str:
    """What the database says to a statement that it refuses."""
    with pytest.raises(DatabaseError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return str(raised.value)


def change(version: PolicyVersion, **values: object) -> str:
    """What the database says to an UPDATE of a version."""
    said = ", ".join(f"{name} = %s" for name in values)
    return refused(f"UPDATE policies_policyversion SET {said} WHERE id = %s", *values.values(), version.pk)


CHANGES = {
    "text": "Anything goes.",
    "title": "Another",
    "sha256": "0" * 64,
    "promises": "{}",
    "major": 9,
    "change_note": "None",
    "effective_on": "2020-01-01",
    "evidence_id": None,
    "approved_at": "2020-01-01T00:00:00Z",
    "state": "draft",
    "submission": 7,
}


@pytest.mark.parametrize("column", CHANGES)
def test_an_approved_version_is_never_rewritten(column: str):
    version = in_force(text="Within {{ sla_critical_days }}.")
    assert "never rewritten" in change(version, **{column: CHANGES[column]})
    amended(version)
    version.refresh_from_db()
    assert version.state == VersionState.SUPERSEDED
    assert "never rewritten" in change(version, **{column: CHANGES[column]})


def test_nothing_signed_is_deleted(compliance: User):
    policy = in_force(actor=compliance).policy
    policy.refresh_from_db()
    reviews.review(policy, actor=compliance, note="Read it.")
    for table in ("policyversion", "policyapproval", "policyreview", "policyauthor"):
        rows = f"policies_{table}"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {rows}")
            assert cursor.fetchone()[0] > 0, table
        assert "rewritten" in refused(f"DELETE FROM {rows}"), table


@pytest.mark.parametrize("column", ["sha256", "statement", "note", "submission"])
def test_an_approval_and_a_review_stand(column: str, compliance: User):
    version = in_force()
    version.policy.refresh_from_db()
    reviews.review(version.policy, actor=compliance, note="Read it.")
    value = 5 if column == "submission" else "x"
    assert "never rewritten" in refused(f"UPDATE policies_policyapproval SET {column} = %s", value)
    if column != "submission":
        assert "never rewritten" in refused(f"UPDATE policies_policyreview SET {column} = %s", value)


def test_what_is_in_review_changes_by_its_return_alone():
    version = submitted(a_policy())
    assert "never rewritten" in change(version, text="Anything goes.")
    assert "never rewritten" in change(version, text="Anything goes.", state="approved", approved_at=version.created_at)


def test_nothing_is_approved_without_an_approval_of_somebody_who_did_not_write_it(compliance: User, manager: User):
    version = submitted(named(a_policy(actor=compliance), compliance, manager), author=compliance)
    assert "never rewritten" in change(version, state="approved", approved_at=version.created_at)
    approval.approve(version, actor=compliance)
    assert PolicyApproval.objects.get().by_author
    assert "never rewritten" in change(version, state="approved", approved_at=version.created_at)
    approval.approve(version, actor=manager)
    version.refresh_from_db()
    assert version.state == VersionState.IN_FORCE


def test_no_version_begins_but_as_a_draft():
    version = in_force()
    copied = PolicyVersion.objects.get(pk=version.pk)
    copied.pk, copied.major, copied.version = None, 7, 1
    copied.state, copied.in_force_until = VersionState.SUPERSEDED, copied.in_force_from
    with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
        save(copied, actor=SYSTEM, verb="policyversion.created")


def test_no_approval_review_or_author_is_added_afterwards(manager: User):
    version = in_force()
    signed = PolicyApproval.objects.get()
    signed.pk, signed.version, signed.approver = None, 1, UserFactory(role="manager")
    with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
        save(signed, actor=SYSTEM, verb="policyapproval.created")
    late = PolicyAuthor(policy_version=version, user=manager)
    with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
        save(late, actor=SYSTEM, verb="policyauthor.created")
    amended(version)
    review = PolicyReview(
        policy=version.policy, policy_version=version, reviewer=manager, reviewed_at=version.created_at,
        reviewed_on=day(0), statement="I looked.", note="All.", due_on=day(0), next_review_on=day(300), sha256="0" * 64,
    )  # fmt: skip
    with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
        save(review, actor=SYSTEM, verb="policyreview.created")


def acknowledged(version: PolicyVersion, **values: object) -> Acknowledgement:
    """Somebody acknowledges a version."""
    user = UserFactory()
    told = {
        "person": a_person(user=user), "policy_version": version, "user": user, "acknowledged_at": version.created_at,
        "acknowledged_on": day(0), "statement": "I have read it.", "sha256": version.sha256 or "0" * 64,
    } | values  # fmt: skip
    return save(Acknowledgement(**told), actor=user, verb="acknowledgement.created")


def test_an_acknowledgement_stands_and_is_of_what_was_in_force():
    version = in_force()
    one = acknowledged(version)
    assert "never rewritten" in refused("UPDATE policies_acknowledgement SET statement = 'x'")
    assert "never rewritten" in refused("DELETE FROM policies_acknowledgement")
    with pytest.raises(DatabaseError), transaction.atomic():
        acknowledged(version, person=one.person)
    acknowledged(version, person=one.person, round=2)
    with pytest.raises(DatabaseError, match="was in force"), transaction.atomic():
        acknowledged(draft_of(a_policy()))
    with pytest.raises(DatabaseError, match="paper"), transaction.atomic():
        acknowledged(version, method=Method.PAPER)


def test_a_decided_exception_only_ends(manager: User, compliance: User):
    version = in_force()
    exception = an_exception(version.policy, requested_by=manager)
    exceptions.approve(exception, actor=compliance, note="For a month.")
    exception.refresh_from_db()
    said = "UPDATE policies_policyexception SET {} WHERE id = %s"
    for column in ("until = '2030-01-01'", "reason = 'x'", "decided_by_id = requested_by_id", "state = 'requested'"):
        assert "it only ends" in refused(said.format(column), exception.pk), column
    assert "it only ends" in refused("DELETE FROM policies_policyexception")
    exceptions.end(exception, actor=compliance, reason="The till is gone.")
    assert "it only ends" in refused(said.format("state = 'approved'"), exception.pk)


def test_one_version_is_open_and_one_in_force():
    version = in_force()
    policy = Policy.objects.get(pk=version.policy_id)
    drafting.amend(policy, actor=UserFactory(role="compliance_manager"), change_note="It grew.", material=True)
    with pytest.raises(DatabaseError, match=r"one_open|policy_id"), transaction.atomic():
        drafting.begin(policy, actor=SYSTEM, text="Another.")
