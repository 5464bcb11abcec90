"""The register of controls at 1,000 and at 10,000: queries, server time, CSV, memory of a web worker.

    .venv/bin/python benchmarks/controls.py

Makes its own data in a temporary folder, on SQLite, and serves it with two gunicorn workers, as bin/run does. Time is
what a client on the same machine waits, headers to last byte: median of 30 requests, one at a time.
Where others keep the processor busy, the same page takes up to twice as long, and looks bimodal when they come and go:
so each line has what ten million additions take right then ("+"), about 0.5 s on an idle machine.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 30

with socket.socket() as probe:  # any free port
    probe.bind(("127.0.0.1", 0))
    PORT = probe.getsockname()[1]
PAGES = {
    "list of 100": "/controls/?per_page=100",
    "filtered list": "/controls/?per_page=100&q=access&status=planned",
    "sorted by owner": "/controls/?per_page=100&sort=-owner",
    "one control": "/controls/{pk}/",
    "search": "/search/?q=access+7",
    "matrix, one screen": "/matrix/",
    "list as of a past moment": "/controls/?per_page=100&as_of={moment}",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATA_DIR": folder,
            "COUNTERSIGN_LOCAL": "true",
            "DJANGO_SETTINGS_MODULE": "grc.settings",
            "PORT": str(PORT),
            "LOG_LEVEL": "WARNING",  # a line a request would cost time too
        }
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        from django.core.management import call_command

        started = time.perf_counter()
        call_command("migrate", verbosity=0)
        print(f"empty migrate: {time.perf_counter() - started:.1f} s")
        call_command("prepare", verbosity=0)
        measure()


def measure() -> None:
    from django.utils import timezone

    people = make_people()
    few = fill(people, 1_000)
    queries_few = {name: queries(path, people, few) for name, path in PAGES.items()}
    csv_few = queries("/controls/export.csv", people, few)
    many = fill(people, 9_000)
    time.sleep(0.01)
    many["moment"] = timezone.now().isoformat().replace("+", "%2B")
    server = serve()
    try:
        cookie = sign_in(people)
        print(f"{'page':<28}{'queries at 1,000':>18}{'at 10,000':>12}{'median ms':>12}{'p95 ms':>10}{'+':>7}")
        for name, path in PAGES.items():
            slow = additions()
            took = times(path.format(**many), cookie)
            slow = (slow + additions()) / 2
            line = f"{name:<28}{queries_few[name]:>18}{queries(path, people, many):>12}"
            print(f"{line}{statistics.median(took):>12.0f}{sorted(took)[int(ROUNDS * 0.95) - 1]:>10.0f}{slow:>7.2f}")
        before = memory(server)
        took = times("/controls/export.csv", cookie, rounds=3)
        grown = [after - first for after, first in zip(memory(server), before, strict=True)]
        csv_many = queries("/controls/export.csv", people, many)
        print(
            f"CSV of 10,000: {statistics.median(took) / 1000:.1f} s, {csv_few} queries for 1 chunk, {csv_many} for 10"
        )
        resident = ", ".join(f"{megabytes:.0f}" for megabytes in memory(server))
        print(f"resident after all pages: {resident} MB a worker (CSV added {max(grown):.0f})")
    finally:
        server.terminate()
        server.wait()


def make_people() -> dict:
    from controls.frameworks import load_trust_services
    from foundation.accounts.models import User
    from foundation.organisation.actions import found
    from foundation.trail.keep import save
    from foundation.trail.record import SYSTEM

    found(name="Benchmark", actor=SYSTEM, is_demo=True)  # whose people need no second factor
    people = {"compliance": User(email="compliance@example.com", name="Cora", role="compliance_manager")}
    people |= {
        f"owner{n}": User(email=f"owner{n}@example.com", name=f"Owner {n}", role="control_owner") for n in range(20)
    }
    for person in people.values():
        save(person, actor=SYSTEM, verb="user.created")
    load_trust_services(people["compliance"])
    return people


def fill(people: dict, count: int) -> dict:
    """`count` more controls with about 2.3 criteria each and a wording, through the save path of imports."""
    from controls.models import Control, Criterion, Mapping, Wording
    from foundation.organisation.models import today
    from foundation.trail.keep import save_many

    actor, start = people["compliance"], Control.objects.count()
    criteria = list(Criterion.objects.filter(category__slug="security"))
    owners = [person for name, person in people.items() if name != "compliance"]
    by = {"actor": actor, "reason": "Benchmark"}
    controls = [
        Control(
            ref=f"C-{n:05}", name=f"Access control number {n} for production systems", frequency="quarterly",
            objective="Access is given on request, fits the role and ends with it.", owner=owners[n % 20],
            expected_evidence="Ticket with requester and approver; listing", review_date=today(),
        )
        for n in range(start, start + count)
    ]  # fmt: skip
    save_many(controls, verb_created="control.created", verb_updated="control.updated", **by)
    links = [
        Mapping(control=control, criterion=criteria[(n * 7 + k * 5) % len(criteria)], rationale="It helps.")
        for n, control in enumerate(controls)
        for k in range(2 + (n % 3 == 0))
    ]
    save_many(links, verb_created="mapping.created", verb_updated="mapping.updated", **by)
    words = [
        Wording(
            control=control, who="The owner", what="reviews access", how_often="each quarter", on_what="in production",
            effective_from=today(), reason="First", author=actor,
        )
        for control in controls
    ]  # fmt: skip
    save_many(words, verb_created="wording.written", verb_updated="wording.written", **by)
    from django.utils import timezone

    return {"pk": controls[count // 2].pk, "moment": timezone.now().isoformat().replace("+", "%2B")}


def queries(path: str, people: dict, values: dict) -> int:
    """How many queries a page takes, its streamed body included."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(people["compliance"])
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path.format(**values))
        assert response.status_code == 200, (path, response.status_code)
        response.getvalue() if response.streaming else response.content
    return len(captured)


def sign_in(people: dict) -> str:
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(people["compliance"])
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def serve() -> subprocess.Popen:
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "grc.wsgi",
        "--bind",
        f"127.0.0.1:{PORT}",
        "--workers",
        "2",
        "--threads",
        "4",
    ]
    environment = os.environ | {"MALLOC_ARENA_MAX": "2"}  # as bin/run
    server = subprocess.Popen([*command, "--log-level", "warning", "--no-control-socket"], cwd=ROOT, env=environment)
    for _ in range(100):
        time.sleep(0.2)
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=5)
        except OSError:
            continue
        return server
    raise RuntimeError("the server did not start")


def times(path: str, cookie: str, rounds: int = ROUNDS) -> list[float]:
    """Milliseconds from sending a request to the last byte of its answer, after four that warm both workers up."""
    took = []
    for turn in range(rounds + 4):
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", headers={"Cookie": cookie})
        started = time.perf_counter()
        with urllib.request.urlopen(request, timeout=120) as answer:
            while answer.read(65536):
                pass
        if turn >= 4:
            took.append((time.perf_counter() - started) * 1000)
    return took


def additions() -> float:
    """CPU seconds of a plain loop: how slow the processor is just now."""
    began, total = time.process_time(), 0
    for number in range(10**7):
        total += number
    return time.process_time() - began


def memory(server: subprocess.Popen) -> list[float]:
    """Resident megabytes of each web worker."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return [
        int(
            next(
                line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
            ).split()[1]
        )
        / 1024
        for pid in children
    ]


if __name__ == "__main__":
    main()
