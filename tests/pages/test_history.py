"""A record's history: what it shows, to whom, and from when."""

import datetime

import pytest
import time_machine
from django.http import QueryDict
from django.utils import timezone

from audits.actions import admit_auditor
from controls.models import Mapping, Wording
from controls.views import ControlPages
from foundation.pages.history import Link, timeline
from foundation.pages.paper import PaperRefused
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory, link, trust_services
from tests.factories.people import EngagementFactory, UserFactory

LINKS = (Link("Wording", Wording, "control"), Link("Criterion", Mapping, "control"))


@pytest.fixture
def control(db):
    trust_services()
    return ControlFactory(ref="IAM-01", name="Access")


def test_an_auditor_sees_no_link_outside_his_categories(control, auditor, compliance):
    link(control, "CC6.1", rationale="It grants by role.")
    link(control, "P1.1", rationale="A secret of the privacy team.")
    told = {change.after for version in timeline(control, auditor, LINKS) for change in version.changes}
    assert "It grants by role." in told
    assert "A secret of the privacy team." not in told
    everything = {change.after for version in timeline(control, compliance, LINKS) for change in version.changes}
    assert "A secret of the privacy team." in everything


def test_an_auditors_history_begins_with_the_period(db):
    now = timezone.now()
    trust_services()
    with time_machine.travel(now - datetime.timedelta(days=40), tick=False):
        control = ControlFactory(ref="IAM-02", name="Old name")
        link(control, "CC6.1")
    with time_machine.travel(now - datetime.timedelta(days=30), tick=False):
        control.name = "Name at the start"
        save(control, actor=SYSTEM, verb="control.updated", reason="Before anybody looked")
    engagement = EngagementFactory(period_from=(now - datetime.timedelta(days=20)).date())
    auditor = UserFactory(role="auditor")
    admit_auditor(
        engagement, auditor, opens_at=now - datetime.timedelta(hours=1), closes_at=now + datetime.timedelta(days=3),
        actor=SYSTEM, reason="Fieldwork",
    )  # fmt: skip
    control.name = "Name now"
    save(control, actor=SYSTEM, verb="control.updated", reason="In the period")
    told = [version for version in timeline(control, auditor) if not version.subject]
    assert [version.reason for version in told] == ["In the period", ""]
    assert told[1].who == "Before the period"
    assert {change.after for change in told[1].changes} >= {"Name at the start"}
    assert "Old name" not in str(told)


def test_an_archived_record_is_not_edited(client, compliance, control):
    control.archived_at = timezone.now()
    save(control, actor=SYSTEM, verb="control.archived")
    client.force_login(compliance)
    answer = client.post(
        f"/controls/{control.pk}/edit/", {"ref": "IAM-01", "name": "Changed", "version": control.version}
    )
    assert answer.status_code == 302
    control.refresh_from_db()
    assert control.name == "Access"


@pytest.mark.parametrize("text", ["0001-01-01T00:30:00Z", "9999-12-31", "2026-02-30", "nonsense", "0001-01-01"])
def test_an_unreadable_moment_is_said_and_ignored(client, compliance, control, settings, text):
    client.force_login(compliance)
    assert client.get("/controls/", {"as_of": text}).status_code == 200


def told(answer):
    return [str(message) for message in answer.context["messages"]]


def test_a_moment_that_has_not_come_is_said(client, compliance, control):
    client.force_login(compliance)
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    for path in ("/controls/", f"/controls/{control.pk}/", "/matrix/"):
        for text in (tomorrow.isoformat(), f"{tomorrow}T10:00"):
            assert told(client.get(path, {"as_of": text})) == [
                "That moment has not come yet: this is how things stand now."
            ]
        for text in (timezone.localdate().isoformat(), "2020-01-01"):
            answer = client.get(path, {"as_of": text})
            assert answer.status_code == 404 or told(answer) == []


def test_an_auditor_is_told_to_which_moment_he_was_moved(client, auditor, engagement):
    client.force_login(auditor)
    [message] = told(client.get("/controls/", {"as_of": "2001-01-01"}))
    assert message == (
        "That lies outside the period that you may look at: this is how things stood at "
        f"{engagement.period_from} 00:00:00 UTC."
    )
    assert told(client.get("/controls/")) == []
    assert told(client.get("/accounts/", {"as_of": "2001-01-01"})) == [
        "This is shown as it is now: it is not kept for you as it stood then."
    ]


@pytest.mark.parametrize("query", ["a\x00b", "word " * 1900, "%" * 300])
def test_search_takes_anything(client, compliance, control, query):
    client.force_login(compliance)
    assert client.get("/search/", {"q": query}).status_code == 200
    assert client.get("/controls/", {"q": query}).status_code == 422  # too long, or with a NUL: said, not searched


def test_a_filter_that_means_nothing_is_said_by_list_csv_and_paper(client, compliance, control):
    client.force_login(compliance)
    for path in ("/controls/?status=bogus", "/controls/export.csv?status=bogus"):
        answer = client.get(path)
        assert answer.status_code == 422
        assert b"bogus is not one of the available choices" in answer.content
    with pytest.raises(PaperRefused):
        ControlPages.list_paper(compliance, QueryDict("status=bogus"), None)
