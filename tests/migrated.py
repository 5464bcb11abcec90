"""A migrated database, made once for each state of the migrations and copied for every run of tests.

The migrations run for real, in a process of their own: on SQLite into a file of `.cache/`, on PostgreSQL into a
template beside the tests' databases. Running them anew for each process took longer than most tests do.
"""

import fcntl
import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache"
_kept: list[sqlite3.Connection] = []  # a database in memory lives as long as somebody is connected to it


def state() -> str:
    """What the migrated tables follow from: our migrations, the libraries', the guards, the settings with the apps."""
    files = [ROOT / "requirements.lock", ROOT / "grc/settings.py"]
    for pattern in ("migrations/*.py", "guards.py"):  # a guard that is gone from the code must not stand in a copy
        files += sorted([*ROOT.glob(f"*/{pattern}"), *ROOT.glob(f"foundation/*/{pattern}")])
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def alone(name: str) -> Iterator[None]:
    """One process at a time: the others wait for what it makes."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def migrate(**environment: str) -> None:
    """Run every migration in a process of its own, with the settings of the product."""
    told = os.environ | environment | {"DJANGO_SETTINGS_MODULE": "grc.settings"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=told, check=True)


def file_of_sqlite() -> Path:
    """The migrated file, made if need be; those of earlier states go."""
    made = CACHE / f"migrated-{state()}.sqlite3"
    with alone("migrated.lock"):
        if not made.exists():
            for old in CACHE.glob("migrated-*.sqlite3"):
                old.unlink()
            with tempfile.TemporaryDirectory() as folder:
                raw = Path(folder) / "countersign.sqlite3"
                migrate(DATA_DIR=folder, DATABASE_URL=f"sqlite:///{raw}")  # also where the tests run on PostgreSQL
                with closing(sqlite3.connect(raw)) as connection:
                    connection.execute("PRAGMA journal_mode=DELETE")  # a copy in memory knows no other file
                partial = made.with_suffix(".part")
                partial.write_bytes(raw.read_bytes())
                partial.rename(made)
    return made


def fill(name: str) -> None:
    """Copy the migrated file into a test database, in memory or not."""
    target = sqlite3.connect(name, uri=name.startswith("file:"), check_same_thread=False)
    with closing(sqlite3.connect(file_of_sqlite())) as source:
        source.backup(target)
    if name.startswith("file:"):
        _kept.append(target)
    else:
        target.close()


def template_of_postgresql(connection: BaseDatabaseWrapper) -> str:
    """The name of the migrated database beside the others of this server, made if need be."""
    name = f"migrated_{state()}"
    with alone("migrated-postgresql.lock"), connection._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not cursor.fetchone():
            partial = f"{name}_part"
            cursor.execute(f"DROP DATABASE IF EXISTS {partial}")
            cursor.execute(f"CREATE DATABASE {partial}")
            migrate(DATABASE_URL=os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{partial}")
            cursor.execute(f"ALTER DATABASE {partial} RENAME TO {name}")
    return name


def use() -> None:
    """Have the test database of this process begin as a copy. Django then migrates it and finds nothing to do."""
    connection: Any = connections["default"]
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["TEMPLATE"] = template_of_postgresql(connection)
        return
    create = connection.creation._create_test_db

    def created(*args: Any, **kwargs: Any) -> str:
        name: str = create(*args, **kwargs)
        fill(name)
        return name

    connection.creation._create_test_db = created
