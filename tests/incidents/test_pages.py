"""Incidents on their pages and in the API: declaring at night, the timeline, and what a restricted one never leaks."""

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.actions import found
from foundation.pages.search import find
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from grc.wiring import SEARCH
from incidents import actions, linking, timeline
from incidents.models import EntryKind, Incident, TimelineEntry
from tests.factories.controls import ControlFactory
from tests.factories.incidents import HOUR, a_clock, an_event, an_incident, named
from tests.factories.tokens import caller

pytestmark = pytest.mark.django_db
SECRET = "Xanthippe's mailbox"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def page(user: User, name: str, *args: Any, **query: Any) -> Any:
    return signed_in(user).get(reverse(f"incidents:{name}", args=args), query)


def post(user: User, name: str, target: Any, /, **said: Any) -> int:
    target.refresh_from_db()
    url = reverse(f"incidents:{name}", args=[target.pk])
    return signed_in(user).post(url, {"version": target.version, **said}).status_code


def test_an_incident_is_declared_with_a_title_and_a_severity(employee: User, auditor: User):
    assert page(employee, "declare").status_code == 200
    client = signed_in(employee)
    empty = client.post(reverse("incidents:declare"), {"title": "", "source": "person"})
    assert empty.status_code == 422
    assert not Incident.objects.exists()
    wrong = client.post(reverse("incidents:declare"), {"title": "Down", "source": "person", "severity": "9"})
    assert wrong.status_code == 422
    done = client.post(reverse("incidents:declare"), {"title": "Down", "source": "person", "severity": "1"})
    incident = Incident.objects.get()
    assert done.status_code == 302
    assert done["Location"] == incident.get_absolute_url()
    assert (incident.state, incident.commander, incident.reporter) == ("declared", employee, employee)
    shown = client.get(incident.get_absolute_url()).content.decode()
    assert "Declared as SEV1" in shown
    assert page(auditor, "declare").status_code == 403


def test_a_report_by_page_and_by_api_is_the_same(employee: User, compliance: User):
    form = {"title": "Odd mail", "source": "customer", "source_note": "Maple", "summary": "It asked for a password."}
    assert signed_in(employee).post(reverse("incidents:incident-create"), form).status_code == 302
    call = caller(compliance)
    made = call.post("/api/v1/incidents/", form)
    assert made.status_code == 201, made.content
    first, second = Incident.objects.order_by("id")
    for name in ("title", "source", "source_note", "summary", "state", "restricted"):
        assert getattr(first, name) == getattr(second, name)
    body = made.json()
    assert (body["ref"], body["kind"], body["clock_late"]) == (second.ref, "Event", False)
    future = form | {"occurred_at": "2999-01-01T00:00"}
    assert call.post("/api/v1/incidents/", future).status_code == 400
    assert signed_in(employee).post(reverse("incidents:incident-create"), future).status_code == 422


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_moment_at_the_edge_of_time_is_refused_by_page_and_by_api(compliance: User, zone: str):
    found(name="One Ltd", actor=SYSTEM, time_zone=zone)
    call = caller(compliance)
    for moment in ("0001-01-01", "0001-01-01T00:00", "9999-12-31T23:59"):
        form = {"title": "Odd mail", "source": "customer", "occurred_at": moment}
        assert call.post("/api/v1/incidents/", form).status_code == 400
        assert signed_in(compliance).post(reverse("incidents:incident-create"), form).status_code == 422


def test_a_change_by_api_passes_nothing_over_in_silence(compliance: User):
    """Whoever says of a report that is there that it is sensitive learns that this restricts nothing."""
    event, call = an_event(), caller(compliance)
    answer = call.patch(f"/api/v1/incidents/{event.pk}/", {"title": "Odd mail", "sensitive": True}, event.version)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["sensitive"])
    event.refresh_from_db()
    assert (event.title == "Odd mail", event.restricted) == (False, False)


