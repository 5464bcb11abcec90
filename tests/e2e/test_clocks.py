"""Notification clocks in a real browser: a suggested one is started and met, and no page of theirs has a barrier."""

import datetime

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from foundation.accounts.models import User
from incidents.clocks import running
from incidents.clocks.rules import adopt
from incidents.models import Clock, ClockState, Incident, Notification
from tests.factories.incidents import a_clock, a_rule, an_incident

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def incident(transactional_db, compliance: User) -> Incident:
    """With a clock that is overdue, one that is near, one that stands still and one that ended; and suggestions."""
    adopt(["gdpr-33-authority", "gdpr-34-people", "sec-8k-105"], actor=compliance)
    found = an_incident(
        title="Customer export sent to the wrong tenant", commander=compliance, data_classes=["personal"],
        detected_at=timezone.now() - 80 * HOUR, reported_at=timezone.now() - 79 * HOUR,
    )  # fmt: skip
    a_clock(found, a_rule(key="late", regime="GDPR", whom="The data protection authority"))
    a_clock(found, a_rule(key="near", regime="Contract with Borealis", whom="Borealis", amount=90))
    still = a_clock(found, a_rule(key="still", regime="Contract with Tundra", whom="Tundra", amount=200))
    running.pause(still, actor=compliance, reason="The police asked for silence until they have the logs.")
    met = a_clock(found, a_rule(key="met", regime="Insurance", whom="The insurer", amount=240))
    running.notify(
        met, actor=compliance, meets=True, told="The insurer", channel="Telephone", what="First notice of a claim.",
        sent_at=timezone.now() - HOUR,
    )  # fmt: skip
    return found


def test_a_suggested_clock_is_started_and_met(open_page, incident: Incident, compliance: User):
    page = open_page(user=compliance)
    page.goto(f"/incidents/{incident.pk}/clocks/")
    expect(page.locator("main")).to_contain_text("Overdue by")
    page.get_by_role("link", name="Start a clock: GDPR: The people whose data it is").click()
    page.locator("[name=reason]").fill("The export holds names and addresses; the alert came at that time.")
    page.get_by_role("button", name="Start clock").click()
    page.wait_for_url(f"**/incidents/{incident.pk}/clocks/")
    clock = Clock.objects.get(whom="The people whose data it is")
    page.goto(clock.get_absolute_url())
    page.get_by_role("link", name="Record notification").click()
    page.locator("[name=channel]").fill("Mail")
    page.locator("[name=sent_at]").fill(timezone.localtime().strftime("%Y-%m-%dT%H:%M"))
    page.locator("[name=what]").fill("Which data were seen, by whom, and what to do.")
    page.get_by_role("button", name="Record notification").click()
    page.wait_for_url(f"**{clock.get_absolute_url()}")
    clock.refresh_from_db()
    assert clock.state == ClockState.MET


LOOKED_AT = [("desktop", False), ("phone", False), ("desktop", True)]


@pytest.mark.parametrize(("viewport", "dark"), LOOKED_AT)
def test_no_page_of_clocks_has_a_barrier(
    open_page, incident: Incident, compliance: User, assert_accessible, shoot, viewport: str, dark: bool
):
    page = open_page(viewport, dark=dark, user=compliance)
    late, still = Clock.objects.get(rule__key="late"), Clock.objects.get(rule__key="still")
    rule = late.rule_id
    places = {
        "tab": f"/incidents/{incident.pk}/clocks/",
        "list": "/incidents/clocks/?show=all",
        "late": late.get_absolute_url(),
        "paused": still.get_absolute_url(),
        "notify": f"/incidents/clocks/{late.pk}/notifications/new/",
        "start": f"/incidents/{incident.pk}/clocks/start/",
        "rules": "/incidents/notification-rules/",
        "rule": f"/incidents/notification-rules/{rule}/",
        "publish": f"/incidents/notification-rules/{rule}/publish/",
        "starter": "/incidents/notification-rules/starter/",
        "notifications": "/incidents/notifications/",
        "notice": Notification.objects.get().get_absolute_url(),
    }
    for name, place in places.items():
        answer = page.goto(place)
        assert answer is not None
        assert answer.status == 200, place
        assert_accessible(page)
        shoot(page, f"clocks-{name}-{viewport}{'-dark' if dark else ''}")
