"""What the list of incidents says of what it does not show, and in which words each person reads it."""

from string import Formatter
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from foundation.accounts.models import User
from foundation.pages.act import VerbPage
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from incidents import facts
from incidents.models import Incident
from incidents.views import IncidentPages
from tests.factories.incidents import HOUR, an_event, an_incident

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def listed(user: User, **query: Any) -> str:
    return signed_in(user).get(reverse("incidents:incident-list"), query).content.decode()


def restricted(**values: Any) -> Incident:
    incident = an_incident(**values)
    incident.restricted = True
    return save(incident, actor=SYSTEM, verb="incident.restricted", reason="A person is concerned.")


def test_an_auditor_is_told_what_the_list_leaves_out_whatever_its_filters(
    auditor: User, compliance: User, admin: User, owner: User
):
    an_incident(severity=3, title="Shown")
    restricted(severity=2, title="Xanthippe's mailbox")
    restricted(severity=2, title="Another")
    restricted(severity=3, title="A third")
    link = reverse("incidents:restricted")
    for query in ({}, {"severity": "1"}, {"q": "nothing like it"}):
        shown = listed(auditor, **query)
        assert "3 restricted are not in this list (2 SEV2, 1 SEV3)." in shown, query
        assert f'href="{link}' in shown
        assert "Xanthippe" not in shown
    assert signed_in(auditor).get(link).status_code == 200
    for user in (compliance, admin, owner):  # who sees them, and who may not know of them
        assert "not in this list" not in listed(user), user
    assert f'href="{link}' in listed(compliance)
    assert link not in listed(admin)
    paper = IncidentPages.list_paper(auditor, QueryDict(""), None)
    assert "3 restricted are not in this list (2 SEV2, 1 SEV3)." in paper.scope


def test_nothing_is_said_where_none_is_restricted_or_was_on_record_then(auditor: User, compliance: User):
    an_incident()
    assert facts.unshown(auditor) == ""
    before = timezone.now()
    restricted()
    assert facts.unshown(auditor).startswith("1 restricted is")
    assert facts.unshown(auditor, before) == ""
    assert facts.unshown(compliance) == facts.unshown(compliance, timezone.now()) == ""


def all_pages() -> set[Any]:
    """The classes of pages behind all addresses."""
    found: set[Any] = set()

    def walk(patterns: Any) -> None:
        for one in patterns:
            if hasattr(one, "url_patterns"):
                walk(one.url_patterns)
            elif pages := getattr(one.callback, "pages", None):
                found.add(pages)

    walk(get_resolver().url_patterns)
    return found


def test_what_a_verb_says_afterwards_never_names_a_method():
    """`{0.get_severity_display}` would be said as a method of Python."""
    verbs: list[tuple[Any, VerbPage]] = [(pages, verb) for pages in all_pages() for verb in getattr(pages, "verbs", ())]
    assert len(verbs) > 100
    for pages, verb in verbs:
        if isinstance(verb.done, str):
            for _, name, _, _ in Formatter().parse(verb.done):
                path = (name or "").split(".")[1:2]
                assert not any(callable(getattr(pages.model, part, None)) for part in path), (pages, verb.done)


def test_a_set_severity_is_said_in_words(compliance: User):
    incident = an_incident(severity=2)
    url = reverse("incidents:incident-set-severity", args=[incident.pk])
    said = {"version": incident.version, "severity": 3, "reason": "Less than it looked."}
    shown = signed_in(compliance).post(url, said, follow=True).content.decode()
    assert f"{incident.ref} is SEV3 now." in shown
    assert "functools" not in shown


def test_times_before_it_was_written_down_here(compliance: User):
    """Contained at night, declared in the tool in the morning: the true times can be said (and the database holds)."""
    now = timezone.now()
    incident = an_event(occurred_at=now - 9 * HOUR, detected_at=now - 8 * HOUR)
    client = signed_in(compliance)

    def act(verb: str, **said: Any) -> int:
        incident.refresh_from_db()
        url = reverse(f"incidents:incident-{verb}", args=[incident.pk])
        return client.post(url, {"version": incident.version, **said}).status_code

    def wall(hours: float) -> str:
        return timezone.localtime(now - hours * HOUR).strftime("%Y-%m-%dT%H:%M:%S")

    assert act("declare", severity=3, reason="It is one.") == 302
    assert act("contain", note="Cut off.", happened_at=wall(8.5)) == 422  # before it was noticed
    assert act("contain", note="Cut off.", happened_at=wall(7)) == 302
    assert act("eradicate", note="Gone.", happened_at=wall(7.5)) == 422  # before it was contained
    assert act("eradicate", note="Gone.", happened_at=wall(6)) == 302
    assert act("recover", note="Well.", happened_at=wall(5)) == 302
    incident.refresh_from_db()
    assert incident.contained_at < incident.recovered_at < incident.reported_at < incident.declared_at
    assert act("close", note="Done.", happened_at=wall(4)) == 422  # nothing is closed before it was declared
    assert act("close", note="Done.") == 302
