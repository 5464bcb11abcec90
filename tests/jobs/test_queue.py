"""What becomes of one job: done, tried again, failed; and the two tables never tell different stories."""

import hashlib
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from foundation.files.models import StoredFile
from foundation.jobs.heart import Watch, mend
from foundation.jobs.job import Progress, TakenOver
from foundation.jobs.models import Job, State
from foundation.jobs.queue import STATUS, cancel, claim, hand_back, run, settle
from foundation.jobs.worker import run_all
from foundation.trail.record import SYSTEM
from tests.jobs.work import flaky, hopeless, lines, link_away, once_only, report, slow_holiday

pytestmark = pytest.mark.django_db


def agree() -> None:
    """Both tables say the same of every job."""
    tickets = {ticket.pk: ticket for ticket in DBTaskResult.objects.all()}
    jobs = list(Job.objects.all())
    assert {job.pk for job in jobs} == set(tickets)
    for job in jobs:
        ticket = tickets[job.pk]
        assert ticket.status == STATUS[State(job.state)]
        assert (ticket.finished_at is None) == (job.finished_at is None)


def enqueue(function, **ids) -> Job:
    return function.enqueue(actor=SYSTEM, title="Test", **ids)


def test_a_job_is_seen_by_workers_only_when_its_transaction_commits(tmp_path):
    with transaction.atomic():
        enqueue(hopeless, log=str(tmp_path / "log"))
        transaction.set_rollback(True)
    assert run_all() == 0
    assert not Job.objects.exists()
    assert not DBTaskResult.objects.exists()


def test_done_job_keeps_its_file_its_hash_and_who_asked(owner):
    job = report.enqueue(actor=owner, title="Controls as CSV", text="a,b")
    agree()
    assert run_all() == 1
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.message) == ("done", 1, 1, "One row")
    assert job.requested_by == owner
    with job.result.open() as stored:
        assert stored.read() == b"a,b"
    assert job.result.name.startswith(f"jobs/{job.pk}")
    assert job.result_name == "Report “Ü”.csv"
    assert job.result_sha256 == hashlib.sha256(b"a,b").hexdigest()
    agree()


def test_unexpected_error_is_retried_later_each_time_and_its_text_shown_to_nobody(tmp_path, caplog):
    log = tmp_path / "log"
    job = enqueue(flaky, until=3, log=str(log))
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        assert run_all() == 1
        job.refresh_from_db()
        assert job.state == State.WAITING
        assert timedelta(seconds=10) <= job.next_try - start <= timedelta(seconds=11)
        assert "hunter2" not in job.message + job.failure + caplog.text
        assert "ConnectionError" in caplog.text
        assert "ConnectionError" in job.failure
        assert "work.py" in job.failure
        agree()
        assert run_all() == 0, "it is not due yet"
        clock.shift(11)
        assert run_all() == 1
        job.refresh_from_db()
        assert timedelta(seconds=20) <= job.next_try - timezone.now() <= timedelta(seconds=22)
        clock.shift(23)
        assert run_all() == 1
    job.refresh_from_db()
    assert job.state == State.DONE
    assert lines(log) == ["1", "2", "3"]
    agree()


def test_after_the_last_attempt_it_fails_for_good(tmp_path):
    job = enqueue(flaky, until=99, log=str(tmp_path / "log"))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        while run_all():
            clock.shift(3600)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("failed", 3)
    assert "hunter2" not in job.message + job.failure
    ticket = DBTaskResult.objects.get(pk=job.pk)
    assert "hunter2" not in ticket.traceback
    assert ticket.exception_class_path == "builtins.ConnectionError"
    agree()


def test_a_job_error_is_shown_and_never_retried(tmp_path):
    log = tmp_path / "log"
    job = enqueue(hopeless, log=str(log))
    run_all()
    run_all()
    job.refresh_from_db()
    assert (job.state, job.message) == ("failed", "The list is empty.")
    assert lines(log) == ["tried"]
    agree()


def test_cancelled_while_waiting_never_runs(tmp_path):
    log = tmp_path / "log"
    job = enqueue(hopeless, log=str(log))
    assert cancel(job)
    assert not cancel(job)
    assert run_all() == 0
    assert lines(log) == []
    agree()


def test_running_job_cannot_be_cancelled(tmp_path):
    enqueue(hopeless, log=str(tmp_path / "log"))
    job = claim("one")
    assert not cancel(job)
    agree()


def test_handed_back_job_keeps_its_number_of_attempts(tmp_path):
    job = enqueue(hopeless, log=str(tmp_path / "log"))
    assert hand_back(claim("one"))
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("waiting", 0)
    agree()
    assert claim("two").pk == job.pk


