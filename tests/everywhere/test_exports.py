"""JSON and CSV are one table: the same rows and columns for each person, of every list and of each report."""

import csv
import datetime
import io
import json

import pytest
from django.http import Http404
from django.test import Client
from django.urls import reverse

from foundation.pages.exports import Table, document
from foundation.pages.paper import Cover, PaperRefused, cover_for, html_for, paper_for
from foundation.pages.sheets import safe
from foundation.trail.models import Entry
from tests.everywhere.routes import address, all_routes
from tests.everywhere.test_doors import registers
from tests.everywhere.world import World

REPORTS = (
    "matrix", "coverage", "readiness", "findings:ageing", "accessreviews:report", "risks:heatmap", "trail:entry",
    "due", "accounts:roles", "policies:acknowledgement-people", "policies:policy-acknowledgements",
)  # fmt: skip


def addresses(world: World) -> list[tuple[str, str]]:
    """(CSV, JSON) of every list and of every report."""
    pairs = [(pages.url("csv"), pages.url("list-json")) for pages in registers()]
    return pairs + [(address(f"{name}-csv", world), address(f"{name}-json", world)) for name in REPORTS]


def test_every_report_with_a_csv_has_its_json():
    known = set(all_routes())
    lists = {name for name in known if f"{name.removesuffix('-csv')}-list-json" in known}
    others = {name for name in known if name.endswith("-csv") and f"{name.removesuffix('-csv')}-json" in known}
    without = {name for name in known if name.endswith("-csv")} - lists - others
    assert {f"{name}-csv" for name in REPORTS} <= others
    assert without == set()


@pytest.mark.parametrize("person", ["compliance", "auditor", "employee"])
def test_json_holds_what_the_csv_holds(world: World, person: str):
    client = Client()
    client.force_login(world.people[person])
    seen = 0
    for sheet, document_page in addresses(world):
        told, said = client.get(sheet), client.get(document_page)
        assert said.status_code == told.status_code, sheet
        if told.status_code != 200:
            continue
        header, *rows = csv.reader(io.StringIO(told.getvalue().decode("utf-8-sig")))
        found = json.loads(said.getvalue())
        assert said["Content-Type"] == "application/json"
        assert len(set(header)) == len(header), sheet
        assert found["columns"] == header
        if "/trail/" in document_page:  # which holds one entry more: that of the CSV
            found["rows"], found["count"] = found["rows"][-len(rows) :], len(rows)
        assert found["count"] == len(rows)
        assert [[as_csv(one[name]) for name in header] for one in found["rows"]] == rows, sheet
        seen += bool(rows)
    assert seen > (20 if person == "compliance" else 1)


def as_csv(value: object) -> str:
    """A value of the JSON as the CSV writes it."""
    return safe(value)


def test_the_head_says_whose_it_is_and_how_it_was_narrowed(world: World):
    client = Client()
    client.force_login(world.people["compliance"])
    page = reverse("controls:control-list-json")
    found = json.loads(client.get(f"{page}?status=planned").getvalue())
    assert found["report"] == "Controls"
    assert found["made_by"] == str(world.people["compliance"])
    assert found["filters"] == [{"filter": "Status", "value": "Planned"}]
    assert found["last_entry"]["leaf_hash"]
    assert (found["past"], found["as_of"]) == (False, found["made_at"])
    [entry] = Entry.objects.filter(verb="list.exported")
    assert entry.facts["refs"] == {"register": "controls.control", "format": "json"}
    then = json.loads(client.get(f"{page}?as_of=2020-01-01").getvalue())
    assert (then["past"], then["as_of"][:10], then["rows"]) == (True, "2020-01-01", [])
    assert then["rows"] != found["rows"] or not found["rows"]
    assert client.get(f"{page}?status=bogus").status_code == 422


def test_a_broken_off_document_is_no_json_and_nothing_is_held_back():
    cover = Cover("Acme", "", False, "Cora", datetime.datetime.now(datetime.UTC), None, "", "")

    def chunks():
        yield [["a", 1]]
        raise RuntimeError("the database went away")

    pieces = document(Table("Things", "things", ("Name", "Number"), chunks()), cover)
    begun = next(pieces) + next(pieces)
    with pytest.raises(RuntimeError):
        next(pieces)
    with pytest.raises(json.JSONDecodeError):
        json.loads(begun)
    whole = b"".join(document(Table("Things", "things", ("Name", "Number"), [[["=1+1", 2], [None, ""]]]), cover))
    assert json.loads(whole)["rows"] == [{"Name": "=1+1", "Number": 2}, {"Name": None, "Number": None}]


def test_the_trail_is_printed_as_searched_with_its_checkpoint(world: World):
    user = world.people["compliance"]
    paper = paper_for("/trail/?verb=control.created&since=2020-01-01", user)
    text = html_for(paper, cover_for(user))
    assert paper.rows == Entry.objects.filter(verb="control.created").count() > 0
    assert text.count("control.created") == paper.rows
    assert paper.period.startswith("From 2020-01-01")
    assert "Not sealed yet" in text
    assert Entry.objects.order_by("-id").first().leaf_hash().hex() in text
    with pytest.raises(PaperRefused):
        paper_for("/trail/?since=2026-02-01&until=2026-01-01", user)
    with pytest.raises(Http404):
        paper_for("/trail/", world.people["outsider"])
