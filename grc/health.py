"""The answers to a load balancer: this process serves (/healthz), and all that it needs stands (/readyz)."""

import logging
import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from foundation.jobs.heart import is_worker_alive
from foundation.trail import guards

logger = logging.getLogger(__name__)

WORKER_SILENT: Final = timedelta(minutes=2)


@require_safe
@login_not_required
def healthz(_request: HttpRequest) -> HttpResponse:
    """200 when a query works; otherwise the database's error becomes a 500. Writes nothing, tells nothing."""
    is_database_there()
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@login_not_required
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """A line for each part, "ok" or "not ok": 200 if all are, else 503. Why a part is not is in the log alone."""
    found = {name: holds(name, test) for name, test in PARTS.items()}
    body = "".join(f"{name} {'ok' if fine else 'not ok'}\n" for name, fine in found.items())
    return HttpResponse(body, status=200 if all(found.values()) else 503, content_type="text/plain")


def holds(name: str, test: Callable[[], bool]) -> bool:
    """Whether a part stands; a database or disk that fails is an answer, not a failure of this page."""
    try:
        return test()
    except (Error, OSError) as error:
        logger.warning("%s is not ready: %s", name, error)
        return False


def is_database_there() -> bool:
    """Whether a query is answered."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def are_migrations_applied() -> bool:
    """Whether the database has every migration that this program ships."""
    return shipped() <= set(MigrationRecorder(connection).applied_migrations())


@cache
def shipped() -> frozenset[tuple[str, str]]:
    """(app, name) of each migration in the program; read once, because a running program does not change."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return frozenset(loader.disk_migrations)


def do_guards_stand() -> bool:
    """Whether every guard of the trail stands in the database as written."""
    return not guards.missing(connection)


def is_worker_there() -> bool:
    """Whether a worker gave a sign of life: without one no mail leaves and no job ends."""
    return is_worker_alive(WORKER_SILENT)


def is_disk_writable() -> bool:
    """Whether the folder of private files takes a file."""
    with tempfile.NamedTemporaryFile(dir=settings.DATA_DIR, prefix=".ready-") as probe:
        probe.write(b"ready")
        probe.flush()
        os.fsync(probe.fileno())
    return True


PARTS: Final[dict[str, Callable[[], bool]]] = {
    "database": is_database_there,
    "migrations": are_migrations_applied,
    "guards": do_guards_stand,
    "worker": is_worker_there,
    "disk": is_disk_writable,
}
