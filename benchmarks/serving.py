"""What the benchmarks of pages share: two web workers as bin/run starts them, and a client that waits for answers.

Of each page `measured` prints: queries; milliseconds that a client on the same machine waits, headers to last byte
(median and 95th percentile of 30 requests, one at a time); "CPU ms", what the workers computed for one request, which
says more than the waiting where others keep the processor busy; and "+", what ten million additions take right then,
about 0.5 s on an idle machine.
"""

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, WARM = 30, 4

with socket.socket() as probe:  # any free port
    probe.bind(("127.0.0.1", 0))
    PORT = probe.getsockname()[1]


@contextlib.contextmanager
def installation() -> Iterator[Path]:
    """A new installation in a folder that goes afterwards (SQLite), and this process set up for it."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATA_DIR": folder, "COUNTERSIGN_LOCAL": "true", "DJANGO_SETTINGS_MODULE": "grc.settings",
            "PORT": str(PORT), "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        sys.path[0] = str(ROOT)  # and no longer this folder, whose files are called like apps
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("prepare", verbosity=0)
        yield Path(folder)


def measured(pages: Mapping[str, str], values: Mapping[str, Any], person: Any, few: Collection[str] = ()) -> None:
    """Print what each page costs as two workers serve it to this person; of those named in `few` five rounds do."""
    server = serve()
    try:
        cookie = sign_in(person)
        print(f"{'page':<28}{'queries':>9}{'median ms':>11}{'p95 ms':>9}{'CPU ms':>9}{'+':>7}")
        for name, pattern in pages.items():
            path = pattern.format(**values)
            asked = queries(path, person)
            times(path, cookie, rounds=0)  # warms both workers up
            slow, before = additions(), worked(server)
            took = times(path, cookie, rounds=5 if name in few else ROUNDS)
            spent = (worked(server) - before) / (len(took) + WARM)
            slow, worst = (slow + additions()) / 2, sorted(took)[int(len(took) * 0.95) - 1]
            line = f"{name:<28}{asked:>9}{statistics.median(took):>11.0f}{worst:>9.0f}{spent:>9.0f}{slow:>7.2f}"
            print(line, flush=True)
        print(f"resident after all: {', '.join(f'{megabytes:.0f}' for megabytes in memory(server))} MB a worker")
    finally:
        server.terminate()
        server.wait()


def queries(path: str, person: Any) -> int:
    """How many queries a page takes, its streamed body included."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(person)
    client.get(path)  # a session's first request writes when it was seen
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        response.getvalue() if response.streaming else response.content
    return len(captured)


def sign_in(person: Any) -> str:
    """The Cookie header of a session of this person's."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(person)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def serve() -> subprocess.Popen:
    """Gunicorn with two workers of four threads, once it answers."""
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
    """Milliseconds from sending a request to the last byte of its answer, after WARM that warm both workers up."""
    took = []
    for turn in range(rounds + WARM):
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", headers={"Cookie": cookie})
        started = time.perf_counter()
        with urllib.request.urlopen(request, timeout=120) as answer:
            while answer.read(65536):
                pass
        if turn >= WARM:
            took.append((time.perf_counter() - started) * 1000)
    return took


def additions() -> float:
    """CPU seconds of a plain loop: how slow the processor is just now."""
    began, total = time.process_time(), 0
    for number in range(10**7):
        total += number
    return time.process_time() - began


def workers(server: subprocess.Popen) -> list[str]:
    """The numbers of the web workers' processes."""
    return Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()


def worked(server: subprocess.Popen) -> float:
    """CPU milliseconds that the web workers have had so far, in steps of ten."""
    tick = 1000 / os.sysconf("SC_CLK_TCK")
    spent = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in workers(server)]
    return sum(int(user) + int(system) for user, system in spent) * tick


def memory(server: subprocess.Popen) -> list[float]:
    """Resident megabytes of each web worker."""
    return [
        int(
            next(
                line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
            ).split()[1]
        )
        / 1024
        for pid in workers(server)
    ]
