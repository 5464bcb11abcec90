"""No suggested notification is left undecided: started, or not required by whom, when and why; asked anew (R7.1)."""

import datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.models import User
from foundation.trail.keep import Stale
from foundation.trail.models import Entry
from incidents import actions
from incidents.clocks import rules, running
from incidents.clocks.declining import decline
from incidents.clocks.panel import clocks_panel
from incidents.clocks.suggest import decisions_on, undecided
from incidents.models import Clock, EntryKind, Incident, NotificationRule, State, TimelineEntry
from tests.factories.incidents import HOUR, a_clock, a_rule, an_event, an_incident, named
from tests.factories.tokens import caller
from tests.incidents.clocks.acts import signed_in

pytestmark = pytest.mark.django_db
WHY = "The disk was encrypted."


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def waiting(incident: Incident) -> set[str]:
    return {one.rule.key for one in undecided(fresh(incident))}


def declined(incident: Incident, actor: User, *wanted: NotificationRule, reason: str = WHY) -> list[TimelineEntry]:
    return decline(fresh(incident), actor=actor, rules=wanted, reason=reason)


def tab(client: Client, incident: Incident, **query: str) -> str:
    return client.get(f"/incidents/{incident.pk}/clocks/", query).content.decode()


def recovered(owner: User, **values: Any) -> Incident:
    now = timezone.now()
    return an_incident(
        severity=3, commander=owner, state=State.RECOVERED, declared_at=now - HOUR / 2, recovered_at=now, **values
    )


# ---- the decision --------------------------------------------------------------------------------------------------


def test_a_decision_is_an_entry_with_what_it_was_about(owner: User):
    rule, incident = a_rule(data_classes=["personal"]), an_incident(commander=owner, data_classes=["personal"])
    [entry] = declined(incident, owner, rule, reason=f"  {WHY} ")
    assert (entry.kind, entry.by, entry.incident) == (EntryKind.DECISION, owner, incident)
    assert entry.text == f"Not required: {rule.title}, version 1. {WHY}"
    assert entry.facts == {
        "not_required": rule.key, "rule_version": 1, "notificationrule": rule.pk, "rule": rule.title,
        "data_classes": ["personal"],
    }  # fmt: skip
    written = Entry.objects.get(verb="timelineentry.clock_declined")
    assert written.facts["reason"] == WHY
    assert written.facts["refs"] == {"incident": incident.pk, "notificationrule": rule.pk}
    assert waiting(incident) == set()
    assert not Clock.objects.exists()


def test_what_cannot_be_declined(owner: User, employee: User, compliance: User):
    incident = an_incident(commander=owner, reporter=employee, data_classes=["internal"])
    rule, other = a_rule(), a_rule(key="customer", data_classes=["customer"])
    for wrong, words in (
        ({"rules": [rule], "reason": "  "}, "Say why"),
        ({"rules": [], "reason": WHY}, "Choose"),
        ({"rules": [other], "reason": WHY}, "not suggested"),
        ({"rules": [rule, other], "reason": WHY}, "not suggested"),  # all or none
    ):
        with pytest.raises(ValidationError, match=words):
            decline(fresh(incident), actor=owner, **wrong)
    with pytest.raises(PermissionDenied):
        declined(incident, employee, rule)
    seen = fresh(incident)
    actions.record_impact(fresh(incident), actor=owner, data_classes=[], people_affected=None, impact="")
    with pytest.raises(Stale):
        decline(seen, actor=owner, rules=[rule], reason=WHY)
    assert not TimelineEntry.objects.filter(kind=EntryKind.DECISION).exists()
    declined(incident, owner, rule)
    with pytest.raises(ValidationError, match="decided on already"):
        declined(incident, compliance, rule)
    started = an_incident(commander=owner)
    a_clock(started, rule)
    with pytest.raises(ValidationError, match="not suggested"):
        declined(started, owner, rule)
    over = an_incident(state="closed", recovered_at=timezone.now(), closed_at=timezone.now(), closed_by=owner)
    with pytest.raises(ValidationError, match="not suggested"):
        declined(over, compliance, rule)


