"""What a record's page refuses or leaves out, no other door shows: for every role, over every address.

Each record holds a word that stands nowhere else. A person may find that word exactly where the record's own page shows
it to them; then every list, CSV, history, trail, past moment, search and paper is read, and must not say more.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits.actions import keep_engagement
from controls.actions import propose_not_applicable, reword, update_status
from foundation.accounts.models import User
from foundation.jobs.models import Job
from foundation.organisation.models import Holiday
from foundation.pages.models import Import
from foundation.pages.paper import PaperRefused, cover_for, html_for, match_for, paper_for
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.everywhere.routes import address, all_routes
from tests.everywhere.world import PEOPLE, World
from tests.factories.controls import ControlFactory, link
from tests.factories.people import EngagementFactory, ExceptionFactory

COMMON = "quetzal"  # what every record holds, so that a search for it reaches all of them
LEFT_OUT = {"account_logout"}  # signs out
LISTS = (
    "/controls/", "/matrix/", "/accounts/", "/accounts/exceptions/", "/audits/", "/organisation/holidays/", "/trail/",
)  # fmt: skip
SKIPPED = ("api", "schema")  # ask for tokens: tests/api


@dataclass(frozen=True)
class Secret:
    """A word that stands in one record alone, the page that decides who may read it, and its other addresses.

    Long enough that no token of a form spells it by chance.
    """

    word: str
    page: str
    others: tuple[str, ...] = ()


@pytest.fixture
def secrets(world: World) -> list[Secret]:
    """Records of every register, inside and outside of what each role sees; each changed once after it was made."""
    people: dict[str, Any] = world.people
    compliance, owner = people["compliance"], people["owner"]
    found = []
    for ref, criterion, who in (("IN-1", "CC6.2", owner), ("OUT-1", "P1.1", people["manager"]), ("NIL-1", "", None)):
        words = {
            part: f"x{part}{ref.replace('-', '').lower()}" for part in ("name", "note", "why", "what", "rationale")
        }
        control: Any = ControlFactory(ref=ref, name=f"{COMMON} {words['name']}", owner=who)
        control = update_status(control, actor=compliance, status="in_progress", note=words["note"])
        reword(
            control, actor=compliance, who="The lead", what=words["what"], how_often="daily", on_what="all",
            effective_from=datetime.date(2026, 1, 1), reason=words["why"],
        )  # fmt: skip
        if criterion:
            link(control, criterion)
        control.refresh_from_db()
        propose_not_applicable(control, actor=compliance, reason=f"xproposal{ref.replace('-', '').lower()}")
        shown = (words["name"], words["note"], words["what"], f"xproposal{ref.replace('-', '').lower()}")
        page = control.get_absolute_url()
        found += [Secret(word, page, tabs(page)) for word in shown]
    engagement = EngagementFactory(name=f"{COMMON} xengagement", notes="xnotesoftheengagement")
    engagement.firm = "xfirmoftheengagement"
    keep_engagement(engagement, actor=compliance)
    found += [
        Secret(word, engagement.get_absolute_url(), tabs(engagement.get_absolute_url()))
        for word in ("xengagement", "xnotesoftheengagement", "xfirmoftheengagement")
    ]
    holiday = save(Holiday(day="2027-05-01", name=f"{COMMON} xnameofaholiday"), actor=SYSTEM, verb="holiday.created")
    found.append(Secret("xnameofaholiday", holiday.get_absolute_url(), tabs(holiday.get_absolute_url())))
    somebody = User.objects.get(pk=people["employee"].pk)
    somebody.title, somebody.email = f"{COMMON} xtitleofaperson", "xaddressofaperson@example.com"
    save(somebody, actor=people["admin"], verb="user.updated")
    found += [
        Secret(word, somebody.get_absolute_url(), tabs(somebody.get_absolute_url()))
        for word in ("xtitleofaperson", "xaddressofaperson")
    ]
    exception = ExceptionFactory(
        beneficiary=owner, approver=people["manager"], requested_by=compliance, reason=f"{COMMON} xreasonofanexception"
    )
    found.append(Secret("xreasonofanexception", exception.get_absolute_url(), tabs(exception.get_absolute_url())))
    job = Job.objects.create(
        title=f"{COMMON} xtitleofajob", task="tests.jobs.work.add", args={}, requested_by=compliance
    )
    found.append(Secret("xtitleofajob", job.get_absolute_url()))
    upload = Import.objects.get()
    Import.objects.filter(pk=upload.pk).update(name=f"{COMMON}-xuploadedfile.csv")
    preview, result = (reverse(f"pages:import-{step}", args=[upload.pk]) for step in ("preview", "result"))
    found.append(Secret("xuploadedfile", preview, (result, reverse("pages:import-columns", args=[upload.pk]))))
    return found


def tabs(page: str) -> tuple[str, ...]:
    return tuple(f"{page}{tab}/" for tab in ("history", "trail", "edit", "archive"))


def read(client: Client, page: str, **query: str) -> str:
    """What a page says, whatever its status, links and redirects included."""
    answer = client.get(page, query)
    return "".join([str(answer.status_code), answer.get("Location", ""), answer.getvalue().decode()])


def said_by(html: str, found: list[Secret]) -> set[str]:
    return {secret.word for secret in found if secret.word in html}


def doors(world: World, secrets: list[Secret], then: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(page, query) of everything that can be read: every address, each record's tabs, each list, now and at `then`."""
    for name in all_routes():
        if name not in LEFT_OUT and not name.startswith(SKIPPED):
            yield address(name, world), {}
    for page in {page for secret in secrets for page in (secret.page, *secret.others)}:
        for query in ({}, {"as_of": then}, {"as_of": "2020-01-01"}):
            yield page, query
    for page in LISTS:
        for query in ({"q": COMMON}, {"as_of": then}, {"q": COMMON, "show": "all", "as_of": then}):
            yield page, query
            yield f"{page}export.csv", query
    yield "/search/", {"q": COMMON}
    for pk in Entry.objects.values_list("pk", flat=True):
        yield f"/trail/{pk}/", {}


