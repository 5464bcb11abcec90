"""Writing, approving and coming into force: nobody approves their own words alone; what is approved stands (R8.1)."""

import datetime
import json
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from evidence.models import Evidence, State
from foundation.accounts import exceptions as duty_exceptions
from foundation.accounts.models import User
from foundation.organisation.models import Setting, today
from foundation.trail.keep import Stale, save
from foundation.trail.leaf import canonical, sha256
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from policies import actions, approval, drafting
from policies.content import content_of
from policies.forms import PolicyForm
from policies.models import (
    Part,
    Policy,
    PolicyApproval,
    PolicyApprover,
    PolicyAuthor,
    PolicyVersion,
    Status,
    VersionState,
)
from tests.factories.controls import ControlFactory
from tests.factories.people import ExceptionFactory, UserFactory
from tests.factories.policies import (
    a_policy,
    amended,
    approved,
    day,
    draft_of,
    in_force,
    named,
    submitted,
    written,
)

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def fresh(version: PolicyVersion) -> PolicyVersion:
    return PolicyVersion.objects.get(pk=version.pk)


# ---- author and approver -------------------------------------------------------------------------------------------


def test_the_author_never_approves_alone(compliance: User, manager: User):
    policy = named(a_policy(actor=compliance), compliance)
    with pytest.raises(ValidationError, match="name somebody else as well"):
        submitted(policy, author=compliance)
    version = submitted(named(policy, manager), author=compliance)
    approval.approve(version, actor=compliance)
    assert fresh(version).state == VersionState.IN_REVIEW
    approval.approve(fresh(version), actor=manager)
    assert fresh(version).state == VersionState.IN_FORCE


def test_the_author_cannot_be_the_last_of_authors(compliance: User):
    """Two who wrote at it are named, and a third who did not; the third cannot any more."""
    other, third = UserFactory(role="compliance_manager"), UserFactory(role="manager")
    policy = named(a_policy(actor=compliance), compliance, other, third)
    written(draft_of(policy), actor=other, text="Rewritten.")
    version = submitted(policy, author=other)
    approval.approve(version, actor=compliance)
    link = PolicyApprover.objects.get(user=third)
    with pytest.raises(ValidationError, match="in review"):
        actions.remove_approver(link, actor=compliance, reason="On leave.")
    link.archived_at = timezone.now()  # as if it had gone by another way
    save(link, actor=SYSTEM, verb="policyapprover.archived")
    with pytest.raises(PermissionDenied, match="only one to approve"):
        approval.approve(fresh(version), actor=other)
    assert fresh(version).state == VersionState.IN_REVIEW


def test_whoever_wrote_once_is_an_author_for_good(compliance: User):
    second = UserFactory(role="compliance_manager")
    policy = named(a_policy(actor=compliance), second)
    written(draft_of(policy), actor=second, text="By the second.")
    written(draft_of(policy), actor=compliance, text="All rewritten by the first.")
    assert drafting.authors_of(draft_of(policy)) == {compliance.pk, second.pk}
    with pytest.raises(ValidationError, match="Everybody who is named"):
        submitted(policy)


def test_taking_over_what_was_withdrawn_makes_nobody_another_person(compliance: User):
    """A version that was never approved is withdrawn, and somebody else begins the next with its words."""
    second, third = UserFactory(role="compliance_manager"), UserFactory(role="manager")
    policy = named(a_policy(actor=compliance), compliance)
    written(draft_of(policy), actor=compliance, text="All by the first.")
    drafting.withdraw(draft_of(policy), actor=compliance, reason="Somebody else carries it on.")
    policy.refresh_from_db()
    draft = drafting.amend(policy, actor=second, change_note="Carried on.", material=True)
    assert draft.text == "All by the first."
    assert drafting.authors_of(draft) == {compliance.pk, second.pk}
    with pytest.raises(ValidationError, match="Everybody who is named"):
        drafting.submit(fresh(draft), actor=second)
    approved(submitted(named(policy, third)))
    policy.refresh_from_db()
    after = drafting.amend(policy, actor=third, change_note="It grows.", material=True)
    assert (after.text, drafting.authors_of(after)) == (draft.text, {third.pk})  # of what was approved, nobody's


