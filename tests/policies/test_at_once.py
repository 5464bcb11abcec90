"""Two people, or one who presses twice, signing in the same instant: what is signed is written once."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from foundation.accounts.models import User
from foundation.trail.keep import Stale
from foundation.trail.models import Entry
from people.models import Person
from policies.acknowledging.giving import acknowledge, record_paper
from policies.acknowledging.reminding import remind
from policies.approval import approve
from policies.drafting import withdraw, write
from policies.models import Acknowledgement, Policy, PolicyApproval, PolicyVersion, VersionState
from tests.at_once import at_once
from tests.factories.people import UserFactory
from tests.factories.policies import a_policy, in_force, named, submitted
from tests.factories.roster import a_person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time"),
]


def refused(outcomes: list[Any]) -> list[Any]:
    """Those that were refused."""
    return [one for one in outcomes if isinstance(one, ValidationError | Stale)]


def member() -> tuple[Person, User]:
    """Somebody of the roster with an account."""
    user = UserFactory(role="employee")
    return a_person(user=user, email=user.email), user


def in_review(*approvers: User) -> PolicyVersion:
    """A version that waits for these."""
    return submitted(named(a_policy(), *approvers))


def fresh(version: PolicyVersion) -> PolicyVersion:
    """The row as one browser read it."""
    return PolicyVersion.objects.get(pk=version.pk)


def test_whoever_acknowledges_twice_at_once_does_it_once() -> None:
    version, (person, user) = in_force(), member()
    outcomes = at_once(*(lambda: acknowledge(version, actor=user, sha256=version.sha256) for _ in range(2)))
    row = Acknowledgement.objects.get()
    assert [one.pk for one in outcomes] == [row.pk, row.pk]
    assert (row.person_id, row.round) == (person.pk, 1)
    assert Entry.objects.filter(verb="acknowledgement.created").count() == 1


def test_a_paper_that_two_record_at_once_is_recorded_once() -> None:
    version, (person, _) = in_force(), member()
    day = version.in_force_from
    assert day is not None
    outcomes = at_once(*(
        lambda keeper=keeper: record_paper(version, actor=keeper, person=person, acknowledged_on=day, note="Binder 3")
        for keeper in (UserFactory(role="compliance_manager"), UserFactory(role="compliance_manager"))
    ))  # fmt: skip
    (words,) = refused(outcomes)
    assert words.messages == ["That is recorded already."]
    assert Acknowledgement.objects.count() == 1


def test_whoever_approves_twice_at_once_approves_once() -> None:
    first, second = UserFactory(role="manager"), UserFactory(role="manager")
    version = in_review(first, second)
    outcomes = at_once(*(lambda: approve(fresh(version), actor=first) for _ in range(2)))
    assert len(refused(outcomes)) == 1
    assert PolicyApproval.objects.get().approver == first
    assert fresh(version).state == VersionState.IN_REVIEW  # the second is still waited for


def test_two_who_approve_at_once_put_it_into_force_once() -> None:
    both = UserFactory(role="manager"), UserFactory(role="manager")
    version = in_review(*both)
    outcomes = at_once(*(lambda one=one: approve(fresh(version), actor=one) for one in both))
    assert not refused(outcomes)
    assert PolicyApproval.objects.count() == 2
    assert fresh(version).state == VersionState.IN_FORCE
    assert Entry.objects.filter(verb="policyversion.came_into_force").count() == 1


def test_what_is_withdrawn_while_it_is_approved_is_one_of_both() -> None:
    approver, keeper = UserFactory(role="manager"), UserFactory(role="compliance_manager")
    version = in_review(approver)
    outcomes = at_once(
        lambda: approve(fresh(version), actor=approver),
        lambda: withdraw(fresh(version), actor=keeper, reason="Not needed."),
    )
    assert len(refused(outcomes)) == 1
    stored = fresh(version)
    approved = PolicyApproval.objects.exists()
    assert stored.state == (VersionState.IN_FORCE if approved else VersionState.WITHDRAWN)


def test_what_is_edited_while_it_is_approved_is_never_in_force_unread() -> None:
    approver, writer = UserFactory(role="manager"), UserFactory(role="compliance_manager")
    version = in_review(approver)
    said = {"title": version.title, "change_note": "", "material": True, "effective_on": None}
    outcomes = at_once(
        lambda: approve(fresh(version), actor=approver),
        lambda: write(fresh(version), actor=writer, text="Other words.", **said),
    )
    stored = fresh(version)
    if stored.state == VersionState.IN_FORCE:
        assert "Other words." not in stored.text
    else:
        assert (stored.state, stored.text) == (VersionState.DRAFT, "Other words.")
    assert len(refused(outcomes)) == 1


def test_two_who_remind_at_once_mail_once() -> None:
    version, _ = in_force(), member()
    policy = version.policy_id
    outcomes = at_once(*(
        lambda keeper=keeper: remind(Policy.objects.get(pk=policy), actor=keeper)
        for keeper in (UserFactory(role="compliance_manager"), UserFactory(role="compliance_manager"))
    ))  # fmt: skip
    (words,) = refused(outcomes)
    assert "Nobody is mailed of it twice in a day." in words.messages[0]
    assert Entry.objects.filter(verb="policy.reminded").count() == 1
