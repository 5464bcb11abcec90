"""The overview: what it counts, who sees what of it, what is late and whose, its trend, as CSV and on paper."""

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

from controls.models import Control
from evidence.coverage.keep import refresh_stale
from evidence.coverage.period import programme_year
from evidence.coverage.readiness import Readiness
from evidence.coverage.tally import count_missing, counts_of, month_ends, recount
from evidence.models import ReadinessTally
from findings import actions as findings
from foundation.accounts.models import User
from foundation.organisation.actions import change_setting
from foundation.organisation.models import begin_of, today
from foundation.pages.due import EVER, Due, all_due
from foundation.pages.paper import cover_for, html_for, paper_for
from grc.wiring import DUE
from home.overview import HEADER, Line, heaps, overview_of, people_of
from tests.factories.assessments import fresh
from tests.factories.controls import link, trust_services
from tests.factories.evidence import operating
from tests.factories.findings import finding
from tests.factories.incidents import a_clock, a_plan, an_incident
from tests.factories.policies import in_force
from tests.factories.risks import a_risk
from tests.factories.roster import a_course, a_person
from tests.factories.vendors import a_contract, a_vendor

DAY = datetime.timedelta(days=1)
DUE_DAY = datetime.date(2026, 3, 1)
NOON = timezone.now() + datetime.timedelta(minutes=10)  # one moment, so that no session is written in between


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def due_of(user: User, last: int = 365) -> list[Due]:
    return all_due(DUE, user, EVER, today() + last * DAY)


def kinds(found: list[Due]) -> set[str]:
    return {one.kind for one in found}


@pytest.fixture
def control(owner: User) -> Control:
    trust_services()
    control = operating(owner=owner, ref="IAM-02", name="Access review", since=f"{today() - 150 * DAY}")
    link(control, "CC6.1")
    refresh_stale()
    return control


def test_the_page_shows_the_same_readiness_as_the_readiness(control: Control, compliance: User):
    half = (today().month + 5) % 12 + 1  # the year began half a year ago, whatever the day is
    change_setting("programme_year_month", value=half, reason="Our year.", version=None, actor=compliance)
    refresh_stale()
    found = overview_of(compliance, None, DUE)
    same = Readiness(compliance, programme_year(today()))
    assert found.readiness.states == same.states
    assert found.failing == same.states["lacking"] + same.states["late"] == 1
    assert found.unchecked == len(same.criteria) - 1  # nothing was checked of the others; that is not "missing"
    page = signed_in(compliance).get(reverse("overview")).content.decode()
    assert "Not checked" in page
    assert "for tests and auditors to say" in page
    assert "CC6" in page


def test_what_is_late_is_said_with_whose_it_is(control: Control, owner: User, compliance: User):
    late = finding(control, actor=compliance, days_ago=400, owner=owner, title="Old <b>cipher</b>, kept")
    found = overview_of(compliance, None, DUE)
    mine = next(line for line in found.late if line.due.kind == "Finding to be fixed")
    assert (mine.due.ref, mine.due.whose, mine.due.person) == (late.ref, str(owner), owner.pk)
    assert mine.days == (today() - late.due_on).days > 0
    [person] = found.people
    assert person.name == str(owner)
    assert person.count == len(found.late) > 1  # and the months without evidence
    assert "1 × finding to be fixed" in person.kinds
    page = signed_in(compliance).get(reverse("overview")).content.decode()
    assert "Old &lt;b&gt;cipher&lt;/b&gt;, kept" in page
    heap = next(heap for heap in heaps(found.late) if heap.due.ref == "IAM-02")
    assert heap.more == len(found.late) - 2  # all months of the control are one row
    assert heap.whose == str(owner)
    assert f"and {heap.more} more of it" in page
    late = findings.start(late, actor=owner, note="On it.")
    findings.fix(fresh(late), actor=owner, root_cause="Never looked at.", note="It is gone.")
    assert "Finding to be fixed" not in kinds(due_of(compliance, 0))


