"""Rating a risk (R5.1): residual against inherent and controls, the method by which it is read, and the flags."""

import datetime

import pytest
from django.core.exceptions import ValidationError

from controls.models import Control
from evidence.models import Occurrence
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from risks.actions import unlink
from risks.methods import established, publish
from risks.models import Band, Method, Risk, Status, in_force
from risks.rating import rate
from risks.standing import NOTHING_HOLDS, attach_flags, flagged
from tests.factories.controls import ControlFactory
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
