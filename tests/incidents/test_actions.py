"""What is done to events and incidents, step by step: who may, in which order, and what the timeline says of it."""

import datetime
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from foundation.accounts.access import can
from foundation.accounts.actions import deactivate
from foundation.accounts.models import User
from foundation.organisation.calendar import add_business_days
from foundation.organisation.models import day_at
from foundation.trail.keep import Stale
from foundation.trail.models import Entry
from foundation.trail.steps import IllegalMove
from incidents import actions, linking, timeline
from incidents.clocks import running
from incidents.columns import COLUMNS
from incidents.detail import detail_of
from incidents.models import EntryKind, Incident, IncidentControl, IncidentPerson, Part, State, TimelineEntry
from incidents.work import incidents_work
from tests.factories.controls import ControlFactory
from tests.factories.findings import finding
from tests.factories.incidents import HOUR, a_clock, an_event, an_incident, approved_review, named
from tests.factories.listings import a_system
from tests.factories.risks import a_risk
from tests.factories.vendors import a_vendor
from tests.incidents.clocks.acts import signed_in

pytestmark = pytest.mark.django_db
WHY = "As the matrix says."


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def told(incident: Incident) -> list[tuple[str, str]]:
    return list(TimelineEntry.objects.filter(incident=incident).order_by("id").values_list("kind", "text"))


def test_everybody_reports_and_the_timeline_begins(employee: User, compliance: User):
    event = actions.report(Incident(title="Odd mail"), actor=employee)
    assert (event.state, event.reporter, event.severity, event.restricted) == ("reported", employee, None, False)
    assert told(event) == [("status", "Reported.")]
    assert Entry.objects.get(verb="incident.created").actor_id == employee.pk
    [item] = incidents_work(compliance)
    assert (item.kind, item.ref) == ("Event to look at", event.ref)
    assert incidents_work(employee) == []
    shut = actions.report(Incident(title="A colleague"), actor=employee, sensitive=True)
    assert shut.restricted
    assert IncidentPerson.objects.get(incident=shut).user == employee


def test_what_somebody_commands_stands_first_in_their_work(client: Client, owner: User):
    finding(owner=owner)
    incident = actions.declare_at_once(Incident(title="Everything is down"), actor=owner, severity=1)
    client.force_login(owner)
    heaps = {label: [item.ref for item in items] for label, items in client.get("/").context["heaps"]}
    assert next(iter(heaps)) == "Now"
    assert heaps.pop("Now") == [incident.ref]
    assert any(heaps.values())
    assert not any(incident.ref in refs for refs in heaps.values())


def test_one_step_makes_a_declared_incident_and_its_commander(employee: User):
    incident = actions.declare_at_once(Incident(title="Everything is down"), actor=employee, severity=1)
    assert (incident.state, incident.severity, incident.commander) == ("declared", 1, employee)
    assert incident.reported_at == incident.declared_at
    assert told(incident) == [("status", "Declared as SEV1; whoever declared it commands it.")]
    [item] = incidents_work(employee)
    assert (item.kind, item.now) == ("Declared: you command it", True)
    for severity in (0, 5, None):
        with pytest.raises(ValidationError, match="1, 2, 3 or 4"):
            actions.declare_at_once(Incident(title="x"), actor=employee, severity=severity)
    late = Incident(title="x", occurred_at=timezone.now() + HOUR)
    with pytest.raises(ValidationError, match="not come yet"):
        actions.declare_at_once(late, actor=employee, severity=1)


def test_an_event_is_declared_or_dismissed_with_who_when_and_why(employee: User, compliance: User, owner: User):
    event = actions.report(Incident(title="Odd mail"), actor=employee)
    with pytest.raises(PermissionDenied):
        actions.dismiss(fresh(event), actor=employee, reason="Nothing.")
    with pytest.raises(ValidationError, match="why"):
        actions.dismiss(fresh(event), actor=compliance, reason=" ")
    gone = actions.dismiss(fresh(event), actor=compliance, reason="A newsletter.")
    assert (gone.state, gone.dismissed_by, gone.dismissed_reason) == ("dismissed", compliance, "A newsletter.")
    assert gone.dismissed_at is not None
    assert told(gone)[-1] == ("status", "Dismissed. A newsletter.")
    # it was one after all
    again = actions.declare(fresh(gone), actor=employee, severity=3, reason="A second one came.")
    assert (again.state, again.dismissed_at, again.dismissed_reason, again.commander) == (
        "declared",
        None,
        "",
        employee,
    )
    with pytest.raises(PermissionDenied):
        actions.declare(an_event(), actor=owner, severity=3, reason="x")
    with pytest.raises(IllegalMove):
        actions.dismiss(fresh(again), actor=compliance, reason="x")


