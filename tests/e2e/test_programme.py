"""Every page of coverage, readiness, populations, samples and findings: fit for everybody, on every screen."""

import datetime

import pytest

from evidence.actions import accept
from evidence.coverage.keep import refresh_stale
from evidence.sampling.actions import draw
from findings import actions as findings
from findings import follow_up
from foundation.organisation.actions import found
from foundation.organisation.models import today
from foundation.trail.record import SYSTEM
from tests.factories.controls import link, trust_services
from tests.factories.evidence import evidence, operating, requirement
from tests.factories.findings import finding
from tests.factories.populations import population

PAGES = (
    "/coverage/", "/coverage/?state=missing", "/evidence/occurrences/{control}/{month}/", "/readiness/",
    "/readiness/{criterion}/", "/overview/", "/controls/{control}/",
    "/evidence/populations/", "/evidence/populations/{list}/", "/evidence/populations/{list}/draw/",
    "/evidence/populations/{list}/trail/", "/evidence/samples/", "/evidence/samples/{sample}/",
    "/findings/", "/findings/{open}/", "/findings/{asked}/", "/findings/{open}/history/", "/findings/ageing/",
    "/findings/actions/", "/findings/actions/{action}/", "/reports/", "/reports/?report=trail",
)  # fmt: skip
FORMS = (
    "/evidence/populations/new/", "/findings/{open}/start/",
    "/findings/{open}/fix/", "/findings/{open}/acceptance/", "/findings/{open}/actions/new/",
    "/findings/{open}/evidence/new/", "/findings/actions/{action}/complete/",
)  # fmt: skip
MANAGING = (
    "/findings/{open}/controls/new/",
    "/findings/new/",
    "/findings/{open}/edit/",
    "/findings/{asked}/acceptance/approve/",
    "/findings/{asked}/acceptance/decline/",
    "/findings/import/",
)


@pytest.fixture
def world(transactional_db, owner, manager, compliance) -> dict[str, object]:
    """One of each, with something in every column."""
    found(actor=SYSTEM, name="Northwind Ledger")
    trust_services()
    control = operating(owner=owner, ref="IAM-02", name="Access review")
    deployed = operating("per_event", owner=owner, ref="CHG-01", name="Changes are reviewed")
    criterion = link(control, "CC6.1")[0].criterion_id
    requirement(control, "Signed list of accounts", source="Okta, Reports", kinds=["export"])
    accept(evidence(control, actor=owner, captured=None), actor=compliance)
    rows = [(f"CHG-{number}", f"2026-07-{number + 1:02}") for number in range(20)]
    frozen = population(*rows, actor=owner, controls=[deployed])
    sample = draw(frozen, actor=owner, method="random", size=3, seed="seed")
    one = finding(control, actor=compliance, days_ago=40, owner=owner)
    asked = finding(control, actor=compliance, days_ago=5, owner=owner, title="No alarm on the old queue")
    until = today() + datetime.timedelta(days=60)
    findings.request_acceptance(asked, actor=owner, reason="It is replaced next month.", until=until)
    action = follow_up.plan_action(one, actor=owner, what="Pin all versions", owner=owner, due_on=until)
    refresh_stale()
    return {
        "control": control.pk, "month": f"{today():%Y-%m}-01", "criterion": criterion, "list": frozen.pk,
        "sample": sample.pk, "open": one.pk, "asked": asked.pk, "action": action.pk,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("who", "viewport", "dark"),
    [
        ("owner", "phone", False),
        ("compliance", "desktop", False),
        ("compliance", "phone", True),
    ],
)
def test_every_page_is_accessible(open_page, world, request, assert_accessible, shoot, who, viewport, dark):
    page = open_page(viewport, dark=dark, user=request.getfixturevalue(who))
    wanted = (*PAGES, *FORMS, *(MANAGING if who == "compliance" else ()))
    for path in wanted:
        answer = page.goto(path.format(**world))
        assert answer.status == 200, path
        name = path.strip("/").replace("/", "-").replace("{", "").replace("}", "").replace("?", "-")
        shoot(page, f"programme-{name}-{who}-{viewport}")
        assert_accessible(page)
