"""A person's own jobs: the page that moves, the file that only they get, and the way back."""

import hashlib
import json
import uuid

import pytest
from django.urls import reverse

from audits.actions import end_access
from foundation.accounts.models import AuditorWindow
from foundation.jobs.models import Job, State
from foundation.jobs.queue import claim
from foundation.jobs.worker import run_all
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.jobs.work import hopeless, report

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(owner) -> Job:
    return report.enqueue(actor=owner, title="Controls as <b>CSV</b>", text="a,b")


def page(job: Job, name: str = "detail") -> str:
    return reverse(f"jobs:job-{name}", args=[job.pk])


def test_page_asks_for_itself_until_the_job_has_ended(client, owner, asked):
    client.force_login(owner)
    waiting = client.get(page(asked))
    assert f'hx-get="{page(asked)}?seen={asked.stand}"' in waiting.content.decode()
    assert '<noscript><meta http-equiv="refresh"' in waiting.content.decode()
    assert "Cancel job" in waiting.content.decode()
    assert "&lt;b&gt;CSV" in waiting.content.decode()
    part, query = {"HX-Request": "true"}, {"seen": asked.stand}
    assert client.get(page(asked), query, headers=part).status_code == 204
    claim("one")
    Job.objects.filter(pk=asked.pk).update(done=3, total=9, message="Printing")
    moving = client.get(page(asked), query, headers=part)
    assert "<html" not in moving.content.decode()
    assert 'value="3" max="9"' in moving.content.decode()
    assert "HX-Request" in moving["Vary"]
    assert "no-store" in moving["Cache-Control"]


def test_ended_job_offers_its_file_and_asks_no_more(client, owner, asked):
    client.force_login(owner)
    run_all()
    content = client.get(page(asked)).content.decode()
    assert page(asked, "download") in content
    assert "hx-get" not in content
    assert 'http-equiv="refresh"' not in content


def test_failed_job_shows_its_message_and_number_and_nothing_else(client, owner, tmp_path):
    job = hopeless.enqueue(actor=owner, title="Import", log=str(tmp_path / "log"))
    run_all()
    client.force_login(owner)
    content = client.get(page(job)).content.decode()
    assert "The list is empty." in content
    assert str(job.pk) in content
    assert "JobError" not in content
    assert "Traceback" not in content


def test_download_is_a_harmless_attachment_told_in_the_trail_before_its_first_byte(client, owner, asked):
    client.force_login(owner)
    run_all()
    response = client.get(page(asked, "download"))
    entry = Entry.objects.get(verb="file.downloaded")  # before the body is read
    assert b"".join(response.streaming_content) == b"a,b"
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Content-Type"] == "text/csv"
    assert (entry.actor_id, entry.object_type, entry.object_id) == (owner.pk, "jobs.job", str(asked.pk))
    assert json.loads(entry.detail)["refs"]["sha256"] == hashlib.sha256(b"a,b").hexdigest()


@pytest.mark.parametrize("name", ["detail", "download", "cancel"])
def test_nobody_else_reaches_it_whatever_their_role(client, request, asked, name):
    run_all()
    for other in ("admin", "compliance", "manager", "colleague", "employee", "auditor", "outsider"):
        client.force_login(request.getfixturevalue(other))
        response = client.post(page(asked, name)) if name == "cancel" else client.get(page(asked, name))
        assert response.status_code in (403, 404), other
    assert not Entry.objects.filter(verb="file.downloaded").exists()
    asked.refresh_from_db()
    assert asked.state == State.DONE


def test_an_auditor_whose_access_ended_gets_no_file(client, auditor):
    job = report.enqueue(actor=auditor, title="Controls", text="a,b")
    run_all()
    client.force_login(auditor)
    assert b"".join(client.get(page(job, "download")).streaming_content) == b"a,b"
    end_access(AuditorWindow.objects.get(user=auditor), actor=SYSTEM, reason="Done")
    assert client.get(page(job)).status_code == 404
    assert client.get(page(job, "download")).status_code == 404
    assert job.title not in client.get(reverse("jobs:job-list")).content.decode()


def test_anonymous_is_sent_to_sign_in(client, asked):
    for name in ("detail", "download"):
        assert client.get(page(asked, name)).status_code == 302
    assert client.get(reverse("jobs:job-list")).status_code == 302


def test_no_file_no_download(client, owner, asked):
    client.force_login(owner)
    assert client.get(page(asked, "download")).status_code == 404
    assert client.get(reverse("jobs:job-download", args=[uuid.uuid4()])).status_code == 404
    run_all()
    asked.refresh_from_db()
    asked.result.storage.delete(asked.result.name)
    assert client.get(page(asked, "download")).status_code == 404
    assert not Entry.objects.filter(verb="file.downloaded").exists()


def test_cancel_takes_a_waiting_job_off_the_queue_once(client, owner, asked):
    client.force_login(owner)
    assert client.get(page(asked, "cancel")).status_code == 405
    assert client.post(page(asked, "cancel")).status_code == 302
    assert run_all() == 0
    asked.refresh_from_db()
    assert asked.state == State.CANCELLED
    client.post(page(asked, "cancel"))
    assert Entry.objects.filter(verb="job.cancelled", object_id=str(asked.pk)).count() == 1


def test_list_shows_ones_own_jobs_alone_in_a_constant_number_of_queries(
    client, owner, colleague, asked, django_assert_max_num_queries
):
    theirs = report.enqueue(actor=colleague, title="Theirs", text="x")
    for number in range(20):
        report.enqueue(actor=owner, title=f"Mine {number}", text="x")
    client.force_login(owner)
    with django_assert_max_num_queries(12):
        content = client.get(reverse("jobs:job-list")).content.decode()
    assert content.count("/jobs/") >= 21
    assert str(theirs.pk) not in content


def test_page_that_asks_for_itself_every_second_does_not_flood_the_trail(client, auditor):
    job = report.enqueue(actor=auditor, title="Matrix", text="x")
    client.force_login(auditor)
    before = Entry.objects.count()
    for _ in range(3):
        assert client.get(page(job), headers={"HX-Request": "true"}).status_code == 200
    assert Entry.objects.count() == before
