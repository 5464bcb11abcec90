"""The pages of assessments, heatmap and overview ask the database as often for thirty risks as for three."""

import datetime

import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from foundation.accounts.models import User
from risks.assessments import rounds
from risks.models import AssessedRisk
from tests.factories.assessments import a_round, closed, fresh, took_part
from tests.factories.evidence import operating
from tests.factories.people import UserFactory
from tests.factories.risks import rated

MOST = 12
MOST_OF_REPORT = 17  # which tells four sorts of changes beside the snapshot


NOON = timezone.now() + datetime.timedelta(minutes=10)  # one moment, so that no session is written in between


def queries(client: Client, page: str) -> int:
    with time_machine.travel(NOON, tick=False), CaptureQueriesContext(connection) as captured:
        response = client.get(page)
        assert response.status_code == 200, page
        response.getvalue() if response.streaming else response.content
    return len(captured)


def test_queries_do_not_grow_with_the_risks(compliance: User, manager: User, owner: User):
    control = operating(ref="IAM-91", since="2026-11-01")
    people = {"lead": compliance, "approver": manager}

    def grow(count: int) -> None:
        for number in range(count):
            rated(control, inherent=(4, 4), residual=(2, 1 + number % 4), owner=UserFactory(role="control_owner"))

    grow(3)
    closed(**people, participant=owner, kind="other")
    first = closed(**people, participant=owner, kind="other")
    running = a_round(**people, kind="other")
    home = f"/risks/assessments/{running.pk}/"
    pages = [
        "/risks/overview/", "/risks/heatmap/", "/risks/heatmap/export.csv", "/risks/heatmap/?since=2026-01-01",
        "/risks/assessments/", home, f"{home}risks/", f"{home}history/", f"{home}trail/",
        "/api/v1/risk-heatmap/", "/api/v1/risk-assessments/",
    ]  # fmt: skip
    client = Client()
    client.force_login(compliance)
    took_part(running, owner)
    rounds.consider(AssessedRisk.objects.filter(assessment=running).first(), actor=compliance, note="As it was.")
    for page in pages:  # a session's first request writes when it was seen
        queries(client, page)
    few = {page: queries(client, page) for page in pages}
    report = queries(client, f"/risks/assessments/{first.pk}/report/")
    grow(27)
    rounds.put_new(fresh(running), actor=compliance)
    for item in AssessedRisk.objects.filter(assessment=running)[:20]:
        rounds.consider(item, actor=compliance, note="As it was.")
    for _ in range(5):
        took_part(running, UserFactory(role="manager"))
    for _ in range(3):
        second = closed(**people, participant=owner, kind="other")
    many = {page: queries(client, page) for page in pages}
    assert many == few
    assert queries(client, f"/risks/assessments/{second.pk}/report/") == report
    assert {page: count for page, count in many.items() if count > MOST} == {}
    assert report <= MOST_OF_REPORT
