"""What the demo company has beside its incidents: the plan, exercises, rules and a clock, custody, a review."""

import datetime
from collections.abc import Mapping as ReadOnly
from typing import Any, Final

from django.core.files.base import ContentFile
from django.utils import timezone

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.demo_clock import as_on
from foundation.organisation.models import today
from incidents.clocks import rules, running
from incidents.clocks.declining import decline
from incidents.clocks.suggest import undecided
from incidents.custody.actions import check_hash, collect, transfer
from incidents.exercises.demo import exercises
from incidents.models import Incident, IncidentControlLink, NotificationRule, PostIncidentReview
from incidents.plans.demo import plans
from incidents.proofs import link_control
from incidents.reviews import actions as reviews

# Which controls the work operates, by their references in the starter set.
OPERATES: Final = {
    "plan": ("IR-01", "The plan's roles, severities, steps and contacts, approved."),
    "plan_review": ("IR-01", "It was looked at within the year."),
    "exercise": ("IR-05", "The plan was rehearsed, with what was decided and found."),
    "review": ("IR-04", "What happened, why, and what follows."),
}
RULES: Final = ("gdpr-33-authority", "gdpr-33-controller", "gdpr-34-people")
REVIEWED: Final = "Search returns other customers' file names"
SAID: Final = {
    "present": "Search team, on-call engineer, support",
    "facts": "A customer reported names of files that were not theirs. The cache served results across tenants from "
    "the release of the evening before until it was turned off, four hours after the report.",
    "impact": "File names of at most nine customers could be seen by others for sixteen hours; no contents.",
    "root_cause": "The cache's key lacked the tenant, and no test asked for two tenants at once.",
    "contributing": "The reviewer of the change looked at speed alone.",
    "worked": "The customer's report reached the on-call engineer within ten minutes.",
    "did_not_work": "Nobody knew at once how to turn the cache off.",
    "lessons": "Every test of the search runs with two tenants; the switch stands in the playbook.",
}  # fmt: skip


def programme(*, compliance: User, staff: ReadOnly[str, User]) -> None:
    """The plan in force and its exercises, the controls that they operate, and the rules that apply."""
    known = {control.ref: control for control in Control.objects.live()}
    for part, (ref, reason) in OPERATES.items():
        if ref in known:
            tie = IncidentControlLink(part=part, control=known[ref], reason=reason)
            link_control(tie, actor=compliance)
    version = plans(compliance=compliance, approver=staff["manager"], staff=dict(staff))
    attendees = ((staff["owner"], "Technical lead"), (staff["maya.lindqvist"], "Commander"))
    exercises(edition=version, compliance=compliance, approver=staff["manager"], attendees=attendees)
    with as_on(timezone.now() - datetime.timedelta(days=360)):
        rules.adopt(RULES, actor=compliance)


def running_one(incident: Incident, *, lead: User, helper: User) -> None:
    """What runs in the open incident: a clock, and a log that was collected, handed over and checked."""
    rule = NotificationRule.objects.filter(key=RULES[0]).order_by("-number").first()
    if rule is not None and incident.declared_at is not None:
        reason = "Personal data may have been read; known since the declaration."
        running.start(fresh(incident), actor=lead, rule=rule, started_at=incident.declared_at, reason=reason)
    people = [one.rule for one in undecided(fresh(incident)) if one.rule.key == RULES[2]]
    if people:
        reason = "Names and amounts alone were in the exports: no high risk to people, as counsel sees it so far."
        decline(fresh(incident), actor=lead, rules=people, reason=reason)
    log = ContentFile(b"2 14:01:07 GET /exports/8841 200\n2 14:01:09 GET /exports/8842 200\n", "export-gateway.log")
    item = collect(
        fresh(incident), actor=lead, kind="file", file=log, description="Access log of the export gateway",
        where="Export gateway, both nodes", how="Copied read-only by the lead, before the restart.", collected_by=lead,
        collected_at=timezone.now() - datetime.timedelta(hours=3),
    )  # fmt: skip
    transfer(
        item, actor=lead, kind="handed", receiver=helper, after=0,
        purpose="Count the customers concerned; work is done on a copy.",
    )  # fmt: skip
    check_hash(item, actor=helper, note="Before the analysis.")


def reviewed_one(*, approver: User) -> None:
    """The review of a closed incident, approved a week after it was closed."""
    incident = Incident.objects.filter(title=REVIEWED).select_related("commander").first()
    if incident is None or incident.commander is None or incident.closed_at is None:
        return
    author = incident.commander
    with as_on(incident.closed_at + datetime.timedelta(days=4)):
        review = reviews.begin(incident, actor=author, approver=approver)
        for name, value in SAID.items():
            setattr(review, name, value)
        review.no_control_failed, review.held_on = True, today()
        reviews.change(review, actor=author)
        reviews.raise_finding(
            latest(review), actor=author, title="Tests of the search know one tenant alone", severity="medium",
            reason="A second leak of this kind would be found by customers again.", owner=author,
        )  # fmt: skip
        reviews.submit(latest(review), actor=author)
    with as_on(incident.closed_at + datetime.timedelta(days=7)):
        reviews.approve(latest(review), actor=approver, statement="I read it; the facts are those of the timeline.")


def fresh(incident: Incident) -> Incident:
    """The incident as it is stored now."""
    return Incident.objects.get(pk=incident.pk)


def latest(review: Any) -> PostIncidentReview:
    """The review as it is stored now."""
    return PostIncidentReview.objects.get(pk=review.pk)
