"""The clock: each slot gives one job, however many workers tick, and however long none did."""

from datetime import UTC, datetime, timedelta

import pytest

from foundation.jobs.models import Job, Slot
from foundation.jobs.schedule import Every, tick
from foundation.jobs.worker import run_all
from tests.jobs.work import once_only

pytestmark = pytest.mark.django_db

NIGHTLY = Every("Nightly", once_only, timedelta(days=1), after=timedelta(hours=2))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_slot_is_the_newest_moment_at_which_the_entry_fell_due():
    assert NIGHTLY.slot(NOON) == datetime(2026, 11, 22, 2, tzinfo=UTC)
    assert NIGHTLY.slot(datetime(2026, 11, 22, 1, 59, tzinfo=UTC)) == datetime(2026, 11, 21, 2, tzinfo=UTC)
    assert NIGHTLY.slot(datetime(2026, 11, 22, 2, tzinfo=UTC)) == datetime(2026, 11, 22, 2, tzinfo=UTC)


def test_many_ticks_of_one_slot_give_one_job():
    assert [tick([NIGHTLY], NOON + timedelta(seconds=second)) for second in range(5)] == [1, 0, 0, 0, 0]
    assert Job.objects.get().title == "Nightly"
    assert run_all() == 1
    assert tick([NIGHTLY], NOON + timedelta(hours=13)) == 0
    assert tick([NIGHTLY], NOON + timedelta(hours=15)) == 1


def test_missed_slots_are_caught_up_once():
    tick([NIGHTLY], NOON)
    run_all()
    assert tick([NIGHTLY], NOON + timedelta(days=9)) == 1
    assert Job.objects.count() == 2


def test_slot_waits_while_its_predecessor_still_works():
    tick([NIGHTLY], NOON)
    assert tick([NIGHTLY], NOON + timedelta(days=1)) == 0
    run_all()
    assert tick([NIGHTLY], NOON + timedelta(days=1)) == 1


def test_slot_taken_by_another_worker_gives_no_second_job():
    Slot.objects.create(name="Nightly", due=NIGHTLY.slot(NOON))
    assert tick([NIGHTLY], NOON) == 0
    assert not Job.objects.exists()


def test_clock_that_goes_back_runs_nothing_again():
    tick([NIGHTLY], NOON)
    run_all()
    assert tick([NIGHTLY], NOON - timedelta(days=3)) == 0
