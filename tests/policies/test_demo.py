"""The demo company's policies, made by the verbs people use, each in a state of its own."""

import pytest

from controls.demo import load
from foundation.accounts.demo import people
from foundation.organisation.actions import found
from foundation.organisation.models import today
from foundation.trail.record import SYSTEM
from grc.management.commands.demo import COMPANY, ZONE, owners
from people.demo import roster
from policies.demo import AMENDED, DUE, IN_REVIEW, OWNERS, REVIEWED, policies
from policies.models import ExceptionState, Policy, PolicyException, PolicyReview, PolicyVersion, Status, VersionState
from policies.text.placeholders import unfilled

pytestmark = pytest.mark.django_db


def test_the_company_has_policies_in_every_state():
    found(name=COMPANY, actor=SYSTEM, is_demo=True, time_zone=ZONE)
    staff = people("correct-horse-battery")
    roster(admin=staff["admin"])
    load(compliance=staff["compliance"], owners=owners(staff))
    policies(compliance=staff["compliance"], staff=staff)
    by_key = {one.starter_key: one for one in Policy.objects.all()}
    states = [one.status for one in by_key.values()]
    assert states.count(Status.IN_FORCE) == len(OWNERS) - 1
    assert states.count(Status.TEMPLATE) == len(by_key) - len(OWNERS)
    assert all(not unfilled(one.text) for one in PolicyVersion.objects.in_force())
    versions = {one.policy.starter_key: one for one in PolicyVersion.objects.in_force().select_related("policy")}
    assert versions[AMENDED].number == "2.0"
    assert PolicyVersion.objects.get(policy=by_key[IN_REVIEW]).state == VersionState.IN_REVIEW
    assert (by_key[DUE].next_review_on - today()).days < 30
    assert PolicyReview.objects.get().policy == by_key[REVIEWED]
    assert PolicyException.objects.get().state == ExceptionState.APPROVED
