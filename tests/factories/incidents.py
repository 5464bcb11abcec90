"""Incidents and what belongs to them, made for tests through the save path that everything uses."""

import datetime
from typing import Any

from django.utils import timezone

from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from foundation.trail.steps import tie
from incidents.models import (
    Clock,
    CustodyItem,
    CustodyKind,
    Exercise,
    Incident,
    IncidentPerson,
    Notification,
    NotificationRule,
    Part,
    PlanVersion,
    PostIncidentReview,
    ResponsePlan,
    Severity,
    StartEvent,
    State,
    Unit,
)

HOUR = datetime.timedelta(hours=1)


def an_event(**values: Any) -> Incident:
    """An event that was reported an hour ago."""
    said: dict[str, Any] = {"title": "Odd sign-ins at night", "reported_at": timezone.now() - HOUR}
    return save(Incident(**{**said, **values}), actor=values.get("reporter") or SYSTEM, verb="incident.created")


def an_incident(severity: int = Severity.TWO, **values: Any) -> Incident:
    """An incident that was declared half an hour ago."""
    said: dict[str, Any] = {
        "state": State.DECLARED, "severity": severity, "severity_reason": "As the matrix says.",
        "declared_at": timezone.now() - HOUR / 2,
    }  # fmt: skip
    return an_event(**{**said, **values})


def named(incident: Incident, user: User, part: str = Part.RESPONDER) -> IncidentPerson:
    """Name somebody in the response."""
    return tie(IncidentPerson(incident=incident, user=user, part=part), actor=SYSTEM, reason="They respond.")


def a_rule(**values: Any) -> NotificationRule:
    """A published rule: 72 hours from awareness, in UTC."""
    said: dict[str, Any] = {
        "key": "authority-72h", "regime": "Data protection law", "whom": "Supervisory authority",
        "applies": "Personal data were breached.", "starts": StartEvent.AWARE, "amount": 72, "unit": Unit.HOURS,
        "zone": "UTC", "source": "Article 33", "published_at": timezone.now(),
    }  # fmt: skip
    return save(NotificationRule(**{**said, **values}), actor=SYSTEM, verb="notificationrule.created")


def a_clock(incident: Incident, rule: NotificationRule | None = None, **values: Any) -> Clock:
    """A clock that runs since the incident was reported, with a rule's terms as they stand."""
    rule = rule or NotificationRule.objects.filter(key="authority-72h").first() or a_rule()
    started = incident.reported_at
    said: dict[str, Any] = {
        "incident": incident, "rule": rule, "regime": rule.regime, "whom": rule.whom, "amount": rule.amount,
        "unit": rule.unit, "zone": rule.zone or "UTC", "work_days": [0, 1, 2, 3, 4], "holidays": [],
        "warn_hours": rule.warn_hours, "started_at": started, "start_reason": "Personal data.",
        "due_at": started + HOUR * (rule.amount or 0) if rule.amount else None,
    }  # fmt: skip
    return save(Clock(**{**said, **values}), actor=SYSTEM, verb="clock.created")


def a_notification(incident: Incident, **values: Any) -> Notification:
    """What was sent about an incident."""
    said: dict[str, Any] = {
        "incident": incident, "told": "Supervisory authority", "channel": "Portal", "sent_at": timezone.now(),
        "what": "A first notice.",
    }  # fmt: skip
    return save(Notification(**{**said, **values}), actor=SYSTEM, verb="notification.recorded")


def a_thing(incident: Incident, collector: User, **values: Any) -> CustodyItem:
    """A device that was collected."""
    said: dict[str, Any] = {
        "incident": incident, "kind": CustodyKind.DEVICE, "description": "Laptop of the night shift",
        "where": "Desk 4, second floor", "how": "Switched off and sealed in a bag.", "collected_by": collector,
        "collected_at": timezone.now() - HOUR, "storage": "Safe of the security team",
    }  # fmt: skip
    return save(CustodyItem(**{**said, **values}), actor=collector, verb="custodyitem.created")


def a_plan(**values: Any) -> ResponsePlan:
    """A response plan without a version."""
    return save(
        ResponsePlan(**{"title": "Incident response plan", **values}), actor=SYSTEM, verb="responseplan.created"
    )


def a_version(plan: ResponsePlan | None = None, **values: Any) -> PlanVersion:
    """A draft of a plan."""
    plan = plan or a_plan()
    said: dict[str, Any] = {"plan": plan, "number": PlanVersion.objects.filter(plan=plan).count() + 1}
    return save(PlanVersion(**{**said, **values}), actor=SYSTEM, verb="planversion.created")


def a_review(incident: Incident, *, author: User, approver: User, **values: Any) -> PostIncidentReview:
    """A post-incident review in work."""
    said: dict[str, Any] = {"incident": incident, "author": author, "approver": approver}
    return save(PostIncidentReview(**{**said, **values}), actor=author, verb="postincidentreview.created")


def approved_review(incident: Incident, *, author: User, approver: User) -> PostIncidentReview:
    """A post-incident review that another person approved."""
    return a_review(
        incident, author=author, approver=approver, state="approved", facts="It began at night.",
        root_cause="A leaked password.", approved_by=approver, approved_at=timezone.now(), sha256="0" * 64,
    )  # fmt: skip


def an_exercise(*, facilitator: User, approver: User, **values: Any) -> Exercise:
    """A planned tabletop of a plan's version."""
    said: dict[str, Any] = {
        "title": "Ransom at quarter's end", "scenario": "Files are locked on a Friday evening.",
        "held_on": timezone.now().date(), "facilitator": facilitator, "approver": approver,
    }  # fmt: skip
    if "edition" not in values:
        said["edition"] = a_version()
    return save(Exercise(**{**said, **values}), actor=facilitator, verb="exercise.created")