def test_a_decision_is_corrected_by_no_words(owner: User):
    rule, incident = a_rule(), an_incident(commander=owner)
    [entry] = declined(incident, owner, rule)
    with pytest.raises(ValidationError, match="written by what was done"):
        actions.correct_entry(entry, actor=owner, text="It is required.")
    assert entry.is_said is False
    by_hand = actions.add_entry(fresh(incident), actor=owner, kind="decision", text="Not required: everything.")
    assert by_hand.is_said
    assert decisions_on(incident.pk).keys() == {rule.key}  # words alone decide nothing
    page = signed_in(owner).get(f"/incidents/{incident.pk}/timeline/").content.decode()
    assert reverse("incidents:timelineentry-correct", args=[by_hand.pk]) in page
    assert reverse("incidents:timelineentry-correct", args=[entry.pk]) not in page


# ---- what makes it undecided again ---------------------------------------------------------------------------------


def test_other_data_ask_anew_and_less_data_do_not(owner: User):
    rule = a_rule(key="both", data_classes=["personal", "customer"])
    customer = a_rule(key="customer", data_classes=["customer"])
    whatever = a_rule(key="whatever")
    incident = an_incident(commander=owner, data_classes=["personal", "internal"])
    assert waiting(incident) == {"both", "whatever"}
    declined(incident, owner, rule, whatever)
    assert waiting(incident) == set()

    def touches(*data: str) -> set[str]:
        actions.record_impact(
            fresh(incident), actor=owner, data_classes=list(data), people_affected=None, impact="Counted."
        )
        return waiting(incident)

    assert touches("personal") == set()
    assert touches("personal", "confidential") == set()  # which none of the rules is about
    assert touches("personal", "customer") == {"both", "customer"}  # not of whatever the data
    declined(incident, owner, rule, customer)
    assert touches("customer") == set()
    assert len(decisions_on(incident.pk)) == 3
    assert decisions_on(incident.pk)["both"].data_classes == {"personal", "customer"}  # the last one counts


def test_what_was_decided_before_the_data_were_known_is_asked_anew(owner: User):
    rule, incident = a_rule(data_classes=["personal"]), an_incident(commander=owner)
    declined(incident, owner, rule)
    assert waiting(incident) == set()
    actions.record_impact(
        fresh(incident), actor=owner, data_classes=["personal"], people_affected=4, impact="Mail addresses."
    )
    assert waiting(incident) == {rule.key}
    assert "the data of then" in tab(signed_in(owner), incident)


def test_another_version_of_the_rule_asks_anew(owner: User, compliance: User):
    rule, incident = a_rule(), an_incident(commander=owner)
    declined(incident, owner, rule)
    newer = rules.publish(rule, actor=compliance, change_note="Wider.", applies="Any breach.")
    assert waiting(incident) == {rule.key}
    declined(incident, owner, newer)
    assert waiting(incident) == set()
    rules.retire(newer, actor=compliance, reason="Gone.")
    assert "Not required" in tab(signed_in(owner), incident)  # what was decided stays to be read


def test_a_start_supersedes_a_decision(owner: User):
    rule, incident = a_rule(), an_incident(commander=owner)
    declined(incident, owner, rule)
    client = signed_in(owner)
    start = reverse("incidents:clock-start-by", args=[incident.pk, rule.pk])
    shown = tab(client, incident)
    assert "Start after all" in shown
    assert start in shown
    assert WHY in shown
    assert str(owner) in shown
    running.start(fresh(incident), actor=owner, rule=rule, started_at=timezone.now(), reason="It does apply.")
    after = tab(client, incident)
    assert WHY not in after
    assert start not in after
    assert "Clock started" in client.get(f"/incidents/{incident.pk}/timeline/").content.decode()
    assert waiting(incident) == set()


# ---- closing -------------------------------------------------------------------------------------------------------