def test_worker_that_lost_its_job_can_neither_report_nor_finish_nor_leave_a_file(owner):
    report.enqueue(actor=owner, title="Report", text="late")
    lost = claim("one")
    settle(lost, State.WAITING)
    taken = claim("two")
    lost.state, lost.attempts = State.RUNNING, 1
    progress = Progress(lost)
    with pytest.raises(TakenOver):
        progress.set(1, 2)
    with pytest.raises(TakenOver):
        progress.attach("a.csv", "text/csv", b"late")
    run(lost)
    taken.refresh_from_db()
    assert (taken.state, taken.attempts, taken.result.name) == ("running", 2, "")
    run(taken)
    taken.refresh_from_db()
    assert taken.state == State.DONE
    kept = StoredFile.objects.filter(path__contains=str(taken.pk))
    assert list(kept.values_list("path", flat=True)) == [taken.result.name]
    agree()


def test_late_outcome_of_a_worker_that_lost_its_job_is_dropped(tmp_path):
    enqueue(hopeless, log=str(tmp_path / "log"))
    lost = claim("one")
    settle(lost, State.WAITING)
    taken = claim("two")
    lost.state, lost.attempts = State.RUNNING, 1
    run(lost)
    assert not hand_back(lost)
    taken.refresh_from_db()
    assert (taken.state, taken.attempts, taken.message) == ("running", 2, "")
    agree()


def test_dead_workers_job_returns_after_its_heartbeat_stood_still(tmp_path):
    enqueue(slow_holiday, number=1, millis=0, log=str(tmp_path / "log"))
    job = claim("dies")
    watch = Watch(stale=0)
    assert watch.look() == 0
    assert watch.look() == 0, "one beat seen twice is too little"
    assert watch.look() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("waiting", 1)
    agree()
    assert run_all() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("done", 2)
    agree()


def test_beating_heart_is_never_taken_for_dead(tmp_path):
    enqueue(slow_holiday, number=1, millis=0, log=str(tmp_path / "log"))
    job = claim("lives")
    watch = Watch(stale=0)
    for _ in range(6):
        Job.objects.filter(pk=job.pk).update(heartbeat=timezone.now())
        assert watch.look() == 0


def test_look_that_was_itself_held_up_proves_no_death(tmp_path, monkeypatch):
    enqueue(slow_holiday, number=1, millis=0, log=str(tmp_path / "log"))
    claim("lives")
    watch = Watch(stale=30, beat=5)
    looks = [
        (0, 0),
        (5, 0),
        (95, 0),
        (100, 0),
        (105, 0),
        (110, 1),
    ]  # between the second and third the database was held
    for now, recovered in looks:
        monkeypatch.setattr("foundation.jobs.heart.time.monotonic", lambda now=now: now)
        assert watch.look() == recovered, now


def test_job_that_kills_every_worker_fails_in_the_end():
    job = enqueue(once_only)
    claim("dies")
    watch = Watch(stale=0)
    assert [watch.look() for _ in range(3)] == [0, 0, 1]
    job.refresh_from_db()
    assert job.state == State.FAILED
    agree()


def test_plain_db_worker_does_no_harm(tmp_path):
    job = enqueue(hopeless, log=str(tmp_path / "log"))
    DBTaskResult.objects.filter(pk=job.pk).update(status=TaskResultStatus.FAILED)
    assert run_all() == 0
    assert mend() == 1
    assert mend() == 0
    agree()
    assert run_all() == 1


@pytest.mark.parametrize("value", [{"a": 1}, object(), 1.5, b"x", [[1]], timezone.now()])
def test_only_ids_are_queued(value):
    with pytest.raises(TypeError):
        enqueue(hopeless, log=value)
    assert not Job.objects.exists()


def test_row_that_names_another_function_runs_nothing():
    """Whoever can write to the database still cannot make a worker call what is no job."""
    job = enqueue(once_only)
    Job.objects.filter(pk=job.pk).update(task="os.system", args={"command": "true"})
    run_all()
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert SuspiciousOperation.__name__ in job.failure


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_result_links_stay_on_this_site(url):
    job = enqueue(link_away, url=url)
    run_all()
    job.refresh_from_db()
    assert job.result_url == ""
    assert job.state == State.WAITING


def test_database_refuses_an_unknown_state_and_an_attempt_too_many():
    job = enqueue(once_only)
    for wrong in ({"state": "lost"}, {"attempts": 2}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Job.objects.filter(pk=job.pk).update(**wrong)


def test_jobs_run_in_the_order_they_came(tmp_path):
    log = tmp_path / "log"
    for number in range(5):
        enqueue(slow_holiday, number=number, millis=0, log=str(log))
    assert run_all() == 5
    assert [line for line in lines(log) if line.startswith("begin")] == [f"begin {n} 1" for n in range(5)]
