"""Calendars: the secret address and what it gives, to whom, how often, and what is never told of it."""

import datetime
import logging
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from audits.actions import end_access
from audits.models import Engagement
from foundation.accounts import actions, feeds
from foundation.accounts.models import AuditorWindow, CalendarFeed, User
from foundation.jobs.worker import run_all
from foundation.organisation.models import today
from foundation.pages.due import EVER, Due, all_due, changed
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from grc.logs import Safe
from grc.wiring import DUE
from home.feed.ics import document_of, entries_of
from home.feed.views import FAILURES_A_MINUTE, FETCHES_A_MINUTE
from tests.factories.assessments import fresh
from tests.factories.controls import ControlFactory
from tests.factories.incidents import a_clock, an_incident
from tests.factories.requests import a_request
from tests.factories.risks import a_risk

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
PAGE = reverse("reminders")


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address_of(user: User) -> str:
    """The path of a new calendar address."""
    _, secret = feeds.make_feed(user, actor=user)
    return reverse("calendar-feed", args=[secret])


def events(body: bytes) -> list[Any]:
    return list(Calendar.from_ical(body).walk("VEVENT"))


def summaries(address: str) -> list[str]:
    """What the events are called that a stranger with this address is given."""
    answer = Client().get(address)
    assert answer.status_code == 200, address
    return [str(one["SUMMARY"]) for one in events(answer.content)]


def calendar_of(found: list[Due], since: datetime.datetime) -> bytes:
    return document_of(entries_of(found, since))


def due(**said: Any) -> Due:
    known: dict[str, Any] = {
        "register": "Risks", "kind": "Review of the risk", "ref": "R-1", "title": "Theft", "whose": "", "person": None,
        "on": today(), "url": "/risks/1/", "key": "risks.risk-1-review",
    } | said  # fmt: skip
    return Due(**known)


# ---- making and revoking ---------------------------------------------------------------------------------------------


def test_an_address_is_made_on_ones_own_page_and_shown_once(owner: User):
    client = browser(owner)
    assert "Digest and calendar" in client.get(reverse("accounts:profile")).content.decode()
    assert client.post(reverse("calendar-make")).url == PAGE
    assert client.head(PAGE).status_code == 200  # a look ahead uses nothing up
    page = client.get(PAGE)
    address = page.context["address"]
    assert address.startswith("http")
    assert address.endswith(".ics")
    assert "no-store" in page["Cache-Control"]
    again = client.get(PAGE)
    assert again.context["address"] == ""
    secret = address.rpartition("/")[2].removesuffix(".ics")
    assert secret not in again.content.decode()
    feed = CalendarFeed.objects.get()
    assert feed.digest == feeds.hashed(secret) != secret
    assert Client().get(address).status_code == 200
    told = "".join(f"{one.detail}{one.private}" for one in Entry.objects.all())
    assert secret not in told
    assert feed.digest not in told
    assert [one.verb for one in Entry.objects.filter(object_type="accounts.calendarfeed")] == ["calendarfeed.created"]
    run_all()
    assert "A calendar address was made for your account" in mailed()


def mailed() -> str:
    return "".join(f"{one.body}" for one in mail.outbox)


def test_it_takes_a_fresh_sign_in(owner: User):
    client = browser(owner)
    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=6), tick=False):
        answer = client.post(reverse("calendar-make"))
    assert answer.url.startswith(reverse("account_reauthenticate"))
    assert not CalendarFeed.objects.exists()


def test_a_new_one_revokes_the_old_and_one_is_revoked_for_ever(owner: User):
    old, new = address_of(owner), address_of(owner)
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200
    assert browser(owner).post(reverse("calendar-revoke")).url == PAGE
    assert Client().get(new).status_code == 404
    told = Entry.objects.filter(object_type="accounts.calendarfeed").order_by("id").values_list("verb", flat=True)
    assert list(told) == [
        "calendarfeed.created", "calendarfeed.revoked", "calendarfeed.created", "auth.feed_failed",
        "calendarfeed.revoked", "auth.feed_failed",
    ]  # fmt: skip
    assert browser(owner).post(reverse("calendar-revoke")).url == PAGE  # nothing more happens
    assert CalendarFeed.objects.filter(revoked_at=None).count() == 0


