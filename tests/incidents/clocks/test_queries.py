"""The pages of clocks ask the database as often for thirty clocks as for three."""

import datetime

import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from foundation.accounts.models import User
from incidents.clocks.declining import decline
from incidents.clocks.work import clocks_work
from incidents.models import Clock, Incident
from tests.factories.incidents import a_clock, a_notification, a_rule, an_incident, named
from tests.incidents.clocks.acts import signed_in

MOST = 13  # the tab of an incident asks for clocks, pauses, decisions, rules, notifications and three times for rights
NOON = timezone.now() + datetime.timedelta(minutes=10)  # one moment, so that no session is written in between


def queries(client: Client, page: str) -> int:
    with time_machine.travel(NOON, tick=False), CaptureQueriesContext(connection) as captured:
        response = client.get(page)
        assert response.status_code == 200, page
        response.getvalue() if response.streaming else response.content
    return len(captured)


def test_queries_do_not_grow_with_the_clocks(compliance: User, owner: User):
    incident = an_incident(commander=owner, data_classes=["personal"])
    named(incident, compliance)

    def grow(start: int, count: int) -> None:
        for number in range(start, start + count):
            clock = a_clock(incident, a_rule(key=f"rule-{number}"))
            a_rule(key=f"other-{number}", data_classes=["personal"])  # suggested
            a_notification(incident, clock=clock)
            a_clock(an_incident(commander=owner), clock.rule)
            no = a_rule(key=f"no-{number}", data_classes=["personal"])
            decline(Incident.objects.get(pk=incident.pk), actor=owner, rules=[no], reason="Nobody was hit.")

    grow(0, 3)
    clock = Clock.objects.filter(incident=incident)[0]
    pages = [
        f"/incidents/{incident.pk}/clocks/", "/incidents/clocks/", "/incidents/clocks/?show=all",
        "/incidents/clocks/export.csv", f"/incidents/clocks/{clock.pk}/", f"/incidents/clocks/{clock.pk}/history/",
        "/incidents/notifications/", "/incidents/notification-rules/",
        f"/incidents/notification-rules/{clock.rule_id}/",
        "/api/v1/clocks/", "/api/v1/notifications/", "/api/v1/notification-rules/",
    ]  # fmt: skip
    client = signed_in(owner)
    assert queries(signed_in(compliance), "/incidents/notification-rules/starter/") <= MOST
    for page in pages:  # a session's first request writes when it was seen
        queries(client, page)
    few = {page: queries(client, page) for page in pages}
    grow(3, 27)
    many = {page: queries(client, page) for page in pages}
    assert many == few
    assert {page: count for page, count in many.items() if count > MOST} == {}
    with CaptureQueriesContext(connection) as captured:
        assert len(clocks_work(owner)) == 0
    assert len(captured) <= 1
