"""What waits for a person among the controls, and what a search finds."""

import datetime

import pytest

from controls import actions
from controls.models import Control, Status
from controls.work import controls_work
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.search import find
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from grc.wiring import SEARCH
from tests.factories.controls import ControlFactory, link, small_framework


def day(offset: int) -> datetime.date:
    return today() + datetime.timedelta(days=offset)


def waiting(user: User) -> list[tuple[str, str, datetime.date | None]]:
    return [(item.ref, item.kind, item.due) for item in controls_work(user)]


def test_what_waits_for_an_owner(owner: User, colleague: User):
    ControlFactory(ref="A", owner=owner)
    ControlFactory(ref="B", operator=owner, status=Status.IMPLEMENTED, review_date=day(-1))
    ControlFactory(ref="C", owner=owner, status=Status.IN_PROGRESS, review_date=day(0))
    ControlFactory(ref="D", owner=owner, status=Status.IMPLEMENTED, review_date=day(30))
    ControlFactory(ref="E", owner=owner, status=Status.IMPLEMENTED, review_date=day(31))
    ControlFactory(ref="F", owner=owner, status=Status.RETIRED, review_date=day(-1))
    ControlFactory(ref="G", owner=colleague)
    ControlFactory(ref="H", owner=owner, archived_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
    assert waiting(owner) == [
        ("A", "Planned: to be implemented", None),
        ("B", "Review overdue", day(-1)),
        ("C", "In progress: to be implemented", None),
        ("C", "Review due", day(0)),
        ("D", "Review due", day(30)),
    ]


def test_what_waits_for_who_manages_a_team(manager: User, owner: User, colleague: User):
    owner.manager = manager
    save(owner, actor=SYSTEM, verb="user.updated")
    ControlFactory(ref="A", owner=owner)
    ControlFactory(ref="B", owner=owner, status=Status.IMPLEMENTED, review_date=day(-1))  # the owner's to review
    ControlFactory(ref="C", operator=owner, owner=manager, status=Status.IN_PROGRESS)
    ControlFactory(ref="D", owner=colleague, operator=owner, status=Status.IN_PROGRESS)
    ControlFactory(ref="E", owner=owner, status=Status.RETIRED)
    ControlFactory(ref="F", owner=colleague)
    assert waiting(manager) == [
        ("C", "In progress: to be implemented", None),
        ("A", "Planned with Oskar Owner", None),
        ("D", "In progress with Cole Colleague", None),
    ]


def test_each_thing_leads_to_its_verb_and_back(owner: User):
    control = ControlFactory(owner=owner, review_date=day(-1))
    status, review = controls_work(owner)
    assert (status.action, status.action_url) == ("Update status", f"/controls/{control.pk}/status/?next=%2F")
    assert (review.action, review.action_url) == ("Record review", f"/controls/{control.pk}/review/?next=%2F")
    assert (status.register, status.url) == ("Controls", f"/controls/{control.pk}/")


def test_a_proposal_waits_for_the_second_person_only(compliance: User, owner: User):
    actions.propose_not_applicable(ControlFactory(ref="A", owner=owner), actor=owner, reason="No office.")
    actions.propose_not_applicable(ControlFactory(ref="B", owner=owner), actor=compliance, reason="No office.")
    assert waiting(compliance) == [("A", "Oskar Owner proposes: not applicable", None)]
    assert [ref for ref, kind, _ in waiting(owner) if "proposes" in kind] == []


def test_controls_without_an_owner_wait_as_one_thing(compliance: User, owner: User, auditor: User):
    ControlFactory()
    ControlFactory()
    ControlFactory(status=Status.RETIRED)
    (item,) = controls_work(compliance)
    assert (item.title, item.url) == ("2 controls have no owner", "/controls/?gap=owner")
    assert waiting(owner) == []
    assert waiting(auditor) == []


def test_nothing_waits_for_who_may_do_nothing(auditor: User, outsider: User, employee: User):
    ControlFactory(owner=employee)
    assert [waiting(user) for user in (auditor, outsider, employee)] == [[], [], []]


def test_what_waits_costs_the_same_for_three_and_for_thirty(
    owner: User, compliance: User, django_assert_num_queries, django_assert_max_num_queries
):
    def make(count):
        for _ in range(count):
            actions.propose_not_applicable(ControlFactory(owner=owner), actor=owner, reason="No.")

    def cost(user):
        with django_assert_max_num_queries(6) as queries:
            controls_work(user)
        return len(queries)

    make(3)
    few = [cost(owner), cost(compliance)]
    make(27)
    assert [cost(owner), cost(compliance)] == few


@pytest.fixture
def named(tmp_path, db):
    small_framework(tmp_path)
    for ref, name in {"IAM-01": "Access request", "IAM-10": "Customer access", "NET-01": "About IAM-01"}.items():
        link(ControlFactory(ref=ref, name=name), "P1.1" if ref == "IAM-10" else "CC1.1")
    ControlFactory(ref="IAM-99", name="Shelved", archived_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))


CONTROLS = [one for one in SEARCH if one.model is Control]


def found(user: User, words: str) -> list[str]:
    return [hit.ref for hit in find(CONTROLS, user, words)]


def test_a_search_puts_the_reference_first(named, compliance: User, outsider: User, auditor: User):
    assert found(compliance, "iam-01") == ["IAM-01", "NET-01"]
    assert found(compliance, "iam") == ["IAM-01", "IAM-10", "NET-01"]
    assert found(compliance, "customer access") == ["IAM-10"]
    assert found(compliance, "shelved") == []
    assert found(outsider, "iam") == []
    assert found(auditor, "iam") == ["IAM-01", "NET-01"]
    (hit,) = find(CONTROLS, compliance, "customer")
    assert (hit.title, hit.url) == ("Customer access", Control.objects.get(ref="IAM-10").get_absolute_url())


def test_a_search_is_one_query_and_ends(named, compliance: User, django_assert_num_queries):
    for _ in range(60):
        ControlFactory()
    with django_assert_num_queries(1):
        assert len(find(CONTROLS, compliance, "control")) == 50
