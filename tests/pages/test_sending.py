"""A form is carried out once: the second press of a button, and the way back, are told so and change nothing."""

from functools import partial
from typing import Any

import pytest
from django import forms
from django.db import connection
from django.test import Client, RequestFactory

from evidence.models import Population
from foundation.pages.sending import AGAIN, for_the_first_time
from foundation.trail.models import Entry
from incidents.models import Incident, TimelineEntry
from risks.models import Risk
from tests.at_once import at_once
from tests.everywhere.routes import address as address_of
from tests.everywhere.test_entries import POSTS, offered
from tests.everywhere.world import World
from tests.factories.people import UserFactory

RISK = {"title": "Backups are never restored", "category": "people", "source": "person", "identified_on": "2026-01-01"}


def drawn(client: Client, address: str) -> dict[str, Any]:
    """What the page's form would send, with the mark that stands in it."""
    page = client.get(address)
    text = page.content.decode()
    mark = text.split('name="sending" value="')[1].split('"')[0]
    return {name: value for name, value in offered(page).items() if value not in (None, "", False)} | {"sending": mark}


def errors(response: Any) -> list[str]:
    return list(response.context["form"].non_field_errors())


def test_an_incident_is_declared_once(world: World):
    client = Client()
    client.force_login(world.people["employee"])
    said = drawn(client, "/incidents/declare/") | {"title": "Odd sign-ins", "severity": "2"}
    before = Incident.objects.count()
    assert client.post("/incidents/declare/", said).status_code == 302
    again = client.post("/incidents/declare/", said)
    assert (again.status_code, errors(again)) == (422, [AGAIN])
    assert Incident.objects.count() == before + 1
    # gone back to, the page carries a new mark; the title tells that it is the same
    mark = again.content.decode().split('name="sending" value="')[1].split('"')[0]
    back = client.post("/incidents/declare/", said | {"sending": mark})
    assert (back.status_code, list(back.context["form"].errors)) == (422, ["title"])
    assert Incident.objects.count() == before + 1
    assert client.post("/incidents/declare/", said | {"sending": mark + "x", "title": "More of it"}).status_code == 302
    assert Incident.objects.count() == before + 2


def test_a_record_is_made_once(world: World):
    client = Client()
    client.force_login(world.people["compliance"])
    said = drawn(client, "/risks/new/") | RISK
    before = Risk.objects.count(), Entry.objects.count()
    first = client.post("/risks/new/", said)
    assert first.status_code == 302, first.context["form"].errors
    left = Entry.objects.count()
    again = client.post("/risks/new/", said)
    assert (again.status_code, errors(again), again.context["form"]["title"].value()) == (422, [AGAIN], RISK["title"])
    assert (Risk.objects.count(), Entry.objects.count()) == (before[0] + 1, left)


def test_a_population_is_frozen_once(world: World):
    client = Client()
    client.force_login(world.people["owner"])
    address = address_of("population-freeze", world)
    said = drawn(client, address) | next(filled for _, route, filled, _ in POSTS if route == "population-freeze")
    before = Population.objects.count()
    first = client.post(address, said)
    assert first.status_code == 302, first.context["form"].errors
    again = client.post(address, said)
    assert (again.status_code, errors(again)) == (422, [AGAIN])
    assert Population.objects.count() == before + 1


def test_a_verb_that_only_adds_is_done_once_and_a_refused_form_can_be_sent_again(world: World):
    client = Client()
    client.force_login(world.people["owner"])
    address = address_of("incidents:incident-add-entry", world)
    said = drawn(client, address)
    empty = client.post(address, said | {"text": ""})
    assert (empty.status_code, errors(empty)) == (422, [])
    before = TimelineEntry.objects.count()
    assert client.post(address, said | {"text": "Called the vendor."}).status_code == 302
    assert errors(client.post(address, said | {"text": "Called the vendor."})) == [AGAIN]
    assert TimelineEntry.objects.count() == before + 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time")
def test_of_two_sent_in_the_same_instant_one_is_the_first():
    user = UserFactory()
    requests = [RequestFactory().post("/", {"sending": "the same"}) for _ in range(4)]
    for request in requests:
        request.user = user
    firsts = at_once(*(partial(for_the_first_time, request, bound()) for request in requests))
    assert sorted(firsts) == [False, False, False, True]


def bound() -> forms.Form:
    form = forms.Form({})
    assert form.is_valid()
    return form


def test_a_mark_is_each_persons_own_and_may_be_anything(world: World):
    said = {"title": "Odd sign-ins", "severity": "2", "source": "person", "sending": "\0" + "𝕏" * 300}
    for name in ("employee", "owner"):
        client = Client()
        client.force_login(world.people[name])
        first, second = (client.post("/incidents/declare/", said) for _ in range(2))
        assert first.status_code == 302, first.context["form"].errors
        assert (second.status_code, errors(second)) == (422, [AGAIN])
