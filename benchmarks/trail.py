"""What the trail costs, and how fast it answers, seals and verifies: ratios within one run.

    .venv/bin/python benchmarks/trail.py [part...] [--entries N]                                         on SQLite
    .venv/bin/python tests/postgres.py [--durable] .venv/bin/python benchmarks/trail.py [part...]        on PostgreSQL

Parts: saving appending writers searching past sealing; all of them without a name (writers on PostgreSQL alone, and
worth a run with --durable, which waits for the disk at each commit as a real server does).

Makes a throw-away database (SQLite, or where DATABASE_URL points: that one must be empty). Everything is prepared and
warmed up outside the timed loops; variants take turns in short rounds, and the medians of the rounds are compared:
read the ratios, machines differ. On SQLite, which works inside this process, milliseconds are CPU time, so that a busy
machine disturbs them less; on PostgreSQL, and where commits are counted, they are wall time.
"""

import argparse
import multiprocessing
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SCRATCH = tempfile.TemporaryDirectory(prefix="countersign-benchmark-")
os.environ |= {"DATA_DIR": SCRATCH.name, "COUNTERSIGN_LOCAL": "1", "DJANGO_SETTINGS_MODULE": "grc.settings"}
os.environ["LOG_LEVEL"] = "ERROR"

import django

django.setup()

from django.core.management import call_command
from django.db import connection, transaction
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from controls.models import Control
from foundation.accounts.models import User
from foundation.trail import asof, keep, leaf, seal, search, verify
from foundation.trail.keep import history_sha256, save, save_many
from foundation.trail.models import Cause, Entry, version_of
from foundation.trail.origin import origin
from foundation.trail.record import STORED, SYSTEM, draft, now, record

ROUNDS, BATCH = 15, 60
INSERT = f"INSERT INTO trail_entry ({', '.join(STORED)}) VALUES ({', '.join(['%s'] * len(STORED))})"
PEOPLE, RECORDS, ADDRESSES, DAYS = 50, 5000, 200, 400
# An entry as a page leaves it: about 900 bytes, all columns filled.
HERE = {
    "via": "page",
    "request_id": "4" * 32,
    "ip": "203.0.113.7",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64) " * 2,
}
SAID = {"private": {"query": "q=" + "x" * 100}, "refs": {"path": "/controls/" + "x" * 60}}


def clock():
    """Seconds: this process's CPU where the database is in it, else the wall's."""
    return time.process_time() if connection.vendor == "sqlite" else time.perf_counter()


def in_turn(variants, clock=clock):
    """name → ms of one call in each round; a round runs BATCH calls of every variant, and the first one is not kept."""
    found = {name: [] for name in variants}
    for number in range(ROUNDS + 1):
        for name, call in variants.items():
            began = clock()
            call()
            if number:
                found[name].append((clock() - began) / BATCH * 1000)
    return found


def show(title, found, base):
    """Medians, and how each round compares with the same round of `base`."""
    print(f"\n{title}")
    for name, times in found.items():
        ratio = statistics.median(mine / theirs for mine, theirs in zip(times, found[base], strict=True))
        extra = statistics.median(mine - theirs for mine, theirs in zip(times, found[base], strict=True))
        print(f"  {name:42}{statistics.median(times):8.3f} ms  {extra:+8.3f}  x{ratio:.2f}")


# ---- saving --------------------------------------------------------------------------------------------------------


def saving(_):
    """One field of one control changed and saved: bare, with history, by the save path, and that without its entry."""
    control = save(Control(ref="B-1", name="x"), actor=SYSTEM, verb="control.created")
    many = [Control(ref=f"M-{number}", name="x") for number in range(BATCH)]
    told = {"verb_created": "control.created", "verb_updated": "control.updated", "reason": "benchmark"}
    save_many(many, actor=SYSTEM, **told)
    turn = iter(range(10**9))

    def each(call):
        def run():
            for _ in range(BATCH):
                control.objective = str(next(turn))
                call()

        return run

    def bare():
        control.skip_history_when_saving = True
        control.save()
        del control.skip_history_when_saving

    ours = partial(save, control, actor=SYSTEM, verb="control.updated")

    def untold():
        with mock.patch.multiple(keep, entry_of=lambda *_: None, append=lambda _: None):
            each(ours)()

    def at_once():
        for row in many:
            row.objective = str(next(turn))
        save_many(many, actor=SYSTEM, **told)

    variants = {
        "bare save": each(bare), "with history": each(control.save), "keep.save without its entry": untold,
        "keep.save": each(ours), "keep.save_many, a row": at_once,
    }  # fmt: skip
    with origin(**HERE):
        found = in_turn({name: transaction.atomic(call) for name, call in variants.items()})
    show("A save, 60 in one transaction (without waiting for the disk)", found, "bare save")
    entry = [one - other for one, other in zip(found["keep.save"], found["keep.save without its entry"], strict=True)]
    print(f"  the entry alone adds {statistics.median(entry):.3f} ms to keep.save")


