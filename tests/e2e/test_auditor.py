"""The auditor's way in a real browser: admitted, reading, asking for a package, verifying it offline, and out again."""

import datetime
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from audits import fieldwork
from audits.actions import end_access, windows_of
from audits.models import Engagement
from audits.models.packages import Package
from audits.package.contents import REPORTS
from foundation.accounts.models import User
from foundation.jobs.queue import claim, run
from foundation.organisation.actions import found
from foundation.trail import seal
from foundation.trail.log import Key
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.audits.package.test_package import verified
from tests.factories.controls import link, trust_services
from tests.factories.evidence import evidence, operating
from tests.factories.people import EngagementFactory, UserFactory

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def fieldwork_begun(transactional_db: None, log: Any, compliance: User) -> Engagement:
    """An engagement in fieldwork with a control and its evidence; nobody is admitted yet."""
    found(actor=SYSTEM, name="Northwind Ledger")
    trust_services()
    control = operating(since="2024-01-01", ref="IAM-01", name="Access review", expected_evidence="The list.")
    link(control, "CC6.1")
    evidence(control, title="Who has access", content=b"user,role\r\nada,admin\r\n", name="access.csv")
    return fieldwork.begin_fieldwork(EngagementFactory(name="SOC 2 Type II"), actor=compliance)


def admit(page: Page, engagement: Engagement, auditor: User) -> None:
    """Open a window, as a compliance manager does."""
    page.goto(engagement.get_absolute_url())
    page.get_by_label("Auditor").select_option(label=str(auditor))
    now = timezone.now()
    page.get_by_label("From", exact=True).fill(f"{now - HOUR:%Y-%m-%dT%H:%M}")
    page.get_by_label("Until", exact=True).fill(f"{now + HOUR:%Y-%m-%dT%H:%M}")
    page.get_by_label("Reason").fill("Examination of this year.")
    page.get_by_role("button", name="Admit auditor").click()
    expect(page.get_by_text("can read this engagement.")).to_be_visible()


def test_from_admission_to_a_verified_package_and_out(
    open_page, fieldwork_begun, compliance, assert_accessible, shoot, tmp_path, monkeypatch
):
    few = [one for one in REPORTS if one.folder == "risks"]  # each PDF takes seconds
    monkeypatch.setattr("audits.package.contents.REPORTS", few)
    auditor = UserFactory(role="auditor", name="Audra Kimball", email="audra@example.com")
    admit(open_page(user=compliance), fieldwork_begun, auditor)
    seal.seal_all()
    his = open_page(user=auditor)
    his.goto("/matrix/")
    expect(his.get_by_text("IAM-01").first).to_be_visible()
    his.goto(f"{fieldwork_begun.get_absolute_url()}packages/")
    assert_accessible(his)
    his.get_by_role("link", name="Build package").click()
    assert_accessible(his)
    his.get_by_role("button", name="Build package").click()
    expect(his.get_by_text("It is being built.")).to_be_visible()
    assert_accessible(his)
    shoot(his, "package-building")
    run(claim("here"))
    his.reload()
    assert_accessible(his)
    shoot(his, "package")
    with his.expect_download() as got:
        his.get_by_role("link", name="Download").click()
    path = Path(tmp_path / "package.zip")
    path.write_bytes(got.value.path().read_bytes())
    code, said = verified(path, key=Key.objects.get().text)
    assert code == 0, said
    assert "1 items of evidence are the bytes that were recorded" in said
    with zipfile.ZipFile(path) as opened:
        (name,) = (one for one in opened.namelist() if one.endswith("/access.csv"))
        assert opened.read(name) == b"user,role\r\nada,admin\r\n"
    told = set(Entry.objects.filter(actor_id=auditor.pk).values_list("verb", flat=True))
    assert {"package.created", "package.built", "file.downloaded"} <= told
    for window in windows_of(fieldwork_begun):
        end_access(window, actor=compliance, reason="Fieldwork is over.")
    assert his.goto("/matrix/").status == 404
    assert his.request.get(f"/audits/packages/{Package.objects.get().pk}/archive.zip").status == 404
