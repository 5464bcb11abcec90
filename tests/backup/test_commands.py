"""The commands themselves, between two installations with databases of their own, of one kind or of two."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from tests import migrated

MANAGE = [sys.executable, "manage.py"]
DIGEST = """
import hashlib, json
from foundation.backup.tables import chunks, tables
def digest(model):
    return hashlib.sha256(json.dumps(list(chunks(model, "default")), sort_keys=True).encode()).hexdigest()
print(json.dumps({model._meta.label_lower: digest(model) for model in tables() if model._meta.app_label != "trail"}))
"""
WHILE_WRITING = """
from foundation.backup.make import one_moment
from foundation.organisation.models import Holiday
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
with one_moment() as using:
    seen = Holiday.objects.using(using).count()
    save(Holiday(day="2031-01-01", name="Meanwhile"), actor=SYSTEM, verb="holiday.created")
    print(Holiday.objects.using(using).count() - seen, Holiday.objects.count() - seen)
"""


class Installation:
    """A data folder with keys, a database, and the commands that are run there."""

    def __init__(self, folder: Path, url: str = "", keys: Path | None = None) -> None:
        folder.mkdir()
        if keys:
            shutil.copytree(keys, folder / "keys")
        self.folder = folder
        self.environment = {
            "DATA_DIR": str(folder), "COUNTERSIGN_LOCAL": "1", "DEMO_PASSWORD": "a password of this demo",
            "PATH": os.defpath, "LOG_LEVEL": "ERROR",
        }  # fmt: skip
        if url:
            self.environment["DATABASE_URL"] = url
        else:
            migrated.fill(str(folder / "countersign.sqlite3"))

    def manage(self, *arguments: str | Path) -> str:
        command = [*MANAGE, *map(str, arguments)]
        ran = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


@pytest.fixture
def fresh(db, django_db_blocker) -> Iterator[str]:
    """The address of a new PostgreSQL database beside the test's own; "" where tests run on SQLite."""
    if connection.vendor != "postgresql":
        yield ""
        return
    with connection._nodb_cursor() as cursor:
        cursor.execute("CREATE DATABASE restored")
    settings = connection.settings_dict
    yield f"postgres://{settings['USER']}@{quote(settings['HOST'], safe='')}/restored"
    with connection._nodb_cursor() as cursor:
        cursor.execute("DROP DATABASE restored WITH (FORCE)")


def test_a_company_moves_between_databases(tmp_path, fresh):
    """On SQLite to another file; on PostgreSQL from SQLite to PostgreSQL and back to SQLite."""
    key, first = tmp_path / "key", Installation(tmp_path / "first")
    first.manage("migrate", "-v0")
    first.manage("createcachetable", "-v0")
    first.manage("demo", "-v0")
    assert first.manage("shell", "-v0", "-c", WHILE_WRITING).split() == ["0", "1"]
    assert "Without it no backup opens" in first.manage("backup", tmp_path / "one", "--key-file", key)
    digest = first.manage("shell", "-v0", "-c", DIGEST)
    assert len(json.loads(digest)) > 30
    last = first
    for number, url in enumerate([fresh, ""] if fresh else [""]):
        source = tmp_path / ("one" if number == 0 else "two")
        there = Installation(tmp_path / f"restored{number}", url, last.folder / "keys")
        last = there  # the next one goes on with the key that signs here
        there.manage("migrate", "-v0")
        answer = there.manage("restore", source, "--key-file", key, "--reason", "Moving")
        assert "Restored: " in answer
        assert there.manage("shell", "-v0", "-c", DIGEST) == digest
        there.manage("create_admin", f"ada{number}@example.com", "--name", "Ada", "--force")  # numbers go on
        if url:
            assert there.manage("shell", "-v0", "-c", WHILE_WRITING.replace("2031", "2032")).split() == ["0", "1"]
            there.manage("backup", tmp_path / "two", "--key-file", key)
            digest = there.manage("shell", "-v0", "-c", DIGEST)
