"""The people that tests are about, as fixtures. conftest.py loads this module as a plugin."""

import pytest

from audits.models import Engagement
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from tests.factories.people import EngagementFactory, UserFactory, admitted


@pytest.fixture
def admin(db: None) -> User:
    """The administrator: runs the tool, has no say in the programme."""
    return UserFactory(name="Ada Admin", email="admin@example.com", role=Role.ADMINISTRATOR)


@pytest.fixture
def compliance(db: None) -> User:
    """The compliance manager."""
    return UserFactory(name="Cora Compliance", email="compliance@example.com", role=Role.COMPLIANCE_MANAGER)


@pytest.fixture
def manager(db: None) -> User:
    """The manager whose team `owner` belongs to."""
    return UserFactory(name="Mona Manager", email="manager@example.com", role=Role.MANAGER)


@pytest.fixture
def owner(manager: User) -> User:
    """A control owner in the manager's team."""
    return UserFactory(name="Oskar Owner", email="owner@example.com", role=Role.CONTROL_OWNER, manager=manager)


@pytest.fixture
def colleague(db: None) -> User:
    """Another control owner, in nobody's team."""
    return UserFactory(name="Cole Colleague", email="colleague@example.com", role=Role.CONTROL_OWNER)


@pytest.fixture
def employee(db: None) -> User:
    """Somebody who only has duties of their own."""
    return UserFactory(name="Emil Employee", email="employee@example.com", role=Role.EMPLOYEE)


@pytest.fixture
def outsider(db: None) -> User:
    """An account without a role."""
    return UserFactory(name="Otto Outsider", email="outsider@example.com", role="")


@pytest.fixture
def engagement(db: None) -> Engagement:
    """A running Type II engagement over Security and Availability."""
    return EngagementFactory()


@pytest.fixture
def auditor(engagement: Engagement) -> User:
    """An auditor with an open window on `engagement`."""
    return admitted(engagement, UserFactory(name="Audrey Auditor", email="auditor@example.com", role=Role.AUDITOR))
