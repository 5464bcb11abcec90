"""Digests and calendar addresses in the same instant, on a database that lets them: PostgreSQL."""

import pytest
import time_machine
from django.db import connection

from foundation.accounts.feeds import make_feed
from foundation.accounts.models import CalendarFeed
from foundation.accounts.roles import Role
from foundation.jobs.job import Progress
from foundation.jobs.models import Job
from home.digest.jobs import digest_mail, leave_digests
from tests.at_once import at_once
from tests.factories.people import UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time"),
]


def test_four_workers_leave_one_digest_for_each() -> None:
    people = [UserFactory(role=Role.CONTROL_OWNER) for _ in range(3)]
    with time_machine.travel("2026-06-01 09:00:00+00:00"):  # a Monday
        at_once(*(lambda: leave_digests(Progress(Job())) for _ in range(4)))
    left = Job.objects.filter(task=digest_mail.path)
    assert sorted(one.args["user_id"] for one in left) == [one.pk for one in people]


def test_of_addresses_made_at_once_one_is_left() -> None:
    user = UserFactory(role=Role.CONTROL_OWNER)
    made = at_once(*(lambda: make_feed(user, actor=user) for _ in range(4)))
    assert all(isinstance(one, tuple) for one in made)
    assert CalendarFeed.objects.filter(revoked_at=None).count() == 1
    assert CalendarFeed.objects.count() == 4