def papers(secrets: list[Secret], then: str) -> Iterator[str]:
    """The address of everything that can be printed, with its query."""
    for page in (*LISTS, "/accounts/roles/", *(secret.page for secret in secrets)):
        for query in ({}, {"as_of": then}, {"q": COMMON}):
            yield f"{page}?{urlencode(query)}"


# Reads every page dozens of times. What differs between databases shows with the owner, whose rows are found through
# the most tables; the others are asked on SQLite alone.
BY_TURNS = [pytest.param(one, marks=() if one == "owner" else pytest.mark.any_database) for one in PEOPLE]


@pytest.mark.parametrize("person", BY_TURNS)
def test_no_door_shows_what_the_page_does_not(world: World, secrets: list[Secret], person: str):
    user, client = world.people[person], Client()
    asked = timezone.now() + datetime.timedelta(days=1)
    with time_machine.travel(asked + datetime.timedelta(days=1)):
        if user:
            client.force_login(user)
        may = {secret.word for secret in secrets if secret.word in read(client, secret.page)}
        for page, query in doors(world, secrets, asked.isoformat()):
            assert said_by(read(client, page, **query), secrets) <= may, (page, query)
        for page in papers(secrets, asked.isoformat()) if user else ():
            assert said_by(printed(page, user), secrets) <= may, page
    assert bool(may) == (person not in ("anonymous", "outsider"))


def printed(page: str, user: User) -> str:
    """What the page says on paper; nothing where it cannot be printed or is refused."""
    if getattr(match_for(page).func, "paper", None) is None:
        return ""
    try:
        return html_for(paper_for(page, user), cover_for(user))
    except (Http404, PermissionDenied, PaperRefused):
        return ""


def test_the_crawl_finds_what_is_shown(world: World, secrets: list[Secret]):
    """The compliance manager is shown every word by its page, so a word that leaks would be found."""
    client = Client()
    client.force_login(world.people["compliance"])
    assert {secret.word for secret in secrets if secret.word not in read(client, secret.page)} == set()
    for page, words in {
        "/controls/": {"xnamein1", "xnameout1", "xnamenil1"},
        "/controls/export.csv": {"xnamein1", "xnameout1", "xnamenil1"},
        "/audits/": {"xengagement", "xfirmoftheengagement"},
        "/trail/export.csv": {"xnotein1", "xreasonofanexception", "xengagement", "xtitleofaperson"},
    }.items():
        assert words <= said_by(read(client, page), secrets), page
    assert "xnamein1" in printed("/controls/", world.people["compliance"])


def test_who_is_shown_which_records(world: World, secrets: list[Secret]):
    """The literal table: for each person the records whose pages show their words."""
    shown = {}
    for person in PEOPLE:
        client = Client()
        if world.people[person]:
            client.force_login(world.people[person])
        shown[person] = {secret.word for secret in secrets if secret.word in read(client, secret.page)}
    every = {secret.word for secret in secrets}
    controls = {word for word in every if word.endswith(("in1", "out1", "nil1"))}
    inside = {word for word in controls if word.endswith("in1")}
    engagement = {"xengagement", "xnotesoftheengagement", "xfirmoftheengagement"}
    account = {"xtitleofaperson", "xaddressofaperson"}
    assert shown == {
        "anonymous": set(),
        "outsider": set(),
        "employee": account,
        "auditor": inside | {"xreasonofanexception"},
        "owner": controls | {"xreasonofanexception"},
        "manager": controls | {"xreasonofanexception"},
        "compliance": every,
        "admin": controls | {"xnameofaholiday", "xreasonofanexception"} | account,
    }
    assert engagement < every
