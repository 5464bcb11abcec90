"""Real commits: writers that roll back and commit late, and several sealers, in processes of their own."""

import random
import threading
import time

import pytest
from django.db import connection, transaction

from foundation.jobs.beside import Beside, Companions
from foundation.trail import anchors, merkle, seal
from foundation.trail.log import Block, Gap
from foundation.trail.models import Entry
from foundation.trail.notes import Checkpoint
from foundation.trail.record import SYSTEM, draft, record
from foundation.trail.tiles import Tiles

pytestmark = pytest.mark.django_db(transaction=True)

WRITE = """
import random, sys, time
from django.db import transaction
from foundation.trail.record import SYSTEM, draft, record
chance = random.Random(int(sys.argv[1]))
for turn in range(int(sys.argv[2])):
    time.sleep(0.02)  # SQLite's lock is not fair: without a pause the sealers would starve
    try:
        with transaction.atomic():
            for _ in range(chance.randrange(1, 4)):
                record("demo.loaded", SYSTEM, refs={"turn": turn})
            time.sleep(chance.choice([0, 0, 0, float(sys.argv[3])]))
            if chance.random() < 0.1:
                raise ZeroDivisionError
    except ZeroDivisionError:
        pass
"""
SEAL = """
import sys, time
from foundation.trail import seal
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    seal.seal_all(wait=sys.argv[2] == "wait")
    time.sleep(0.01)
"""


def whole() -> None:
    """Every entry is a leaf exactly once, and all checkpoints are of one tree."""
    ids = [number for block in Block.objects.all() for number in seal.ids_of(block)]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(Entry.objects.values_list("pk", flat=True))
    blocks = list(Block.objects.all())
    assert [block.id for block in blocks] == list(range(1, len(blocks) + 1))
    last, node = blocks[-1], Tiles().node
    for block in blocks[:-1]:
        proof = merkle.consistency(node, block.size, last.size)
        assert merkle.extends(block.size, last.size, proof, block.checkpoint.root, last.checkpoint.root)
    assert {Checkpoint.read(note).size for note in anchors.read()} <= {block.size for block in blocks}


def test_writers_and_sealers_in_several_processes(shared):
    """Late commits and rollbacks while two processes seal: nothing skipped, nothing twice."""
    sealers = [shared.python(SEAL, "60", way) for way in ("wait", "pass")]
    writers = [shared.python(WRITE, str(number), "60", "0.05") for number in range(3)]
    for writer in writers:
        said, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0, said
    for sealer in sealers:
        assert sealer.poll() is None, sealer.communicate()[0]
        sealer.kill()
        sealer.wait()
    seal.seal_all()
    assert Block.objects.count() > 3
    whole()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time")
def test_what_commits_behind_a_sealing_is_picked_up(shared):
    """A transaction that takes its number first and commits last; others and a sealing pass it by."""
    opened, go = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                record("demo.loaded", SYSTEM, refs={"which": "slow"})
                opened.set()
                go.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    opened.wait(20)
    with transaction.atomic():
        fast = record("demo.loaded", SYSTEM)
    seal.seal_all()
    assert fast.pk in seal.ids_of(Block.objects.latest("id"))
    assert Gap.objects.count() >= 1
    go.set()
    thread.join()
    late = Entry.objects.get(detail__contains="slow")
    assert late.pk < fast.pk
    seal.seal_all()
    assert seal.ids_of(Block.objects.latest("id")) == [late.pk]
    whole()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's own lock does it there")
def test_who_does_not_wait_leaves_it_to_the_other(shared):
    with transaction.atomic():
        record("demo.loaded", SYSTEM)
    held, go = threading.Event(), threading.Event()

    def holder() -> None:
        try:
            with transaction.atomic():
                seal.lock()
                held.set()
                go.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=holder)
    thread.start()
    held.wait(20)
    assert seal.seal(wait=False) == seal.Sealed()
    go.set()
    thread.join()
    assert seal.seal(wait=False).block is not None


def test_a_worker_seals_beside_its_jobs(shared):
    with transaction.atomic():
        entry = record("demo.loaded", SYSTEM)
    worker = shared.manage("worker", "--interval", "0.1")
    until = time.monotonic() + 60
    while not Block.objects.filter(max_id__gte=entry.pk).exists():
        assert time.monotonic() < until, worker.poll()
        time.sleep(0.1)
    with transaction.atomic():
        record("demo.loaded", SYSTEM)
    worker.terminate()
    said, _ = worker.communicate(timeout=60)
    assert worker.returncode == 0, said
    whole()  # what came at the very end was sealed before it went


def test_what_cannot_work_now_is_said_once_and_tried_again(caplog, transactional_db):
    calls: list[int] = []

    def work() -> None:
        calls.append(len(calls))
        if len(calls) < 4:
            raise seal.SealRefused("the anchor is ahead")

    until = time.monotonic() + 20
    caplog.set_level("WARNING")
    with Companions([Beside("sealing", work, 0.01, passing=(seal.SealRefused,))]):
        while len(calls) < 6:
            assert time.monotonic() < until
            time.sleep(0.01)
    assert caplog.text.count("the anchor is ahead") == 1
    assert caplog.text.count("works again") == 1


def test_random_orders_of_commits_leave_no_entry_out(shared):
    """Numbers in any order, sealed at any time: the set of open gaps finds each one."""
    chance = random.Random(7)
    seal.seal_all()
    start = Entry.objects.latest("id").pk
    numbers = list(range(start + 1, start + 120))
    for _ in range(30):  # most neighbours commit nearly in order
        at = chance.randrange(len(numbers) - 6)
        piece = numbers[at : at + 6]
        chance.shuffle(piece)
        numbers[at : at + 6] = piece
    for number in numbers:
        if chance.random() < 0.1:
            continue  # rolled back
        entry = draft("demo.loaded", SYSTEM)
        entry.pk = number
        entry.save(force_insert=True)
        if chance.random() < 0.3:
            seal.seal_all()
    if connection.vendor == "postgresql":  # explicit numbers don't move the sequence on
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval(pg_get_serial_sequence('trail_entry', 'id'), %s)", [start + 500])
    seal.seal_all()
    whole()
