"""Reports in one place: who sees which, where each form of each leads, what the form refuses, and what comes out."""

import csv
import datetime
import io
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from audits.actions import end_access
from evidence.views import EvidencePages
from foundation.accounts.models import User
from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.organisation.models import today
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.models import Entry
from grc.wiring import REPORTS
from policies.acknowledging.owed import counted
from policies.acknowledging.panel import standings
from policies.models import PolicyVersion
from tests.everywhere.world import World
from tests.factories.evidence import evidence
from tests.factories.findings import finding

QUARTER = (datetime.date(2025, 1, 1), datetime.date(2025, 3, 31))
BY_SLUG = {one.slug: one for one in REPORTS}
ALL = {*BY_SLUG}


def of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ask(user: User, report: str, form: str = "csv", **said: object) -> Any:
    return of(user).post("/reports/", {"report": report, "format": form, **said})


def file_of(user: User, report: str, form: str, **said: object) -> bytes:
    answer = ask(user, report, form, **said)
    assert answer.status_code == 302, answer.context["form"].errors
    found = of(user).get(answer["Location"])
    assert found.status_code == 200
    return found.getvalue()


@pytest.mark.parametrize(
    ("person", "hidden"),
    [
        ("compliance", set()),
        ("manager", set()),
        ("owner", set()),
        ("admin", {"evidence", "risks", "vendors", "incidents", "exercises", "policies"}),
    ],
)
def test_each_person_is_offered_what_they_may_see(world: World, person: str, hidden: set[str]):
    user = world.people[person]
    offered = {one.slug for one in of(user).get("/reports/").context["reports"]}
    assert offered == {one.slug for one in REPORTS if one.is_for(user)}
    assert offered >= ALL - hidden - {"access-reviews"}
    for slug in ALL - offered:
        answer = ask(user, slug)
        assert answer.status_code == 422
        assert "report" in answer.context["form"].errors
        assert of(user).get(BY_SLUG[slug].address(SAID | {"format": "csv"})).status_code in (403, 404)


SAID = {"first": None, "last": None, "as_of": None, "category": ""}


def test_who_sees_nothing_finds_no_page(world: World):
    assert of(world.people["outsider"]).get("/reports/").status_code == 404
    assert Client().get("/reports/").status_code == 302


@pytest.mark.parametrize("slug", sorted(ALL))
def test_each_report_comes_in_each_form_with_the_same_rows(world: World, slug: str):
    user = world.people["compliance"]
    said = {"first": "2026-01-01", "last": today().isoformat()}
    header, *rows = csv.reader(io.StringIO(file_of(user, slug, "csv", **said).decode("utf-8-sig")))
    found = json.loads(file_of(user, slug, "json", **said))
    rows_of_json = found["rows"][-len(rows) :] if slug == "trail" else found["rows"]  # one entry more: of the CSV
    assert found["columns"] == header
    assert len(rows_of_json) == len(rows)
    assert bool(found["period"]) == bool(BY_SLUG[slug].period)
    answer = ask(user, slug, "pdf", **said)
    assert answer["Location"] in {one.get_absolute_url() for one in Job.objects.filter(title__startswith="PDF: ")}
    page = BY_SLUG[slug].address(
        {"first": datetime.date(2026, 1, 1), "last": today(), "as_of": None, "category": "", "format": "pdf"}
    )
    paper = paper_for(page, user)
    text = html_for(paper, cover_for(user))
    assert bool(paper.period) == bool(BY_SLUG[slug].period)
    for words in (paper.title, str(user), "Generated at", "Audit trail", "no opinion"):
        assert words in text


def test_a_period_holds_what_belongs_to_it(world: World):
    user, item = world.people["compliance"], evidence(world.control, period=QUARTER)
    refs = lambda **said: {row["Ref"] for row in json.loads(file_of(user, "evidence", "json", **said))["rows"]}  # noqa: E731
    assert item.ref in refs(first="2025-03-31", last="2025-12-31")
    assert item.ref in refs(first="2024-01-01", last="2025-01-01")
    assert item.ref not in refs(first="2025-04-01", last="2025-12-31")
    assert item.ref not in refs(last="2024-12-31")
    [row] = [one for one in json.loads(file_of(user, "evidence", "json"))["rows"] if one["Ref"] == item.ref]
    assert (row["SHA-256"], row["Controls"]) == (item.sha256, world.control.ref)
    paper = EvidencePages.list_paper(user, QueryDict("first=2025-01-01&last=2025-03-31"), None)
    assert paper.period.startswith("2025-01-01 to 2025-03-31: evidence of which the days covered touch it")
    assert not [line for line in paper.scope if "Covers" in line]


def test_findings_that_were_open_in_the_period(world: World):
    user, found = world.people["compliance"], finding(days_ago=10)
    refs = lambda **said: {row["Ref"] for row in json.loads(file_of(user, "findings", "json", **said))["rows"]}  # noqa: E731
    day = lambda ago: (today() - datetime.timedelta(days=ago)).isoformat()  # noqa: E731
    assert found.ref in refs(first=day(5), last=day(0))
    assert found.ref not in refs(first=day(30), last=day(11))
    assert found.ref in refs(first=day(30), last=day(10))