def test_an_incident_is_not_closed_while_a_suggestion_is_undecided(owner: User, compliance: User):
    incident = recovered(owner)
    kept = [a_rule(key=f"rule-{number}", whom=f"Authority {number}") for number in range(7)]
    for actor in (owner, compliance):
        with pytest.raises(ValidationError) as refused:
            actions.close(fresh(incident), actor=actor, note="Done.")
        [words] = refused.value.messages
        assert "Undecided: Data protection law: Authority 0; " in words
        assert "; and 2 more. Under Clocks" in words
    client, clocks = signed_in(owner), f'href="/incidents/{incident.pk}/clocks/"'
    for page in (incident.get_absolute_url(), reverse("incidents:incident-close", args=[incident.pk])):
        shown = client.get(page).content.decode()
        assert shown.count(clocks) >= 7
        assert "Authority 6: start the clock, or say why it is not required" in shown
    said = {"version": fresh(incident).version, "note": "Done."}
    posted = client.post(reverse("incidents:incident-close", args=[incident.pk]), said)
    assert posted.status_code == 422
    by_api = caller(owner).post(f"/api/v1/incidents/{incident.pk}/close/", {"note": "Done."}, fresh(incident).version)
    assert by_api.status_code == 400
    assert "Undecided" in by_api.content.decode()
    declined(incident, owner, *kept[:-1])
    running.dismiss(
        running.start(fresh(incident), actor=owner, rule=kept[-1], started_at=timezone.now(), reason="It may."),
        actor=owner, reason="It does not.",
    )  # fmt: skip
    closed = actions.close(fresh(incident), actor=owner, note="Done.")
    assert closed.state == State.CLOSED
    shown = tab(signed_in(compliance), incident)
    assert shown.count(WHY) == 6
    assert "May apply" not in shown
    assert "Start after all" not in shown


def test_what_is_dismissed_takes_no_decision(compliance: User):
    event = an_event(data_classes=[])
    a_rule(data_classes=["personal"])
    assert len(undecided(event)) == 1
    assert actions.dismiss(event, actor=compliance, reason="A test.").state == State.DISMISSED
    assert undecided(fresh(event)) == []


# ---- on pages and by the API ---------------------------------------------------------------------------------------


def test_several_are_declined_on_one_page(owner: User):
    incident = an_incident(commander=owner)
    first, second, third = (a_rule(key=f"rule-{number}", whom=f"Authority {number}") for number in range(3))
    client = signed_in(owner)
    every = reverse("incidents:incident-decline-clock", args=[incident.pk])
    one = reverse("incidents:clock-decline-by", args=[incident.pk, second.pk])
    shown = tab(client, incident)
    assert every in shown
    assert one in shown
    assert client.get(every).context["form"]["rules"].value() is None
    form = client.get(one).context["form"]
    assert list(form.fields["rules"].queryset) == [first, second, third]
    assert form["rules"].value() == [second.pk]
    said = {"version": fresh(incident).version, "reason": WHY}
    slips: list[dict[str, Any]] = [
        *({"rules": rules} for rules in ([], ["0"], ["x"], ["9" * 30], ["1\0"])),
        *({"rules": [first.pk]} | other for other in ({"reason": ""}, {"reason": "a\0b"}, {"version": "0"})),
    ]
    for slip in slips:
        assert client.post(every, said | slip).status_code == 422, slip
    assert waiting(incident) == {"rule-0", "rule-1", "rule-2"}
    done = client.post(every, said | {"rules": [first.pk, third.pk]})
    assert (done.status_code, done["Location"]) == (302, f"/incidents/{incident.pk}/clocks/")
    assert waiting(incident) == {"rule-1"}
    assert client.post(every, said | {"rules": [first.pk]}).status_code == 422  # decided already
    assert client.post(one, said | {"rules": [second.pk]}).status_code == 302
    assert "Nothing waits for a decision" in client.get(every).content.decode()
    retired = rules.retire(second, actor=owner, reason="Gone.")
    assert retired.retired
    assert client.get(one).status_code == 404


