"""The heatmap and the overview: what they count, for whom, at which moment, where each number leads, what moved."""

import csv
import datetime
import io

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.models import Entry
from risks import actions
from risks.heatmap.counts import PARTS, heatmaps, movement
from risks.heatmap.overview import stats, top
from risks.models import Method, Risk, Status, in_force
from tests.factories.assessments import fresh
from tests.factories.evidence import operating
from tests.factories.risks import a_risk, accepted, rated


def squares(user: User, part: str = "residual", moment: datetime.datetime | None = None) -> dict[tuple[int, int], int]:
    maps = dict(zip(PARTS, heatmaps(user, moment, in_force(moment)), strict=True))
    return {square: count for square, count in maps[part].squares.items() if count}


@pytest.fixture
def register(owner: User, compliance: User) -> dict[str, Risk]:
    """Three rated risks (one of them `owner`'s), one not rated, and four that count nowhere."""
    control = operating(ref="IAM-91")
    found = {
        "leak": rated(control, title="Leak", inherent=(5, 5), residual=(2, 3), owner=owner),
        "fraud": rated(title="Fraud", inherent=(4, 4), fraud=True),
        "twin": rated(title="Twin", inherent=(4, 4)),
        "raw": a_risk(title="Raw"),
    }
    a_risk(title="Template", status=Status.TEMPLATE)
    closed = rated(title="Closed", inherent=(5, 5))
    actions.close(fresh(closed), actor=compliance, reason="The product ended.")
    return found


def test_squares_count_what_one_sees_and_link_to_just_that(
    client: Client, register: dict[str, Risk], compliance: User, owner: User
):
    assert squares(compliance, "inherent") == {(5, 5): 1, (4, 4): 2}
    assert squares(compliance) == {(2, 3): 1, (4, 4): 2}
    assert squares(owner) == {(2, 3): 1}
    for user in (compliance, owner):
        client.force_login(user)
        for one in heatmaps(user, None, in_force()):
            cells = [cell for line in one.lines for cell in line.cells if cell.count]
            for count, url in [(cell.count, cell.url) for cell in cells] + [(n, url) for _, _, n, url in one.bands]:
                page = client.get(url)
                assert page.context["page"].paginator.count == count, url
    one = heatmaps(compliance, None, in_force())[1]
    assert one.unrated == 1
    assert [count for _, _, count, _ in one.bands] == [0, 2, 1, 0]
    said = {cell.words for line in one.lines for cell in line.cells if cell.count}
    assert any(words.startswith("2 risks: likelihood 4 ") and words.endswith(", high") for words in said)


def test_pages_and_csv_say_the_same(client: Client, register: dict[str, Risk], compliance: User, employee: User):
    client.force_login(compliance)
    page = client.get("/risks/heatmap/").content.decode()
    assert 'aria-label="2 risks: likelihood 4' in page
    assert "1 not rated" in page
    body = b"".join(client.get("/risks/heatmap/export.csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body)))
    assert len(rows) == 52
    told = {(row["Map"], row["Score"]): int(row["Risks"]) for row in rows if row["Risks"] != "0"}
    assert told == {
        ("Inherent", "25"): 1, ("Inherent", "16"): 2, ("Inherent", ""): 1,
        ("Residual", "6"): 1, ("Residual", "16"): 2, ("Residual", ""): 1,
    }  # fmt: skip
    assert Entry.objects.filter(verb="heatmap.exported").count() == 1
    client.force_login(employee)
    for address in ("heatmap/", "overview/", "heatmap/export.csv"):
        assert client.get(f"/risks/{address}").status_code == 404


def test_overview_says_what_is_late(
    register: dict[str, Risk], client: Client, compliance: User, owner: User, manager: User
):
    accepted(rated(title="Small", inherent=(2, 2), owner=owner), actor=owner, approver=manager, days=5)
    later = timezone.now() + datetime.timedelta(days=40)
    client.force_login(compliance)
    with time_machine.travel(later, tick=False):
        found = {one.label: one.value for one in stats(compliance, None)}
        assert found == {
            "Risks": 5, "Not rated": 1, "Without owner": 3, "Reviews overdue": 1, "Steps overdue": 0, "Accepted": 0,
            "Reopened": 1,
        }  # fmt: skip
    assert {one.label: one.value for one in stats(owner, None)}["Risks"] == 2
    assert [risk.title for risk, *_ in top(compliance, None, in_force())] == ["Fraud", "Twin", "Leak", "Small"]
    page = client.get("/risks/overview/")
    assert page.status_code == 200
    assert page.context["trend"] is not None
    for one in page.context["stats"]:
        assert client.get(one.url).status_code == 200, one.url
    client.force_login(owner)
    assert client.get("/risks/overview/").context["trend"] is None  # the tallies count what he does not see


def test_movement_since_a_day(client: Client, register: dict[str, Risk], compliance: User):
    before = timezone.now()
    with time_machine.travel(before + datetime.timedelta(days=10)):
        rated(risk=fresh(register["leak"]), inherent=(5, 5))
        rated(operating(ref="IAM-92"), risk=fresh(register["twin"]), inherent=(4, 4), residual=(1, 2))
        actions.close(fresh(register["raw"]), actor=compliance, reason="It cannot happen any more.")
        rated(title="Brand new", inherent=(3, 3))
        found = movement(compliance, before, None)
        assert {sort: [move.title for move in getattr(found, sort)] for sort in found.counts} == {
            "worse": ["Leak"], "better": ["Twin"], "new": ["Brand new"], "gone": ["Raw"],
        }  # fmt: skip
        assert found.same == 1
        move = found.worse[0]
        assert (move.then, move.now, move.arrow) == ("6 Medium", "25 Critical", "↑")
        client.force_login(compliance)
        day = (before + datetime.timedelta(days=1)).date().isoformat()
        page = client.get(f"/risks/heatmap/?since={day}").content.decode()
        assert "25 Critical" in page
        assert "Brand new" in page
        for wrong in ("2999-01-01", "nonsense", "0001-01-01", today().isoformat()):
            assert client.get("/risks/heatmap/", {"since": wrong}).status_code == 422


def test_as_of_the_past(client: Client, register: dict[str, Risk], compliance: User):
    moment = timezone.now()
    shown = squares(compliance)
    with time_machine.travel(moment + datetime.timedelta(days=3)):
        rated(risk=fresh(register["leak"]), inherent=(5, 5))
        assert squares(compliance) != shown
        assert squares(compliance, moment=moment) == shown
        client.force_login(compliance)
        page = client.get("/risks/overview/", {"as_of": moment.isoformat()})
        assert page.status_code == 200
        assert page.context["moment"] == moment
        assert page.context["maps"][1].squares[2, 3] == 1


def test_a_new_installation_has_an_overview(client: Client, compliance: User, manager: User):
    """Nothing rated, no version of the method stored, no day counted."""
    assert not Method.objects.exists()
    for user in (compliance, manager):
        client.force_login(user)
        for page in ("overview", "heatmap"):
            address = reverse(f"risks:{page}")
            answer = client.get(address)
            assert answer.status_code == 200
            assert answer.context["method"].number == 1
            assert "Risk register" in html_for(paper_for(address, user), cover_for(user))
        trend = client.get(reverse("risks:overview")).context["trend"]
        assert len(trend.columns) == 12
        assert sum(sum(one.listed) for one in trend.columns) == 0
    assert not Method.objects.exists()  # reading stores nothing
