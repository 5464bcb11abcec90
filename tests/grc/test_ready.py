"""What a load balancer is told: /healthz while a query works, /readyz while all that the product needs stands."""

import datetime
import os

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from foundation.jobs.heart import SIGN, sign
from foundation.jobs.models import Job, WorkerSign
from foundation.jobs.worker import Worker
from foundation.trail import guards

ALL_WELL = "database ok\nmigrations ok\nguards ok\nworker ok\ndisk ok\n"


@pytest.fixture
def worker(db: None) -> None:
    sign("worker-1")


def ready(client: Client) -> tuple[int, str]:
    answer = client.get("/readyz")
    assert answer["Content-Type"] == "text/plain"
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, answer.content.decode()


def test_all_is_well(client: Client, worker: None):
    assert ready(client) == (200, ALL_WELL)


def test_without_a_sign_of_a_worker(client: Client, db: None):
    assert ready(client) == (503, ALL_WELL.replace("worker ok", "worker not ok"))
    sign("worker-1")
    old = timezone.now() - datetime.timedelta(minutes=3)
    WorkerSign.objects.update(at=old)
    assert ready(client)[0] == 503
    Job.objects.create(title="Long", task="tests.jobs.work.add", state="running", heartbeat=timezone.now())
    assert ready(client)[0] == 200  # its heart beats, though it has no time for a sign


@pytest.mark.django_db(transaction=True)  # a worker looks after its connection, which a test's transaction would hold
def test_a_worker_signs_on_and_off():
    Worker(batch=True).run()
    assert not WorkerSign.objects.exists()
    worker = Worker()
    worker._rounds()
    assert WorkerSign.objects.get().worker == worker.worker_id
    assert SIGN < 120 / 2  # two signs may be lost before readyz says so


def test_with_a_migration_to_apply(client: Client, worker: None):
    MigrationRecorder(connection).record_unapplied("controls", "0001_controls")
    assert ready(client) == (503, ALL_WELL.replace("migrations ok", "migrations not ok"))


@pytest.mark.django_db(transaction=True)
def test_with_a_guard_gone(client: Client):
    sign("worker-1")
    with connection.cursor() as cursor:
        cursor.execute(guards.TRAIL_GUARDS[1].drop(connection.vendor))
    try:
        assert ready(client) == (503, ALL_WELL.replace("guards ok", "guards not ok"))
    finally:
        guards.install(connection)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_with_a_disk_that_takes_no_file(client: Client, worker: None):
    settings.DATA_DIR.chmod(0o500)
    try:
        assert ready(client)[1] == ALL_WELL.replace("disk ok", "disk not ok")
    finally:
        settings.DATA_DIR.chmod(0o700)


def test_with_the_data_folder_gone(client: Client, worker: None, settings):
    settings.DATA_DIR = settings.DATA_DIR / "unmounted"
    assert ready(client) == (503, ALL_WELL.replace("disk ok", "disk not ok"))


def test_asking_writes_nothing_and_needs_no_session(client: Client, worker: None):
    ready(client)
    assert client.get("/healthz").content == b"ok"
    assert not client.cookies
