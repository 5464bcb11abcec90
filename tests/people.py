"""The people that tests are about, as fixtures. conftest.py loads this module as a plugin.

In a test that asks for the `world` they are the people of the world. `hired` makes the same people for it.
"""

from typing import Any

import pytest

from audits.models import Engagement
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from tests.factories.people import EngagementFactory, UserFactory, admitted

# name: (how they are called, their role)
KNOWN = {
    "admin": ("Ada Admin", Role.ADMINISTRATOR),
    "compliance": ("Cora Compliance", Role.COMPLIANCE_MANAGER),
    "manager": ("Mona Manager", Role.MANAGER),
    "owner": ("Oskar Owner", Role.CONTROL_OWNER),
    "colleague": ("Cole Colleague", Role.CONTROL_OWNER),
    "employee": ("Emil Employee", Role.EMPLOYEE),
    "outsider": ("Otto Outsider", ""),
    "auditor": ("Audrey Auditor", Role.AUDITOR),
}


def hired(name: str, **known: Any) -> User:
    """The person whom tests know by this name, newly made."""
    called, role = KNOWN[name]
    return UserFactory(name=called, email=f"{name}@example.com", role=role, **known)


@pytest.fixture
def cast(request: pytest.FixtureRequest, db: None) -> dict[str, Any]:
    """The people of the world by name, where the test asks for the world (tests/everywhere/world.py)."""
    return request.getfixturevalue("world").people if "built_world" in request.fixturenames else {}


@pytest.fixture
def admin(cast: dict[str, Any]) -> User:
    """The administrator: runs the tool, has no say in the programme."""
    return cast.get("admin") or hired("admin")


@pytest.fixture
def compliance(cast: dict[str, Any]) -> User:
    """The compliance manager."""
    return cast.get("compliance") or hired("compliance")


@pytest.fixture
def manager(cast: dict[str, Any]) -> User:
    """The manager whose team `owner` belongs to."""
    return cast.get("manager") or hired("manager")


@pytest.fixture
def owner(cast: dict[str, Any], manager: User) -> User:
    """A control owner in the manager's team."""
    return cast.get("owner") or hired("owner", manager=manager)


@pytest.fixture
def colleague(db: None) -> User:
    """Another control owner, in nobody's team."""
    return hired("colleague")


@pytest.fixture
def employee(cast: dict[str, Any]) -> User:
    """Somebody who only has duties of their own."""
    return cast.get("employee") or hired("employee")


@pytest.fixture
def outsider(cast: dict[str, Any]) -> User:
    """An account without a role."""
    return cast.get("outsider") or hired("outsider")


@pytest.fixture
def engagement(request: pytest.FixtureRequest, cast: dict[str, Any]) -> Engagement:
    """A running Type II engagement over Security and Availability."""
    return request.getfixturevalue("world").engagement if cast else EngagementFactory()


@pytest.fixture
def auditor(cast: dict[str, Any], engagement: Engagement) -> User:
    """An auditor with an open window on `engagement`."""
    return cast.get("auditor") or admitted(engagement, hired("auditor"))