def test_an_event_is_dismissed_once_its_clocks_have_ended_and_taken_up_again_whole(compliance: User):
    event = an_event()
    clock = a_clock(event)
    with pytest.raises(ValidationError, match=f"{clock.ref}: notify, or dismiss the clock"):
        actions.dismiss(fresh(event), actor=compliance, reason="Nothing.")
    running.dismiss(clock, actor=compliance, reason="No data were in it.")
    gone = actions.dismiss(fresh(event), actor=compliance, reason="Nothing.")
    leads = next(column for column in COLUMNS if column.name == "commander")
    assert [leads.cell(one).text for one in (event, gone)] == ["Nobody", ""]  # nobody is missing where nothing is led
    again = actions.reopen(gone, actor=compliance, reason="It came back.")
    assert (again.state, again.dismissed_at, again.dismissed_by, again.dismissed_reason) == ("reported", None, None, "")


def test_the_way_to_the_end_with_times_that_were(owner: User, compliance: User, manager: User):
    start = timezone.now()
    with time_machine.travel(start - 10 * HOUR, tick=False):
        noticed = Incident(title="Leak", detected_at=start - 10.5 * HOUR)
        incident = actions.declare_at_once(noticed, actor=owner, severity=2)
    with pytest.raises(ValidationError, match="later than that"):
        actions.contain(fresh(incident), actor=owner, note="x", happened_at=start - 11 * HOUR)
    with pytest.raises(ValidationError, match="not come yet"):
        actions.contain(fresh(incident), actor=owner, note="x", happened_at=start + HOUR)
    with pytest.raises(ValidationError, match="what was done"):
        actions.contain(fresh(incident), actor=owner, note="")
    incident = actions.contain(fresh(incident), actor=owner, note="Key revoked.", happened_at=start - 8 * HOUR)
    entry = TimelineEntry.objects.get(incident=incident, text="Contained. Key revoked.")
    assert entry.happened_at == start - 8 * HOUR
    assert entry.at > start - HOUR
    assert incident.review_due_on is None
    with pytest.raises(IllegalMove):
        actions.close(fresh(incident), actor=owner, note="x")
    incident = actions.recover(fresh(incident), actor=owner, note="All well.", happened_at=start - 2 * HOUR)
    assert incident.eradicated_at is None
    assert incident.review_due_on == add_business_days(day_at(start - 2 * HOUR), 5)
    # R7.2: not without the approved review
    with pytest.raises(ValidationError, match=r"R7\.2"):
        actions.close(fresh(incident), actor=owner, note="Done.")
    assert fresh(incident).state == State.RECOVERED
    approved_review(incident, author=compliance, approver=manager)
    clock = a_clock(incident)
    with pytest.raises(ValidationError, match=clock.ref):
        actions.close(fresh(incident), actor=owner, note="Done.")
    clock.state, clock.ended_at, clock.end_reason = "dismissed", timezone.now(), "No personal data."
    timeline.save(clock, actor=owner, verb="clock.dismissed")
    closed = actions.close(fresh(incident), actor=owner, note="Done.")
    assert (closed.state, closed.closed_by, closed.review_due_on) == ("closed", owner, None)
    for refused in (
        lambda: actions.set_severity(fresh(closed), actor=owner, severity=1, reason="x"),
        lambda: actions.assign_commander(fresh(closed), actor=owner, commander=manager, reason="x"),
        lambda: actions.name_person(fresh(closed), actor=owner, user=manager, part="lead"),
    ):
        with pytest.raises(ValidationError, match="Reopen it first"):
            refused()
    # a reopened one needs a review of its own
    opened = actions.reopen(fresh(closed), actor=owner, reason="It came back.")
    assert (opened.state, opened.closed_at) == ("reopened", None)
    recovered = actions.recover(fresh(opened), actor=owner, note="Again.")
    assert recovered.recovered_at is not None
    assert recovered.recovered_at > opened.reopened_at
    with pytest.raises(ValidationError, match=r"R7\.2"):
        actions.close(fresh(recovered), actor=owner, note="Done.")


