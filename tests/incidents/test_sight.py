"""Who sees an incident: whose own it is, and of a restricted one its people and compliance managers alone."""

import datetime
from typing import Any

import pytest
from django.http import Http404
from django.utils import timezone

from foundation.accounts.access import allowed, can, get_allowed, seen_entries, visible
from foundation.accounts.models import User
from foundation.trail.asof import rows
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from foundation.trail.steps import untie
from incidents import facts, timeline
from incidents.command import responds
from incidents.models import Clock, CustodyItem, EntryKind, Incident, IncidentPerson, Part, TimelineEntry
from tests.factories.incidents import a_clock, a_thing, an_incident, named
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def restrict(incident: Incident) -> Incident:
    incident.restricted = True
    return save(incident, actor=SYSTEM, verb="incident.restricted", reason="A person is concerned.")


def test_whose_own_it_is(owner: User, colleague: User, admin: User, compliance: User, employee: User):
    reported, led, helped = an_incident(reporter=employee), an_incident(commander=owner), an_incident()
    named(helped, colleague)
    everything = {reported.pk, led.pk, helped.pk}
    for user, expected in (
        (employee, {reported.pk}),
        (owner, {led.pk}),
        (colleague, {helped.pk}),
        (admin, everything),
        (compliance, everything),
        (UserFactory(), set()),
    ):
        assert set(visible(user, Incident).values_list("pk", flat=True)) == expected, user
    untie(IncidentPerson.objects.get(), actor=SYSTEM, reason="Done.")
    assert not can(colleague, "view", helped)


def test_a_restricted_one_is_closed_with_all_its_parts(
    owner: User, colleague: User, admin: User, compliance: User, employee: User, manager: User
):
    incident = an_incident(commander=owner, reporter=employee)
    named(incident, manager)
    entry = timeline.add(incident, EntryKind.NOTE, "Whose account it was.", actor=owner)
    thing, clock = a_thing(incident, owner), a_clock(incident)
    before = timezone.now()
    restrict(incident)
    parts: list[tuple[Any, int]] = [
        (Incident, incident.pk), (TimelineEntry, entry.pk), (CustodyItem, thing.pk), (Clock, clock.pk),
    ]  # fmt: skip
    for user, sees in ((owner, True), (manager, True), (compliance, True), (admin, False), (employee, False)):
        for model, pk in parts:
            assert visible(user, model).filter(pk=pk).exists() is sees, (user, model)
            # nor by asking for the time before it was restricted
            then = visible(user, rows(model, before), before).filter(id=pk)
            assert then.exists() is sees, (user, model)
        about = Entry.objects.filter(seen_entries(user), object_type="incidents.incident", object_id=str(incident.pk))
        assert about.exists() is sees, user
    for user, sees in ((compliance, True), (admin, False)):  # who read the whole trail
        told = visible(user, Entry).filter(object_type="incidents.incident", object_id=str(incident.pk))
        assert told.exists() is sees, user
    hidden = Entry.objects.get(object_type="incidents.incident", verb="incident.restricted")
    assert not can(admin, "view", hidden)
    assert visible(admin, Entry).exists()
    with pytest.raises(Http404):
        get_allowed(admin, "view", Incident, incident.pk)
    # whoever is taken off sees nothing of it any more, its past included
    untie(IncidentPerson.objects.get(user=manager), actor=SYSTEM, reason="Done.")
    assert not visible(manager, rows(Incident, before), before).exists()


def test_an_auditor_reads_the_facts_of_record_and_nothing_else(auditor: User, owner: User, admin: User):
    restricted = restrict(
        an_incident(commander=owner, title="Named person", detected_at=timezone.now() - datetime.timedelta(hours=3))
    )
    shown = an_incident(severity=3)
    assert list(visible(auditor, Incident).values_list("pk", flat=True)) == [shown.pk]
    assert not can(auditor, "view", restricted)
    [fact] = facts.restricted_facts(auditor)
    assert fact["ref"] == restricted.ref
    assert (fact["severity"], fact["state"], fact["declared_at"]) == (2, "declared", restricted.declared_at)
    assert not {"title", "summary", "impact", "commander"} & set(fact)
    texts = [value for key, value in fact.items() if isinstance(value, str) and key not in ("ref", "state")]
    assert texts == []
    assert facts.restricted_facts(admin) == facts.restricted_facts(owner) == []
    assert not allowed(auditor, "view_facts", Clock).exists()


def test_having_reported_it_is_not_to_respond(compliance: User, owner: User, colleague: User, employee: User):
    incident = an_incident(reporter=employee, commander=owner)
    named(incident, colleague)
    assert [responds(user, incident) for user in (compliance, owner, colleague, employee)] == [True, True, True, False]
    named(incident, employee, Part.OBSERVER)
    assert not responds(employee, incident)
