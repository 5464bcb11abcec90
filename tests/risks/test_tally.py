"""Tallies day by day: the same as reading the register as of each day's end, whatever the worker missed (R5.3)."""

import datetime
from collections import Counter

import pytest
import time_machine
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.asof import rows
from foundation.trail.keep import save
from risks import actions
from risks.heatmap.tally import count_missing, end_of, read, recount, tallies
from risks.heatmap.trend import trend
from risks.models import Band, Risk, Tally, counted
from tests.factories.assessments import fresh
from tests.factories.evidence import operating
from tests.factories.risks import a_risk, rated

DAY = datetime.timedelta(days=1)


@pytest.fixture
def weeks(compliance: User) -> datetime.datetime:
    """Five weeks of history, up to now: risks come, are rated, move, end and come back."""
    now = timezone.now().replace(hour=11)
    control = operating(ref="IAM-91", since="2020-01-01")

    def on(days_ago: int) -> time_machine.travel:
        return time_machine.travel(now - days_ago * DAY, tick=True)

    with on(35):
        first = rated(title="First", inherent=(5, 4))
    with on(30):
        raw = a_risk(title="Raw")
        second = rated(title="Second", inherent=(2, 2))
    with on(22):
        rated(control, risk=fresh(first), inherent=(5, 4), residual=(2, 4))
        actions.close(fresh(second), actor=compliance, reason="It cannot happen any more.")
    with on(21):
        rated(risk=fresh(first), inherent=(3, 3))  # twice within two days
    with on(10):
        actions.reopen(fresh(second), actor=compliance, reason="It can, after all.")
        gone = fresh(raw)
        gone.archived_at = timezone.now()
        save(gone, actor=compliance, verb="risk.archived", reason="Named twice.")
    return now


def as_read(day: datetime.date) -> tuple[int, dict[str, int]]:
    """How many counted risks there were when a day ended, and their residual squares, read as of then."""
    found = rows(Risk, end_of(day)).filter(counted())
    squares = Counter(
        f"{likelihood},{impact}" for likelihood, impact in found.values_list("residual_likelihood", "residual_impact")
        if likelihood
    )  # fmt: skip
    return found.count(), dict(squares)


def test_each_day_is_what_as_of_reads(weeks: datetime.datetime):
    first = today() - 40 * DAY
    found = list(tallies(first, today() - DAY))
    assert len(found) == 40
    for tally in found:
        assert (tally.risks, tally.residual) == as_read(tally.day), tally.day
    assert len({(tally.risks, tuple(tally.residual.items())) for tally in found}) >= 5
    # also where the count begins in the middle of the history
    middle = list(tallies(today() - 15 * DAY, today() - 12 * DAY))
    assert [one.residual for one in middle] == [one.residual for one in found if one.day in {m.day for m in middle}]


def test_missed_days_are_filled_and_counting_again_changes_nothing(weeks: datetime.datetime):
    with time_machine.travel(weeks - 28 * DAY, tick=True):
        assert count_missing() == 7
        assert count_missing() == 0
    assert count_missing() == 28  # the worker was off for four weeks
    known = list(Tally.objects.values_list("day", "risks", "inherent", "residual"))
    assert [day for day, *_ in known] == [today() - back * DAY for back in range(35, 0, -1)]
    Tally.objects.filter(day=today() - 20 * DAY).update(risks=99, residual={})
    assert recount(today() - 100 * DAY, today()) == 35
    assert list(Tally.objects.values_list("day", "risks", "inherent", "residual")) == known


def test_without_risks_nothing_is_counted(db: None):
    assert (count_missing(), recount(today() - DAY, today()), Tally.objects.count()) == (0, 0, 0)


def test_the_trend_has_twelve_months(weeks: datetime.datetime, compliance: User):
    count_missing()
    Tally.objects.create(day=today().replace(day=1) - 200 * DAY, risks=4, residual={"5,5": 3, "1,1": 1})
    found = trend(compliance, {(3, 3): 1, (2, 2): 1}, None)
    assert len(found.columns) == 12
    assert found.columns[-1].words == "Now"
    assert found.columns[-1].counts == {Band.CRITICAL: 0, Band.HIGH: 0, Band.MEDIUM: 1, Band.LOW: 1}
    old = [column for column in found.columns if column.risks == 4]
    assert old[0].listed == [3, 0, 0, 1]
    assert found.most == 4
    assert [column.day for column in found.columns if column.day is None]  # months in which nothing was counted
    assert all(0 <= part.y < 200 and part.height > 0 for column in found.columns for part in column.segments)
    last = found.columns[-2]
    assert last.day == today().replace(day=1) - DAY
    assert sum(read(Tally.objects.get(day=last.day).residual).values()) == last.risks