def test_a_save_that_changes_nothing_makes_no_author(compliance: User, manager: User):
    policy = a_policy(actor=compliance)
    written(draft_of(policy), actor=manager)
    assert PolicyAuthor.objects.filter(user=manager).count() == 0


def test_an_exception_lets_the_author_approve_and_is_named(compliance: User, manager: User):
    policy = named(a_policy(actor=compliance), compliance)
    asked = ExceptionFactory(beneficiary=compliance, approver=manager, requested_by=compliance, duty="policy.approve")
    duty_exceptions.approve_exception(asked, actor=manager, reason="Alone for a month.")
    version = submitted(policy, author=compliance)
    approval.approve(version, actor=compliance)
    assert fresh(version).state == VersionState.IN_FORCE
    signed = PolicyApproval.objects.get()
    assert (signed.approved_under, signed.by_author) == (asked, True)
    assert Entry.objects.get(verb="policyapproval.created").facts["refs"]["dutyexception"] == asked.pk
    item = fresh(version).evidence
    assert item is not None
    assert item.state != State.ACCEPTED  # one person did all of it: another one judges


@pytest.mark.parametrize("role", ["administrator", "control_owner", "employee", "auditor"])
def test_only_who_can_approve_is_named(role: str):
    with pytest.raises(ValidationError, match="manager's role"):
        named(a_policy(), UserFactory(role=role))


def test_only_the_named_approve_each_once(manager: User, compliance: User):
    other = UserFactory(role="manager")
    version = submitted(named(a_policy(), manager, other))
    for who in (compliance, UserFactory(role="manager")):
        with pytest.raises(PermissionDenied, match="named"):
            approval.approve(fresh(version), actor=who)
    approval.approve(version, actor=manager)
    with pytest.raises(ValidationError, match="already"):
        approval.approve(fresh(version), actor=manager)
    assert fresh(version).state == VersionState.IN_REVIEW
    approval.approve(fresh(version), actor=other)
    with pytest.raises(ValidationError, match="nothing waits"):
        approval.approve(fresh(version), actor=other)


def test_an_approver_who_left_blocks_a_submission(manager: User):
    policy = named(a_policy(), manager)
    manager.is_active = False
    save(manager, actor=SYSTEM, verb="user.updated")
    with pytest.raises(ValidationError, match="cannot approve any more"):
        submitted(policy)


# ---- in review -----------------------------------------------------------------------------------------------------


def test_an_edit_during_the_review_voids_the_approvals_and_shows_it(manager: User, compliance: User):
    other = UserFactory(role="manager")
    version = submitted(named(a_policy(), manager, other))
    approval.approve(version, actor=manager)
    written(fresh(version), actor=compliance, text="Other words.")
    stored = fresh(version)
    assert (stored.state, stored.sha256, stored.promises) == (VersionState.DRAFT, "", {})
    assert "void" in stored.state_note
    again = submitted(stored.policy)
    assert again.submission == 2
    approval.approve(again, actor=other)
    assert fresh(version).state == VersionState.IN_REVIEW  # the first approval was of other words
    approval.approve(fresh(version), actor=manager)
    assert fresh(version).state == VersionState.IN_FORCE
    assert [(one.approver, one.submission) for one in approval.approvals_of(version)] == [
        (manager, 1), (other, 2), (manager, 2),
    ]  # fmt: skip


def test_saving_the_same_words_during_the_review_voids_nothing(compliance: User):
    version = submitted(a_policy())
    written(fresh(version), actor=compliance)
    assert fresh(version).state == VersionState.IN_REVIEW


def test_a_returned_version_asks_everybody_anew(manager: User):
    version = submitted(named(a_policy(), manager, UserFactory(role="manager")))
    approval.approve(version, actor=manager)
    drafting.give_back(fresh(version), actor=manager, reason="The second part is missing.")
    assert fresh(version).state == VersionState.DRAFT
    assert submitted(fresh(version).policy).submission == 2