def test_two_people_of_one_name_are_two_and_one_of_two_names_is_one():
    def late(person: int | None, whose: str) -> Due:
        return Due("Training", "Training", "CRS-1", "Safety", whose, person, DUE_DAY, "/people/", f"{person}")

    found = [late(1, "Ada Byron"), late(2, "Ada Byron"), late(1, "A. Byron"), late(None, "Ada Byron"), late(None, "")]
    told = [(one.name, one.count) for one in people_of(found)]
    assert told == [("Ada Byron", 2), ("Ada Byron", 1), ("Ada Byron", 1), ("Nobody", 1)]
    assert [heap.whose for heap in heaps([Line(one, 1) for one in found[:2]])] == ["2 people"]
    assert [heap.whose for heap in heaps([Line(one, 1) for one in found[::2][:2]])] == ["Ada Byron"]


def test_everybody_sees_what_is_due_of_the_records_that_they_see(
    control: Control, owner: User, colleague: User, manager: User, compliance: User, auditor: User, employee: User
):
    finding(control, actor=compliance, days_ago=400, owner=owner)
    assert "Finding to be fixed" in kinds(due_of(owner))
    assert "Finding to be fixed" in kinds(due_of(compliance))
    assert "Finding to be fixed" not in kinds(due_of(colleague))
    assert "Finding to be fixed" not in kinds(due_of(employee))
    assert "Finding to be fixed" in kinds(due_of(manager))  # his team's
    compliance.is_active = False
    assert due_of(compliance) == []


def test_an_auditor_sees_the_readiness_and_no_list(control: Control, auditor: User, compliance: User, owner: User):
    finding(control, actor=compliance, days_ago=400, owner=owner, title="Late finding")
    page = signed_in(auditor).get(reverse("overview"))
    assert page.status_code == 200
    words = page.content.decode()
    assert "Readiness by series" in words
    for hidden in ("What is late", "Late finding", "Next dates", "due.csv"):
        assert hidden not in words
    assert signed_in(auditor).get(reverse("due-csv")).status_code == 404


def test_nobody_without_the_readiness_sees_the_overview(control: Control, employee: User, outsider: User):
    for person in (employee, outsider):
        assert signed_in(person).get(reverse("overview")).status_code == 404
        assert signed_in(person).get(reverse("due-csv")).status_code == 404


def test_every_register_says_what_falls_due(
    control: Control, owner: User, manager: User, compliance: User, employee: User
):
    a_risk(owner=owner, review_on=today() + 5 * DAY)
    in_force(owner=owner)
    vendor = a_vendor(owner=owner)
    a_contract(vendor, actor=compliance, ends_on=(today() + 100 * DAY).isoformat(), notice_days="30")
    person = a_person(user=employee)
    a_course()
    incident = an_incident(commander=manager)
    a_clock(incident)
    a_plan(owner=manager, next_review_on=today() + 20 * DAY)
    found = due_of(compliance)
    assert {
        "Review of the risk", "Review of the policy", "Contract ends", "Last day to give notice", "Training",
        "Notification deadline", "Review of the plan", "Evidence of an occurrence",
    } <= kinds(found)  # fmt: skip
    assert next(one for one in found if one.kind == "Training").whose == person.name
    clock = next(one for one in found if one.kind == "Notification deadline")
    assert clock.at is not None
    assert clock.whose == str(manager)
    assert len({one.key for one in found}) == len(found)  # what is different is called differently
    assert found == sorted(found, key=lambda one: one.on)
    client = signed_in(compliance)
    for url in {one.url for one in found}:
        assert client.get(url).status_code == 200, url


def test_a_restricted_incident_is_called_by_its_number_alone(manager: User, compliance: User, colleague: User):
    incident = an_incident(
        commander=manager, title="Payroll copied by an insider", restricted=True,
        review_due_on=today() + 3 * DAY,
    )  # fmt: skip
    a_clock(incident)
    found = [one for one in due_of(compliance) if one.register in ("Incidents", "Notification clocks")]
    assert {one.title for one in found} == {incident.ref}
    assert len(found) == 2
    assert not [one for one in due_of(colleague) if one.register in ("Incidents", "Notification clocks")]


