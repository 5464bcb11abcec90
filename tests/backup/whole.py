"""A whole company to back up, and an installation emptied again; both in the test's own database."""

import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from foundation.trail.guards import lifted


def company() -> None:
    """Load the demo company."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEMO_PASSWORD", "a password of this demo")
        call_command("demo", verbosity=0)


def emptied(store: Path) -> None:
    """Leave the database as `prepare` leaves a new one, and the store without files; keys and anchors stay."""
    with lifted(connection):
        call_command("flush", interactive=False, verbosity=0)
    shutil.rmtree(store, ignore_errors=True)
