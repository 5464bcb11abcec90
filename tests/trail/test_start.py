"""Nothing is served from a database that lost a guard."""

import runpy

import pytest
from django.core.management import call_command
from django.db import connection

from foundation.trail import guards

pytestmark = pytest.mark.django_db


@pytest.fixture
def unguarded():
    on = " ON trail_entry" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER guard_trail_entry_delete{on}")


def test_with_all_guards_it_starts():
    assert runpy.run_module("grc.wsgi")["application"]


@pytest.mark.usefixtures("unguarded")
def test_the_web_server_does_not_start():
    with pytest.raises(guards.GuardsMissing, match="guard_trail_entry_delete"):
        runpy.run_module("grc.wsgi")


@pytest.mark.usefixtures("unguarded")
def test_the_worker_does_not_start():
    with pytest.raises(guards.GuardsMissing, match="guard_trail_entry_delete"):
        call_command("worker", "--batch")
