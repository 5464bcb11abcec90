"""The demo company's controls: all 80, believable, with something true to show on every page."""

from collections import Counter

import pytest
from django.db.models import Count

from controls import demo
from controls.matrix import Asked, build
from controls.models import PROPOSED, Control, Mapping, Status, Wording
from controls.states import COVERED, GAP, OUT_OF_SCOPE, WEAK
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.models import Entry
from tests.factories.people import UserFactory


@pytest.fixture
def company(compliance: User) -> User:
    owners = {role: UserFactory(name=role) for role in demo.OWNER_ROLES}
    demo.load(compliance=compliance, owners=owners)
    return compliance


def test_the_demo_company_s_programme(company: User):
    assert Counter(Control.objects.values_list("status", flat=True)) == {
        "implemented": 61,
        "in_progress": 13,
        "planned": 2,
        "not_applicable": 3,
        "retired": 1,
    }
    assert {control.ref for control in Control.objects.filter(owner=None)} == demo.NOBODYS
    assert Control.objects.in_scope().filter(review_date__lt=today()).count() == 8
    assert Mapping.objects.filter(rationale="").count() == 0
    assert Mapping.objects.live().count() == 185
    assert not Control.objects.filter(kind="").exists()
    assert not Control.objects.filter(nature="").exists()
    assert not Control.objects.annotate(n=Count("wordings")).filter(n=0).exists()
    assert not any(".." in wording.text or ",," in wording.text for wording in Wording.objects.all())
    assert [control.ref for control in Control.objects.filter(PROPOSED)] == ["PHY-01"]
    assert not Control.objects.exclude(status=Status.PLANNED).filter(status_note="").exists()


def test_the_demo_has_every_kind_of_gap(company: User):
    matrix = build(company, Asked())
    assert matrix.counts == {COVERED: 34, WEAK: 3, GAP: 1, OUT_OF_SCOPE: 23}
    assert {line.code: line.state for line in matrix.open_criteria} == {
        "CC3.3": WEAK,
        "CC3.4": GAP,
        "CC6.5": WEAK,
        "C1.2": WEAK,
    }
    assert matrix.lacking == {"owner": 2, "review": 8, "wording": 0}


def test_the_demo_is_made_by_people_and_leaves_their_trail(company: User):
    verbs = Counter(Entry.objects.values_list("verb", flat=True))
    assert verbs["control.created"] == 80
    assert verbs["mapping.created"] == 185
    assert verbs["control.not_applicable_approved"] == 3
    assert not Entry.objects.filter(verb__startswith="control", actor_id=None).exists()


def test_a_role_that_nobody_has_stops_the_demo(compliance: User):
    with pytest.raises(KeyError):
        demo.load(compliance=compliance, owners={})
    assert not Control.objects.exists()