def test_small_ones_close_without_a_review_and_no_impact_without_recovery(owner: User):
    small = an_incident(severity=4, commander=owner)
    assert actions.close(small, actor=owner, note="A false alarm.").state == State.CLOSED
    with pytest.raises(ValidationError, match="recovered"):
        actions.close(an_incident(severity=3, commander=owner), actor=owner, note="x")
    limited = actions.recover(an_incident(severity=3, commander=owner), actor=owner, note="x")
    assert limited.review_due_on is None
    assert actions.close(fresh(limited), actor=owner, note="x").state == State.CLOSED


def test_severity_has_a_history_and_moves_the_review(owner: User):
    incident = actions.recover(an_incident(severity=3, commander=owner), actor=owner, note="x")
    raised = actions.set_severity(fresh(incident), actor=owner, severity=1, reason="Customers were hit.")
    assert raised.review_due_on is not None
    assert told(raised)[-1] == ("severity", "SEV1 (was SEV3). Customers were hit.")
    assert TimelineEntry.objects.latest("id").facts == {"before": 3, "severity": 1}
    with pytest.raises(ValidationError, match="already"):
        actions.set_severity(fresh(raised), actor=owner, severity=1, reason="x")
    lowered = actions.set_severity(fresh(raised), actor=owner, severity=4, reason="They were not.")
    assert lowered.review_due_on is None


def test_what_was_lowered_from_severity_1_is_not_closed_unreviewed_by_whoever_lowered_it(owner: User, compliance: User):
    """R7.2: nobody rids themselves of the review alone."""
    bad = actions.recover(an_incident(severity=1, commander=owner), actor=owner, note="x")
    lowered = actions.set_severity(fresh(bad), actor=owner, severity=3, reason="Less than thought.")
    with pytest.raises(PermissionDenied, match="lowered"):
        actions.close(fresh(lowered), actor=owner, note="Done.")
    page = f"/incidents/{bad.pk}/"
    said = {user: signed_in(user).get(page).content.decode() for user in (owner, compliance)}
    assert "you lowered it" in said[owner]
    assert "you lowered it" not in said[compliance]
    assert "Lowered from" in said[compliance]
    assert ",SEV1," in b"".join(signed_in(compliance).get("/incidents/export.csv")).decode()
    assert actions.close(fresh(lowered), actor=compliance, note="Looked at it, too.").state == State.CLOSED
    reviewed = actions.recover(an_incident(severity=2, commander=owner), actor=owner, note="x")
    reviewed = actions.set_severity(fresh(reviewed), actor=owner, severity=4, reason="Nothing was hit.")
    approved_review(reviewed, author=owner, approver=compliance)
    assert actions.close(fresh(reviewed), actor=owner, note="Done.").state == State.CLOSED
    with pytest.raises(ValidationError, match="not declared yet"):
        actions.set_severity(an_event(commander=owner), actor=owner, severity=1, reason="x")