def test_what_is_stale_is_refused(manager: User, compliance: User):
    version = submitted(named(a_policy(), manager))
    seen = fresh(version)
    written(fresh(version), actor=compliance, text="Other words.")
    with pytest.raises(Stale):
        approval.approve(seen, actor=manager)
    assert not PolicyApproval.objects.exists()


def test_what_blocks_a_submission_is_said(compliance: User):
    policy = a_policy(text="", owner=None)
    with pytest.raises(ValidationError) as raised:
        drafting.submit(draft_of(policy), actor=compliance)
    assert raised.value.messages == [
        "It says nothing yet: write its text.",
        "Nobody owns the policy: name an owner.",
        "Nobody is named to approve it.",
    ]
    written(draft_of(policy), text="Ask [fill in: whom].")
    assert "1 of its places are still to be filled in." in [one.words for one in drafting.blocks(draft_of(policy))]


# ---- frozen --------------------------------------------------------------------------------------------------------


def test_what_was_approved_is_hashed_and_refuses_every_action(compliance: User):
    version = in_force(text="Within {{ sla_critical_days }}.")
    assert version.promises == {"sla_critical_days": {"value": 7, "unit": "days"}}
    assert version.sha256 == sha256(canonical(content_of(version)))
    assert PolicyApproval.objects.get().sha256 == version.sha256
    for act in (
        lambda one: written(one, text="Anything."),
        lambda one: drafting.submit(one, actor=compliance),
        lambda one: drafting.give_back(one, actor=compliance, reason="No."),
        lambda one: drafting.withdraw(one, actor=compliance, reason="No."),
    ):
        with pytest.raises(ValidationError):
            act(fresh(version))


def test_a_setting_that_moved_during_the_review_stops_the_approval(manager: User):
    version = submitted(named(a_policy(text="Within {{ sla_critical_days }}."), manager))
    save(Setting(key="sla_critical_days", value=5), actor=SYSTEM, verb="setting.updated")
    with pytest.raises(ValidationError, match="setting that it promises"):
        approval.approve(version, actor=manager)


@pytest.mark.parametrize(
    "text", ["Within {{ nothing_of_ours }}.", "x" * 200_001, "é" * 100_001, ">" * 41 + "Too deep to be drawn."]
)
def test_a_text_that_promises_the_unknown_or_cannot_be_drawn_is_refused(text: str):
    with pytest.raises(ValidationError):
        a_policy(text=text)
    policy = a_policy()
    with pytest.raises(ValidationError):
        written(draft_of(policy), text=text)


# ---- versions ------------------------------------------------------------------------------------------------------


def test_a_material_change_raises_the_first_number_and_another_the_second(compliance: User):
    first = in_force()
    assert first.number == "1.0"
    second = amended(first, material=False)
    assert (second.number, second.material) == ("1.1", False)
    third = amended(second)
    assert (third.number, third.material) == ("2.0", True)
    states = dict(PolicyVersion.objects.values_list("major", "state").filter(minor=0))
    assert states == {1: VersionState.SUPERSEDED, 2: VersionState.IN_FORCE}


def test_amending_leaves_what_is_in_force(compliance: User):
    version = in_force(title="Old title")
    policy = Policy.objects.get()
    draft = drafting.amend(policy, actor=compliance, change_note="It grew.", material=True)
    written(draft, title="New title", text="New words.")
    policy.refresh_from_db()
    assert (policy.title, policy.status) == ("Old title", Status.IN_FORCE)
    assert fresh(version).state == VersionState.IN_FORCE
    with pytest.raises(ValidationError, match="being worked on"):
        drafting.amend(policy, actor=compliance, change_note="Again.", material=True)
    approved(submitted(policy))
    policy.refresh_from_db()
    assert policy.title == "New title"
    assert fresh(version).state == VersionState.SUPERSEDED


def test_a_withdrawn_version_gives_its_number_back(compliance: User):
    in_force()
    policy = Policy.objects.get()
    draft = drafting.amend(policy, actor=compliance, change_note="It grew.", material=True)
    drafting.withdraw(draft, actor=compliance, reason="Not now.")
    policy.refresh_from_db()
    assert drafting.amend(policy, actor=compliance, change_note="Now.", material=True).number == "2.0"


