"""The same rows through every door: a person gets from the CSV, the paper and the search what the list shows."""

import csv
import io
import re
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import get_resolver

from audits.actions import end_access
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.listing import Listing
from foundation.pages.pages import Pages
from foundation.trail.changes import words
from foundation.trail.models import Entry
from tests.everywhere.routes import patterns
from tests.everywhere.world import PEOPLE, World
from tests.factories.controls import ControlFactory, link
from tests.factories.tokens import caller


def registers() -> list[type[Pages]]:
    """Every Pages class that has a list."""
    found = {getattr(one.callback, "pages", None): None for name, one in patterns() if not name.startswith("api:")}
    return [pages for pages in found if pages and issubclass(pages, Pages) and "list" not in pages.left_out]


@pytest.fixture
def mixed(world: World) -> World:
    """Controls inside and outside the auditor's categories, owned and not, one archived."""
    link(ControlFactory(ref="PRV-01", name="Privacy notice"), "P1.1")
    link(ControlFactory(ref="IAM-02", name="Leavers", owner=world.people["manager"]), "CC6.2")
    ControlFactory(ref="GOV-09", name="Linked to nothing")
    return world


def test_there_are_registers():
    assert {pages.name() for pages in registers()} >= {"control", "engagement", "user", "holiday"}


@pytest.mark.parametrize("person", [name for name in PEOPLE if name != "anonymous"])
def test_csv_and_paper_hold_the_rows_of_the_list(mixed: World, person: str):
    user = mixed.people[person]
    client = Client()
    client.force_login(user)
    for pages in registers():
        shown = client.get(pages.url("list"))
        sheet = client.get(pages.url("csv"))
        assert shown.status_code == sheet.status_code, pages
        if shown.status_code != 200:
            continue
        header, *rows = csv.reader(io.StringIO(sheet.getvalue().decode("utf-8-sig")))
        shows = [header.index(column.label) for column in shown.context["listing"].columns]  # the CSV may hold more
        listed = [[text for text, *_ in row.cells] for row in shown.context["table"]]
        columns = shown.context["listing"].columns
        data = [
            [exported(column, one, *cell[:2]) for column, cell in zip(columns, row.cells, strict=True)]
            for one, row in zip(shown.context["page"].object_list, shown.context["table"], strict=True)
        ]
        assert [[SECONDS.sub("", row[place].lstrip("'")) for place in shows] for row in rows] == data
        paper = pages.list_paper(user, QueryDict(), None)
        assert [[cell.text for cell in cells] for cells in paper.context["table"]()] == listed


SECONDS = re.compile(r"(?<=T\d\d:\d\d):\d\d(?=\+00:00\Z)")  # which the CSV tells of a moment, and the list does not


def exported(column: Column, row: Any, text: str, look: str) -> str:
    """What the CSV holds where the page shows this cell: what the column has for machines (a score without its band),
    nothing for a gap, ISO for a moment."""
    if column.data:
        return words(column.export(row)).lstrip("'")
    moment = text.replace(" UTC", "+00:00").replace(" ", "T") if look == "moment" else text
    return "" if "missing" in look.split() else moment.lstrip("'")


def test_search_finds_what_the_list_shows_and_nothing_else(mixed: World):
    for person in PEOPLE[1:]:
        client = Client()
        client.force_login(mixed.people[person])
        answer = client.get("/controls/")
        listed = {row.name.split()[0] for row in answer.context["table"]} if answer.status_code == 200 else set()
        found = {
            hit.ref
            for words in ("IAM", "PRV", "GOV")
            for hit in client.get("/search/", {"q": words}).context["hits"]
            if hit.register == "Controls"
        }
        assert found == listed, person


@pytest.mark.parametrize("person", PEOPLE[1:])
@pytest.mark.parametrize("query", ["", "show=all", "as_of=2020-01-01", "category=privacy"])
def test_the_api_holds_the_rows_of_the_list(mixed: World, person: str, query: str):
    """In a browser's session; and by a token, for whoever may have one."""
    user = mixed.people[person]
    page = Client()
    page.force_login(user)
    doors = [page] if person in ("outsider", "auditor") else [page, caller(user).client]
    for list_page, endpoint in (("/controls/", "controls"), ("/audits/", "engagements")):
        if endpoint == "engagements" and "category" in query:
            continue
        shown = page.get(f"{list_page}?{query}")
        for door in doors:
            told = door.get(f"/api/v1/{endpoint}/?{query}")
            assert told.status_code == {422: 400}.get(shown.status_code, shown.status_code)
            if shown.status_code == 200:
                assert [row["id"] for row in told.json()["results"]] == [int(row.pk) for row in shown.context["table"]]


def test_the_auditor_reads_by_the_api_within_his_categories_and_period(mixed: World, auditor: User):
    browser = Client()
    browser.force_login(auditor)
    assert {row["code"][:2] for row in browser.get("/api/v1/criteria/?page_size=200").json()["results"]} == {
        "CC", "A1",
    }  # fmt: skip
    links = browser.get("/api/v1/mappings/").json()["results"]
    assert {row["control_ref"] for row in links} == {"IAM-01", "IAM-02"}
    rows = browser.get("/api/v1/matrix/?page_size=200").json()["results"]
    assert {row["control"]["ref"] for row in rows if row["control"]} == {"IAM-01", "IAM-02"}
    other = mixed.people["compliance"]
    assert Entry.objects.filter(verb="page.read", actor_id=auditor.pk, via="api").count() == 3
    end_access(auditor.windows.get(), actor=other, reason="Fieldwork is over.")
    assert browser.get("/api/v1/controls/").status_code in (302, 403, 404)


def test_the_auditor_sees_his_categories_only(mixed: World):
    listing = Listing(next(p for p in registers() if p.name() == "control"), mixed.people["auditor"], QueryDict())
    assert {control.ref for control in listing.rows} == {"IAM-01", "IAM-02"}


def test_no_route_takes_a_model_that_the_permission_table_lacks():
    from foundation.accounts.table import TABLE

    assert {pages.model._meta.label_lower for pages in registers()} <= set(TABLE)


def test_every_address_is_plain():
    """A name typed into an address must not be able to hide from the table: no catch-all patterns."""
    assert not [one for one in get_resolver().url_patterns if re.search(r"\.\*\)?\$?$", str(one.pattern))]


def test_chosen_columns_are_those_of_list_csv_and_paper(mixed: World):
    client = Client()
    client.force_login(mixed.people["compliance"])
    seen = [pages for pages in registers() if client.get(pages.url("list")).status_code == 200]
    assert len(seen) > len(registers()) // 2
    for pages in seen:
        wanted = next(column for column in pages.columns if column.kind not in ("ref", "title"))
        query = f"column={wanted.name}&column=forged"
        shown = [column.label for column in client.get(f"{pages.url('list')}?{query}").context["listing"].columns]
        sheet = client.get(f"{pages.url('csv')}?{query}").getvalue().decode("utf-8-sig").splitlines()[0]
        paper = pages.list_paper(mixed.people["compliance"], QueryDict(query), None)
        assert wanted.label in shown
        assert len(shown) <= len(pages.columns)
        assert sheet == ",".join(shown)
        assert [column.label for column in paper.context["columns"]] == shown
