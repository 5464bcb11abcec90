"""One incident on paper: all that is on record, and no more of it than its page shows to the same person."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.actions import found
from foundation.pages.paper import Paper, cover_for, html_for, paper_for
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from incidents import actions, linking, timeline
from incidents.clocks import running
from incidents.custody.actions import transfer
from incidents.models import EntryKind, Incident, TransferKind
from incidents.paper import told_of
from tests.factories.controls import ControlFactory, trust_services
from tests.factories.incidents import a_clock, a_notification, a_review, a_thing, an_event, an_incident, named

pytestmark = pytest.mark.django_db
NIGHT = datetime.datetime(2026, 1, 15, 23, 30, tzinfo=datetime.UTC)


def printed(user: User, target: Any, query: str = "") -> str:
    return html_for(paper_for(f"{target.get_absolute_url()}{query}", user), cover_for(user))


@pytest.fixture
def control(db: None, manager: User) -> Control:
    trust_services()
    return ControlFactory(ref="IR-04", name="Xunseen control", owner=manager)


@pytest.fixture
def incident(owner: User, manager: User, control: Control) -> Incident:
    """An incident of which everything is on record."""
    found(name="One Ltd", actor=SYSTEM, time_zone="Europe/Berlin")
    one = an_incident(commander=owner, title="Odd sign-ins")
    named(one, manager, "legal")
    entry = timeline.add(one, EntryKind.NOTE, "Twelve sign-ins.", actor=owner, happened_at=NIGHT)
    timeline.correct(entry, actor=owner, text="Fourteen sign-ins.")
    clock = running.pause(a_clock(one), actor=owner, reason="Counsel looks at it.")
    running.resume(clock, actor=owner, reason="It does apply.")
    a_notification(one, what="Who, when and how many.", reference="AZ-17")
    thing = a_thing(one, owner)
    transfer(thing, actor=owner, kind=TransferKind.HANDED, purpose="To be copied.", after=0, receiver=manager,
             storage="Safe two")  # fmt: skip
    linking.link_control(one, actor=owner, control=control.ref, reason="It let them in.", role="failed")
    actions.record_impact(
        one, actor=owner, data_classes=["personal"], people_affected=17, impact="Staff of one customer."
    )
    return actions.set_severity(Incident.objects.get(pk=one.pk), actor=owner, severity=1, reason="More than thought.")


def test_it_tells_all_that_is_on_record(incident: Incident, compliance: User, owner: User, manager: User):
    a_review(incident, author=owner, approver=manager)
    html = printed(compliance, incident)
    for words in (
        "Odd sign-ins", "SEV1 (was SEV2). More than thought.", str(owner), "Legal and privacy",
        "Staff of one customer.",
        "Counsel looks at it.", "It does apply.", "Who, when and how many.", "AZ-17", "Laptop of the night shift",
        "To be copied.", "Safe two", "Xunseen control", "It let them in.", "PR-", "Twelve sign-ins.",
        "Fourteen sign-ins.", "Corrects entry", "Corrected by entry",
        "2026-01-15 23:30:00", "2026-01-16 00:30:00", "Europe/Berlin",  # the same moment on both walls
    ):  # fmt: skip
        assert words in html, words
    assert "Not on record" not in html


def test_what_is_not_on_record_is_said_in_one_sentence(compliance: User):
    event = an_event()
    assert told_of(compliance, event, None)["absent"] == (
        "people, people and data affected, notification clocks, notifications, collected evidence, linked records, "
        "a post-incident review, a timeline"
    )
    html = printed(compliance, event)
    assert "Nothing is recorded of: people," in html
    for name in ("severity", "people", "clocks", "custody", "timeline"):
        assert f'id="{name}"' not in html  # no heading over nothing


def test_of_a_restricted_one_nobody_prints_what_they_do_not_see(
    incident: Incident, owner: User, admin: User, auditor: User, employee: User, compliance: User
):
    with pytest.raises(Http404):
        printed(employee, incident)  # never theirs
    for user in (admin, auditor):
        assert "Fourteen sign-ins." in printed(user, incident), user
    shut = Incident.objects.get(pk=incident.pk)
    shut.restricted = True
    save(shut, actor=SYSTEM, verb="incident.restricted", reason="A person is concerned.")
    for user in (admin, auditor, employee):
        with pytest.raises(Http404):
            printed(user, incident)
    for user in (owner, compliance):
        assert "Only compliance managers, the commander" in printed(user, incident), user
    paper = paper_for(incident.get_absolute_url(), compliance)
    assert paper.title == incident.kind + " " + incident.ref  # which the trail keeps for all its readers
    assert paper.scope == ("Odd sign-ins", "State: declared", "Severity: SEV1")


def test_of_what_the_reader_does_not_see_there_are_no_words(incident: Incident, employee: User):
    named(incident, employee)
    html = printed(employee, incident)
    assert "It let them in." in html
    assert "Xunseen control" not in html


def test_it_stands_as_it_stood(incident: Incident, compliance: User, owner: User):
    then = timezone.now()
    timeline.add(incident, EntryKind.NOTE, "Written later.", actor=owner)
    assert "Written later." in printed(compliance, incident)
    past = printed(compliance, incident, f"?as_of={then:%Y-%m-%dT%H:%M:%S.%fZ}")
    assert "Written later." not in past
    assert "Fourteen sign-ins." in past


def test_its_page_offers_it_and_its_trail_names_it(client: Client, incident: Incident, owner: User):
    client.force_login(owner)
    page = incident.get_absolute_url()
    assert f'name="page" value="{page}"' in client.get(page).content.decode()
    assert client.post(reverse("pages:print"), {"page": page}).status_code == 302


def test_it_costs_no_more_for_more(incident: Incident, compliance: User, owner: User):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            html_for(printing(), cover_for(compliance))
        return len(asked)

    def printing() -> Paper:
        return paper_for(incident.get_absolute_url(), compliance)

    before = queries()
    for number in range(3):
        timeline.add(incident, EntryKind.NOTE, f"Note {number}", actor=owner)
        a_notification(incident)
        transfer(a_thing(incident, owner), actor=owner, kind=TransferKind.HANDED, purpose="To be copied.", after=0,
                 receiver=compliance, storage="Safe")  # fmt: skip
    assert queries() == before


def test_the_papers_of_reviews_say_what_was_reviewed(incident: Incident, owner: User, manager: User):
    review = a_review(incident, author=owner, approver=manager)
    html = printed(manager, review)
    for words in (
        "Odd sign-ins", "SEV1", "Declared", "Legal and privacy", "Who, when and how many.", str(owner), "17",
    ):  # fmt: skip
        assert words in html, words


def test_the_paper_of_a_review_says_nothing_of_an_incident_that_its_reader_does_not_see(
    incident: Incident, owner: User, compliance: User, colleague: User
):
    review = a_review(incident, author=owner, approver=colleague)  # who has no part in the incident
    html = printed(colleague, review)
    assert incident.ref in html
    for words in ("Odd sign-ins", "Legal and privacy", "Who, when and how many."):
        assert words not in html, words