def test_the_database_refuses_a_second_live_one(owner: User):
    address_of(owner)
    two = CalendarFeed(user=owner, digest="0" * 64, made_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        two.save()


def test_nobody_revokes_anothers(owner: User, colleague: User):
    theirs = address_of(owner)
    browser(colleague).post(reverse("calendar-revoke"))
    assert Client().get(theirs).status_code == 200


def test_without_a_role_there_is_no_page_and_no_calendar(outsider: User):
    client = browser(outsider)
    assert client.get(PAGE).status_code == 404
    for route in ("calendar-make", "calendar-revoke", "digest-choose"):
        assert client.post(reverse(route)).status_code == 404
    assert reverse("reminders") not in client.get(reverse("accounts:profile")).content.decode()


def test_it_dies_with_the_account_and_with_the_role(owner: User, admin: User):
    address = address_of(owner)
    actions.change_role(owner, "employee", actor=admin, reason="Moved.")
    assert Client().get(address).status_code == 404
    address = address_of(fresh(owner))
    left = actions.deactivate(fresh(owner), actor=admin, reason="Left.")
    assert Client().get(address).status_code == 404
    actions.reactivate(left, actor=admin, reason="Back.")
    assert Client().get(address).status_code == 404, "what was revoked stays so"


def test_an_account_that_was_shut_otherwise_gives_nothing(owner: User):
    address = address_of(owner)
    owner.is_active = False
    owner.save()
    assert Client().get(address).status_code == 404


# ---- what it gives ---------------------------------------------------------------------------------------------------


def test_it_gives_what_the_person_sees_and_nothing_else(owner: User, colleague: User, compliance: User):
    a_risk(owner=owner, title="Stolen laptop", review_on=today() + 30 * DAY)
    a_risk(owner=colleague, title="Fire", review_on=today() - 3 * DAY)
    a_risk(owner=owner, title="Far away", review_on=today() + 400 * DAY)
    mine, all_of_it = summaries(address_of(owner)), summaries(address_of(compliance))
    assert [one for one in mine if "Stolen laptop" in one]
    assert not [one for one in mine if "Fire" in one or "Far away" in one]
    assert [one for one in all_of_it if "Stolen laptop" in one]
    assert [one for one in all_of_it if "Fire" in one]
    assert not [one for one in all_of_it if "Far away" in one]


def test_an_event_is_the_whole_day_with_a_uid_that_stays_and_the_stamp_of_the_last_change(owner: User):
    risk = a_risk(owner=owner, title="Stolen laptop", review_on=today() + 30 * DAY)
    address = address_of(owner)
    answer = Client().get(address)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    calendar: Any = Calendar.from_ical(answer.content)
    assert (calendar["VERSION"], calendar["PRODID"]) == ("2.0", "-//Countersign//What is due//EN")
    assert calendar["REFRESH-INTERVAL"].params["VALUE"] == "DURATION"
    [event] = [one for one in events(answer.content) if "Stolen laptop" in one["SUMMARY"]]
    assert event["DTSTART"].dt == risk.review_on
    assert event["DTEND"].dt == risk.review_on + DAY
    assert event["DTSTART"].params["VALUE"] == "DATE"
    assert event["TRANSP"] == "TRANSPARENT"
    assert str(event["URL"]).endswith(risk.get_absolute_url())
    assert "DESCRIPTION" not in event
    assert str(owner) not in answer.content.decode(), "whose it is stays in the house"
    last = risk.history.latest("history_id").history_date
    assert event["DTSTAMP"].dt == last.replace(microsecond=0)
    with time_machine.travel(timezone.now() + datetime.timedelta(hours=1), tick=False):
        risk = fresh(risk)
        risk.review_on += DAY
        save(risk, actor=owner, verb="risk.updated")
        [moved] = [one for one in events(Client().get(address).content) if "Stolen laptop" in one["SUMMARY"]]
    assert moved["UID"] == event["UID"]
    assert moved["DTSTART"].dt == event["DTSTART"].dt + DAY
    assert moved["DTSTAMP"].dt > event["DTSTAMP"].dt
    assert moved["SEQUENCE"] > event["SEQUENCE"]


def test_every_date_of_every_register_has_a_uid_of_its_own(compliance: User, owner: User):
    a_risk(owner=owner, review_on=today())
    ControlFactory(owner=owner, review_date=today())
    a_clock(an_incident())
    found = all_due(DUE, compliance, EVER, today() + 365 * DAY)
    assert len(found) >= 3
    stamps = changed(found)
    assert all(one.source in stamps for one in found if one.source is not None)
    ids = [str(one["UID"]) for one in events(calendar_of(found, timezone.now()))]
    assert len(ids) == len(set(ids)) == len(found)


def test_a_restricted_incident_is_called_by_its_number(compliance: User):
    incident = an_incident(title="Insider at work", restricted=True)
    a_clock(incident)
    body = Client().get(address_of(compliance)).content.decode()
    assert incident.ref in body
    assert "Insider" not in body.replace("\r\n ", "")


@pytest.mark.parametrize(
    "title",
    [
        "One\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Forged",
        "Semi;colon, comma \\ back\\nslash \"quoted\" 'and' =SUM(A1)",
        "\x00nul\x07bell\x1b[31m\u2028line\u2029para",
        "ünïcode 😀 " * 40,
        "x" * 1000,
        "",
    ],
)
def test_naughty_titles_stay_words(title: str):
    body = calendar_of([due(title=title)], timezone.now())
    lines = body.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert not any(byte in body.replace(b"\r\n", b"") for byte in b"\x00\x07\x1b\r\n")
    [event] = events(body)
    said = str(event["SUMMARY"])
    assert said.startswith("Review of the risk: R-1")
    if "Semi" in title:
        assert title in said
    assert len(said) <= 300
    for line in lines:
        line.decode()  # nothing is cut inside a character


def test_what_many_people_owe_alike_is_one_event():
    many = [due(key=f"policies.acknowledgement-1-{number}", person=number) for number in range(3)]
    other = due(key="policies.acknowledgement-2-1", on=today() + DAY)
    found = events(calendar_of([*many, other], timezone.now()))
    assert [str(one["SUMMARY"]) for one in found] == [
        "Review of the risk: R-1 Theft (× 3)", "Review of the risk: R-1 Theft",
    ]  # fmt: skip
    again = events(calendar_of([*reversed(many), other], timezone.now()))
    assert [one["UID"] for one in again] == [one["UID"] for one in found]


def test_many_things_of_colleagues_on_one_day_are_one_event_and_ones_own_each_one():
    others = [due(key=f"risks.risk-{n}-review", ref=f"R-{n}", title=f"Risk {n}", person=8) for n in range(4)]
    mine = [due(key=f"risks.risk-{n}-review", ref=f"R-{n}", title=f"Risk {n}", person=7) for n in range(10, 15)]
    elsewhere = due(key="risks.risk-90-review", ref="R-90", person=8, on=today() + DAY)
    by_the_hour = due(key="c-1", kind="Clock", ref="C-1", person=8, at=timezone.now())
    found = [*others, *mine, elsewhere, by_the_hour]
    told = {str(one["SUMMARY"]): one for one in events(document_of(entries_of(found, timezone.now(), 7)))}
    assert len(told) == 1 + len(mine) + 2
    crowd = told["Review of the risk: 4 of colleagues"]
    assert (crowd["DTSTART"].dt, str(crowd["URL"]).endswith("/overview/")) == (today(), True)
    few = document_of(entries_of([others[1], *found[4:]], timezone.now(), 7))
    assert "Review of the risk: R-1 Risk 1" in [str(one["SUMMARY"]) for one in events(few)]
    assert len(entries_of(found, timezone.now())) == len(found), "an auditor's are each an event"


def test_what_is_due_by_the_hour_says_it(compliance: User):
    at = datetime.datetime(2026, 3, 1, 14, 30, tzinfo=datetime.UTC)
    [event] = events(calendar_of([due(at=at, on=at.date(), kind="Notification deadline")], timezone.now()))
    assert str(event["SUMMARY"]) == "Notification deadline 14:30: R-1 Theft"


def test_the_same_is_answered_with_304_until_something_changes(owner: User):
    a_risk(owner=owner, title="Stolen laptop", review_on=today() + 30 * DAY)
    address = address_of(owner)
    first = Client().get(address)
    again = Client().get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    head = Client().head(address)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", first["ETag"])
    a_risk(owner=owner, title="Fire", review_on=today() + 3 * DAY)
    changed_now = Client().get(address, headers={"If-None-Match": first["ETag"]})
    assert changed_now.status_code == 200
    assert changed_now["ETag"] != first["ETag"]
    assert "private" in first["Cache-Control"]


def test_it_costs_the_same_queries_however_much_is_due(compliance: User, owner: User):
    address = address_of(compliance)
    noon = timezone.now() + datetime.timedelta(minutes=10)

    def asked() -> int:
        with time_machine.travel(noon, tick=False), CaptureQueriesContext(connection) as captured:
            assert Client().get(address).status_code == 200
        return len(captured)

    for _ in range(2):
        a_risk(owner=owner, review_on=today() + DAY)
        ControlFactory(owner=owner, review_date=today() + DAY)
    asked()
    few = asked()
    for _ in range(10):
        a_risk(owner=owner, review_on=today() + DAY)
        ControlFactory(owner=owner, review_date=today() + DAY)
    assert asked() == few <= 80


# ---- auditors --------------------------------------------------------------------------------------------------------


def test_an_auditor_has_the_dates_of_his_engagement_while_his_access_is_open(
    auditor: User, engagement: Engagement, owner: User, compliance: User
):
    a_risk(owner=owner, title="Stolen laptop", review_on=today() + 30 * DAY)
    a_request(engagement, by=compliance, owner=owner, title="List of leavers", due_on=today() + 2 * DAY)
    client = browser(auditor)
    assert client.post(reverse("calendar-make")).url == PAGE
    address = client.get(PAGE).context["address"]
    found = summaries(address)
    assert [one for one in found if "List of leavers" in one]
    assert [one for one in found if "The audited period ends" in one]
    assert not [one for one in found if "laptop" in one]
    [window] = AuditorWindow.objects.filter(user=auditor)
    with time_machine.travel(window.closes_at, tick=False):
        assert Client().get(address).status_code == 404
    end_access(window, actor=compliance, reason="Done.")
    assert Client().get(address).status_code == 404
    later = browser(auditor)
    assert later.post(reverse("calendar-make")).status_code == 403
    assert later.post(reverse("calendar-revoke")).status_code == 302
    assert CalendarFeed.objects.filter(revoked_at=None).count() == 0


def test_the_trail_says_what_an_auditor_was_given_once_for_each_content(
    auditor: User, engagement: Engagement, owner: User, compliance: User
):
    address = address_of(auditor)
    for _ in range(3):
        Client().get(address)
    browser(auditor).get(address)  # in a browser where he is signed in, too
    [entry] = Entry.objects.filter(verb="calendarfeed.read")
    assert (entry.actor_id, entry.facts["refs"]["events"]) == (auditor.pk, 1)
    a_request(engagement, by=compliance, owner=owner, due_on=today() + 2 * DAY)
    Client().get(address)
    assert Entry.objects.filter(verb="calendarfeed.read").count() == 2
    assert not Entry.objects.filter(verb="page.read").exists()
    secret = address.rpartition("/")[2].removesuffix(".ics")
    assert not [one for one in Entry.objects.all() if secret in f"{one.detail}{one.private}"]


def test_a_fetch_of_anybody_else_is_no_entry_but_the_day_is_kept(owner: User):
    address = address_of(owner)
    before = Entry.objects.count()
    Client().get(address)
    Client().get(address)
    assert Entry.objects.count() == before
    feed = CalendarFeed.objects.get()
    assert feed.last_used_on == timezone.now().date()
    assert feed.history.count() == 1


# ---- strangers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["x", "A" * 43, "A" * 5000, "%00", "..%2f", "ü" * 43])
def test_what_is_no_address_is_not_found(secret: str):
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404


def test_guessing_is_told_and_soon_refused_but_a_good_address_goes_on(owner: User):
    address = address_of(owner)
    with time_machine.travel(timezone.now().replace(second=5), tick=False):
        codes = [Client().get(f"/calendar/{'A' * 43}.ics").status_code for _ in range(FAILURES_A_MINUTE + 4)]
        assert codes == [404] * FAILURES_A_MINUTE + [429] * 4
        told = Entry.objects.filter(verb="auth.feed_failed").order_by("id")
        assert len(told) == FAILURES_A_MINUTE + 1
        assert [told[0].facts["reason"], told[FAILURES_A_MINUTE].facts["reason"]] == ["unknown", "too many attempts"]
        assert Client().get(address).status_code == 200


def test_one_address_is_not_fetched_without_end(owner: User):
    address = address_of(owner)
    with time_machine.travel(timezone.now().replace(second=5), tick=False):
        codes = [Client().get(address).status_code for _ in range(FETCHES_A_MINUTE + 1)]
    assert codes == [200] * FETCHES_A_MINUTE + [429]


def test_no_log_line_names_the_secret(owner: User, caplog: pytest.LogCaptureFixture, settings: Any):
    address = address_of(owner)
    secret = address.rpartition("/")[2].removesuffix(".ics")
    feeds.revoke_feeds(owner, actor=SYSTEM)
    with caplog.at_level(logging.DEBUG):
        Client().get(address)
        Client(raise_request_exception=False).post(address)
    said = []
    for one in caplog.records:
        Safe().filter(one)
        said.append(one.getMessage())
    assert said
    assert secret not in " ".join(said)
