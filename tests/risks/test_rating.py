"""Rating a risk (R5.1): residual against inherent and controls, the method by which it is read, and the flags."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from controls.models import Control
from evidence.models import Occurrence
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from risks import actions
from risks.actions import unlink
from risks.heatmap.paper import controls_of
from risks.methods import established, publish
from risks.models import Band, Method, Risk, Status, in_force
from risks.rating import rate
from risks.standing import NOTHING_HOLDS, UNSEEN, attach_flags, flagged
from tests.factories.controls import ControlFactory, link, trust_services
from tests.factories.evidence import operating
from tests.factories.findings import finding
from tests.factories.risks import a_risk, held_by, level, rated


def again(risk: Risk) -> Risk:
    return Risk.objects.get(pk=risk.pk)


def refused(risk: Risk, field: str, *levels: object) -> None:
    before = Entry.objects.count()
    with pytest.raises(ValidationError) as told:
        rate(again(risk), actor=SYSTEM, **dict(zip(("inherent", "residual", "target"), levels, strict=False)))
    assert list(told.value.message_dict) == [field]
    assert Entry.objects.count() == before


def test_what_remains_is_never_above_what_was_there(db: None):
    risk = a_risk()
    refused(risk, "residual_likelihood", level(3, 3), level(4, 1))
    refused(risk, "residual_impact", level(3, 3), level(1, 4))
    refused(risk, "target_impact", level(3, 3), level(3, 3), level(1, 4))
    refused(risk, "inherent_likelihood", level(6, 3), level(3, 3))
    refused(risk, "residual_rationale", level(3, 3), level(3, 3, " "))
    found = rate(risk, actor=SYSTEM, inherent=level(3, 3), residual=level(3, 3), target=level(2, 2))
    assert (found.status, found.inherent_score, found.target_score, found.method.number) == (Status.ASSESSED, 9, 4, 1)
    assert found.review_on == today() + datetime.timedelta(days=365)
    assert Method.objects.count() == 1


def planned() -> Control:
    return ControlFactory(ref="A-1")


def ended() -> Control:
    return operating(operates_until=today() - datetime.timedelta(days=1))


def not_begun() -> Control:
    return operating(since=(today() + datetime.timedelta(days=1)).isoformat())


def archived() -> Control:
    control = operating()
    control.archived_at = control.created_at
    return save(control, actor=SYSTEM, verb="control.archived")


@pytest.mark.parametrize("make", [planned, ended, not_begun, archived])
def test_below_inherent_it_rests_on_a_control_that_operates(db: None, make):
    risk = a_risk()
    refused(risk, "residual_likelihood", level(4, 4), level(2, 4))
    held_by(risk, make())
    refused(risk, "residual_likelihood", level(4, 4), level(4, 2))
    [link] = held_by(risk, operating())
    found = rate(again(risk), actor=SYSTEM, inherent=level(4, 4), residual=level(4, 2))
    unlink(link, actor=SYSTEM, reason="It is gone.")
    attach_flags([found], None)
    assert NOTHING_HOLDS in found.flags


def test_a_failing_control_flags_its_risks_and_only_them(compliance: User):
    good, ending, missed, troubled = (operating(ref=f"IAM-0{n}", frequency="annual") for n in (1, 2, 3, 4))
    risks = [rated(one, residual=(2, 2), title=one.ref) for one in (good, ending, missed, troubled)]
    template = a_risk(status=Status.TEMPLATE)
    held_by(template, troubled)
    ending.operates_until = today() - datetime.timedelta(days=1)
    save(ending, actor=SYSTEM, verb="control.status_updated")
    long_ago = today() - datetime.timedelta(days=60)
    for days, outcome in ((60, "done"), (40, "open")):
        day = long_ago + datetime.timedelta(days=60 - days)
        Occurrence.objects.create(
            control=missed, starts_on=day, ends_on=day, due_on=day, frequency="annual", outcome=outcome
        )
    flaw = finding(troubled)
    attach_flags(risks, None)
    assert [one.flags for one in risks] == [
        [],
        ["IAM-02 fails: it does not operate", NOTHING_HOLDS],
        [f"IAM-03 fails: its occurrence of {today() - datetime.timedelta(days=40)} is missing"],
        [f"IAM-04 fails: {flaw.ref} unresolved"],
    ]
    assert set(Risk.objects.filter(flagged(None))) == set(risks[1:])


def test_the_method_is_published_in_versions_and_read_by_the_moment(compliance: User):
    first = established()
    assert (in_force().band(9), in_force().band(20), in_force().band(None)) == (Band.MEDIUM, Band.CRITICAL, None)
    assert [first.scores(band) for band in Band] == [(20, 25), (10, 19), (5, 9), (1, 4)]
    said = {
        "seen": 1, "likelihood": first.likelihood, "impact": first.impact, "medium_from": 4, "high_from": 8,
        "critical_from": 16, "reason": "Smaller company.",
    }  # fmt: skip
    with pytest.raises(ValidationError, match="Nothing differs"):
        publish(actor=compliance, **said | {"medium_from": 5, "high_from": 10, "critical_from": 20})
    with pytest.raises(ValidationError, match="rising scores"):
        publish(actor=compliance, **said | {"high_from": 17})
    with pytest.raises(ValidationError, match="a name and a meaning"):
        publish(actor=compliance, **said | {"impact": first.impact[:4]})
    second = publish(actor=compliance, **said)
    with pytest.raises(Stale):
        publish(actor=compliance, **said)
    assert (in_force().band(9), in_force(first.created_at).band(9)) == (Band.HIGH, Band.MEDIUM)
    assert in_force(first.created_at - datetime.timedelta(days=9)) == first
    assert (second.number, rated().method) == (2, second)
    entries = Entry.objects.filter(verb="method.published").order_by("id")
    assert list(entries.values_list("actor_kind", flat=True)) == ["system", "user"]


def test_the_next_review_follows_the_bands_in_force(compliance: User):
    risk = rated(inherent=(3, 3))
    first = established()
    assert risk.review_on == today() + datetime.timedelta(days=setting("risk_review_medium_days"))
    publish(
        actor=compliance, seen=1, likelihood=first.likelihood, impact=first.impact, medium_from=4, high_from=8,
        critical_from=16, reason="Smaller company.",
    )  # fmt: skip
    assert setting("risk_review_high_days") != setting("risk_review_medium_days")
    seen = actions.review(Risk.objects.get(pk=risk.pk), actor=compliance, note="Nothing new.")
    assert seen.method == first
    assert seen.review_on == today() + datetime.timedelta(days=setting("risk_review_high_days"))


def test_the_next_review_is_moved_by_its_verbs_alone(client: Client, compliance: User):
    risk = rated()
    client.force_login(compliance)
    assert "review_on" in client.get("/risks/new/").context["form"].fields
    page = f"/risks/{risk.pk}/edit/"
    assert "review_on" not in client.get(page).context["form"].fields
    late = str(today() + datetime.timedelta(days=3000))
    said = {"title": "Otherwise", "category": "people", "source": "person", "identified_on": str(today())}
    assert client.post(page, {**said, "review_on": late, "version": risk.version}).status_code == 302
    stored = Risk.objects.get(pk=risk.pk)
    assert (stored.title, stored.review_on) == ("Otherwise", risk.review_on)


def test_an_auditor_sees_links_to_controls_in_scope_alone(client: Client, auditor: User, manager: User):
    trust_services()
    inside, outside = operating(ref="IAM-01"), operating(ref="PRV-77")
    link(inside, "CC6.1")
    link(outside, "P1.1")
    risk = rated(inside, outside)
    for control in (inside, outside):
        control.refresh_from_db()
        control.operates_until = today() - datetime.timedelta(days=1)
        save(control, actor=SYSTEM, verb="control.updated")
    for user, sees in ((auditor, False), (manager, True)):
        client.force_login(user)
        page = client.get(risk.get_absolute_url()).content.decode()
        paper = html_for(paper_for("/risks/overview/", user), cover_for(user))
        sheet = client.get("/risks/export.csv").getvalue().decode()
        for text in (page, paper, sheet):
            assert "IAM-01" in text
            assert ("PRV-77" in text) is sees
        assert (UNSEEN in page) is not sees


def test_the_paper_names_controls_as_they_were_called_then(manager: User):
    control = operating(ref="IAM-01")
    risk = rated(control)
    before = timezone.now()
    control.refresh_from_db()
    control.ref = "IAM-99"
    save(control, actor=SYSTEM, verb="control.updated")
    assert controls_of([risk.pk], manager, None) == {risk.pk: ["IAM-99"]}
    assert controls_of([risk.pk], manager, before) == {risk.pk: ["IAM-01"]}
