"""What the trail costs: a save, appending, four writers beside a sealer, searching, the past, sealing and verifying.

    .venv/bin/python benchmarks/trail.py [entries] [part...]
    .venv/bin/python tests/postgres.py .venv/bin/python benchmarks/trail.py [entries] [part...]

Parts: saving appending searching past sealing writers (default: all; writers on PostgreSQL alone).

Makes a throw-away database (SQLite, or where DATABASE_URL points: that one must be empty) and prints milliseconds.
Variants take turns in short rounds and the medians of the rounds are compared: read the ratios, machines differ. On
SQLite, which works inside this process, the milliseconds are CPU time, so that a busy machine disturbs them less; on
PostgreSQL, and where commits are counted, they are wall time.
"""

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FOLDER = Path(tempfile.mkdtemp(prefix="countersign-benchmark-"))
os.environ |= {"DATA_DIR": str(FOLDER), "COUNTERSIGN_LOCAL": "1", "DJANGO_SETTINGS_MODULE": "grc.settings"}

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from controls.models import Control
from foundation.accounts.models import User
from foundation.trail import asof, leaf, seal, search, verify
from foundation.trail.keep import save, save_many
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM, draft, record

ROUNDS, BATCH = 9, 60
COLUMNS = [field.column for field in Entry._meta.concrete_fields if field.column != "id"]
INSERT = f"INSERT INTO trail_entry ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"
PEOPLE, RECORDS, ADDRESSES, DAYS = 50, 5000, 200, 400


def clock():
    """Seconds: this process's CPU where the database is in it, else the wall's."""
    return time.process_time() if connection.vendor == "sqlite" else time.perf_counter()


def in_turn(variants, clock=clock):
    """name → median ms of one call; each round runs BATCH calls of every variant."""
    found = {name: [] for name in variants}
    for _ in range(ROUNDS):
        for name, call in variants.items():
            began = clock()
            call()
            found[name].append((clock() - began) / BATCH * 1000)
    return {name: statistics.median(times) for name, times in found.items()}


def show(title, times, base):
    print(f"\n{title}")
    for name, ms in times.items():
        print(f"  {name:42}{ms:8.3f} ms  {ms - times[base]:+8.3f}  x{ms / times[base]:.2f}")


def saving():
    """One field of one control changed and saved: bare, with history, with history and entry."""
    control = save(Control(ref="B-1", name="x"), actor=SYSTEM, verb="control.created")
    many = [Control(ref=f"M-{number}", name="x") for number in range(BATCH)]
    told = {"verb_created": "control.created", "verb_updated": "control.updated", "reason": "benchmark"}
    save_many(many, actor=SYSTEM, **told)
    turn = iter(range(10**9))

    def bare():
        control.skip_history_when_saving = True
        for _ in range(BATCH):
            control.objective = str(next(turn))
            control.save()
        del control.skip_history_when_saving

    def history():
        for _ in range(BATCH):
            control.objective = str(next(turn))
            control.save()

    def ours():
        for _ in range(BATCH):
            control.objective = str(next(turn))
            save(control, actor=SYSTEM, verb="control.updated")

    def at_once():
        for row in many:
            row.objective = str(next(turn))
        save_many(many, actor=SYSTEM, **told)

    variants = {"bare save": bare, "with history": history, "keep.save": ours, "keep.save_many, a row": at_once}
    show(
        "A save, 60 in one transaction (without waiting for the disk)",
        in_turn({name: transaction.atomic(call) for name, call in variants.items()}),
        "bare save",
    )


def appending():
    """record() against the bare INSERT of the same row."""
    one = draft("demo.loaded", SYSTEM, private={"query": "q=" + "x" * 100}, refs={"n": "x" * 60})
    values = [getattr(one, name) for name in COLUMNS]

    def orm():
        one.pk = None
        one.save(force_insert=True)

    def bare():
        with connection.cursor() as cursor:
            cursor.execute(INSERT, values)

    def ours():
        record("demo.loaded", SYSTEM, private={"query": "q=" + "x" * 100}, refs={"n": "x" * 60})

    def each_committed(call):
        def run():
            for _ in range(BATCH):
                with transaction.atomic():
                    call()

        return run

    def together(call):
        return transaction.atomic(lambda: [call() for _ in range(BATCH)])

    calls = {"INSERT": bare, "INSERT by Django": orm, "record": ours}
    committed = {name: each_committed(call) for name, call in calls.items()}
    show("Appending, each committed (wall)", in_turn(committed, time.perf_counter), "INSERT")
    show("Appending, 60 in one transaction", in_turn({name: together(call) for name, call in calls.items()}), "INSERT")


