"""The grid, the page of an occurrence, the readiness: live and of the past they say the same; who sees what."""

import csv
import datetime
import io
import json
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from controls import actions as controls
from controls.models import Category, Control, Criterion
from evidence import actions
from evidence.coverage.cells import evidence_cells
from evidence.coverage.grid import Grid, Narrowed
from evidence.coverage.judge import Shelf
from evidence.coverage.keep import Keeper, refresh_stale
from evidence.coverage.readiness import Readiness
from evidence.coverage.tiles import Days
from evidence.coverage.work import coverage_work
from evidence.models import Exemption
from foundation.accounts.models import User
from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.organisation.actions import change_setting
from foundation.pages.paper import Cover, html_for, paper_for
from foundation.trail.models import Entry
from tests.factories.controls import ControlFactory, link, trust_services
from tests.factories.evidence import evidence, operating, requirement

AUTUMN = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


YEAR = Days(day("2026-01-01"), day("2026-12-31"))


@pytest.fixture(autouse=True)
def autumn():
    with time_machine.travel(AUTUMN):
        yield


@pytest.fixture
def control(owner: User) -> Control:
    """Monthly since July 2026, with a criterion: four months are over, November is due."""
    trust_services()
    made = operating(since="2026-07-01", owner=owner, ref="IAM-01")
    link(made, "CC6.1", "CC6.2")
    refresh_stale()
    return made


def prove(control: Control, month: int, owner: User, by: User, **values: Any) -> Any:
    """Evidence with the source's own times for one month of 2026, accepted."""
    first = datetime.date(2026, month, 1)
    last = datetime.date(2026, month + 1, 1) - datetime.timedelta(days=1)
    item = evidence(control, actor=owner, period=(first, last), **values)
    return actions.accept(item, actor=by, times_seen=True)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def squares(grid: Grid) -> dict[str, str]:
    [line] = grid.lines(grid.ids)
    return {str(one.starts_on): one.standing for one in line.squares}


def test_the_grid_says_how_each_month_stands(control: Control, owner: User, manager: User, compliance: User):
    prove(control, 8, owner, manager)
    actions.accept(evidence(control, actor=owner, occurrence=day("2026-09-10")), actor=manager)
    grid = Grid(compliance, YEAR)
    assert squares(grid) == {
        "2026-07-01": "missing", "2026-08-01": "done", "2026-09-01": "late", "2026-10-01": "missing",
        "2026-11-01": "due", "2026-12-01": "not_yet_due",
    }  # fmt: skip
    assert grid.tallies[control.pk].words == "1 of 4 done, 1 late, 2 missing; 1 due; 1 not yet due"
    assert grid.counts["missing"] == 2


def test_each_square_stands_under_its_months(owner: User, compliance: User):
    operating("quarterly", since="2026-04-01", owner=owner)
    refresh_stale()
    grid = Grid(compliance, YEAR)
    [line] = grid.drawn(grid.ids)
    assert [(width, "".join(one[0] for one in cell)) for width, cell in line.cells] == [
        (3, ""), (3, "M"), (3, "M"), (3, "D"),
    ]  # fmt: skip
    weekly = operating("weekly", since="2026-11-02", owner=owner)
    refresh_stale()
    grid = Grid(compliance, YEAR)
    line = next(line for line in grid.drawn(grid.ids) if line.id == weekly.pk)
    assert sum(width for width, _ in line.cells) == len(grid.months)
    assert sum(len(cell) for _, cell in line.cells) == grid.tallies[weekly.pk].counts.total()


def test_a_crowded_month_is_one_square_that_opens_it(compliance: User, owner: User):
    trust_services()
    daily = operating("daily", since="2026-10-01", owner=owner, ref="BKP-01")
    refresh_stale()
    grid = Grid(compliance, Days(day("2026-09-01"), day("2026-12-31")))
    [line] = [one for one in grid.drawn(grid.ids) if one.id == daily.pk]
    assert [(width, [tile[:2] for tile in tiles]) for width, tiles in line.cells][:2] == [
        (1, []),
        (1, [("22M", "bad")]),
    ]
    [(_, _, words, address)] = line.cells[1][1]
    assert words == "2026-10-01 to 2026-10-31, 22 occurrences: 0 of 22 done, 22 missing"
    assert address == "/coverage/?q=BKP-01&from=2026-10-01&to=2026-10-31"
    page = signed_in(compliance).get(address).content.decode()
    assert page.count('class="square bad" href="/evidence/occurrences/') == 22