def test_the_verbs_by_api(compliance: User):
    event = an_event()
    call = caller(compliance)
    url = f"/api/v1/incidents/{event.pk}/"
    declared = call.post(f"{url}declare/", {"severity": "2", "reason": "It is one."}, 1)
    assert declared.status_code == 200, declared.content
    assert declared.json()["state"] == "declared"
    stale = call.post(f"{url}contain/", {"note": "Cut off."}, 1)
    assert stale.status_code == 412
    moved = call.post(f"{url}contain/", {"note": "Cut off."}, 2)
    assert moved.json()["state"] == "contained"
    noted = call.post(f"{url}timeline/", {"kind": "note", "text": "From the pager."}, 3)
    assert noted.status_code in (200, 201), noted.content
    assert TimelineEntry.objects.filter(text="From the pager.").exists()


def test_every_verb_of_the_page_by_those_who_may(owner: User, employee: User, compliance: User, manager: User):
    incident = an_incident(commander=owner, reporter=employee)
    note = {"note": "Done."}
    assert post(employee, "incident-contain", incident, **note) == 403
    assert post(manager, "incident-contain", incident, **note) == 404
    assert post(owner, "incident-contain", incident, note="") == 422
    for verb, said in (
        ("set-severity", {"severity": 3, "reason": "Less."}),
        ("contain", note),
        ("eradicate", note),
        ("recover", note),
        ("record-impact", {"data_classes": ["personal"], "people_affected": 3}),
        ("name-person", {"user": manager.pk, "part": "legal"}),
        ("add-entry", {"kind": "note", "text": "We slept."}),
        ("assign-commander", {"commander": manager.pk, "reason": "Day shift."}),
    ):
        assert post(owner, f"incident-{verb}", incident, **said) == 302, verb
    for verb, said in (("close", note), ("reopen", {"reason": "Again."}), ("restrict", {"reason": "A person."})):
        assert post(manager, f"incident-{verb}", incident, **said) == 302, verb
    assert post(manager, "incident-unrestrict", incident, reason="x") == 403
    assert post(compliance, "incident-unrestrict", incident, reason="Settled.") == 302
    event = an_event()
    assert post(compliance, "incident-dismiss", event, reason="Nothing.") == 302
    kinds = set(TimelineEntry.objects.filter(incident=incident).values_list("kind", flat=True))
    assert kinds == {"status", "severity", "change", "person", "note"}


def test_whoever_only_reads_is_offered_no_form_to_change_it(owner: User, employee: User, colleague: User):
    incident = an_incident(commander=owner, reporter=employee)
    named(incident, colleague, "observer")
    edit = reverse("incidents:incident-edit", args=[incident.pk])
    for user, status in ((owner, 200), (employee, 200), (colleague, 403)):
        assert signed_in(user).get(edit).status_code == status, user
        offered = edit in page(user, "incident-detail", incident.pk).content.decode()
        assert offered == (status == 200), user


def test_files_of_a_timeline_come_as_they_went(owner: User, compliance: User, admin: User, colleague: User):
    incident = an_incident(commander=owner)
    file = SimpleUploadedFile("gateway.log", b"line one\nline two\n", content_type="text/plain")
    assert post(owner, "incident-attach-file", incident, file=file, text="The gateway's log.") == 302
    entry = TimelineEntry.objects.get(kind="file")
    assert (entry.name, entry.size, len(entry.sha256)) == ("gateway.log", 18, 64)
    url = reverse("incidents:timelineentry-file", args=[entry.pk])
    assert b"".join(signed_in(admin).get(url).streaming_content) == b"line one\nline two\n"
    assert signed_in(colleague).get(url).status_code == 404
    incident.refresh_from_db()
    actions.restrict(incident, actor=compliance, reason="A person.")
    assert signed_in(admin).get(url).status_code == 404
    note = timeline.add(incident, EntryKind.NOTE, "No file.", actor=owner)
    assert signed_in(owner).get(reverse("incidents:timelineentry-file", args=[note.pk])).status_code == 404


def test_an_entry_has_both_times_and_its_correction_beside_it(owner: User):
    incident = an_incident(commander=owner)
    entry = actions.add_entry(
        incident, actor=owner, kind="note", text="<b>Odd</b>", happened_at=timezone.now() - 3 * HOUR
    )
    assert post(owner, "timelineentry-correct", entry, text="Not odd.") == 302
    shown = page(owner, "incident-timeline", incident.pk).content.decode()
    assert entry.happened_at.strftime("%Y-%m-%d %H:%M:%S UTC") in shown
    assert "&lt;b&gt;Odd&lt;/b&gt;" in shown
    assert "Corrected by" in shown
    assert "written" in shown
    assert post(owner, "timelineentry-correct", entry, text="Again.") == 422