def fill(count):
    """`count` entries over the last DAYS days, as a busy company would leave them."""
    chance, now = random.Random(1), int(timezone.now().timestamp() * 1_000_000)
    verbs = ["control.updated"] * 40 + ["page.read"] * 30 + ["auth.signed_in"] * 20 + ["access.refused", "user.updated"]
    began = time.monotonic()
    for start in range(0, count, 10_000):
        rows = []
        for number in range(start, min(start + 10_000, count)):
            verb, ip = chance.choice(verbs), f"10.0.0.{chance.randrange(ADDRESSES)}"
            private = leaf.canonical({"ip": ip, "salt": f"{number:032x}"})
            said = {"changes": {"objective": ["before", f"after {number}"]}, "reason": "why"}
            detail = leaf.canonical(said | {"private": leaf.sha256(private)})
            rows.append({
                "at": now - int((count - number) / count * DAYS * 86_400 * 1_000_000), "actor_kind": "user",
                "actor_id": chance.randrange(1, PEOPLE), "via": "page", "verb": verb,
                "object_type": "controls.control", "object_id": str(chance.randrange(1, RECORDS)),
                "outcome": "refused" if verb == "access.refused" else "ok", "request_id": "0" * 32,
                "detail": detail, "private": private, "ip": ip,
            })  # fmt: skip
            rows[-1]["mac"] = leaf.mac_of(Entry(**rows[-1]))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(INSERT, [[row[name] for name in COLUMNS] for row in rows])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"\n{count:,} entries written in {time.monotonic() - began:.0f} s")


def searching(admin):
    """The trail page's queries, as the page asks them; then the whole page."""
    chance = random.Random(2)

    def day(back):
        return (timezone.now() - timedelta(days=back)).date().isoformat()

    def some_day():
        return chance.randrange(1, DAYS)

    asks = {
        "latest": dict,
        "actor": lambda: {"who": str(admin.pk)},
        "object": lambda: {"register": "controls.control", "record": str(chance.randrange(1, RECORDS))},
        "a day": lambda: {"since": day(back := some_day()), "until": day(back)},
        "address": lambda: {"address": f"10.0.0.{chance.randrange(ADDRESSES)}"},
        "rare verb": lambda: {"verb": "user.updated"},
        "refused": lambda: {"outcome": "refused"},
        "actor, verb, address, 90 days": lambda: {
            "who": str(admin.pk), "verb": "page.read", "address": f"10.0.0.{chance.randrange(ADDRESSES)}",
            "since": day(90),
        },
        "words in a day": lambda: {"q": "after 1", "since": day(back := some_day()), "until": day(back)},
        "words that are not there, 30 days": lambda: {"q": "nowhere", "since": day(30)},
    }  # fmt: skip
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(admin)
    print(f"\nThe trail page{'':28}{'page p50':>10}{'p95':>8}{'count p95':>11}{'whole GET p50':>15}")
    for name, ask in asks.items():
        pages, counts, whole = [], [], []
        for turn in range(24):
            params = ask()
            query = QueryDict(mutable=True)
            query.update(params)
            form = search.EntrySearch(query, user=admin, addresses=True)
            if not form.is_valid():
                raise SystemExit(form.errors)
            found = form.entries()
            began = clock()
            first = search.page(found, {})
            if first.older:
                search.page(found, {"before": first.older})
            pages.append((clock() - began) / (2 if first.older else 1) * 1000)
            began = clock()
            search.count(found)
            counts.append((clock() - began) * 1000)
            if turn < 4:
                began = clock()
                answer = client.get("/trail/", params)
                if answer.status_code != 200:
                    raise SystemExit(f"{name}: {answer.status_code}")
                whole.append((clock() - began) * 1000)
        p95 = [statistics.quantiles(times, n=20)[-1] for times in (pages, counts)]
        median = statistics.median
        print(f"  {name:40}{median(pages):10.2f}{p95[0]:8.2f}{p95[1]:11.2f}{median(whole):15.0f}")


