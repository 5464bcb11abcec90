"""The demo's people and engagements are made by the real actions, and everybody can do what they are there for."""

import pytest

from audits.demo import engagements
from audits.freezing import frozen_scope
from audits.models import Engagement
from controls.frameworks import load_trust_services
from foundation.accounts.access import can, open_window
from foundation.accounts.demo import people
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.jobs.models import Job
from foundation.trail.models import Entry
from tests.factories.controls import link
from tests.factories.evidence import operating

pytestmark = pytest.mark.django_db
PASSWORD = "a password for the demo"


def test_people() -> None:
    found = people(PASSWORD)
    assert {"admin", "compliance", "manager", "owner", "auditor", "maya.lindqvist"} <= set(found)
    assert set(User.objects.values_list("role", flat=True)) == set(Role.values)
    assert all(user.email == f"{handle}@example.com" for handle, user in found.items())
    assert {user.standing() for user in User.objects.all()} == {"Active", "Invited", "Deactivated"}
    assert [user.standing() for user in (found["lucia.ferreira"], found["grace.mbeki"])] == ["Active", "Invited"]
    assert User.objects.filter(joined_at=None).count() == 1
    for handle in ("admin", "compliance", "manager", "owner", "auditor"):
        assert User.objects.get(pk=found[handle].pk).check_password(PASSWORD)
    assert User.objects.filter(manager=found["manager"], role=Role.CONTROL_OWNER).count() == 4
    assert Entry.objects.filter(verb="user.invited", actor_id=found["admin"].pk).count() == len(found) - 1
    assert Entry.objects.filter(verb="user.invited", actor_kind="system").count() == 1
    assert Job.objects.count() == 1, "the demo invites nobody by mail; one person is told of a changed role"


def test_engagements() -> None:
    found = people(PASSWORD)
    load_trust_services(found["compliance"])
    link(operating(), "CC6.1")
    running = engagements(compliance=found["compliance"], auditor=found["auditor"])
    window = open_window(found["auditor"])
    assert window is not None
    assert window.engagement_id == running.pk
    assert window.category_codes == ["security", "availability", "confidentiality"]
    assert can(found["auditor"], "view", running)
    closed = Engagement.objects.exclude(pk=running.pk).get()
    assert (closed.status, closed.opinion) == ("closed", "unqualified")
    assert [one.kind for one in closed.snapshots.all()] == ["scope", "report"]
    assert frozen_scope(running).line_count == 1 + 38 + 1  # domain §1: Security, A and C
    assert not can(found["auditor"], "view", closed)