# ---- appending -----------------------------------------------------------------------------------------------------


def ready():
    """The columns of an entry that is still to be stored, as a plain INSERT takes them."""
    entry = draft("demo.loaded", SYSTEM, **SAID)
    return [getattr(entry, column) for column in STORED]


def insert(rows):
    with connection.cursor() as cursor:
        cursor.execute(INSERT, next(rows))


def by_django(rows):
    Entry(None, *next(rows)).save(force_insert=True)


def ours(_rows):
    record("demo.loaded", SYSTEM, **SAID)


KINDS = {"INSERT": insert, "INSERT by Django's ORM": by_django, "record()": ours}


def appending(_):
    """record() against the bare INSERT of rows that were made before."""

    def each_committed(call, rows):
        def run():
            for _ in range(BATCH):
                with transaction.atomic():
                    call(rows)

        return run

    def together(call, rows):
        return transaction.atomic(lambda: [call(rows) for _ in range(BATCH)])

    with origin(**HERE):
        rows = cycle([ready() for _ in range(2000)])
        committed = {name: each_committed(call, rows) for name, call in KINDS.items()}
        show("Appending, each committed (wall)", in_turn(committed, time.perf_counter), "INSERT")
        show("The same, CPU of this process", in_turn(committed, time.process_time), "INSERT")
        found = in_turn({name: together(call, rows) for name, call in KINDS.items()})
        show("Appending, 60 in one transaction", found, "INSERT")


def writers(_, count=4, seconds=0.5, rounds=24):
    """Processes that each commit one entry at a time, all the same kind at once, while another seals each second.

    The plain INSERT is what they are held against: the same driver, the same kind of transaction, the same columns,
    indexes and guards, its rows made before the clock runs.
    """
    if connection.vendor != "postgresql":
        return
    seal.seal_all()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name || '=' || setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit')")
        settings = ", ".join(row[0] for row in cursor.fetchall())
    connection.close()
    fork = multiprocessing.get_context("fork")
    start, answers = fork.Barrier(count), fork.SimpleQueue()
    slots = [(number, name) for number in range(-1, rounds) for name in list(KINDS)[:: 1 if number % 2 else -1]]
    sealer = fork.Process(target=sealing_on, daemon=True)
    four = [fork.Process(target=writing, args=(slots, seconds, start, answers), daemon=True) for _ in range(count)]
    for process in [sealer, *four]:
        process.start()
    rates, costs = defaultdict(float), defaultdict(float)
    for _ in range(count * len(slots)):
        slot, rate, cpu = answers.get()
        rates[slot] += rate
        costs[slot] += cpu / count
    for process in four:
        process.join()
    sealer.kill()
    sealer.join()
    print(
        f"\n{count} writers, each entry committed ({settings}), a sealer beside them; {rounds} rounds of {seconds:g} s"
    )
    best = max(rates[number, "INSERT"] for number in range(rounds))
    for name in KINDS:
        mine = [rates[number, name] for number in range(rounds)]
        ratios = [rate / rates[number, "INSERT"] for number, rate in enumerate(mine)]
        low, ratio, high = statistics.quantiles(ratios, n=4)
        cheapest = {kind: min(costs[number, kind] for number in range(rounds)) for kind in KINDS}
        print(
            f"  {name:23}{statistics.median(mine):8,.0f} entries a second  x{ratio:.2f} (half of the rounds "
            f"{low:.2f}-{high:.2f}); in the quietest round {max(mine):,.0f} x{max(mine) / best:.2f}, "
            f"{cheapest[name]:.3f} ms CPU an entry with the server's x{cheapest['INSERT'] / cheapest[name]:.2f}"
        )
    blocks = sum(block.count for one in seal.seal_all() if (block := one.block))
    print(f"  {seal.head().size:,} of {Entry.objects.count():,} entries are sealed, {blocks:,} of them after the end")


