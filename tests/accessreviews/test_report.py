"""The report over a period: each system in each quarter, what was late, what is missing, and by which rule."""

import csv
import datetime
import io

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accessreviews import campaigns
from accessreviews.models import Campaign, Review
from accessreviews.quarters import Quarter, is_due, next_due, quarters
from accessreviews.report import report_of
from foundation.accounts.models import User
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from systems.models import Cadence, System
from tests.factories.listings import a_person, a_system, account_of, an_account
from tests.factories.reviews import approved
from tests.factories.rounds import BOSS, a_part, a_removal, listed_later

Q = Quarter


def when(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(f"{text}T12:00:00+00:00")


def test_quarters_are_calendar_quarters():
    assert [str(one) for one in quarters(datetime.date(2025, 12, 31), datetime.date(2026, 4, 1))] == [
        "2025 Q4", "2026 Q1", "2026 Q2",
    ]  # fmt: skip
    one = Q.of(datetime.date(2026, 11, 22))
    assert (one, one.first, one.last) == (Q(2026, 4), datetime.date(2026, 10, 1), datetime.date(2026, 12, 31))
    assert (one.after(1), one.after(-4)) == (Q(2027, 1), Q(2025, 4))


@pytest.mark.parametrize(
    ("cadence", "reviewed", "due", "following"),
    [
        (Cadence.QUARTERLY, {Q(2026, 3)}, True, Q(2026, 4)),
        (Cadence.MONTHLY, {Q(2026, 3)}, True, Q(2026, 4)),
        (Cadence.SEMI_ANNUAL, {Q(2026, 3)}, False, Q(2027, 1)),
        (Cadence.SEMI_ANNUAL, {Q(2026, 2)}, True, Q(2026, 4)),
        (Cadence.SEMI_ANNUAL, set(), True, Q(2026, 4)),
        (Cadence.ANNUAL, {Q(2026, 1)}, False, Q(2027, 1)),
        (Cadence.ANNUAL, {Q(2025, 4)}, True, Q(2026, 4)),
    ],
)
def test_a_system_is_due_by_its_cadence(cadence: str, reviewed: set[Quarter], due: bool, following: Quarter):
    assert is_due(cadence, Q(2026, 4), reviewed) == due
    assert next_due(cadence, Q(2026, 4), reviewed) == following


THIRD = {
    "period_from": datetime.date(2026, 7, 1), "period_to": datetime.date(2026, 9, 30),
    "due_on": datetime.date(2026, 9, 30),
}  # fmt: skip


@pytest.fixture
def year(compliance: User, manager: User, owner: User) -> dict[str, System]:
    """Since April: Git was reviewed in Q3 five days late and its removal is late too; Wiki was omitted then."""
    with time_machine.travel(when("2026-04-02"), tick=False):
        git, wiki = a_system(name="Git", owner=owner), a_system(name="Wiki", production=False)
    with time_machine.travel(when("2026-10-05")):
        rows = [account_of(a_person()), an_account(BOSS, roles=("Admin",))]
        part = a_part(compliance, manager, system=git, rows=rows, **THIRD)
        a_removal(part)
        approved(part.review)
        listed_later(git, [an_account("other")], days=7)
    return {"git": git, "wiki": wiki}


def lines(user: User, **said: object) -> list[tuple[str, str, str]]:
    first, last = datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)
    with time_machine.travel(when("2026-11-22"), tick=False):
        report = report_of(user, {"first": first, "last": last, "system": None, **said}, None)
    return [(one.system.name, str(one.quarter), one.state) for one in report.lines]


def test_every_quarter_of_every_system_is_answered(year: dict[str, System], compliance: User):
    assert lines(compliance) == [
        ("Git", "2026 Q2", "Missing"), ("Git", "2026 Q3", "Approved"), ("Git", "2026 Q4", "Not yet reviewed"),
        ("Wiki", "2026 Q2", "Missing"), ("Wiki", "2026 Q3", "Omitted"), ("Wiki", "2026 Q4", "Not yet reviewed"),
    ]  # fmt: skip
    assert {name for name, _, _ in lines(compliance, system=year["wiki"])} == {"Wiki"}


