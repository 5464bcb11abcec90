"""The register as of any past moment is what was exported then, byte for byte, whatever happened since (R5.3)."""

import datetime
import json

import time_machine
from django.test import Client
from django.utils import timezone

from evidence.coverage.keep import refresh_stale
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from risks import actions
from risks.methods import established, publish
from risks.models import Risk, RiskControl, Status
from risks.rating import rate
from tests.factories.assessments import fresh
from tests.factories.evidence import operating
from tests.factories.findings import finding
from tests.factories.risks import a_risk, accepted, held_by, level, rated

DAY = datetime.timedelta(days=1)
EXPORTS = (
    "/risks/export.csv", "/risks/export.csv?residual=high&sort=-title", "/risks/export.csv?show=all",
    "/risks/export.csv?status=accepted", "/risks/export.csv?flagged=yes", "/risks/actions/export.csv",
    "/risks/acceptances/export.csv", "/risks/heatmap/export.csv", "/risks/assessments/export.csv",
)  # fmt: skip
PAGES = ("/api/v1/risks/", "/api/v1/risk-heatmap/")


def exported(person: User, moment: datetime.datetime | None = None) -> dict[str, bytes]:
    """Every export, now or as of a moment."""
    client = Client()
    client.force_login(person)
    query = {"as_of": moment.isoformat()} if moment else {}
    found = {}
    for address in EXPORTS:
        path, _, asked = address.partition("?")
        said = dict(pair.split("=") for pair in asked.split("&") if pair)
        response = client.get(path, {**said, **query})
        assert response.status_code == 200, address
        found[address] = b"".join(response.streaming_content)
    for address in PAGES:
        response = client.get(address, query)
        assert response.status_code == 200, address
        found[address] = json.dumps(response.json()["results"], sort_keys=True).encode()
    return found


def test_every_export_of_then_is_read_again(compliance: User, manager: User, owner: User, colleague: User):
    control, other = operating(ref="IAM-91", since=str(today())), operating(ref="IAM-92")  # the latter lacks evidence
    risks = [
        rated(control, inherent=(5, 4), residual=(2, 3), title=f"Risk {number} “ä”, =1", owner=owner)
        for number in range(6)
    ]
    held_by(risks[5], other)
    rated(title="Lives with", inherent=(2, 2), owner=owner)
    lived = Risk.objects.get(title="Lives with")
    accepted(lived, actor=owner, approver=manager, days=30)
    a_risk(title="Raw")
    a_risk(title="Template", status=Status.TEMPLATE)
    refresh_stale()  # as beside the worker
    moment = timezone.now()
    with time_machine.travel(moment, tick=False):
        then = exported(compliance)
    assert b"IAM-91; IAM-92" in then["/risks/export.csv"]
    assert then["/risks/export.csv?flagged=yes"].count(b"Flagged") == 1
    with time_machine.travel(moment + 2 * DAY, tick=True):
        rate(fresh(risks[0]), actor=compliance, inherent=level(5, 5), residual=level(5, 5))
        held_by(fresh(risks[1]), other, effectiveness="weak")
        link = RiskControl.objects.filter(risk=risks[2]).first()
        actions.unlink(link, actor=compliance, reason="It was retired.")
        actions.close(fresh(risks[3]), actor=compliance, reason="The product ended.")
        gone = fresh(risks[4])
        gone.archived_at, gone.title = timezone.now(), "Renamed, then archived"
        save(gone, actor=compliance, verb="risk.archived", reason="Named twice.")
        given = fresh(risks[5])
        given.owner = colleague
        save(given, actor=compliance, verb="risk.updated")
        accepted(rated(title="New", inherent=(2, 3), owner=owner), actor=owner, approver=manager)
        finding(control, title="It failed")
        method = established()
        publish(
            actor=compliance, seen=method.number, likelihood=method.likelihood, impact=method.impact,
            medium_from=3, high_from=5, critical_from=8, reason="The board wants less.",
        )  # fmt: skip
        refresh_stale()
    with time_machine.travel(moment + 60 * DAY, tick=True):  # the acceptance has expired meanwhile
        now, again = exported(compliance), exported(compliance, moment)
    for address, content in then.items():
        assert again[address] == content, address
    assert {address for address in then if now[address] == then[address]} <= {
        "/risks/assessments/export.csv", "/risks/actions/export.csv", "/risks/export.csv?flagged=yes",
    }  # fmt: skip
