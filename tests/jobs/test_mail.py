"""Mail leaves through a real SMTP server, is tried again when that is away, and never sent twice by a second run."""

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils import timezone

from foundation.jobs.job import Progress, job
from foundation.jobs.mail import deliver, was_mailed
from foundation.jobs.models import Job, State
from foundation.jobs.queue import claim, run
from foundation.jobs.worker import run_all
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM

pytestmark = pytest.mark.django_db


@job(retries=2, backoff=10)
def greeting(progress: Progress, *, user_id: int) -> None:
    from foundation.accounts.models import User

    user = User.objects.get(pk=user_id)
    deliver(progress, "tests/greeting", to=user, context={"person": user}, about=user)


class Post:
    """What the server took, and what it answers to an address."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.answer = "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(bytes(envelope.original_content or b""))
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def smtp(settings, tmp_path) -> None:
    """Django's own SMTP backend, aimed at a port where nothing listens yet; and the template that it sends."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", free_port(), 5
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "greeting.txt").write_text(
        "Subject: Good morning, {{ person.name }}\n\nYou & your <controls>: {{ person.name }}\n"
    )
    (folder / "greeting.html").write_text("<p>{{ person.name }}</p>")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]


@pytest.fixture
def post(settings, smtp) -> Iterator[Post]:
    handler = Post()
    controller = Controller(handler, hostname="127.0.0.1", port=settings.EMAIL_PORT)
    controller.start()
    yield handler
    controller.stop()


def test_mail_arrives_in_text_and_html_and_the_trail_knows_no_address(post, owner, admin):
    owner.name = "Öz <b>&</b> Co"
    owner.save()
    asked = greeting.enqueue(actor=admin, title="Greeting", user_id=owner.pk)
    assert owner.email not in json.dumps(asked.args)
    run_all()
    (raw,) = post.taken
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["To"] == owner.email
    assert mail["Subject"] == "Good morning, Öz <b>&</b> Co"
    assert mail.get_body(("plain",)).get_content().strip() == "You & your <controls>: Öz <b>&</b> Co"
    assert "Öz &lt;b&gt;&amp;&lt;/b&gt; Co" in mail.get_body(("html",)).get_content()
    assert str(asked.pk) in mail["Message-ID"]
    entry = Entry.objects.get(verb="mail.sent")
    assert (entry.actor_id, entry.object_id, entry.via) == (admin.pk, str(owner.pk), "job")
    assert owner.email not in entry.detail
    assert json.loads(entry.private)["to"] == owner.email


def test_server_that_is_away_is_tried_again(smtp, settings, owner):
    job = greeting.enqueue(actor=SYSTEM, title="Greeting", user_id=owner.pk)
    with time_machine.travel(timezone.now(), tick=True) as clock:
        run_all()
        job.refresh_from_db()
        assert job.state == State.WAITING
        assert not Entry.objects.filter(verb="mail.sent").exists()
        handler = Post()
        controller = Controller(handler, hostname="127.0.0.1", port=settings.EMAIL_PORT)
        controller.start()
        clock.shift(timedelta(seconds=20))
        run_all()
        controller.stop()
    job.refresh_from_db()
    assert job.state == State.DONE
    assert len(handler.taken) == 1


@pytest.mark.parametrize(("answer", "state"), [("550 no such person", "failed"), ("450 greylisted", "waiting")])
def test_address_refused_for_good_is_not_tried_again_one_refused_for_now_is(post, owner, answer, state):
    post.answer = answer
    job = greeting.enqueue(actor=SYSTEM, title="Greeting", user_id=owner.pk)
    run_all()
    job.refresh_from_db()
    assert job.state == state
    assert owner.email not in job.message + job.failure
    assert post.taken == []
    assert not Entry.objects.filter(verb="mail.sent").exists()
    refused = Entry.objects.filter(verb="mail.refused")
    assert [entry.outcome for entry in refused] == (["failed"] if state == "failed" else [])
    assert not [entry for entry in refused if owner.email in entry.detail]
    assert was_mailed(owner, "tests/greeting", owner, timezone.now() - timedelta(hours=1)) == (state == "failed")


def test_second_run_of_a_job_that_sent_sends_nothing(post, owner):
    greeting.enqueue(actor=SYSTEM, title="Greeting", user_id=owner.pk)
    job = claim("one")
    run(job)
    Job.objects.filter(pk=job.pk).update(state=State.RUNNING, finished_at=None)
    job.refresh_from_db()
    run(job)
    assert len(post.taken) == 1
    assert Entry.objects.filter(verb="mail.sent").count() == 1


def test_it_is_known_who_was_sent_which_mail_about_what_since_when(post, owner, admin):
    before = timezone.now()
    greeting.enqueue(actor=SYSTEM, title="Greeting", user_id=owner.pk)
    run_all()
    assert was_mailed(owner, "tests/greeting", owner, before)
    assert not was_mailed(owner, "tests/greeting", owner, timezone.now())
    assert not was_mailed(owner, "tests/farewell", owner, before)
    assert not was_mailed(owner, "tests/greeting", admin, before)
    assert not was_mailed(admin, "tests/greeting", owner, before)


@pytest.mark.parametrize("mark", ["\r", "\n", "\x0b", "\u2028"])
def test_a_mark_in_a_name_that_ends_a_line_keeps_no_mail_away(post, owner, mark):
    owner.name = f"Eve{mark}Bcc: everyone@example.com"
    owner.save()
    greeting.enqueue(actor=SYSTEM, title="Greeting", user_id=owner.pk)
    run_all()
    (raw,) = post.taken
    assert message_from_bytes(raw, policy=policy.default)["Bcc"] is None


def test_line_break_in_a_name_forges_no_header(post, owner):
    owner.name = "Eve\nBcc: everyone@example.com"
    owner.save()
    greeting.enqueue(actor=SYSTEM, title="Greeting", user_id=owner.pk)
    run_all()
    for raw in post.taken:
        assert message_from_bytes(raw, policy=policy.default)["Bcc"] is None