def test_the_worst_comes_first_and_a_filter_narrows(control: Control, owner: User, manager: User, compliance: User):
    good = operating(since="2026-10-01", owner=owner, ref="AAA-01", name="Backup")
    idle = ControlFactory(ref="ZZZ-01", frequency="monthly")
    refresh_stale()
    prove(good, 10, owner, manager)
    assert Grid(compliance, YEAR).ids == [control.pk, good.pk]
    assert Grid(compliance, YEAR, Narrowed(state="done")).ids == [good.pk]
    assert Grid(compliance, YEAR, Narrowed(state="attention")).ids == [control.pk]
    assert Grid(compliance, YEAR, Narrowed(state="unexpected")).ids == [idle.pk]
    assert Grid(compliance, YEAR, Narrowed(q="backup")).ids == [good.pk]
    assert Grid(compliance, YEAR, Narrowed(category="security")).ids == [control.pk]
    assert Grid(compliance, YEAR, Narrowed(owner="nobody")).ids == []
    assert Grid(compliance, Days(day("2026-08-01"), day("2026-08-31"))).ids == [control.pk]


def test_the_past_is_computed_and_the_same(control: Control, owner: User, manager: User, compliance: User):
    prove(control, 8, owner, manager)
    with time_machine.travel(AUTUMN + datetime.timedelta(days=1)):
        moment = datetime.datetime.now(datetime.UTC)
        now = squares(Grid(compliance, YEAR))
    with time_machine.travel(AUTUMN + datetime.timedelta(days=30)):
        prove(control, 9, owner, manager)
        assert squares(Grid(compliance, YEAR))["2026-09-01"] == "done"
        then = Grid(compliance, YEAR, None, moment)
        assert squares(then) == now
        assert then.tallies[control.pk].words == "1 of 4 done, 3 missing; 1 due; 1 not yet due"
        past = Readiness(compliance, YEAR, "", moment)
        assert {line.code: line.state for line in past.criteria if line.controls} == {
            "CC6.1": "lacking", "CC6.2": "lacking",
        }  # fmt: skip
        page = signed_in(compliance).get("/coverage/", {"as_of": moment.isoformat()})
        assert "As it stood on" in page.content.decode()
        opened = signed_in(compliance).get(
            f"/evidence/occurrences/{control.pk}/2026-09-01/", {"as_of": moment.isoformat()}
        )
        assert opened.context["occurrence"].square.standing == "missing"


def test_an_occurrence_says_why_each_item_counts_or_not(control: Control, owner: User, manager: User):
    need = requirement(control, "The signed list", since="2026-08-01")
    refresh_stale()
    prove(control, 8, owner, manager)  # names no requirement
    prove(control, 8, owner, manager, requirement=need)
    evidence(control, actor=owner, occurrence=day("2026-08-15"), requirement=need)
    back = evidence(control, actor=owner, occurrence=day("2026-08-15"), requirement=need)
    actions.give_back(back, actor=manager, reason="Cut off.")
    late = evidence(control, actor=owner, occurrence=day("2026-08-15"), requirement=need)
    actions.accept(late, actor=manager)
    page = signed_in(owner).get(f"/evidence/occurrences/{control.pk}/2026-08-01/")
    verdicts = [one.verdict for one in page.context["considered"]]
    assert sorted(verdicts) == ["counts", "sent_back", "too_late", "unasked", "unseen"]
    assert page.context["occurrence"].square.standing == "done"
    assert [len(asking.met) for asking in page.context["requirements"]] == [1]
    text = page.content.decode()
    assert "nobody has judged it" in text
    assert "The signed list" in text


def test_what_no_calendar_has_is_not_found(control: Control, owner: User, employee: User):
    client = signed_in(owner)
    base = f"/evidence/occurrences/{control.pk}/"
    assert client.get(f"{base}2026-08-02/").status_code == 404
    assert client.get(f"{base}2026-02-30/").status_code == 404
    assert client.get(f"{base}2026-08-01/", {"event": "none"}).status_code == 404
    assert client.get("/evidence/occurrences/99999999999999999999/2026-08-01/").status_code == 404
    assert signed_in(employee).get(f"{base}2026-08-01/").status_code == 404  # sees none of it