def test_the_timeline_by_api_in_its_order_page_by_page_and_as_it_was(owner: User, admin: User, colleague: User):
    actions.set_severity(an_incident(commander=owner), actor=owner, severity=3, reason="As we know now.")
    incident = an_incident(commander=owner)
    assert incident.history.get().pk != incident.pk  # a past moment goes by the number of the record
    late = timeline.add(incident, EntryKind.NOTE, "Noticed late.", actor=owner)
    early = timeline.add(incident, EntryKind.NOTE, "Began.", actor=owner, happened_at=timezone.now() - HOUR)
    before = early.history.get().history_date  # by the trail's own clock
    file = SimpleUploadedFile("gw.log", b"line")
    shown = actions.attach_file(fresh(incident), actor=owner, file=file, text="The log.")
    url = f"/api/v1/incidents/{incident.pk}/entries/"
    first = caller(owner).get(f"{url}?page_size=2").json()
    assert (first["count"], [one["id"] for one in first["results"]]) == (3, [early.pk, late.pk])
    assert (first["results"][0]["text"], first["results"][0]["by"]["id"]) == ("Began.", owner.pk)
    assert first["results"][0]["file"] == ""
    [last] = caller(owner).get(first["next"]).json()["results"]
    assert (last["id"], last["file"]) == (shown.pk, reverse("incidents:timelineentry-file", args=[shown.pk]))
    assert caller(owner).get(url, as_of=before.isoformat()).json()["count"] == 2
    assert caller(admin).get(url).json()["count"] == 3
    assert caller(colleague).get(url).status_code == 404
    actions.restrict(fresh(incident), actor=owner, reason="A person is concerned.")
    for query in ({}, {"as_of": before.isoformat()}):  # closed to whoever is not named in it, its past included
        assert caller(admin).get(url, **query).status_code == 404
    assert caller(owner).get(url).json()["count"] == 4


def test_a_timeline_takes_no_change_by_page_or_api(owner: User, compliance: User):
    incident = an_incident(commander=owner)
    entry = timeline.add(incident, EntryKind.NOTE, "As it was.", actor=owner)
    call = caller(compliance)
    for method in ("put", "patch", "delete"):
        for url in (f"/incidents/timeline/{entry.pk}/", f"/incidents/{incident.pk}/timeline/"):
            assert getattr(signed_in(compliance), method)(url).status_code in (404, 405), (method, url)
        api = f"/api/v1/incidents/{incident.pk}/timeline/"
        assert getattr(call.client, method)(api, {"text": "x"}, "application/json").status_code == 405
    entry.refresh_from_db()
    assert entry.text == "As it was."


def test_the_list_narrows(owner: User, compliance: User):
    event, open_one = an_event(title="Mail"), an_incident(severity=1, commander=owner, title="Leak")
    late = an_incident(severity=3, title="Late clock")
    a_clock(late, due_at=timezone.now() - HOUR)
    due = an_incident(severity=2, title="Due", review_due_on="2026-01-02")
    closed = an_incident(severity=4, state="closed", closed_at=timezone.now(), closed_by=compliance)
    for query, expected in (
        ({"kind": "event"}, {event}),
        ({"kind": "incident"}, {open_one, late, due, closed}),
        ({"kind": "open"}, {open_one, late, due}),
        ({"state": "closed"}, {closed}),
        ({"severity": "1"}, {open_one}),
        ({"commander": str(owner.pk)}, {open_one}),
        ({"commander": "nobody"}, {event, late, due, closed}),
        ({"flag": "clock"}, {late}),
        ({"flag": "review"}, {due}),
        ({"restricted": "yes"}, set()),
        ({"first": "2999-01-01"}, None),
        ({"first": timezone.localdate().isoformat()}, {event, open_one, late, due, closed}),
        ({"last": "2020-01-01"}, set()),
        ({"q": "leak"}, {open_one}),
        ({"q": late.ref}, {late}),
    ):
        response = page(compliance, "incident-list", **query)
        if expected is None:
            assert response.status_code == 422
            continue
        found = {int(row.pk) for row in response.context["table"]}
        assert found == {one.pk for one in expected}, query
    table = page(compliance, "incident-csv", kind="open").streaming_content
    lines = list(csv.DictReader(io.StringIO(b"".join(table).decode("utf-8-sig"))))
    assert {line["What"] for line in lines} == {"Leak", "Late clock", "Due"}
    assert next(line for line in lines if line["What"] == "Late clock")["Flag"] == "Clock overdue"