def test_what_one_campaign_omits_and_another_reviews_in_the_quarter_is_reviewed(
    year: dict[str, System], compliance: User, manager: User
):
    with time_machine.travel(when("2026-10-15")):
        a_part(compliance, manager, system=year["wiki"], **THIRD)
    assert [(name, state) for name, quarter, state in lines(compliance) if quarter == "2026 Q3"] == [
        ("Git", "Approved"), ("Wiki", "Deciding"),
    ]  # fmt: skip


def test_a_line_has_dates_counts_and_lateness(year: dict[str, System], compliance: User):
    said = {"first": THIRD["period_from"], "last": THIRD["period_to"], "system": year["git"]}
    with time_machine.travel(when("2026-11-22"), tick=False):
        (line,) = report_of(compliance, said, None).lines
    assert (line.late, line.flagged, line.counts) == (5, 1, {"keep": 1, "change": 0, "remove": 1})
    assert (line.removals, line.proved, line.removals_late, line.longest) == (1, 1, 1, 6)
    assert line.review.approved_at.date() == datetime.date(2026, 10, 5)


def test_a_half_year_review_is_not_missing_in_the_other_quarter(compliance: User, manager: User):
    with time_machine.travel(when("2026-04-02"), tick=False):
        wiki = a_system(name="Wiki", production=False)
    with time_machine.travel(when("2026-06-20")):
        part = a_part(compliance, manager, system=wiki, period_from=datetime.date(2026, 4, 1),
                      period_to=datetime.date(2026, 6, 30), due_on=datetime.date(2026, 6, 30))  # fmt: skip
        a_removal(part)
        approved(part.review)
    assert [one[1:] for one in lines(compliance)] == [("2026 Q2", "Approved"), ("2026 Q4", "Not yet reviewed")]


def test_page_csv_and_paper_say_the_same(client: Client, year: dict[str, System], compliance: User):
    params = {"first": "2026-07-01", "last": "2026-09-30"}
    client.force_login(compliance)
    address = reverse("accessreviews:report")
    text = client.get(address, params).content.decode()
    assert all(words in text for words in ("5 days late", "1 of 1 proved", "1 late, by 6 days", "Another test"))
    response = client.get(reverse("accessreviews:report-csv"), params)
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    git, wiki = csv.DictReader(io.StringIO(body))
    assert (git["Days late"], git["Removed"], git["Longest late (days)"]) == ("5", "1", "6")
    assert wiki["Omitted because"] == "Another test's."
    assert Entry.objects.filter(verb="accessreport.exported").count() == 1
    paper = paper_for(f"{address}?first=2026-07-01&last=2026-09-30", compliance)
    assert paper.rows == 2
    assert "5 days late" in html_for(paper, cover_for(compliance))


@pytest.mark.parametrize(
    "params", [{"first": "2026-02-31"}, {"first": "2026-12-01", "last": "2026-01-01"}, {"system": "x"}]
)
def test_a_period_that_cannot_be_read_is_refused(client: Client, compliance: User, params: dict[str, str]):
    client.force_login(compliance)
    for name in ("report", "report-csv"):
        assert client.get(reverse(f"accessreviews:{name}"), params).status_code == 422
    assert not Entry.objects.filter(verb="accessreport.exported").exists()


def test_it_takes_the_same_queries_for_few_and_many(client: Client, compliance: User, manager: User):
    client.force_login(compliance)
    taken = []
    for count in (3, 27):
        systems = [a_system() for _ in range(count)]
        period = {
            "period_from": timezone.localdate(),
            "period_to": timezone.localdate(),
            "due_on": timezone.localdate(),
        }
        campaign = Campaign(name="Round", approver=manager, **period)
        campaigns.plan(campaign, actor=compliance)
        campaign.state, campaign.launched_at = "open", timezone.now()
        save(campaign, actor=SYSTEM, verb="campaign.launched")
        assert Review.objects.filter(system__in=systems).count() >= count
        client.get(reverse("accessreviews:report"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("accessreviews:report"))
        taken.append(len(queries))
    assert taken[0] == taken[1]
