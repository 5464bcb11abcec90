"""Two people doing the same thing in the same instant, on a database that lets them: PostgreSQL."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits.actions import admit_auditor
from foundation.accounts import actions
from foundation.accounts.models import AuditorWindow, User
from foundation.accounts.roles import Role
from foundation.accounts.tokens import invitation_path
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from tests.at_once import at_once
from tests.factories.people import EngagementFactory, UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time"),
]


def test_of_two_admissions_at_once_one_is_refused() -> None:
    auditor, now = UserFactory(role=Role.AUDITOR), timezone.now()
    engagements = [EngagementFactory() for _ in range(4)]

    def admit(engagement: Any) -> AuditorWindow:
        until = now + timedelta(days=9)
        return admit_auditor(engagement, auditor, opens_at=now, closes_at=until, actor=SYSTEM, reason="Fieldwork")

    outcomes = at_once(*(lambda engagement=engagement: admit(engagement) for engagement in engagements))
    assert sorted(isinstance(outcome, AuditorWindow) for outcome in outcomes) == [False, False, False, True]
    assert AuditorWindow.objects.count() == 1


def test_an_engagement_is_not_archived_while_somebody_is_admitted() -> None:
    """The archiving begins once the window is written and before it is committed: it waits, and then sees it."""
    engagement, auditor, now = EngagementFactory(), UserFactory(role=Role.AUDITOR), timezone.now()
    client, written = Client(), threading.Event()
    client.force_login(UserFactory(role=Role.COMPLIANCE_MANAGER))

    def admit() -> None:
        with transaction.atomic():
            until = now + timedelta(days=9)
            admit_auditor(engagement, auditor, opens_at=now, closes_at=until, actor=SYSTEM, reason="Fieldwork")
            written.set()
            time.sleep(1)

    def archive() -> None:
        written.wait(10)
        address = reverse("audits:engagement-archive", args=(engagement.pk,))
        client.post(address, {"reason": "Done", "version": engagement.version})

    at_once(admit, archive)
    engagement.refresh_from_db()
    assert engagement.archived_at is None
    assert AuditorWindow.objects.count() == 1


def test_two_administrators_cannot_remove_each_other_at_once() -> None:
    one, two = UserFactory(role=Role.ADMINISTRATOR), UserFactory(role=Role.ADMINISTRATOR)
    at_once(
        lambda: actions.deactivate(one, actor=two, reason="x"),
        lambda: actions.change_role(two, Role.EMPLOYEE, actor=one, reason="x"),
    )
    assert User.objects.in_role(Role.ADMINISTRATOR).count() == 1


def test_an_invitation_accepted_twice_at_once_counts_once() -> None:
    user = actions.invite(actor=SYSTEM, email="x@example.com", name="X", role=Role.EMPLOYEE, mail=False)
    token = invitation_path(user).rstrip("/").rsplit("/", 1)[-1]
    outcomes = at_once(*(lambda n=n: actions.accept_invitation(token, f"sentence number {n}") for n in range(4)))
    assert sum(outcome is not None for outcome in outcomes) == 1
    assert User.history.filter(id=user.pk).count() == 2


def test_two_administrators_who_change_each_other_do_not_deadlock() -> None:
    one, two = UserFactory(role=Role.ADMINISTRATOR), UserFactory(role=Role.ADMINISTRATOR)

    def rename(whom: User, actor: User) -> User:
        with transaction.atomic():
            stored = User.objects.select_for_update().get(pk=whom.pk)
            both_hold_theirs.wait()
            stored.title = "Renamed"
            return save(stored, actor=actor, verb="user.updated")

    both_hold_theirs = threading.Barrier(2, timeout=10)
    outcomes = at_once(lambda: rename(one, two), lambda: rename(two, one))
    assert [outcome.title for outcome in outcomes] == ["Renamed", "Renamed"]