def test_a_restricted_one_leaks_nowhere(
    admin: User, auditor: User, employee: User, owner: User, manager: User, compliance: User, colleague: User
):
    incident = an_incident(commander=owner, reporter=employee, title=SECRET, summary=SECRET)
    control = ControlFactory(ref="IAM-77", owner=colleague)
    linking.link_control(incident, actor=compliance, control="IAM-77", role="failed", reason=SECRET)
    entry = timeline.add(incident, EntryKind.NOTE, SECRET, actor=owner)
    before = timezone.now().isoformat()
    incident.refresh_from_db()
    actions.restrict(incident, actor=owner, reason="A person is concerned.")
    named(incident, manager)
    here = f"/incidents/{incident.pk}/"
    addresses = [
        "/incidents/", "/incidents/?q=Xanthippe", "/incidents/export.csv", "/", "/search/?q=Xanthippe", "/trail/",
        f"/controls/{control.pk}/links/", f"/controls/{control.pk}/trail/", "/incidents/restricted/",
        here, f"{here}timeline/", f"{here}people/", f"{here}links/", f"{here}history/", f"{here}trail/",
        f"/incidents/?as_of={before}", f"{here}?as_of={before}", f"{here}history/?as_of={before}",
        f"{here}edit/", f"{here}contain/", f"/incidents/timeline/{entry.pk}/correct/",
        "/api/v1/incidents/", f"/api/v1/incidents/{incident.pk}/", "/api/v1/trail/",
    ]  # fmt: skip
    for user in (admin, auditor, employee, colleague):
        client = signed_in(user)
        for address in addresses:
            response = client.get(address)
            body = b"".join(response.streaming_content) if response.streaming else response.content
            assert b"mailbox" not in body, (user, address)
            if address.startswith(here):
                assert response.status_code == 404, (user, address)
        assert find(SEARCH, user, "Xanthippe") == find(SEARCH, user, incident.ref) == []
        assert post(user, "incident-contain", incident, note="x") in (403, 404)
    facts = page(auditor, "restricted").content.decode()
    assert incident.ref in facts
    assert "SEV2" in facts
    for user in (owner, manager, compliance):
        assert SECRET in signed_in(user).get("/incidents/export.csv").getvalue().decode(), user
    assert page(admin, "restricted").status_code == 403
    written = Entry.objects.filter(object_type="incidents.incident", object_id=str(incident.pk))
    assert written.exists()
    assert find(SEARCH, owner, "Xanthippe")


def test_pages_cost_the_same_whatever_there_is(compliance: User, owner: User):
    client = signed_in(compliance)

    def cost(url: str) -> int:
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    first = an_incident(commander=owner)
    a_clock(first)
    linking.link_control(first, actor=compliance, control=ControlFactory().ref, role="held", reason="x")
    urls = [
        reverse("incidents:incident-list"),
        *(f"/incidents/{first.pk}/{tab}" for tab in ("", "timeline/", "links/")),
    ]
    before = [cost(url) for url in urls]
    for number in range(8):
        one = an_incident(commander=owner, title=f"Another {number}")
        a_clock(one)
        timeline.add(first, EntryKind.NOTE, f"Entry {number}", actor=owner)
        control = ControlFactory(owner=owner)
        linking.link_control(
            Incident.objects.get(pk=first.pk), actor=compliance, control=control.ref, role="held", reason="x"
        )
    after = [cost(url) for url in urls]
    assert all(later <= earlier for later, earlier in zip(after, before, strict=True)), (before, after)
    assert max(after) <= 12