def test_a_category_narrows_what_knows_it_and_is_refused_by_what_does_not(world: World):
    user, item = world.people["compliance"], evidence(world.control)
    refs = lambda slug: {  # noqa: E731
        row["Ref"] for row in json.loads(file_of(user, "evidence", "json", category=slug))["rows"]
    }
    assert item.ref in refs("security")
    assert item.ref not in refs("privacy")
    for said in ({"report": "vendors", "category": "security"}, {"report": "evidence", "category": "bogus"}):
        answer = of(user).post("/reports/", {"format": "csv", **said})
        assert answer.status_code == 422
        assert "category" in answer.context["form"].errors


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"first": "2026-02-01", "last": "2026-01-01"}, "last"),
        ({"first": "1800-01-01"}, "first"),
        ({"last": "9999-12-31"}, "last"),
        ({"as_of": "1960-01-01"}, "as_of"),
        ({"as_of": "yesterday"}, "as_of"),
        ({"report": "bogus"}, "report"),
        ({"report": "matrix\x00"}, "report"),
        ({"format": "docx"}, "format"),
        ({"category": "9" * 400}, "category"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(world: World, said: dict[str, str], name: str):
    user, jobs = world.people["compliance"], Job.objects.count()
    answer = of(user).post("/reports/", {"report": "matrix", "format": "pdf", **said})
    assert answer.status_code == 422
    assert name in answer.context["form"].errors
    assert Job.objects.count() == jobs


@pytest.mark.parametrize("query", ["report=bogus", "engagement=0", f"engagement={'9' * 40}", "engagement=x%00"])
def test_a_strange_address_begins_an_empty_form(world: World, query: str):
    answer = of(world.people["compliance"]).get(f"/reports/?{query}")
    assert answer.status_code == 200
    assert answer.context["form"]["first"].value() is None


def test_lists_refuse_a_period_that_ends_before_it_begins(world: World):
    client = of(world.people["compliance"])
    for page in ("/evidence/", "/findings/", "/incidents/", "/evidence/export.json"):
        answer = client.get(f"{page}?first=2026-02-01&last=2026-01-01")
        assert answer.status_code == 422, page
        assert "The period ends before it begins." in answer.content.decode()


def test_a_standing_report_is_as_of_the_periods_last_day(world: World):
    user = world.people["compliance"]
    answer = ask(user, "matrix", first="2020-01-01", last="2020-03-31")
    assert urlsplit(answer["Location"]).query == "as_of=2020-03-31"
    then = json.loads(file_of(user, "vendors", "json", last="2020-03-31"))
    now = json.loads(file_of(user, "vendors", "json"))
    assert (then["past"], then["rows"], now["past"]) == (True, [], False)
    assert now["rows"]
    assert urlsplit(ask(user, "matrix", last=today().isoformat())["Location"]).query == ""


def test_an_engagement_fills_its_days_in(world: World):
    answer = of(world.people["compliance"]).get(f"/reports/?engagement={world.engagement.pk}&report=trail")
    form = answer.context["form"]
    assert (form["first"].value(), form["last"].value()) == world.engagement.days
    assert form["report"].value() == "trail"


def test_an_auditor_begins_with_the_period_and_cannot_leave_it(world: World, auditor: User):
    window, client = auditor.windows.get(), of(auditor)
    form = client.get("/reports/").context["form"]
    assert (form["first"].value(), form["last"].value()) == (window.period_from, window.period_to)
    outside = window.period_from - datetime.timedelta(days=1)
    for name in ("first", "as_of"):
        answer = client.post("/reports/", {"report": "matrix", "format": "csv", name: outside.isoformat()})
        assert answer.status_code == 422
        assert f"{window.period_from} to {window.period_to}" in str(answer.context["form"].errors[name])
    assert client.post("/reports/", {"report": "matrix", "format": "pdf"}).status_code == 302
    end_access(window, actor=world.people["compliance"], reason="Fieldwork is over.")
    assert client.get("/reports/").status_code == 404


def test_the_page_asks_as_often_for_many_records_as_for_few(world: World):
    client = of(world.people["compliance"])

    def asked() -> int:
        client.get("/reports/")
        with CaptureQueriesContext(connection) as found:
            client.get("/reports/")
        return len(found)

    few = asked()
    for _ in range(5):
        evidence(world.control)
        finding()
    assert asked() == few <= 12


def test_the_job_makes_the_pdf_that_was_asked_for(world: World):
    user = world.people["compliance"]
    answer = ask(user, "evidence", "pdf", first="2026-01-01", last=today().isoformat())
    run_all()
    [job] = [one for one in Job.objects.all() if one.get_absolute_url() == answer["Location"]]
    assert job.state == "done", job.message
    with job.result.open("rb") as stored:
        pages = [page.extract_text() for page in PdfReader(io.BytesIO(stored.read())).pages]
    cover = " ".join(pages[0].split())
    assert f"2026-01-01 to {today()}: evidence of which the days covered touch it" in cover
    assert str(user) in cover
    assert "no opinion" in cover
    assert "SHA-256" in " ".join(pages)
    assert Entry.objects.filter(verb="report.printed").count() == 1


def test_the_status_of_policies_says_who_approved_and_who_read_it(world: World, compliance: User):
    bound = PolicyVersion.objects.get(pk=world.arguments["policies:bound"]["pk"])
    counts = counted(standings(compliance, bound.policy, None))
    rows = json.loads(file_of(compliance, "policies", "json"))["rows"]
    [row] = [one for one in rows if one["Ref"] == bound.policy.ref]
    approvers = bound.approvals.filter(submission=bound.submission).order_by("id")
    assert row["Approved by"] == ", ".join(str(one.approver) for one in approvers)
    assert row["Approved by"]
    assert (row["Version"], row["In force from"]) == (bound.number, bound.in_force_from.isoformat())
    assert row["Acknowledged by"] == counts["Acknowledged"]
    assert (row["Not yet by"], row["Late"]) == (counts["To read"] + counts["Late"], counts["Late"])
    assert sum(counts.values()) > 0