def test_it_comes_into_force_on_its_day_by_the_job(compliance: User):
    first = in_force()
    second = amended(first, effective_on=day(10))
    assert second.state == VersionState.APPROVED
    assert fresh(first).state == VersionState.IN_FORCE
    assert approval.put_due_into_force() == 0
    with time_machine.travel(timezone.now() + 12 * DAY):
        assert approval.put_due_into_force() == 1
        assert approval.put_due_into_force() == 0
        assert fresh(second).in_force_from == second.effective_on
        assert fresh(first).in_force_until == second.effective_on
    entry = Entry.objects.filter(verb="policyversion.came_into_force").latest("id")
    assert entry.actor_kind == "system"


def test_an_approved_version_that_waits_for_its_day_is_withdrawn(compliance: User):
    first = in_force()
    second = amended(first, effective_on=day(10))
    drafting.withdraw(second, actor=compliance, reason="The law changed.")
    with time_machine.travel(timezone.now() + 12 * DAY):
        assert approval.put_due_into_force() == 0
    assert fresh(first).state == VersionState.IN_FORCE


@pytest.mark.parametrize("in_review", [True, False])
def test_what_waits_for_its_approval_or_its_day_keeps_an_owner(in_review: bool, compliance: User):
    """Without one it could not come into force, and the job would stop at it."""
    policy = a_policy()
    written(draft_of(policy), effective_on=day(10))
    version = submitted(policy) if in_review else approved(submitted(policy))
    policy.refresh_from_db()
    owner, policy.owner = policy.owner, None
    with pytest.raises(ValidationError, match="somebody has to answer for it"):
        actions.change(policy, actor=compliance)
    assert PolicyForm({"title": policy.title, "version": policy.version}, instance=policy, user=compliance).errors == {
        "owner": [f"{version.ref} waits for approval or for its day: somebody has to answer for it."]
    }
    policy.owner = owner
    drafting.withdraw(version, actor=compliance, reason="Not now.")
    policy.owner = None
    assert actions.change(policy, actor=compliance).owner is None


def test_nothing_of_an_archived_policy_is_submitted(compliance: User, manager: User):
    policy = named(a_policy(), manager)
    policy.archived_at = timezone.now()
    save(policy, actor=compliance, verb="policy.archived", reason="Not ours.")
    with pytest.raises(ValidationError, match="archived: restore it first"):
        drafting.submit(draft_of(policy), actor=compliance)
    assert draft_of(policy).state == VersionState.DRAFT


def test_a_day_that_has_passed_is_refused():
    policy = a_policy()
    with pytest.raises(ValidationError, match="passed"):
        written(draft_of(policy), effective_on=day(-1))


def test_a_retired_policy_binds_nobody_and_can_come_back(compliance: User):
    version = in_force()
    policy = approval.retire(Policy.objects.get(), actor=compliance, reason="Merged.")
    assert (policy.status, fresh(version).state) == (Status.RETIRED, VersionState.RETIRED)
    drafting.amend(policy, actor=compliance, change_note="Needed again.", material=True)
    assert approved(submitted(policy)).number == "2.0"
    policy.refresh_from_db()
    assert policy.status == Status.IN_FORCE


def test_what_is_in_force_is_not_archived(compliance: User):
    in_force()
    with pytest.raises(ValidationError, match="Retire it"):
        approval.check_put_away(Policy.objects.get())


# ---- evidence ------------------------------------------------------------------------------------------------------


def test_an_approval_is_evidence_for_its_controls(manager: User):
    control = ControlFactory(ref="POL-91")
    policy = named(a_policy(), manager)
    actions.tie_control(policy, control, Part.APPROVAL, "Policies are approved.", actor=SYSTEM)
    version = approved(submitted(policy))
    item = Evidence.objects.get()
    assert version.evidence == item
    assert item.state == State.ACCEPTED
    assert item.links.get().control == control
    kept: dict[str, Any] = json.loads(item.file.read())
    assert kept["sha256"] == version.sha256 == sha256(canonical(kept["version"]))
    assert [one["approver"] for one in kept["approvals"]] == [manager.pk]
    assert version.approved_at is not None
    assert today() >= version.in_force_from