def test_readiness_counts_and_says_what_holds_back(control: Control, owner: User, manager: User, compliance: User):
    second = operating(since="2026-07-01", owner=owner, ref="IAM-02")
    link(second, "CC6.2")
    planned = ControlFactory(ref="IAM-03")
    link(planned, "CC6.3")
    refresh_stale()
    for month in (7, 8, 9):
        prove(control, month, owner, manager)
        prove(second, month, owner, manager)
    found = Readiness(compliance, YEAR)
    states = {line.code: line.state for line in found.criteria}
    assert (states["CC6.1"], states["CC6.2"], states["CC6.3"], states["CC1.1"]) == (
        "lacking", "lacking", "unexpected", "gap",
    )  # fmt: skip
    [first] = [step for step in found.steps if step.about == "IAM-01"]
    assert (first.turns, first.criteria, first.missing, first.occurrences) == (1, 2, 1, 2)
    assert found.steps[0] == first  # it alone turns a criterion
    prove(control, 10, owner, manager)
    assert {line.code: line.state for line in Readiness(compliance, YEAR).criteria}["CC6.1"] == "ready"
    late = actions.accept(evidence(second, actor=owner, occurrence=day("2026-10-10")), actor=manager)
    assert late.state == "accepted"
    assert {line.code: line.state for line in Readiness(compliance, YEAR).criteria}["CC6.2"] == "late"


def test_excepted_never_adds_to_readiness(control: Control, owner: User, manager: User, compliance: User):
    for month in (7, 8, 9):
        prove(control, month, owner, manager)
    row = Exemption(control=control, starts_on=day("2026-10-01"), ends_on=day("2026-10-31"), reason="It was down.")
    actions.approve_exemption(actions.request_exemption(row, actor=owner), actor=compliance, reason="Agreed.")
    line = next(line for line in Readiness(compliance, YEAR).criteria if line.code == "CC6.1")
    assert (line.state, line.words) == ("late", "3 of 4 done, 1 excepted; 1 due; 1 not yet due")


def test_a_criterion_out_of_scope_is_not_counted(control: Control, compliance: User):
    codes = {line.code for line in Readiness(compliance, YEAR).criteria}
    assert "CC6.1" in codes
    assert "A1.1" not in codes
    controls.set_scope({Category.objects.get(slug="availability"): True}, actor=compliance, reason="Promised.")
    assert "A1.1" in {line.code for line in Readiness(compliance, YEAR).criteria}
    assert {line.code for line in Readiness(compliance, YEAR, "availability").criteria} == {"A1.1", "A1.2", "A1.3"}


def test_why_one_click_away(control: Control, compliance: User):
    client = signed_in(compliance)
    pk = Criterion.objects.get(code="CC6.1").pk
    assert f'href="/readiness/{pk}/?' in client.get("/readiness/").content.decode()
    page = client.get(f"/readiness/{pk}/").content.decode()
    assert "IAM-01" in page
    assert "4 missing: No evidence of it is there." in page
    assert client.get(f"/readiness/{Criterion.objects.get(code='A1.1').pk}/").status_code == 404  # out of scope


def test_a_period_that_cannot_be_read_is_said(control: Control, compliance: User):
    client = signed_in(compliance)
    for path in ("/coverage/", "/readiness/"):
        for asked, words in (
            ({"from": "2026-12-01", "to": "2026-01-01"}, "ends before it begins"),
            ({"from": "2010-01-01", "to": "2026-01-01"}, "At most 5 years"),
            ({"from": "yesterday"}, "Enter a valid date"),
        ):
            page = client.get(path, asked)
            assert (page.status_code, words in page.content.decode()) == (422, True)
            assert client.get(f"{path}export.csv", asked).status_code == 422
            assert client.get(f"/api/v1{path}", asked).status_code == 400
        assert client.get(path, {"from": "0001-01-01"}).status_code in (200, 422)
        assert client.get(path, {"to": "9999-12-31"}).status_code in (200, 422)
    assert client.get("/coverage/", {"category": "nothing"}).status_code == 422


def test_csv_and_api_say_what_the_page_says(control: Control, owner: User, manager: User, compliance: User):
    prove(control, 8, owner, manager)
    client = signed_in(compliance)
    body = b"".join(client.get("/coverage/export.csv").streaming_content).decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(body)))
    assert [(row["From"], row["State"]) for row in table][:2] == [("2026-07-01", "Missing"), ("2026-08-01", "Done")]
    assert Entry.objects.filter(verb="coverage.exported").count() == 1
    answer = client.get("/api/v1/coverage/", {"from": "2026-08-01", "to": "2026-08-31"}).json()
    [one] = answer["results"]
    assert (one["ref"], one["counts"], one["occurrences"][0]["state"]) == ("IAM-01", {"done": 1}, "done")
    body = b"".join(client.get("/readiness/export.csv").streaming_content).decode("utf-8-sig")
    row = next(row for row in csv.DictReader(io.StringIO(body)) if row["Criterion"] == "CC6.1")
    assert (row["State"], row["Missing"], row["Done"], row["Held back by"]) == ("Evidence missing", "3", "1", "IAM-01")
    told = client.get("/api/v1/readiness/", {"page_size": 200}).json()["results"]
    one = next(one for one in told if one["code"] == "CC6.1")
    assert (one["state"], one["counts"]["missing"], one["held_back_by"][0]["ref"]) == ("lacking", 3, "IAM-01")


