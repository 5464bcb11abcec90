"""Old files of jobs go; what the trail says of them, and that a person had asked, stay."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from foundation.jobs import files
from foundation.jobs.models import Job, Slot
from foundation.jobs.schedule import tick
from foundation.jobs.worker import run_all
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from grc.wiring import SCHEDULE
from tests.jobs.work import report

pytestmark = pytest.mark.django_db


def finished(actor, days: int) -> Job:
    job = report.enqueue(actor=actor, title="Report", text="x")
    run_all()
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(days=days))
    DBTaskResult.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(days=days))
    job.refresh_from_db()
    return job


def test_only_files_past_their_days_go(owner):
    old, fresh = finished(owner, 31), finished(owner, 29)
    path, storage, entries = old.result.name, old.result.storage, Entry.objects.count()
    assert files.expire(30) == 1
    old.refresh_from_db()
    assert (old.result.name, old.result_name, old.args) == ("", "Report “Ü”.csv", {})
    assert not storage.exists(path)
    fresh.refresh_from_db()
    assert fresh.args == {"text": "x"}
    with fresh.result.open() as stored:
        assert stored.read() == b"x"
    assert Entry.objects.count() == entries
    assert not DBTaskResult.objects.filter(pk=old.pk).exists()
    assert files.expire(30) == 0


def test_the_systems_own_finished_jobs_leave_no_rows(owner):
    finished(SYSTEM, 31)
    kept = finished(owner, 31)
    files.expire(30)
    assert list(Job.objects.all()) == [kept]


def test_newest_slot_of_a_rare_entry_stays():
    now = timezone.now()
    for days in (100, 200):
        Slot.objects.create(name="Yearly", due=now - timedelta(days=days))
    files.expire(30)
    assert [slot.due for slot in Slot.objects.all()] == [now - timedelta(days=100)]


def test_the_schedule_expires_by_the_organisations_setting(owner):
    old = finished(owner, 31)
    tick(SCHEDULE)
    run_all()
    old.refresh_from_db()
    assert not old.result
