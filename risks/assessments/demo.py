"""The demo company's rounds of risk assessment: the yearly one, closed, and one that runs after a change.

Made by the actions that people use. What the register was before the demo was loaded nobody recorded: the tallies of
those months are as invented as the company.
"""

import datetime
from collections.abc import Sequence
from typing import Final

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.demo_clock import as_on
from foundation.organisation.models import today
from risks.assessments import closing, rounds
from risks.heatmap.tally import tally_of
from risks.heatmap.trend import month_end
from risks.models import AssessedRisk, Assessment, AssessmentKind, Risk, Tally, counted

DAYS_AGO: Final = 105  # when the yearly round began
MORNING: Final = datetime.time(9, 0, tzinfo=datetime.UTC)
PROVES: Final = {
    "RSK-01": "It is the yearly risk assessment: participants, ratings by one method, an approved snapshot.",
    "RSK-02": "Scenarios of fraud were rated and considered in it.",
}
FOUND: Final = (
    "Talked through with its owner; likelihood stays, nothing of the kind happened this year.",
    "The controls were looked at one by one. The rating stands.",
    "Worse than last year: more systems depend on it. Rated anew in the session.",
    "No change. The plan goes on as agreed.",
    "Finance and engineering see it alike; the impact was set by the largest customer's contract.",
)
APPROVED: Final = (
    "I looked at how the risks were assessed, at who took part and at what changed, and approve the result."
)
CONCLUSION: Final = (
    "Nothing threatens the company as a whole. Exploits of known flaws and dependence on single people are what "
    "remains highest; both have plans with owners and dates. Fraud was looked at expressly: payments need a second "
    "pair of eyes for changed bank details."
)


def workshop(days: int = 0) -> datetime.datetime:
    """A morning of the yearly round, counted from its first."""
    return datetime.datetime.combine(today() - datetime.timedelta(days=DAYS_AGO - days), MORNING)


def yearly(*, compliance: User, approver: User, participants: Sequence[tuple[User, str]]) -> None:
    """Last summer's round, from its beginning to its approval. The risks must be rated before."""
    began = workshop()
    days = {"starts_on": began.date(), "due_on": began.date() + datetime.timedelta(days=30)}
    with as_on(began):
        one = Assessment(title=f"Risk assessment {began.year}", lead=compliance, approver=approver, **days)
        one.scope = "All teams, systems and vendors; fraud expressly."
        one = rounds.begin(one, actor=compliance)
        for control in Control.objects.filter(ref__in=PROVES, archived_at=None).order_by("ref"):
            rounds.link_control(fresh(one), actor=compliance, control=control.ref, reason=PROVES[control.ref])
        for user, part in participants:
            rounds.name_participant(fresh(one), actor=compliance, user=user, part=part)
    with as_on(workshop(6)):
        for number, item in enumerate(AssessedRisk.objects.filter(assessment=one).order_by("risk_id")):
            rounds.consider(item, actor=compliance, note=FOUND[number % len(FOUND)])
        for user, _ in participants:
            rounds.take_part(fresh(one), actor=user)
    with as_on(workshop(9)):
        one = rounds.submit(fresh(one), actor=compliance, conclusion=CONCLUSION)
    with as_on(workshop(13)):
        closing.approve(one, actor=approver, statement=APPROVED)


def running(*, compliance: User, approver: User, participants: Sequence[tuple[User, str]]) -> None:
    """A round that began last week after a change, half worked through; nobody has confirmed it yet."""
    began = datetime.datetime.combine(today() - datetime.timedelta(days=6), MORNING)
    days = {"starts_on": began.date(), "due_on": began.date() + datetime.timedelta(days=28)}
    with as_on(began):
        one = Assessment(title="Second region in Frankfurt", lead=compliance, approver=approver, **days)
        one.kind, one.trigger = AssessmentKind.CHANGE, "Customers in Germany are served from a second region."
        one.scope = "What the second region changes: availability, transfers, who has access."
        one = rounds.begin(one, actor=compliance)
        for risk in Risk.objects.filter(counted(), category__in=("availability", "confidentiality", "vendor")):
            if not AssessedRisk.objects.filter(assessment=one, risk=risk).exists():
                rounds.put_risk(fresh(one), actor=compliance, risk=risk.ref)
        for user, part in participants:
            rounds.name_participant(fresh(one), actor=compliance, user=user, part=part)
    inside = list(AssessedRisk.objects.filter(assessment=one).order_by("risk_id"))
    for number, item in enumerate(inside[: len(inside) // 2]):
        rounds.consider(item, actor=compliance, note=FOUND[number % len(FOUND)])


def tallied() -> None:
    """The ends of the eleven months before: fewer risks were known, and more of each remained."""
    squares = list(
        Risk.objects.filter(counted(), residual_score__isnull=False).order_by("id").values_list(
            "inherent_likelihood", "inherent_impact", "residual_likelihood", "residual_impact"
        )
    )  # fmt: skip
    for back in range(11, 0, -1):
        known = squares[: max(3, len(squares) * (14 - back) // 13)]
        worse = [
            ((likelihood, impact), (min(likelihood, rest + (back > 5 + place % 4)), remains))
            for place, (likelihood, impact, rest, remains) in enumerate(known)
        ]
        one = tally_of(month_end(today(), back), [((a, b), (c, d)) for (a, b), (c, d) in worse])
        if not Tally.objects.filter(day=one.day).exists():
            one.save()


def fresh(one: Assessment) -> Assessment:
    """The round as it is stored now."""
    return Assessment.objects.get(pk=one.pk)
