"""The trail's pages: who gets them, what stands on them, what leaves as CSV, and the tab of each record."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from controls.actions import update_status
from controls.models import Mapping
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.origin import origin
from foundation.trail.record import SYSTEM, record
from foundation.trail.views import trail_of
from tests.factories.controls import ControlFactory, link, small_framework

pytestmark = pytest.mark.django_db
LIST, CSV = reverse("trail:entry-list"), reverse("trail:entry-csv")


def detail(entry):
    return reverse("trail:entry-detail", args=[entry.pk])


def table(response):
    """The rows of a CSV answer as dicts."""
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def control(owner):
    return ControlFactory(ref="IAM-03", name="Access review", owner=owner)


@pytest.fixture
def moved(control, owner):
    """The entry of a status that `owner` changed from his machine."""
    with origin(via="page", ip="203.0.113.77"):
        update_status(control, actor=owner, status="in_progress", note="Access <script>review</script> begun")
    return Entry.objects.latest("id")


def test_the_list_tells_who_what_and_why(client, admin, moved):
    client.force_login(admin)
    page = client.get(LIST, {"verb": "control.status_updated"}).content.decode()
    for words in ("Oskar Owner", "updated the status of a control", "IAM-03", "Planned", "In progress", "203.0.113.77"):
        assert words in page
    assert "Access &lt;script&gt;review&lt;/script&gt; begun" in page
    assert "<script>review" not in page


def test_an_entry_tells_its_proof(client, admin, moved):
    client.force_login(admin)
    page = client.get(detail(moved)).content.decode()
    assert moved.leaf_hash().hex() in page
    assert moved.facts["history"]["sha256"] in page
    assert "Oskar Owner updated the status of a control" in page


def test_on_paper_a_reason_cannot_pretend_to_be_a_change(admin, control, owner):
    update_status(control, actor=owner, status="in_progress", note="Begun\r\nStatus: Planned → Implemented")
    paper = html_for(paper_for(LIST, admin), cover_for(admin))
    assert "Reason: Begun Status: Planned → Implemented\n" in paper
    assert "\nStatus: Planned → In progress\n" in paper


def test_nobody_else_gets_the_trail(client, outsider, admin, employee, moved):
    assert client.get(LIST).status_code == 302
    client.force_login(outsider)
    assert [client.get(url).status_code for url in (LIST, CSV, detail(moved))] == [404, 404, 404]
    client.force_login(employee)
    assert client.get(detail(moved)).status_code == 404
    with transaction.atomic():
        own = record("list.exported", employee)
    assert [row["Entry"] for row in table(client.get(CSV, {"verb": "list.exported"}))] == [str(own.pk)]
    assert client.get(detail(own)).status_code == 200


def test_a_page_of_an_unseen_record_keeps_its_values(client, admin, engagement):
    engagement.firm = "Secret & Partners"
    save(engagement, actor=SYSTEM, verb="engagement.updated")
    entry = Entry.objects.latest("id")
    client.force_login(admin)
    for url in (LIST, detail(entry)):
        page = client.get(url).content.decode()
        assert "changed an engagement" in page
        assert "Secret" not in page
        assert entry.leaf_hash().hex() not in page
    [row] = table(client.get(CSV, {"verb": "engagement.updated"}))
    assert (row["Changes"], row["Leaf hash"], row["Record"]) == ("", "", f"engagement {engagement.pk}")


def test_csv_is_the_list_as_filtered_and_recorded_before_it_leaves(client, admin, moved, colleague):
    client.force_login(admin)
    response = client.get(CSV, {"register": "controls.control"})
    told = Entry.objects.latest("id")
    assert (told.verb, told.actor_id, told.hidden["query"]) == ("trail.exported", admin.pk, "register=controls.control")
    rows = table(response)
    expected = Entry.objects.filter(object_type="controls.control")
    assert [int(row["Entry"]) for row in rows] == [entry.pk for entry in expected]
    assert rows[0]["Leaf hash"] == moved.leaf_hash().hex()
    assert (rows[0]["Who"], rows[0]["Address"], rows[0]["Verb"]) == ("Oskar Owner", "203.0.113.77", moved.verb)
    assert rows[0]["Time (UTC)"] == moved.moment.isoformat(timespec="microseconds")


def test_csv_runs_in_no_spreadsheet(client, admin, control):
    control.name = "=HYPERLINK(1)"
    save(control, actor=SYSTEM, verb="control.updated", reason="@SUM(1)")
    client.force_login(admin)
    found = [row for row in table(client.get(CSV)) if row["Verb"] == "control.updated"]
    assert found[0]["Reason"] == "'@SUM(1)"
    assert not any(value.startswith(("=", "+", "@")) for row in found for value in row.values())


def test_a_wrong_filter_exports_nothing_and_says_why(client, admin, moved):
    client.force_login(admin)
    entries = Entry.objects.count()
    for url in (LIST, CSV):
        response = client.get(url, {"q": "begun"})
        assert response.status_code == 422
        assert "needs a time range" in response.content.decode()
        assert "Oskar Owner updated" not in response.content.decode()
    assert Entry.objects.count() == entries


def test_older_entries_are_one_link_away(client, admin):
    with transaction.atomic():
        told = [record("list.exported", SYSTEM) for _ in range(60)]
    client.force_login(admin)
    first = client.get(LIST, {"verb": "list.exported"})
    assert [line.entry for line in first.context["entries"]] == told[:9:-1]
    second = client.get(LIST, {"verb": "list.exported", "before": first.context["page"].older})
    assert [line.entry for line in second.context["entries"]] == told[9::-1]
    assert f"after={second.context['page'].newer}" in second.content.decode()
    assert "60</strong> entries found" in first.content.decode()


def test_the_tab_of_a_record_tells_of_it_and_of_its_links(client, tmp_path, compliance, control, moved):
    small_framework(tmp_path)
    [mapping] = link(control, "CC1.1")
    other = ControlFactory(ref="IAM-04")
    link(other, "CC1.1")
    client.force_login(compliance)
    lines = client.get(reverse("controls:control-trail", args=[control.pk])).context["entries"]
    assert {line.entry.object_type for line in lines} == {"controls.control", "controls.mapping"}
    assert {line.entry.object_id for line in lines if line.entry.object_type == "controls.mapping"} == {str(mapping.pk)}
    assert len(lines) == 3
    assert Mapping.objects.count() == 2


def test_the_tab_tells_nothing_later_than_its_moment(compliance, control, moved):
    told = [line.entry for line in trail_of(compliance, control, {}, until=moved.moment)["entries"]]
    assert told[0] == moved
    before = trail_of(compliance, control, {}, until=moved.moment - timedelta(microseconds=1))["entries"]
    assert [line.entry for line in before] == told[1:]
    assert told[1:]


def test_the_tab_shows_an_employee_what_he_did_himself(client, owner, colleague, control, moved):
    client.force_login(colleague)
    lines = client.get(reverse("controls:control-trail", args=[control.pk])).context["entries"]
    assert [line.address for line in lines] == ["203.0.113.x", ""]


@pytest.mark.parametrize("role", ["admin", "compliance", "manager", "auditor"])
def test_as_many_queries_for_thirty_entries_as_for_three(request, client, tmp_path, role):
    user = request.getfixturevalue(role)
    small_framework(tmp_path)
    client.force_login(user)
    client.get(LIST)  # the session's first request notes that somebody is there

    def cost(number):
        for _ in range(number):
            link(ControlFactory(), "CC1.1")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST, {"register": "controls.mapping"}).status_code == 200
        return len(queries)

    assert cost(2) == cost(24) <= (25 if role != "auditor" else 80)