def test_paper_says_the_same(control: Control, owner: User, manager: User, compliance: User):
    prove(control, 8, owner, manager)
    cover = Cover("Fernwood", "", False, "Camille", AUTUMN, None, "", "")
    html = html_for(paper_for("/coverage/?from=2026-07-01", compliance), cover)
    assert "1 of 4 done, 3 missing; 1 due; 1 not yet due" in html
    html = html_for(paper_for("/readiness/", compliance), cover)
    assert "Attach evidence" in html


def test_the_matrix_says_what_is_proved(control: Control, owner: User, manager: User, compliance: User):
    idle = ControlFactory(ref="ZZZ-01", expected_evidence="The signed form")
    assert evidence_cells(compliance, [control.pk, idle.pk], None) == {
        control.pk: "0 of 4 done, 4 missing; 1 due; 1 not yet due (since 2026-01-01)",
        idle.pk: "Expected: The signed form",
    }


def test_what_waits_for_an_owner(control: Control, owner: User, manager: User):
    [item] = coverage_work(owner)
    assert (item.kind, item.due) == ("Occurrences: 4 missing, 1 due", day("2026-08-10"))
    assert "occurrence=2026-07-01" in item.action_url
    for month in (7, 8, 9, 10):
        prove(control, month, owner, manager)
    evidence(control, actor=owner)  # for November; now somebody else must judge it
    assert coverage_work(owner) == []
    assert coverage_work(manager) == []


def test_the_control_page_has_its_strip(control: Control, owner: User):
    page = signed_in(owner).get(f"/controls/{control.pk}/").content.decode()
    assert "0 of 4 done, 4 missing; 1 due; 1 not yet due" in page
    assert f"/evidence/occurrences/{control.pk}/2026-07-01/" in page


def test_a_rebuild_is_a_job_with_its_entry(control: Control, compliance: User, owner: User):
    assert signed_in(owner).post("/coverage/rebuild/").status_code == 403
    assert signed_in(compliance).post("/coverage/rebuild/").status_code == 302
    assert run_all() == 1
    assert Job.objects.get().state == "done"
    entry = Entry.objects.get(verb="coverage.rebuilt")
    assert (entry.actor_id, json.loads(entry.detail)["refs"]["controls"]) == (compliance.pk, Control.objects.count())


def test_the_keeper_looks_no_further_while_nothing_was_written(
    control: Control, admin: User, django_assert_max_num_queries: Any
):
    keeper = Keeper()
    keeper.keep()
    with django_assert_max_num_queries(11):
        assert keeper.keep() == 0
    requirement(control, since="2026-08-01")
    assert keeper.keep() == 1
    change_setting("grace_monthly_days", 0, actor=admin, reason="None is promised.")
    assert keeper.keep() == 1


def test_a_shelf_gives_every_proof_that_may_speak(control: Control, owner: User):
    whole = Days(day("2026-01-01"), day("2026-12-31"))
    from evidence.coverage.judge import Proof

    long = Proof(1, "accepted", day("2026-05-05"), own=True, days=Days(day("1900-01-01"), day("9999-12-31")))
    short = Proof(2, "accepted", day("2026-05-05"), own=False)
    shelf = Shelf([long, short], whole)
    assert [proof.evidence for proof in shelf.of(Days(day("2026-04-01"), day("2026-06-30")))] == [1, 2]
    assert [proof.evidence for proof in shelf.of(Days(day("2026-07-01"), day("2026-07-31")))] == [1]


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len([one for one in captured.captured_queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))])


@pytest.mark.parametrize("path", ["/coverage/", "/readiness/", "/api/v1/coverage/", "/api/v1/readiness/", "/"])
def test_queries_do_not_grow(control: Control, compliance: User, owner: User, path: str):
    client = signed_in(owner if path == "/" else compliance)
    few = queries(client, path)
    for _ in range(20):
        link(operating(owner=owner), "CC6.1", "CC7.1")
    refresh_stale()
    many = queries(client, path)
    assert many == few
    assert many <= {"/": 43}.get(path, 14 if path.startswith("/api/") else 12)
