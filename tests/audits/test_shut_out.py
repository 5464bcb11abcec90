"""What an auditor reads whose window is shut: that it is, when, and whom to ask."""

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from audits.actions import admit_auditor, end_access
from audits.models import Engagement
from foundation.accounts.models import AuditorWindow, User
from foundation.trail.changes import zoned
from foundation.trail.record import SYSTEM
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def my_work(user: User) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_whose_access_has_ended_reads_when_and_whom_to_ask(auditor: User, compliance: User) -> None:
    assert "Your access has ended" not in my_work(auditor)
    window = end_access(AuditorWindow.objects.get(user=auditor), actor=SYSTEM, reason="Done")
    page = my_work(auditor)
    assert "Your access has ended" in page
    assert f"{zoned(window.closes_at, '%Y-%m-%d %H:%M')}</time>." in page
    assert "ask Cora Compliance:" in page


def test_whose_access_has_not_begun_reads_when_it_opens(engagement: Engagement) -> None:
    early = UserFactory(role="auditor")
    opens = timezone.now() + datetime.timedelta(days=2)
    closes = opens + datetime.timedelta(days=5)
    admit_auditor(engagement, early, opens_at=opens, closes_at=closes, actor=SYSTEM, reason="Next week")
    page = my_work(early)
    assert "Your access has not begun" in page
    assert f'It opens <time datetime="{opens.isoformat()}"' in page


def test_whom_nobody_has_admitted_yet_is_told_too(admin: User) -> None:
    assert "Your access has ended" not in my_work(admin)
    page = my_work(UserFactory(role="auditor"))
    assert "Your access has not begun" in page
    assert "ask an administrator" in page
