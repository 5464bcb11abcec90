"""Who sees what of policies: what is in force and for them; of drafts only who writes and approves them."""

import datetime
from typing import Any

import pytest
import time_machine
from django.db.models import Count, IntegerField, Model, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from foundation.accounts.access import moment_for, visible
from foundation.accounts.models import User
from foundation.trail.asof import rows
from people.models import Person
from policies import approval, drafting
from policies.models import Policy, PolicyApproval, PolicyGroup, PolicyVersion, in_audience
from tests.factories.people import UserFactory, WindowFactory
from tests.factories.policies import a_policy, amended, draft_of, in_force, named
from tests.factories.roster import a_person

pytestmark = pytest.mark.django_db


def seen(user: User, model: type[Model], moment: datetime.datetime | None = None) -> set[Any]:
    return set(visible(user, rows(model, moment), moment).values_list("id", flat=True))


@pytest.mark.parametrize("role", ["administrator", "manager", "control_owner", "employee"])
def test_everybody_sees_what_is_in_force_and_for_them(role: str):
    user = UserFactory(role=role)
    a_person(email=user.email, kind="employee", department="Engineering")
    everybody, theirs = in_force(), in_force(audience={"departments": ["Engineering"]})
    of_kind, others = in_force(audience={"kinds": ["employee"]}), in_force(audience={"departments": ["Sales"]})
    contractors, draft = in_force(audience={"kinds": ["contractor"]}), a_policy()
    mine = {one.policy_id for one in (everybody, theirs, of_kind)}
    assert seen(user, Policy) == mine
    assert seen(user, PolicyVersion) == {one.pk for one in (everybody, theirs, of_kind)}
    assert seen(user, PolicyApproval) == {one.approvals.get().pk for one in (everybody, theirs, of_kind)}
    compliance = UserFactory(role="compliance_manager")
    assert seen(compliance, Policy) == mine | {one.policy_id for one in (others, contractors)} | {draft.pk}


def test_without_a_row_of_the_roster_one_sees_what_is_for_everybody(employee: User):
    everybody = in_force()
    in_force(audience={"kinds": ["employee"]})
    assert seen(employee, Policy) == {everybody.policy_id}


def test_a_department_without_a_name_is_no_group(employee: User):
    a_person(email=employee.email, department="")
    version = in_force(audience={"kinds": ["contractor"]})
    assert PolicyGroup.objects.get().department == ""
    assert seen(employee, Policy) == set()
    assert not Person.objects.filter(in_audience(version.policy_id), user=employee).exists()


def test_a_draft_is_seen_by_owner_and_approvers_alone(manager: User, owner: User, employee: User, colleague: User):
    policy = named(a_policy(owner=owner), manager)
    for user in (manager, owner):
        assert seen(user, Policy) == {policy.pk}
        assert seen(user, PolicyVersion) == {draft_of(policy).pk}
    for user in (employee, colleague):
        assert seen(user, Policy) == seen(user, PolicyVersion) == set()


def test_an_amendment_is_not_seen_before_it_is_in_force(employee: User, compliance: User):
    first = in_force()
    drafting.amend(Policy.objects.get(), actor=compliance, change_note="It grew.", material=True)
    assert seen(employee, PolicyVersion) == {first.pk}
    assert len(seen(compliance, PolicyVersion)) == 2


def test_what_is_retired_is_gone_for_its_audience(employee: User, compliance: User):
    version = in_force()
    assert seen(employee, Policy) == {version.policy_id}
    approval.retire(Policy.objects.get(), actor=compliance, reason="Nobody needs it.")
    assert seen(employee, Policy) == seen(employee, PolicyVersion) == set()


def test_an_auditor_sees_what_was_in_force_in_the_period_and_never_a_draft():
    """Three versions a half-year apart, and a period in which the second alone was in force; and a draft."""
    now = timezone.now()
    with time_machine.travel(now - datetime.timedelta(days=400)):
        first = in_force()
    with time_machine.travel(now - datetime.timedelta(days=200)):
        second = amended(first)
        draft = a_policy()
    amended(second)
    auditor, last = UserFactory(role="auditor"), now.date() - datetime.timedelta(days=100)
    WindowFactory(user=auditor, period_from=last - datetime.timedelta(days=50), period_to=last)
    moment = moment_for(auditor, None, PolicyVersion)
    assert moment is not None
    assert seen(auditor, PolicyVersion, moment) == {second.pk}
    assert seen(auditor, Policy, moment) == {second.policy_id}
    assert seen(auditor, PolicyApproval, moment) == {second.approvals.get().pk}
    assert draft.pk not in seen(auditor, Policy, moment)
    assert seen(auditor, PolicyVersion) == set()


def test_an_auditor_of_a_running_period_sees_no_draft():
    auditor = UserFactory(role="auditor")
    WindowFactory(user=auditor)
    version = in_force()
    drafting.amend(
        Policy.objects.get(), actor=UserFactory(role="compliance_manager"), change_note="More.", material=False
    )
    a_policy()
    assert seen(auditor, PolicyVersion) == {version.pk}
    assert seen(auditor, Policy) == {version.policy_id}


def test_who_is_in_the_audience_of_many_policies_takes_one_query(django_assert_num_queries: Any):
    a_person(kind="employee", department="Engineering")
    a_person(kind="contractor", department="Engineering")
    a_person(kind="employee", department="Sales")
    expected = {
        in_force().policy_id: 3,
        in_force(audience={"departments": ["Engineering"]}).policy_id: 2,
        in_force(audience={"kinds": ["employee"], "departments": ["Engineering"]}).policy_id: 3,
        in_force(audience={"kinds": ["contractor"]}).policy_id: 1,
        in_force(audience={"departments": ["Elsewhere"]}).policy_id: 0,
    }
    people = Person.objects.filter(in_audience(OuterRef(OuterRef("pk")))).order_by()
    number = people.annotate(all=Value(1)).values("all").annotate(n=Count("pk")).values("n")
    with django_assert_num_queries(1):
        found = dict(Policy.objects.annotate(n=Coalesce(Subquery(number, IntegerField()), 0)).values_list("pk", "n"))
    assert found == expected
    for pk, n in expected.items():
        assert Person.objects.filter(in_audience(pk)).count() == n
    somebody = Person.objects.get(department="Sales")
    assert set(Policy.objects.for_person(somebody).values_list("pk", flat=True)) == {
        pk for pk in expected if Person.objects.filter(in_audience(pk), pk=somebody.pk).exists()
    }