def test_only_responders_run_it(employee: User, owner: User, colleague: User, compliance: User):
    incident = an_incident(reporter=employee, commander=owner)
    for act in (
        lambda who: actions.contain(fresh(incident), actor=who, note="x"),
        lambda who: actions.set_severity(fresh(incident), actor=who, severity=1, reason="x"),
        lambda who: actions.restrict(fresh(incident), actor=who, reason="x"),
        lambda who: actions.name_person(fresh(incident), actor=who, user=who, part="lead"),
        lambda who: actions.record_impact(fresh(incident), actor=who, data_classes=[], people_affected=1, impact=""),
        lambda who: linking.link_control(fresh(incident), actor=who, control="x", role="held", reason="x"),
    ):
        with pytest.raises((PermissionDenied, ValidationError)) as refused:
            act(employee)
        assert fresh(incident).version == incident.version, refused
    named(incident, colleague)
    assert actions.contain(fresh(incident), actor=colleague, note="Done.").state == State.CONTAINED
    handed = actions.assign_commander(fresh(incident), actor=owner, commander=compliance, reason="Shift change.")
    assert handed.commander == compliance
    assert actions.eradicate(fresh(incident), actor=owner, note="Cleaned.").state == State.ERADICATED  # as responder
    former = IncidentPerson.objects.get(incident=incident, user=owner)
    assert (former.part, former.archived_at) == (Part.RESPONDER, None)
    actions.take_off(former, actor=compliance, reason="Is on leave.")
    with pytest.raises(PermissionDenied):  # whoever is not named any more runs it no longer
        actions.recover(fresh(incident), actor=owner, note="x")


@pytest.mark.parametrize("part", [None, *Part.values])
def test_whoever_hands_over_the_command_goes_on_as_responder(owner: User, manager: User, part: str | None):
    """An onlooker becomes a responder; whoever has a part in the response keeps it."""
    incident = an_incident(commander=owner, restricted=True)
    if part:
        named(incident, owner, part)
    actions.assign_commander(fresh(incident), actor=owner, commander=manager, reason="Shift change.")
    keeps = part not in (None, Part.REPORTER, Part.OBSERVER)
    (known,) = IncidentPerson.objects.live().filter(incident=incident)
    assert (known.user, known.part) == (owner, part if keeps else Part.RESPONDER)
    entry = TimelineEntry.objects.filter(incident=incident).latest("id")
    went_on = "" if keeps else "; whoever did before goes on as responder"
    assert (entry.about, entry.text) == (manager, f"Commands it{went_on}. Shift change.")
    assert can(owner, "view", incident)
    actions.assign_commander(fresh(incident), actor=owner, commander=owner, reason="Back.")
    assert IncidentPerson.objects.live().filter(incident=incident, user=manager, part=Part.RESPONDER).exists()


def test_whoever_left_is_no_responder(owner: User, manager: User, compliance: User, admin: User):
    incident = an_incident(commander=owner)
    deactivate(owner, actor=admin, reason="Left.")
    actions.assign_commander(fresh(incident), actor=compliance, commander=manager, reason="Oskar left.")
    assert not IncidentPerson.objects.filter(incident=incident).exists()


def test_a_timeline_is_written_by_hand_and_corrected_by_a_new_entry(employee: User, owner: User, colleague: User):
    incident = an_incident(reporter=employee, commander=owner)
    then = timezone.now() - 2 * HOUR
    entry = actions.add_entry(incident, actor=employee, kind="decision", text="Stop the import.", happened_at=then)
    assert (entry.by, entry.happened_at, entry.kind) == (employee, then, EntryKind.DECISION)
    with pytest.raises(PermissionDenied):
        actions.add_entry(incident, actor=colleague, kind="note", text="x")
    for kind, text, moment in (("status", "x", None), ("note", " ", None), ("note", "x", timezone.now() + HOUR),
                               ("note", "x", datetime.datetime(1999, 1, 1, tzinfo=datetime.UTC))):  # fmt: skip
        with pytest.raises(ValidationError):
            actions.add_entry(incident, actor=owner, kind=kind, text=text, happened_at=moment)
    fixed = actions.correct_entry(entry, actor=owner, text="Pause the import.")
    assert (fixed.corrects, fixed.happened_at, fixed.kind) == (entry, then, "decision")
    assert fresh(entry).text == "Stop the import."
    assert Entry.objects.filter(verb="timelineentry.corrected", object_id=str(fixed.pk)).exists()
    with pytest.raises(ValidationError, match="corrected already"):
        actions.correct_entry(entry, actor=owner, text="x")
    contained = actions.contain(fresh(incident), actor=owner, note="x")
    automatic = TimelineEntry.objects.filter(incident=contained, kind="status").latest("id")
    with pytest.raises(ValidationError, match="written by what was done"):
        actions.correct_entry(automatic, actor=owner, text="x")