def test_the_csv_has_every_line_and_the_trail_says_who_took_it(control: Control, owner: User, compliance: User):
    finding(control, actor=compliance, days_ago=400, owner=owner, title="=cmd()")
    body = b"".join(signed_in(compliance).get(reverse("due-csv")).streaming_content).decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(body))
    assert tuple(header) == HEADER
    found = overview_of(compliance, None, DUE)
    assert len(rows) == len(found.late) + len(found.next)
    told = next(row for row in rows if row[3] == "Finding to be fixed")
    assert not told[5].startswith("=")
    assert told[6] == str(owner)


def test_on_paper_it_says_the_same(control: Control, owner: User, compliance: User):
    finding(control, actor=compliance, days_ago=400, owner=owner, title="Printed finding")
    paper = paper_for("/overview/", compliance)
    html = html_for(paper, cover_for(compliance))
    assert "Printed finding" in html
    assert "CC6" in html
    assert paper.rows > 1


def test_as_of_a_day_it_shows_the_readiness_of_then_and_no_list(control: Control, compliance: User):
    page = signed_in(compliance).get(reverse("overview", query={"as_of": str(today() - 2 * DAY)})).content.decode()
    assert "As it stood on" in page
    assert "What is late, and whose" not in page
    assert "each register says what was late then" in page


def test_each_month_is_counted_once_from_history_and_again_the_same(compliance: User, owner: User):
    first = month_ends(today())[0]
    with time_machine.travel(begin_of(first - 40 * DAY), tick=True):
        trust_services()
        control = operating(owner=owner, ref="IAM-02", since=(first - 40 * DAY).isoformat())
        link(control, "CC6.1")
    assert count_missing() == 6
    assert count_missing() == 0
    kept = list(ReadinessTally.objects.values_list("day", "series"))
    assert [day for day, _ in kept] == month_ends(today())
    for day, series in kept:
        moment = begin_of(day + DAY) - datetime.timedelta(microseconds=1)
        assert series == counts_of(Readiness(compliance, programme_year(day), "", moment).groups), day
    ReadinessTally.objects.update(series={})
    assert recount() == 6
    assert list(ReadinessTally.objects.values_list("day", "series")) == kept
    trend = overview_of(compliance, None, DUE).trend
    assert len(trend) == 7
    assert trend[-1].whole is not None
    assert all(month.whole and month.whole[1] > 0 for month in trend[:-1])


def test_months_before_the_programme_are_not_counted(control: Control, compliance: User):
    assert count_missing() == 0
    assert overview_of(compliance, None, DUE).trend == []
    ReadinessTally.objects.create(day=month_ends(today())[-1], series={"CC6": {"ready": 2, "lacking": 1}})
    trend = overview_of(compliance, None, DUE).trend
    assert [month.whole for month in trend[:-1]] == [None] * 5 + [(2, 3)]
    assert trend[-2].of("CC6") == (2, 3)
    assert trend[-2].of("CC1") is None


def test_the_overview_asks_as_often_for_thirty_as_for_three(control: Control, owner: User, compliance: User):
    client = signed_in(compliance)

    def grow(count: int) -> None:
        for _ in range(count):
            finding(control, actor=compliance, days_ago=400, owner=owner)
            a_risk(owner=owner, review_on=today() - DAY)
            a_contract(a_vendor(owner=owner), actor=compliance, ends_on=(today() + 20 * DAY).isoformat())
            a_person()
            a_clock(an_incident(commander=owner))

    def asked(page: str) -> int:
        with time_machine.travel(NOON, tick=False), CaptureQueriesContext(connection) as captured:
            response = client.get(page)
            assert response.getvalue()
        return len(captured)

    a_course()
    in_force(owner=owner)
    pages = [reverse("overview"), reverse("due-csv"), reverse("due-json")]
    grow(3)
    for page in pages:
        asked(page)
    few = {page: asked(page) for page in pages}
    grow(27)
    many = {page: asked(page) for page in pages}
    assert many == few
    assert max(many.values()) <= 60
