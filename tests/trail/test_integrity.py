"""The integrity page, the verification that a job makes, and the checkpoint that is mailed."""

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from foundation.jobs.models import Job
from foundation.jobs.trail import mail_checkpoint, sweep_trail, verify_trail
from foundation.jobs.worker import run_all
from foundation.pages import paper
from foundation.trail import guards, leaf, seal, status
from foundation.trail.log import Anchor, Block, Gap
from foundation.trail.models import Entry
from foundation.trail.notes import digest
from foundation.trail.record import SYSTEM, draft
from tests.factories.people import UserFactory, WindowFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client, compliance):
    client.force_login(compliance)
    return lambda: client.get("/trail/integrity/").content.decode()


def test_before_anything_is_sealed(log, page, client):
    assert "Nothing is sealed yet" in page()
    assert client.get("/trail/integrity/checkpoint.txt").status_code == 404


def test_it_says_how_far_the_trail_is_sealed(log, page, client):
    log.block(3)
    block = log.block(2)
    said = page()
    assert f"{block.size} entries in 2 checkpoints" in said
    assert block.checkpoint.origin in said
    assert "None yet; one runs every night" in said
    assert "The newest" in said
    text = client.get("/trail/integrity/checkpoint.txt")
    assert text.content.decode() == block.note
    assert text["Content-Disposition"] == f'attachment; filename="checkpoint-{block.size}.txt"'


def test_what_waits_for_a_minute_is_an_alarm(log, page):
    log.block()
    assert "Sealing has stopped" not in page()
    entry = draft("demo.loaded", SYSTEM)
    entry.at -= 61 * 1_000_000
    entry.mac = leaf.mac_of(entry)
    entry.save(force_insert=True)
    said = page()
    assert "Sealing has stopped" in said
    assert f"Entry {entry.pk} has waited for 6" in said
    assert any("has waited for sealing" in trouble for trouble in status.troubles())
    seal.seal_all()
    assert "Sealing has stopped" not in page()


def test_a_verification_is_a_job_and_its_result_an_entry(log, page, client, compliance):
    log.block(3)
    answer = client.post("/trail/integrity/verify/", follow=True)
    assert "Verification of the audit trail" in answer.content.decode()
    run_all()
    job = Job.objects.get()
    assert (job.state, job.message) == ("done", "All of it holds.")
    entry = Entry.objects.get(verb="trail.verified")
    assert (entry.actor_id, entry.outcome, entry.facts["refs"]["faults"]) == (compliance.pk, "ok", 0)
    assert entry.facts["refs"]["size"] == Block.objects.latest("id").size
    assert "All of it held" in page()


def test_faults_are_on_the_page(log, page):
    number, *_ = log.add(3)
    seal.seal()
    with guards.lifted(connection), connection.cursor() as cursor:
        cursor.execute("DELETE FROM trail_entry WHERE id = %s", [number])
    verify_trail.enqueue(actor=SYSTEM, title="Verify the audit trail")
    run_all()
    entry = Entry.objects.get(verb="trail.verified")
    assert (entry.outcome, entry.facts["refs"]["faults"]) == ("failed", 1)
    said = page()
    assert "The last verification found faults" in said
    assert f"Entry {number} was sealed and is gone." in said


def test_an_auditor_sees_it_only_while_the_window_is_open(log, client):
    log.block()
    auditor = UserFactory(role="auditor")
    client.force_login(auditor)
    assert client.get("/trail/integrity/").status_code == 404
    WindowFactory(user=auditor)
    assert "Verify now" not in client.get("/trail/integrity/").content.decode()
    assert client.get("/trail/integrity/checkpoint.txt").status_code == 200
    assert client.post("/trail/integrity/verify/").status_code == 403


def test_the_sweep_finds_what_no_gap_is_open_for(log):
    log.block()
    top = Entry.objects.latest("id").pk
    for number in (top + 3, top + 2):
        entry = draft("demo.loaded", SYSTEM)
        entry.pk = number
        entry.save(force_insert=True)
        seal.seal() if number == top + 3 else None
        Gap.objects.all().delete()
    assert seal.seal().block is None
    sweep_trail.enqueue(actor=SYSTEM, title="Look for late entries")
    run_all()
    assert seal.ids_of(seal.seal().block) == [top + 2]


def test_the_checkpoint_is_mailed_once(log, settings):
    settings.TRAIL_ANCHOR_MAIL = ["auditor@example.com", "board@example.com"]
    block = log.block()
    for _ in range(2):
        mail_checkpoint.enqueue(actor=SYSTEM, title="Mail the checkpoint")
        run_all()
    [message] = mail.outbox
    assert message.to == settings.TRAIL_ANCHOR_MAIL
    assert message.body.endswith(block.note)
    anchor = Anchor.objects.get(kind="mail")
    assert (anchor.size, anchor.sha256) == (block.size, digest(block.note))
    entry = Entry.objects.get(verb="mail.sent")
    assert "auditor@example.com" not in entry.detail
    assert entry.hidden["to"] == "auditor@example.com, board@example.com"


def test_the_cover_of_a_pdf_prints_the_checkpoint(log, compliance):
    assert paper.cover_for(compliance).checkpoint == ""
    block = log.block()
    cover = paper.cover_for(compliance)
    assert cover.checkpoint == block.note
    html = paper.html_for(paper.Paper("pdf/list.html", "Controls"), cover)
    for line in block.note.strip().split("\n"):
        assert line.replace("+", "&#x2B;") in html or line in html


def test_how_it_stands_costs_the_same_few_queries(log, page, django_assert_max_num_queries):
    log.block()
    page()
    for _ in range(20):
        log.block(3)
    with django_assert_max_num_queries(10):
        status.status()
