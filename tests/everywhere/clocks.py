"""The part of the world that is about notification clocks."""

import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from foundation.accounts.models import User
from incidents.clocks import running
from incidents.clocks.rules import adopt
from incidents.models import Incident
from tests.factories.incidents import a_rule, an_incident, named


def clocked(owner: User, manager: User, employee: User, compliance: User) -> dict[str, dict[str, Any]]:
    """An incident that the employee reported, the owner commands and the manager works on; its clock and a notice."""
    incident = an_incident(reporter=employee, commander=owner, data_classes=["personal"])
    named(incident, manager)
    rule = a_rule(checked=True)
    clock = running.start(
        incident, actor=owner, rule=rule, started_at=timezone.now() - datetime.timedelta(hours=1), reason="The logs."
    )
    notice = running.record_notification(
        Incident.objects.get(pk=incident.pk), actor=owner, told="Borealis", channel="Mail", what="We look into it.",
        sent_at=timezone.now(), file=ContentFile(b"%PDF-1.4 mail", "mail.pdf"),
    )  # fmt: skip
    [starter] = adopt(["gdpr-33-authority"], actor=compliance)
    rows = {"clock": clock, "notification": notice, "notificationrule": rule}
    found = {f"{door}:{name}": {"pk": row.pk} for name, row in rows.items() for door in ("incidents", "api")}
    return {"incidents:start": {"pk": incident.pk, "rule": starter.pk}, **found}