def writing(slots, seconds, start, answers):
    """One writer: for each slot, ready rows, everybody at the start, and how many a second it was."""
    with origin(**HERE):
        for slot in slots:
            rows, call, done = cycle([ready() for _ in range(1500)]), KINDS[slot[1]], 0
            start.wait()
            began, before = time.perf_counter(), cost()
            while time.perf_counter() - began < seconds:
                with transaction.atomic():
                    call(rows)
                done += 1
            took, after = time.perf_counter() - began, cost()
            cpu = after[0] - before[0] + after[1] - before[1]
            answers.put((slot, done / took, cpu / done * 1000))


def sealing_on():
    """What a worker does."""
    while True:
        seal.seal_in_passing()
        time.sleep(1)


# ---- a trail of a busy company -------------------------------------------------------------------------------------


def fill(count):
    """`count` entries over the last DAYS days; one in ten tells of a version of a control, as a save does."""
    began, chance, ends = time.monotonic(), random.Random(1), now()
    model = Control.history.model
    first = (model._base_manager.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    with without_indexes():
        for start in range(0, count, 20_000):
            rows, versions = [], []
            for number in range(start, min(start + 20_000, count)):
                at = ends - int((count - number) / count * DAYS * 86_400 * 1_000_000)
                rows.append(a_row(chance, number, at, versions, first))
            with transaction.atomic():
                for version in versions:
                    first = version.pk + 1
                model._base_manager.bulk_create(versions, batch_size=2000)
                store(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"\n{count:,} entries written in {time.monotonic() - began:.0f} s")


def a_row(chance, number, at, versions, first):
    """The stored columns of one entry; where it tells of a version, that is added to `versions`."""
    verb = chance.choice(VERBS)
    ip, subject = f"10.0.0.{chance.randrange(ADDRESSES)}", chance.randrange(1, RECORDS)
    private = leaf.canonical({"ip": ip, "salt": f"{number:032x}"})
    said = {"reason": "why", "private": leaf.sha256(private)}
    if verb == "control.updated":
        said["changes"] = {"objective": ["before", f"after {number}"]}
        said["history"] = a_version(subject, number, at, versions, first)
    outcome = "refused" if verb == "access.refused" else "ok"
    who = chance.randrange(1, PEOPLE)
    columns = (
        at, "user", who, "page", verb, "controls.control", str(subject), outcome, "0" * 32, leaf.canonical(said),
    )  # fmt: skip
    return (*columns, private, ip, leaf.mac(columns))


VERBS = ["control.updated"] * 10 + ["page.read"] * 60 + ["auth.signed_in"] * 28 + ["access.refused", "user.updated"]


def a_version(subject, number, at, versions, first):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    control = Control(
        id=subject, ref=f"F-{subject}", name="Access review", objective=f"after {number}", version=number + 2,
        created_at=moment,
    )  # fmt: skip
    version = version_of(control, "~", Cause(None, "why", moment))
    version.pk = versions[-1].pk + 1 if versions else first
    versions.append(version)
    return {"table": version._meta.db_table, "id": version.pk, "sha256": history_sha256(version, "")}


@contextmanager
def without_indexes():
    """Without the entries' indexes for a block: a million rows are quicker written so."""
    with connection.schema_editor(atomic=False, collect_sql=True) as editor:
        statements = [str(index.create_sql(Entry, editor)) for index in Entry._meta.indexes]
    with connection.cursor() as cursor:
        for index in Entry._meta.indexes:
            cursor.execute(f"DROP INDEX {index.name}")
        yield
        for statement in statements:
            cursor.execute(statement)


def store(rows):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(INSERT, rows)
            return
        with cursor.copy(f"COPY trail_entry ({', '.join(STORED)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


# ---- searching -----------------------------------------------------------------------------------------------------


def searching(people):
    """The trail page's queries, as the page asks them, timed in the database: newest page, the next, and the count."""
    for person in people:
        print(
            f"\nThe trail page of an {person.role}: ms in the database{'p50':>12}{'p95':>8}{'max':>8}{'count max':>12}"
        )
        for name, ask in asks(person).items():
            pages, counts = [], []
            for _ in range(20):
                form = search.EntrySearch(ask_of(ask()), user=person, addresses=True)
                if not form.is_valid():
                    break  # who sees nobody's account cannot ask by person
                found = form.entries()
                pages += in_database(lambda found=found: both(found))
                counts += in_database(lambda found=found: search.count(found))
            if not pages:
                continue
            middle, late = statistics.median(pages), statistics.quantiles(pages, n=20)[-1]
            print(f"  {name:46}{middle:14.2f}{late:8.2f}{max(pages):8.2f}{max(counts):12.2f}")


def asks(person):
    """What people ask for, each time something else."""
    chance = random.Random(2)

    def day(back):
        return (timezone.now() - timedelta(days=back)).date().isoformat()

    def some_day():
        return chance.randrange(1, DAYS)

    def address():
        return f"10.0.0.{chance.randrange(ADDRESSES)}"

    def record():
        return {"register": "controls.control", "record": str(chance.randrange(1, RECORDS))}

    who = {"who": str(person.pk)}
    return {
        "latest": dict,
        "actor": lambda: who,
        "object": record,
        "object, any register": lambda: {"record": record()["record"]},
        "a day": lambda: {"since": day(back := some_day()), "until": day(back)},
        "address": lambda: {"address": address()},
        "an address that is not there": lambda: {"address": "192.0.2.1"},
        "rare verb": lambda: {"verb": "user.updated"},
        "refused": lambda: {"outcome": "refused"},
        "actor, verb, address, 90 days": lambda: {
            **who, "verb": "page.read", "address": address(), "since": day(90),
        },
        "words in a day": lambda: {"q": "after 1", "since": day(back := some_day()), "until": day(back)},
        "words that are not there, 30 days": lambda: {"q": "nowhere", "since": day(30)},
    }  # fmt: skip


def ask_of(params):
    query = QueryDict(mutable=True)
    query.update(params)
    return query


def both(found):
    first = search.page(found, {})
    if first.older:
        search.page(found, {"before": first.older})


def in_database(call):
    """ms of each query on entries that `call` makes: planning and execution as PostgreSQL says, or SQLite's CPU."""
    with CaptureQueriesContext(connection) as captured:
        call()
    times = []
    with connection.cursor() as cursor:
        for query in captured:
            if "trail_entry" not in query["sql"]:
                continue
            if connection.vendor == "postgresql":
                cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query['sql']}".replace("%", "%%"), [])
                plan = cursor.fetchone()[0][0]
                times.append(plan["Planning Time"] + plan["Execution Time"])
            else:
                raw = connection.connection
                began = time.process_time()
                raw.execute(query["sql"]).fetchall()
                times.append((time.process_time() - began) * 1000)
    return times


def past(_):
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
        for _ in range(8):
            began = clock()
            ask()
            times.append((clock() - began) * 1000)
        print(f"  {name:42}{statistics.median(times[1:]):8.1f} ms")


# ---- sealing -------------------------------------------------------------------------------------------------------


def sealing(_):
    """Everything that is there sealed in blocks of 4096, then verified, the versions of controls included."""
    began = cost()
    blocks = [one.block for one in seal.seal_all() if one.block]
    print(f"\nSealed {sum(block.count for block in blocks):,} entries: {spent(began)}")
    for title, history in {"without": False, "with": True}.items():
        began = cost()
        report = verify.verify(history=history)
        print(f"Verified {report.entries:,} {title} {report.histories:,} versions: {spent(began)}")
    # The versions were written without their controls: that alone may be found.
    others = [fault for fault in report.faults if not fault.startswith("These rows of controls_control are gone")]
    print(f"  {others[:3] or 'it holds'}; at most {peak():,} MB of memory")


def cost():
    """Seconds so far: CPU of this process, CPU of its PostgreSQL process, the wall's."""
    return time.process_time(), server_cpu(), time.monotonic()


def server_cpu():
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        number = cursor.fetchone()[0]
    with suppress(OSError):  # not Linux
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def spent(began):
    ours, servers, wall = (end - start for start, end in zip(began, cost(), strict=True))
    return f"{ours:.1f} s CPU, {servers:.1f} s of PostgreSQL's, {wall:.1f} s in all"


def peak():
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


PARTS = {
    "saving": saving, "appending": appending, "writers": writers, "searching": searching, "past": past,
    "sealing": sealing,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], help="default: all")
    parser.add_argument("--entries", type=int, default=100_000, help="to search in and to seal (default: 100,000)")
    asked = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    parts = [name for name in PARTS if name in (asked.part or PARTS)]
    call_command("migrate", verbosity=0)
    people = [
        save(User(email=f"{role}@example.com", name="Ada", role=role), actor=SYSTEM, verb="user.invited")
        for role in ("administrator", "control_owner", "employee")
    ]
    print(f"{connection.display_name}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for name in parts:
        if name in {"searching", "sealing"} and Entry.objects.count() < asked.entries:
            fill(asked.entries)
        PARTS[name](people)


if __name__ == "__main__":
    main()
