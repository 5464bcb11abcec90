"""A log of its own for a test, keys and anchors in a folder that goes with it; a database that processes share."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import connections, transaction

from foundation.trail import anchors, seal
from foundation.trail.record import SYSTEM, record


@dataclass
class Log:
    """Where this test's log keeps what is outside the database."""

    folder: Path

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def anchors(self) -> list[str]:
        return list(anchors.read())

    def add(self, count: int = 1, **said):
        """Append entries and return their ids."""
        with transaction.atomic():
            return [record("demo.loaded", SYSTEM, **said).pk for _ in range(count)]

    @property
    def newest(self) -> str:
        """The note outside that is furthest on."""
        found = anchors.newest()
        assert found is not None
        return found[1]

    @contextmanager
    def forgotten(self) -> Iterator[None]:
        """What the block does to the database is undone, as by putting an older copy in place."""
        here = transaction.savepoint()
        yield
        transaction.savepoint_rollback(here)

    def block(self, count: int = 1):
        """Append entries and seal them."""
        self.add(count)
        return seal.seal().block


@pytest.fixture
def log(settings, tmp_path) -> Log:
    settings.TRAIL_KEYS_DIR = tmp_path / "keys"
    settings.TRAIL_ANCHOR_FILE = tmp_path / "elsewhere" / "trail.txt"
    return Log(tmp_path)


@dataclass
class Shared:
    """A database that other processes reach too, and the processes that were started on it."""

    folder: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def python(self, code: str, *arguments: str) -> subprocess.Popen[str]:
        """Start Python code in a process of its own, with Django set up."""
        begin = "import django; django.setup()\n"
        return self.start(["-c", begin + code, *arguments])

    def manage(self, *words: str) -> subprocess.Popen[str]:
        return self.start(["manage.py", *words])

    def start(self, words: list[str], said: Path | None = None) -> subprocess.Popen[str]:
        """Start this Python with these words in a process that the test's end kills. said: a file for its output."""
        with said.open("w") if said else nullcontext(subprocess.PIPE) as output:
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=django_settings.BASE_DIR,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.started.append(process)
        return process


@pytest.fixture
def shared(transactional_db, log) -> Iterator[Shared]:
    """On PostgreSQL the test database itself; on SQLite, where that lives in memory, a copy of it in a file."""
    changed = {
        "DATA_DIR": str(log.folder),
        "DJANGO_SETTINGS_MODULE": "grc.settings",
        "TRAIL_KEYS_DIR": str(log.keys),
        "TRAIL_ANCHOR_FILE": str(django_settings.TRAIL_ANCHOR_FILE),
    }
    shared = Shared(log.folder, dict(os.environ) | changed)
    ordinary = connections["default"]
    try:
        if ordinary.vendor == "postgresql":
            said = ordinary.settings_dict
            where = f"{quote(said['HOST'], safe='')}:{said['PORT']}/{said['NAME']}"
            shared.environment["DATABASE_URL"] = f"postgres://{said['USER']}:{said['PASSWORD']}@{where}"
            yield shared
            return
        path = log.folder / "countersign.sqlite3"
        with closing(sqlite3.connect(path)) as copy:
            ordinary.connection.backup(copy)
        filed = ordinary.copy()
        filed.settings_dict = ordinary.settings_dict | {"NAME": str(path)}
        connections["default"] = filed
        try:
            yield shared
        finally:
            filed.close()
            connections["default"] = ordinary
    finally:
        for process in shared.started:
            process.kill()
            process.communicate()
