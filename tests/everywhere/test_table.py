"""Who gets which answer at which address: one literal table over every route, every role, reading and writing.

A route that is missing from the table fails. 302 for anonymous is the way to sign in; 404 is unseen, 403 seen but not
allowed, 405 a method that the page does not have, 422 an empty form refused. Nothing else is an answer.
"""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from foundation.accounts.middleware import AUDITOR_ROUTES, OWN_ROUTES
from foundation.accounts.models import User
from foundation.trail.models import Entry
from tests.everywhere.routes import address, all_routes, kinds, patterns
from tests.everywhere.table import NO_PATCH, PATCHES, READS, WRITES
from tests.everywhere.world import PEOPLE, World


def by_turns(*both: str) -> list[Any]:
    """Everybody, by turns; on PostgreSQL only these, for whom most is asked of the database."""
    return [pytest.param(one, marks=() if one in both else pytest.mark.any_database) for one in PEOPLE]


SOME = ("anonymous", "auditor", "compliance")
API = {name for name, pattern in patterns() if hasattr(pattern.callback, "cls")}  # whose views know more methods


def test_every_route_stands_in_the_table():
    routes = all_routes()
    assert len(routes) == len(set(routes))
    assert READS.keys() ^ set(routes) == set()
    assert WRITES.keys() ^ set(routes) == set()


@pytest.mark.parametrize("person", by_turns("owner", "auditor"))
def test_reading_gives_each_role_its_answer(world: World, person: str):
    assert differing(answers(world, "get", READS, [person]), told(READS, person)) == {}


@pytest.mark.parametrize("person", by_turns("compliance"))
def test_writing_an_empty_form_gives_each_role_its_answer(world: World, person: str):
    assert differing(answers(world, "post", WRITES, [person]), told(WRITES, person)) == {}


@pytest.mark.any_database
def test_head_answers_as_get_does(world: World):
    """Asked for some: who the person is was decided when the page was read (above), before its method was looked at."""
    some = {name: " ".join(told(READS, person)[name] for person in SOME) for name in kinds(READS)}
    assert differing(answers(world, "head", some, SOME), some) == {}


@pytest.mark.any_database
@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_pages_know_no_other_method(world: World, method: str):
    """405 for whoever is let in at all; nothing is written, whatever the page forgot. The API answers for itself.

    Asked of each kind of view: which methods it knows stands in its code, whatever register it shows.
    """
    pages = kinds(name for name in READS if name not in API)
    found = {name: codes.split() for name, codes in answers(world, method, pages, SOME).items()}
    assert {name: codes for name, codes in found.items() if codes[0] not in ("302", "405")} == {}
    auditor = SOME.index("auditor")  # every unsafe method is refused to him first, but for his own account's pages
    free = READS.keys() if method == "options" else OWN_ROUTES | AUDITOR_ROUTES
    refused = {name for name, codes in found.items() if codes.pop(auditor) == "403"}
    assert refused == found.keys() - set(free)
    assert {name: codes for name, codes in found.items() if set(codes[1:]) != {"405"}} == {}


@pytest.mark.parametrize("person", by_turns("compliance"))
def test_patching_gives_each_role_its_answer(world: World, person: str):
    table = {name: PATCHES.get(name, NO_PATCH) for name in READS if name.startswith("api:")}
    assert differing(answers(world, "patch", table, [person]), told(table, person)) == {}


def told(table: dict[str, str], person: str) -> dict[str, str]:
    """This person's column of a table."""
    return {name: codes.split()[PEOPLE.index(person)] for name, codes in table.items()}


def differing(found: dict[str, str], table: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Where the answers are not what the table says, with both: two whole tables take pytest minutes to compare."""
    return {name: (codes, table[name]) for name, codes in found.items() if codes != table[name]}


def answers(world: World, method: str, routes: Iterable[str], people: Sequence[str]) -> dict[str, str]:
    """What each person was answered at each address, each in a transaction that is rolled back."""
    clients = {person: signed_in(world.people[person]) for person in people}
    cookies = {person: {key: morsel.value for key, morsel in clients[person].cookies.items()} for person in people}
    found = {}
    for name in routes:
        codes = []
        for person, client in clients.items():
            client.cookies = SimpleCookie(cookies[person])
            with transaction.atomic():
                codes.append(answer(world, method, name, person, client))
                transaction.set_rollback(True)
        found[name] = " ".join(codes)
    return found


def signed_in(user: User | None) -> Client:
    """Somebody's client, made and signed in once for all addresses: that takes longer than most answers do."""
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
    return client


def answer(world: World, method: str, name: str, person: str, client: Client) -> str:
    """One answer; a refusal of somebody signed in must leave exactly one entry, which says so."""
    user = world.people[person]
    before = Entry.objects.count()
    writes = name.startswith("api:") and method not in ("get", "head")
    sends = {"content_type": "application/json", "data": "{}"} if writes else {}
    response = getattr(client, method)(address(name, world), **sends)
    if response.streaming:
        response.getvalue()  # the client then closes it; closing it here would close the connection on PostgreSQL
    left = list(Entry.objects.order_by("id")[before:].values_list("verb", "outcome", "actor_id"))
    if response.status_code == HTTPStatus.FORBIDDEN:
        assert left == [("access.refused", "refused", user.pk if user else None)], (name, person)
    elif method not in ("get", "head") and response.status_code >= HTTPStatus.BAD_REQUEST:
        assert left == [], (name, person)
    return str(response.status_code)
