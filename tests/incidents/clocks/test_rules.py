"""Rules of notification: versions that are never edited, retired ones, and the starter rules."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from foundation.accounts.models import User
from foundation.trail.models import Entry
from incidents.clocks import arithmetic, rules
from incidents.clocks.rules import adopt, in_force, newest, publish, retire, starters
from incidents.clocks.suggest import since, suggestions
from incidents.models import Clock, NotificationRule, StartEvent, Unit
from tests.factories.incidents import HOUR, a_clock, a_rule, an_event, an_incident
from tests.incidents.clocks.acts import signed_in

pytestmark = pytest.mark.django_db

WORDS = {
    "regime": "Contract with Borealis", "whom": "Borealis", "applies": "Their data are touched.", "starts": "aware",
    "amount": 24, "unit": "hours", "warn_hours": 4, "source": "Data processing agreement, section 7",
}  # fmt: skip


def test_a_rule_goes_on_in_versions_and_none_is_edited(compliance: User):
    first = a_rule(amount=72)
    second = publish(first, actor=compliance, change_note="The law changed.", amount=96)
    assert (second.key, second.number, second.amount, second.regime) == (first.key, 2, 96, first.regime)
    assert (second.published_by, second.change_note) == (compliance, "The law changed.")
    assert list(in_force()) == [second]
    first.refresh_from_db()
    assert first.amount == 72
    with pytest.raises(ValidationError, match="newer version"):
        publish(first, actor=compliance, change_note="Again.", amount=48)
    with pytest.raises(ValidationError, match="Nothing differs"):
        publish(second, actor=compliance, change_note="The same.", amount=96)
    with pytest.raises(ValidationError, match="Say why"):
        publish(second, actor=compliance, change_note=" ", amount=48)
    entry = Entry.objects.get(verb="notificationrule.published")
    assert (entry.object_id, entry.actor_id, entry.facts["reason"]) == (
        str(second.pk),
        compliance.pk,
        "The law changed.",
    )


def test_a_retired_rule_starts_nothing_until_a_version_takes_it_up(compliance: User):
    rule = a_rule()
    gone = retire(rule, actor=compliance, reason="We left that market.")
    assert not in_force().exists()
    assert list(newest()) == [gone]
    with pytest.raises(ValidationError, match="retired already"):
        retire(gone, actor=compliance, reason="Twice.")
    back = publish(gone, actor=compliance, change_note="We are back.")
    assert (back.number, back.retired, list(in_force())) == (3, False, [back])


BAD = [
    ({"amount": 0}, "amount"),
    ({"amount": -72}, "amount"),
    ({"amount": 10**9}, "amount"),
    ({"unit": "weeks"}, "unit"),
    ({"zone": "Mars/Olympus"}, "zone"),
    ({"warn_hours": 72, "amount": 72}, "warn_hours"),
    ({"warn_hours": -1}, "warn_hours"),
    ({"source": ""}, "source"),
    ({"source": "Nul\0"}, "source"),
    ({"source_url": "javascript:alert(1)"}, "source_url"),
    ({"data_classes": ["secret"]}, "data_classes"),
    ({"starts": "never"}, "starts"),
]


@pytest.mark.parametrize(("wrong", "field"), BAD)
def test_what_is_no_rule_is_refused_beside_its_field(compliance: User, wrong: dict[str, object], field: str):
    response = signed_in(compliance).post(reverse("incidents:notificationrule-create"), WORDS | wrong)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not NotificationRule.objects.exists()


def test_pages_write_versions(compliance: User, owner: User):
    client = signed_in(compliance)
    said = WORDS | {"data_classes": ["customer", "personal"], "zone": "Europe/Berlin"}
    assert client.post(reverse("incidents:notificationrule-create"), said).status_code == 302
    rule = NotificationRule.objects.get()
    assert (rule.key, rule.number, rule.data_classes) == (
        "contract-with-borealis-borealis",
        1,
        ["customer", "personal"],
    )
    assert not rule.checked
    address = reverse("incidents:notificationrule-publish", args=[rule.pk])
    assert signed_in(owner).post(address, said | {"version": 1, "change_note": "More."}).status_code == 403
    form = client.get(address).context["form"]
    assert (form["amount"].value(), form["data_classes"].value()) == (24, ["customer", "personal"])
    changed = said | {"version": 1, "change_note": "They wait longer.", "amount": 48}
    assert client.post(address, changed).status_code == 302
    assert client.post(address, changed | {"amount": 72}).status_code == 422  # the second of two
    assert [one.amount for one in NotificationRule.objects.order_by("number")] == [24, 48]
    listed = client.get(reverse("incidents:notificationrule-list")).content.decode()
    assert "48 hours" in listed
    assert "24 hours" not in listed
    every = client.get(reverse("incidents:notificationrule-list"), {"show": "versions"}).content.decode()
    assert "24 hours" in every


def test_two_rules_of_the_same_words_are_two(compliance: User):
    client = signed_in(compliance)
    for _ in range(2):
        client.post(reverse("incidents:notificationrule-create"), WORDS)
    assert in_force().count() == 2


# ---- starter rules -------------------------------------------------------------------------------------------------


def test_every_starter_rule_is_a_whole_rule_that_nobody_checked(compliance: User):
    found = adopt(list(starters()), actor=compliance)
    assert len(found) == len(starters()) == 25
    for rule in found:
        assert rule.starter
        assert not rule.checked
        assert rule.source
        assert rule.source_url == "" or rule.source_url.startswith("https://")
        assert "not legal advice" in rule.change_note
    assert set(in_force()) == set(found)


def test_starter_rules_say_what_the_law_says():
    said = {key: (one["starts"], one["amount"], one["unit"]) for key, one in starters().items()}
    assert said["gdpr-33-authority"] == (StartEvent.AWARE, 72, Unit.HOURS)
    assert said["gdpr-34-people"] == (StartEvent.AWARE, None, Unit.HOURS)
    assert said["sec-8k-105"] == (StartEvent.MATERIAL, 4, Unit.BUSINESS_DAYS)
    assert said["nydfs-extortion"] == (StartEvent.PAID, 24, Unit.HOURS)
    assert said["nis2-final"] == (StartEvent.NOTIFIED, 1, Unit.MONTHS)
    assert said["hipaa-hhs-small"] == (StartEvent.YEAR_END, 60, Unit.DAYS)
    assert said["california-people"] == (StartEvent.DISCOVERED, 30, Unit.DAYS)
    assert not [key for key in said if "circia" in key or "omnibus" in key]  # proposals are no rules


def test_starter_rules_are_taken_over_once_all_or_none(compliance: User, owner: User):
    page = reverse("incidents:notificationrule-starter")
    client = signed_in(compliance)
    assert signed_in(owner).get(page).status_code == 403
    assert client.post(page, {"key": ["gdpr-33-authority", "no-such"]}).status_code == 422
    assert client.post(page, {}).status_code == 422
    assert not NotificationRule.objects.exists()
    assert client.post(page, {"key": ["gdpr-33-authority", "sec-8k-105"]}).status_code == 302
    again = client.post(page, {"key": ["sec-8k-105", "nis2-final"]})
    assert again.status_code == 422
    assert "Taken over already" in again.content.decode()
    assert NotificationRule.objects.count() == 2


def test_units_of_the_arithmetic_are_those_of_the_register():
    assert [unit.value for unit in arithmetic.Unit] == list(Unit.values)
    assert arithmetic.MOST == rules.MOST


# ---- what may apply ------------------------------------------------------------------------------------------------


def test_rules_are_suggested_by_data_and_by_the_declaration(compliance: User):
    personal = a_rule(key="personal", data_classes=["personal"])
    anything = a_rule(key="anything", starts=StartEvent.DECLARED)
    paid = a_rule(key="paid", starts=StartEvent.PAID, data_classes=["personal"])
    a_rule(key="customer", data_classes=["customer"])

    def told(incident):
        return {
            one.rule: (one.why, one.since) for one in suggestions(incident, Clock.objects.filter(incident=incident))
        }

    incident = an_incident(data_classes=["personal", "internal"])
    assert told(incident) == {
        personal: ("The incident touches personal data.", incident.reported_at),
        anything: ("It is an incident, whatever the data.", incident.declared_at),
        paid: ("The incident touches personal data.", None),
    }
    assert told(an_incident(data_classes=["internal"])).keys() == {anything}
    assert len(told(an_incident())) == 4  # nobody said which data
    assert told(an_event(data_classes=["internal"])) == {}
    a_clock(incident, personal)
    publish(personal, actor=compliance, change_note="Longer.", amount=96)
    assert told(incident).keys() == {anything, paid}  # by no later version of what runs either


def test_what_is_filled_in_is_the_earliest_moment_on_record():
    """Whoever contained it knew of it, whenever they reported it here."""
    incident = an_incident(detected_at=None)
    rule = a_rule()
    assert since(rule, incident) == incident.reported_at
    incident.contained_at = incident.reported_at - 14 * HOUR
    assert since(rule, incident) == incident.contained_at
    incident.detected_at = incident.reported_at - 20 * HOUR
    assert since(rule, incident) == incident.detected_at
    assert since(a_rule(key="declared", starts=StartEvent.DECLARED), incident) == incident.declared_at