def test_links_name_what_one_sees_and_stand_in_the_timeline(compliance: User, owner: User, employee: User):
    incident = an_incident(commander=owner)
    control, risk, vendor, flaw, system = ControlFactory(owner=owner), a_risk(), a_vendor(), finding(), a_system()
    linking.link_control(fresh(incident), actor=compliance, control=control.ref, role="failed", reason="It slept.")
    linking.link_risk(fresh(incident), actor=compliance, risk=risk.ref, reason="It came true.")
    linking.link_vendor(fresh(incident), actor=compliance, vendor=vendor.ref, reason="It leaked.")
    linking.link_finding(fresh(incident), actor=compliance, finding=flaw.ref, reason="It showed.")
    linking.link_system(fresh(incident), actor=compliance, system=system.name, reason="It was down.")
    assert [kind for kind, _ in told(incident)] == ["link"] * 5
    with pytest.raises(ValidationError, match="no such risk"):  # the commander does not see that risk
        linking.link_risk(fresh(incident), actor=owner, risk=risk.ref, reason="x")
    with pytest.raises(ValidationError, match="linked already"):
        linking.link_control(fresh(incident), actor=compliance, control=control.ref, role="held", reason="x")
    link = IncidentControl.objects.get()
    with pytest.raises(PermissionDenied):
        linking.unlink(link, actor=employee, reason="x")
    linking.unlink(link, actor=owner, reason="Another one.")
    assert fresh(link).archived_at is not None
    assert told(incident)[-1][1].startswith("Unlinked: ")


def test_impact_is_kept_within_bounds(owner: User):
    incident = an_incident(commander=owner)
    kept = actions.record_impact(
        incident, actor=owner, data_classes=["personal", "customer"], people_affected=1200, impact="Mail addresses."
    )
    assert (kept.data_classes, kept.people_affected) == (["customer", "personal"], 1200)
    assert "People affected: 1,200." in told(kept)[-1][1]
    for data, people in ((["secret"], 1), ([], -1), ([], 10**12)):
        with pytest.raises(ValidationError):
            actions.record_impact(fresh(kept), actor=owner, data_classes=data, people_affected=people, impact="")


def test_twice_at_once_the_second_is_told(owner: User, compliance: User):
    incident = an_incident(commander=owner)
    one, other = fresh(incident), fresh(incident)
    actions.contain(one, actor=owner, note="Cut off.")
    with pytest.raises(Stale):
        actions.contain(other, actor=compliance, note="Cut off.")
    assert TimelineEntry.objects.filter(incident=incident, text__startswith="Contained").count() == 1


def test_restricting_and_lifting_it(owner: User, compliance: User, admin: User):
    incident = an_incident(commander=owner)
    shut = actions.restrict(fresh(incident), actor=owner, reason="A person is concerned.")
    assert shut.restricted
    with pytest.raises(ValidationError, match="already"):
        actions.restrict(fresh(shut), actor=owner, reason="x")
    lifted = actions.unrestrict(fresh(shut), actor=compliance, reason="It is settled.")
    assert not lifted.restricted
    assert [text for _, text in told(lifted)] == [
        "Restricted. A person is concerned.", "Not restricted any more. It is settled.",
    ]  # fmt: skip


def test_closing_is_offered_from_where_it_is_allowed_and_what_it_takes_from_the_beginning(owner: User):
    """Only what had no impact is closed without having been recovered."""

    def offered(incident: Incident) -> tuple[bool, list[str]]:
        found = detail_of(incident, owner, None)
        return "close" in found["verbs"], [words for words, _ in found["blocks"]]

    recovered, review = "that it is recovered, and since when", "an approved post-incident review"
    assert offered(an_incident(severity=2, commander=owner)) == (False, [recovered, review])
    contained = an_incident(severity=3, commander=owner, state=State.CONTAINED, contained_at=timezone.now())
    assert offered(contained) == (False, [recovered])
    assert offered(an_incident(severity=4, commander=owner)) == (True, [])
    ended = an_incident(severity=3, commander=owner, state=State.RECOVERED, recovered_at=timezone.now())
    assert offered(ended) == (True, [])
    assert offered(an_event(reporter=owner)) == (False, [])
