"""What a kill cannot do: web, worker and sealer die at random under load, and the trail must not notice.

    .venv/bin/python benchmarks/kills.py [kills, 200]                       on SQLite
    .venv/bin/python tests/postgres.py .venv/bin/python benchmarks/kills.py    on a PostgreSQL of its own

Four people update the status of their controls through gunicorn while two workers run jobs and seal; SIGKILL hits one
of these processes again and again, and whatever died is started anew. Then every note that was answered with "saved"
must be told exactly once, every other at most once, everything sealed, and the whole trail verified, histories
included. Exits with 1, and says why, if not.
"""

import http.client
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
WRITERS = 4
TOKEN = "k" * 32  # a CSRF cookie and its echo

with socket.socket() as probe:  # any free port
    probe.bind(("127.0.0.1", 0))
    PORT = probe.getsockname()[1]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="countersign-benchmark-") as folder:
        os.environ |= {
            "DATA_DIR": folder,
            "COUNTERSIGN_LOCAL": "true",
            "DJANGO_SETTINGS_MODULE": "grc.settings",
            "PORT": str(PORT),
            "LOG_LEVEL": "CRITICAL",
        }
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("prepare", verbosity=0)
        writers = [Writer(number, *person) for number, person in enumerate(company())]
        connection.close()
        town = Town()
        began = time.monotonic()
        for writer in writers:
            writer.start()
        killed = town.terror(random.Random(1))
        for writer in writers:
            writer.stopping = True
            writer.join()
        town.close()
        spent = time.monotonic() - began
        print(f"{connection.vendor}: {sum(killed.values())} kills in {spent:.0f} s: {dict(killed)}")
        sys.exit(judge(writers))


def company() -> list[tuple[str, list[int]]]:
    """A demo organisation (whose people need no second factor): each writer's cookie and controls."""
    from django.conf import settings
    from django.test import Client

    from controls.models import Control
    from foundation.accounts.models import User
    from foundation.organisation.actions import found
    from foundation.trail.keep import save, save_many
    from foundation.trail.record import SYSTEM

    found(name="Benchmark", actor=SYSTEM, is_demo=True)
    people = []
    for number in range(WRITERS):
        email = f"owner{number}@example.com"
        person = save(
            User(email=email, name=f"Owner {number}", role="control_owner"), actor=SYSTEM, verb="user.created"
        )
        controls = [Control(ref=f"K-{number}-{n}", name="Access review", owner=person) for n in range(10)]
        save_many(controls, actor=SYSTEM, verb_created="control.created", verb_updated="control.updated", reason="Load")
        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(person)
        cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        people.append((f"{cookie}; {settings.CSRF_COOKIE_NAME}={TOKEN}", [control.pk for control in controls]))
    return people


class Writer(threading.Thread):
    """One person who saves a note after the other. `saved`: what the server confirmed; `unsure`: what it did not."""

    def __init__(self, number: int, cookie: str, controls: list[int]) -> None:
        super().__init__()
        self.number, self.cookie, self.controls = number, cookie, controls
        self.saved: list[str] = []
        self.unsure: list[str] = []
        self.stopping = False

    def run(self) -> None:
        turn, sent = 0, False
        while not self.stopping:
            turn += 1
            note = f"note {self.number}-{turn}"
            path = f"/controls/{self.controls[turn % len(self.controls)]}/status/"
            try:
                _, page = self.ask("GET", path)
                version = re.search(r'name="version" value="(\d+)"', page)
                if version is None:
                    continue
                sent = True
                status, _ = self.ask("POST", path, f"status=planned&note={note.replace(' ', '+')}&version={version[1]}")
            except (OSError, http.client.HTTPException):
                if sent:
                    self.unsure.append(note)
                time.sleep(0.05)
            else:
                (self.saved if status == 302 else self.unsure).append(note)
            finally:
                sent = False

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        """One request on a connection of its own."""
        asked = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        try:
            headers = {"Cookie": self.cookie, "X-CSRFToken": TOKEN, "Content-Type": "application/x-www-form-urlencoded"}
            asked.request(method, path, body, headers)
            answer = asked.getresponse()
            return answer.status, answer.read().decode()
        finally:
            asked.close()


class Town:
    """The server and two workers; whoever dies is started anew."""

    def __init__(self) -> None:
        gunicorn = ["-m", "gunicorn", "grc.wsgi", "--bind", f"127.0.0.1:{PORT}", "--workers", "2", "--threads", "4"]
        self.commands = {
            "web": [sys.executable, *gunicorn, "--log-level", "critical", "--no-control-socket"],
            "worker 1": [sys.executable, "manage.py", "worker"],
            "worker 2": [sys.executable, "manage.py", "worker"],
        }
        self.alive = {name: self.start(name) for name in self.commands}

    def start(self, name: str) -> subprocess.Popen:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(self.commands[name], cwd=ROOT, stdout=quiet, stderr=quiet, start_new_session=True)

    def terror(self, chance: random.Random) -> Counter:
        """Kill until KILLS are done; a web worker nine times in ten, else all of the web, and as often a worker."""
        killed: Counter = Counter()
        time.sleep(8)
        while sum(killed.values()) < KILLS:
            time.sleep(chance.uniform(0.2, 1.5))
            name = chance.choice(list(self.commands))
            process = self.alive[name]
            if name == "web" and chance.random() < 0.9:
                children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                if children:
                    os.kill(int(chance.choice(children)), signal.SIGKILL)
                    killed["web worker"] += 1
                continue
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.alive[name] = self.start(name)
            killed["web" if name == "web" else "worker and sealer"] += 1
        time.sleep(5)
        return killed

    def close(self) -> None:
        for process in self.alive.values():
            process.terminate()
        for process in self.alive.values():
            process.wait(60)


def judge(writers: list[Writer]) -> int:
    """0 if everything that was saved is told once, sealed and verified."""
    from foundation.trail.models import Entry
    from foundation.trail.seal import seal_all, sweep
    from foundation.trail.verify import verify

    told = Counter(entry.facts["reason"] for entry in Entry.objects.filter(verb="control.status_updated").iterator())
    saved = [note for writer in writers for note in writer.saved]
    unsure = [note for writer in writers for note in writer.unsure]
    faults = [f"lost: {note}" for note in saved if not told[note]]
    faults += [f"told {times} times: {note}" for note, times in told.items() if times > 1]
    faults += [f"told and never asked for: {note}" for note in told.keys() - set(saved) - set(unsure)]
    late = sweep()
    seal_all()
    report = verify()
    faults += report.faults
    if report.sealed != report.entries or report.entries != Entry.objects.count():
        faults.append(f"{report.entries - report.sealed} entries are not sealed")
    kept = sum(1 for note in unsure if told[note])
    print(
        f"{len(saved)} saves confirmed, each told once; {len(unsure)} cut off, {kept} of them stored; {late} found late"
    )
    print(f"{report.entries} entries sealed up to checkpoint {report.checkpoint}; histories {report.histories}")
    for line in [*faults[:50], *report.notes]:
        print(line)
    return 1 if faults else 0


if __name__ == "__main__":
    main()