def past():
    """10,000 controls of five versions each, as of a moment in the middle."""
    model, start = Control.history.model, datetime(2026, 1, 1, tzinfo=UTC)
    model._base_manager.bulk_create(
        (
            model(
                id=number, version=version, ref=f"C{number}", name="x", objective="x" * 200, created_at=start,
                history_date=start + timedelta(days=30 * version, seconds=number), history_type="~",
            )
            for version in range(1, 6)
            for number in range(10_001, 20_001)
        ),
        batch_size=2000,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    moment = start + timedelta(days=75)
    print("\nAs of a moment: 10,000 controls, five versions each")
    for name, ask in {
        "all of them, counted": lambda: asof.rows(Control, moment).count(),
        "the first 50 by ref": lambda: list(asof.rows(Control, moment).order_by("ref")[:50]),
        "one": lambda: list(asof.rows(Control, moment).filter(id=15_000)),
    }.items():
        times = []
        for _ in range(7):
            began = clock()
            ask()
            times.append((clock() - began) * 1000)
        print(f"  {name:42}{statistics.median(times):8.1f} ms")


def sealing():
    """Everything that is there sealed in blocks of 4096, then verified: CPU seconds of this process."""
    began, wall = time.process_time(), time.monotonic()
    blocks = [one.block for one in seal.seal_all() if one.block]
    count = sum(block.count for block in blocks)
    print(
        f"\nSealed {count:,} entries: {time.process_time() - began:.1f} s CPU, {time.monotonic() - wall:.1f} s in all"
    )
    began, wall = time.process_time(), time.monotonic()
    report = verify.verify()
    print(
        f"Verified {report.entries:,}: {time.process_time() - began:.1f} s CPU, {time.monotonic() - wall:.1f} s in all"
    )
    print(f"  {'it holds' if report.holds else report.faults[:3]}; at most {peak():,} MB of memory")


def peak():
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


WRITER = """
import os, sys, time
sys.path.insert(0, os.environ["ROOT"])
import django; django.setup()
from django.db import connection, transaction
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM, draft, record
columns = [field.column for field in Entry._meta.concrete_fields if field.column != "id"]
insert = f"INSERT INTO trail_entry ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
said = {"private": {"query": "q=" + "x" * 100}, "refs": {"n": "x" * 60}}
one = draft("demo.loaded", SYSTEM, **said)
values = [getattr(one, name) for name in columns]
kind, end, done = sys.argv[1], time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < end:
    with transaction.atomic():
        if kind == "record":
            record("demo.loaded", SYSTEM, **said)
        elif kind == "orm":
            one.pk = None
            one.save(force_insert=True)
        else:
            with connection.cursor() as cursor:
                cursor.execute(insert, values)
    done += 1
print(done)
"""
SEALER = """
import os, sys, time
sys.path.insert(0, os.environ["ROOT"])
import django; django.setup()
from foundation.trail import seal
while True:
    seal.seal_in_passing()
    time.sleep(1)
"""


def writers(seconds=4, rounds=4):
    """Four processes that each commit one entry at a time, while another seals each second: the same in turns."""
    environment = os.environ | {"ROOT": str(ROOT)}

    def start(code, *words):
        return subprocess.Popen(
            [sys.executable, "-c", code, *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    found = {kind: [] for kind in ("INSERT", "orm", "record")}
    sealer = start(SEALER)
    try:
        for _ in range(rounds):
            for kind, rates in found.items():
                four = [start(WRITER, kind, str(seconds)) for _ in range(4)]
                rates.append(sum(int(one.communicate()[0]) for one in four) / seconds)
    finally:
        sealer.kill()
        sealer.wait()
    print("\nFour writers on PostgreSQL, each entry committed, a sealer beside them: entries a second")
    base = statistics.median(found["INSERT"])
    for kind, rates in found.items():
        rate = statistics.median(rates)
        print(f"  {kind:10}{rate:10,.0f}  x{rate / base:.2f}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    parts = sys.argv[2:] or ["saving", "appending", "searching", "past", "sealing", "writers"]
    call_command("migrate", verbosity=0)
    admin = save(User(email="admin@example.com", name="Ada", role="administrator"), actor=SYSTEM, verb="user.invited")
    print(f"{connection.display_name}, {count:,} entries")
    if "saving" in parts:
        saving()
    if "appending" in parts:
        appending()
    if {"searching", "sealing"} & set(parts):
        fill(count)
    if "searching" in parts:
        searching(admin)
    if "past" in parts:
        past()
    if "sealing" in parts:
        sealing()
    if "writers" in parts and connection.vendor == "postgresql":
        writers()


if __name__ == "__main__":
    main()
