"""The table of occurrences follows the registers; test_rebuild holds it against a rebuild."""

import datetime
from typing import Any

import pytest
import time_machine

from controls import actions as controls
from controls.models import Control
from evidence import actions
from evidence.coverage.facts import occurrences, read, terms
from evidence.coverage.keep import refresh, refresh_stale, row_of
from evidence.models import Exemption, Occurrence
from foundation.accounts.models import User
from foundation.organisation.actions import change_setting
from tests.factories.evidence import evidence, operating

AUTUMN = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def outcome(control: Control, start: str) -> tuple[str, str]:
    found = Occurrence.objects.get(control=control, starts_on=start)
    return found.standing(day("2026-11-22")), found.why


@pytest.fixture(autouse=True)
def autumn():
    with time_machine.travel(AUTUMN):
        yield


@pytest.fixture
def control(owner: User) -> Control:
    """Monthly since January 2026."""
    made = operating(owner=owner)
    refresh_stale()
    return made


def test_a_year_is_laid_out_with_next_quarter(control: Control):
    found = list(Occurrence.objects.order_by("starts_on"))
    assert (found[0].starts_on, found[-1].ends_on) == (day("2026-01-01"), day("2027-12-31"))
    starts = ("2026-09-01", "2026-10-01", "2026-11-01", "2026-12-01")
    assert [outcome(control, start)[0] for start in starts] == ["missing", "missing", "due", "not_yet_due"]


def test_the_square_turns_when_another_accepts(control: Control, owner: User, manager: User):
    assert outcome(control, "2026-11-01") == ("due", "nothing")
    item = evidence(control, actor=owner)
    assert outcome(control, "2026-11-01") == ("due", "waiting")
    actions.give_back(item, actor=manager, reason="No clock.")
    assert outcome(control, "2026-11-01") == ("due", "returned")
    again = evidence(actor=owner, supersedes=item)
    assert outcome(control, "2026-11-01") == ("due", "waiting")
    actions.accept(again, actor=manager)
    assert outcome(control, "2026-11-01") == ("done", "")
    actions.withdraw(type(again).objects.get(pk=again.pk), actor=manager, reason="Wrong tenant.")
    assert outcome(control, "2026-11-01") == ("due", "returned")  # the first version is what is left


def test_what_a_person_types_proves_nothing_about_the_past(control: Control, owner: User, manager: User):
    september = (day("2026-09-01"), day("2026-09-30"))
    captured = datetime.datetime(2026, 9, 30, 10, tzinfo=datetime.UTC)
    item = evidence(control, actor=owner, captured=captured, period=september)
    actions.accept(item, actor=manager)
    assert outcome(control, "2026-09-01") == ("late", "late")


def test_times_that_the_reviewer_saw_count(control: Control, owner: User, manager: User):
    september = (day("2026-09-01"), day("2026-09-30"))
    item = evidence(control, actor=owner, period=september)
    actions.accept(item, actor=manager, times_seen=True)
    assert outcome(control, "2026-09-01") == ("done", "")


def test_an_accepted_version_counts_until_the_next_is_accepted(control: Control, owner: User, manager: User):
    first = actions.accept(evidence(control, actor=owner), actor=manager)
    second = evidence(actor=owner, supersedes=first)
    assert Occurrence.objects.get(control=control, starts_on="2026-11-01").evidence == first
    actions.accept(second, actor=manager)
    assert Occurrence.objects.get(control=control, starts_on="2026-11-01").evidence == second


def test_an_empty_month_needs_its_query(control: Control, owner: User, manager: User):
    october = (day("2026-10-01"), day("2026-10-31"))
    item = evidence(
        control, actor=owner, period=october, rows=0, query="SELECT * FROM leavers", nothing_occurred=True, stamped=True
    )
    assert outcome(control, "2026-10-01") == ("missing", "waiting")
    actions.accept(item, actor=manager)
    assert outcome(control, "2026-10-01") == ("none", "")


def test_excepted_is_told_and_is_not_done(control: Control, owner: User, compliance: User):
    exemption = Exemption(
        control=control, starts_on=day("2026-10-01"), ends_on=day("2026-10-31"), reason="The tool was down."
    )
    actions.request_exemption(exemption, actor=owner)
    assert outcome(control, "2026-10-01")[0] == "missing"
    actions.approve_exemption(exemption, actor=compliance, reason="Agreed.")
    assert outcome(control, "2026-10-01")[0] == "excepted"


def test_retiring_ends_it_and_starting_again_keeps_what_was(control: Control, owner: User):
    last = day("2026-06-15")
    retired = controls.update_status(control, actor=owner, status="retired", note="Replaced.", since=last)
    refresh_stale()
    assert Occurrence.objects.order_by("-starts_on")[0].ends_on == last
    for status, since in (("planned", None), ("in_progress", None), ("implemented", day("2026-10-01"))):
        retired = controls.update_status(retired, actor=owner, status=status, note="Again.", since=since)
    refresh_stale()
    starts = {row.starts_on for row in Occurrence.objects.all()}
    assert {day("2026-06-01"), day("2026-10-01")} <= starts
    assert day("2026-07-01") not in starts


def test_a_wording_changes_the_frequency_from_its_day(control: Control, compliance: User):
    words = {"who": "We", "what": "look", "how_often": "quarterly", "on_what": "at it", "reason": "Less is enough."}
    controls.reword(control, actor=compliance, effective_from=day("2026-07-01"), frequency="quarterly", **words)
    assert refresh_stale() == 1
    assert refresh_stale() == 0
    found = list(
        Occurrence.objects.filter(starts_on__gte="2026-06-01", starts_on__lt="2027-01-01").order_by("starts_on")
    )
    assert [(row.starts_on, row.ends_on) for row in found] == [
        (day("2026-06-01"), day("2026-06-30")), (day("2026-07-01"), day("2026-09-30")),
        (day("2026-10-01"), day("2026-12-31")),
    ]  # fmt: skip
    assert found[1].wording is not None
    assert found[0].wording is None


def test_a_setting_changes_every_due_day(control: Control, admin: User):
    change_setting("grace_monthly_days", 0, actor=admin, reason="None is promised.")
    assert refresh_stale() == 1
    assert Occurrence.objects.get(starts_on="2026-09-01").due_on == day("2026-09-30")


def test_the_past_is_computed_from_history(control: Control, owner: User, manager: User):
    actions.accept(evidence(control, actor=owner), actor=manager)
    before = AUTUMN - datetime.timedelta(days=1)
    later = AUTUMN + datetime.timedelta(days=1)
    for moment, expected in ((before, None), (later, "done")):
        facts = read([control.pk], terms(moment), moment)
        if expected is None:
            assert control.pk not in facts  # it had not been recorded then
            continue
        now = [row_of(control.pk, one) for one in occurrences(facts[control.pk], terms(moment))]
        assert {row.starts_on: row.outcome for row in now}[day("2026-11-01")] == expected


def test_it_costs_the_same_for_many(db: None, django_assert_num_queries: Any, django_assert_max_num_queries: Any):
    three, thirty = ([operating().pk for _ in range(count)] for count in (3, 30))
    refresh([*three, *thirty])  # writes what is new, in batches
    with django_assert_max_num_queries(24) as few:
        refresh(three)
    with django_assert_num_queries(len(few)):
        refresh(thirty)