def test_only_who_responds_declines(
    owner: User, colleague: User, employee: User, admin: User, auditor: User, compliance: User
):
    incident, rule = an_incident(commander=owner, reporter=employee), a_rule()
    named(incident, colleague)
    addresses = [
        reverse("incidents:incident-decline-clock", args=[incident.pk]),
        reverse("incidents:clock-decline-by", args=[incident.pk, rule.pk]),
    ]
    said = {"version": incident.version, "rules": [rule.pk], "reason": WHY}
    for address in addresses:
        for user in (auditor, admin, employee):
            assert signed_in(user).get(address).status_code == 403
            assert signed_in(user).post(address, said).status_code == 403
    assert signed_in(colleague).post(addresses[0], said).status_code == 302
    shown = tab(signed_in(employee), incident)  # who only reads sees what was decided, and no way to do it
    assert WHY in shown
    assert "Start after all" not in shown
    shut = an_incident(commander=owner, restricted=True)
    for user, answer in ((admin, 404), (compliance, 200)):
        assert signed_in(user).get(reverse("incidents:incident-decline-clock", args=[shut.pk])).status_code == answer


def test_the_api_declines_as_the_page_does(owner: User):
    incident, rule = an_incident(commander=owner), a_rule()
    call, address = caller(owner), f"/api/v1/incidents/{incident.pk}/clocks/decline/"
    for wrong in ({"rules": [rule.pk]}, {"reason": WHY}, {"rules": [0], "reason": WHY}, {"rules": "x", "reason": WHY}):
        assert call.post(address, wrong, incident.version).status_code == 400, wrong
    assert waiting(incident) == {rule.key}
    done = call.post(address, {"rules": [rule.pk], "reason": WHY}, incident.version)
    assert done.status_code == 200, done.content
    assert waiting(incident) == set()
    entries = call.get(f"/api/v1/incidents/{incident.pk}/entries/").json()["results"]
    assert entries[-1]["facts"]["not_required"] == rule.key


def test_decisions_are_read_as_they_stood(owner: User, compliance: User):
    rule, incident = a_rule(), an_incident(commander=owner)
    before = timezone.now()
    declined(incident, owner, rule)
    after = timezone.now()
    running.start(fresh(incident), actor=owner, rule=rule, started_at=timezone.now(), reason="It does apply.")

    def decided(moment: datetime.datetime) -> int:
        panel = clocks_panel(compliance, fresh(incident), moment)
        assert panel is not None
        return len(panel["decided"])

    assert (decided(before), decided(after), decided(timezone.now())) == (0, 1, 0)


# ---- the start's form ----------------------------------------------------------------------------------------------


def test_the_form_of_a_start_says_where_its_moment_comes_from(owner: User):
    now = timezone.now()
    incident = an_incident(commander=owner, detected_at=now - 2 * HOUR)
    aware, paid = a_rule(), a_rule(key="paid", starts="paid", checked=True)

    def form(rule: NotificationRule) -> Any:
        return signed_in(owner).get(reverse("incidents:clock-start-by", args=[incident.pk, rule.pk]))

    page = form(aware)
    field = page.context["form"]["started_at"]
    assert "when it was detected. The rule counts from “We became aware”, and nobody has confirmed" in field.help_text
    assert "Nobody has held this rule against its source yet." in page.content.decode()
    page = form(paid)
    field = page.context["form"]["started_at"]
    assert field.value() is None
    assert "No time of the incident tells this" in field.help_text
    assert "Nobody has held this rule" not in page.content.decode()
    plain = signed_in(owner).get(reverse("incidents:incident-start-clock", args=[incident.pk])).context["form"]
    assert plain["started_at"].value() is None


def test_the_list_of_clocks_offers_all(compliance: User):
    clock = a_clock(an_incident())
    running.dismiss(clock, actor=compliance, reason="It does not apply.")
    client = signed_in(compliance)
    assert clock.ref not in client.get("/incidents/clocks/").content.decode()
    assert '<option value="all">All</option>' in client.get("/incidents/clocks/").content.decode()
    assert clock.ref in client.get("/incidents/clocks/?show=all").content.decode()
