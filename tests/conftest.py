"""What every test stands on. People are made in tests/factories."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from operator import attrgetter

import pytest
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings

from foundation.trail.guards import lifted
from tests import migrated

# A busy machine is no bug.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

pytest_plugins = ["tests.people", "tests.everywhere.world", "tests.shared"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of each module, the tests that share a built world run last: its rows lie in the database from then on."""
    grouped = [list(group) for _, group in groupby(items, attrgetter("path"))]
    items[:] = [item for group in grouped for item in sorted(group, key=shares_a_world)]


def shares_a_world(item: pytest.Item) -> bool:
    return "built_world" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, django_db_blocker) -> None:
    """The test database begins as a copy of a migrated one."""
    with django_db_blocker.unblock():
        migrated.use()


@pytest.fixture(autouse=True, scope="session")
def _flush_lifts_the_guards() -> Iterator[None]:
    """Tests with real commits empty all tables at their end, which the trail's guards would refuse.

    The flush ends in `post_migrate`, whose handler puts the guards back, as it does after a migration.
    """
    teardown = TransactionTestCase._fixture_teardown

    def lifting(case: TransactionTestCase) -> None:
        with ExitStack() as stack:
            for connection in connections.all(initialized_only=True):
                stack.enter_context(lifted(connection))
            teardown(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lifting)
        yield
