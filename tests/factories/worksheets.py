"""Worksheets, reconciliations and what they need, made for tests by the verbs that people use."""

import datetime
from typing import Any

from django.core.files.base import ContentFile

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory
from tests.factories.vendors import a_document, a_vendor, day
from vendors.models import Reconciliation, Status, Vendor, Worksheet
from vendors.reconciliation import actions
from vendors.subprocessors.publishing import publish
from vendors.worksheets import lines, signing

STATEMENT = "I read the report beside it."


def in_use(name: str, *, owner: User, approver: User, **values: Any) -> Vendor:
    """A vendor that is approved, as the database asks for it."""
    vendor = a_vendor(name=name, owner=owner, approver=approver, **values)
    vendor.status, vendor.approved_by, vendor.approved_at = Status.APPROVED, approver, moment()
    return save(vendor, actor=SYSTEM, verb="vendor.approved")


def moment() -> datetime.datetime:
    """Now, aware."""
    return datetime.datetime.now(datetime.UTC)


def operating_control(ref: str, **values: Any) -> Control:
    """A control that is implemented and operates."""
    control: Control = ControlFactory(ref=ref, status="implemented", operates_from=day(-400), **values)
    return control


def a_worksheet(vendor: Vendor, *, reviewer: User, approver: User, **said: Any) -> Worksheet:
    """The worksheet of a new report of the vendor, begun by its reviewer; whole, but for its lists."""
    document = a_document(vendor, actor=approver)
    told = {
        "service": "Hosting", "categories": "Security, Availability", "auditor": "Birch & Alder LLP",
        "auditor_known": "yes", "opinion": "unqualified", "period_from": document.period_from,
        "period_to": document.period_to, "issued_on": today(), "in_scope": "yes",
        "conclusion": "It covers what we use.", "next_due_on": day(335), **said,
    }  # fmt: skip
    sheet = Worksheet(document=document, reviewer=reviewer, approver=approver, **told)
    return signing.begin(sheet, actor=reviewer)


def whole(sheet: Worksheet, **said: Any) -> Worksheet:
    """The worksheet with nothing in its lists, said expressly, so that it can be submitted."""
    sheet.none_excepted = sheet.none_expected = sheet.none_carved_out = True
    for name, value in said.items():
        setattr(sheet, name, value)
    return save(sheet, actor=sheet.reviewer, verb="worksheet.updated")


def a_cuec(sheet: Worksheet, **said: Any) -> Any:
    """A user control on the worksheet, not answered."""
    told = {"reference": "UC-1", "what": "Restrict who administers the service.", **said}
    return lines.add_cuec(fresh(sheet), actor=sheet.reviewer, **told)


def approved(sheet: Worksheet) -> Worksheet:
    """The worksheet, submitted by its reviewer and approved by its approver."""
    sheet = signing.submit(fresh(sheet), actor=sheet.reviewer)
    return signing.approve(sheet, actor=sheet.approver, statement=STATEMENT)


def fresh(row: Any) -> Any:
    """The row as it is stored now."""
    return type(row).objects.get(pk=row.pk)


def payments(content: str, *, actor: User, name: str = "payments.csv", **said: Any) -> Reconciliation:
    """A list of payments of the last 90 days, brought in."""
    told = {
        "kind": "payments",
        "source": "Ledger, supplier payments",
        "period_from": day(-90),
        "period_to": day(-1),
        **said,
    }
    return actions.bring(ContentFile(content.encode(), name=name), actor=actor, **told)


def read_by(owner: User, manager: User, compliance: User) -> dict[str, dict[str, int]]:
    """An open worksheet with a line of each kind, a published list, and a reconciliation: what addresses take."""
    vendor = in_use(
        "Cumulus Hosting", owner=owner, approver=manager, subprocessor=True, personal_data="Accounts",
        locations="Ireland", started_on=day(-300),
    )  # fmt: skip
    sheet = a_worksheet(vendor, reviewer=owner, approver=manager)
    cuec = a_cuec(sheet)
    exception = lines.add_exception(fresh(sheet), actor=owner, what="One review was late.")
    subservice = lines.add_subservice(fresh(sheet), actor=owner, name="Deepcold", method="carved_out")
    version = publish(actor=compliance, reason="The first.", effective_on=today())
    held = payments("Vendor,Amount\nCumulus Hosting,10.00\nNobody Ltd,1.00\n", actor=compliance)
    unknown = held.rows.get(vendor=None)
    found = {
        "worksheet": sheet, "cuec": cuec, "reportexception": exception, "subservice": subservice,
        "subprocessorlist": version, "reconciliation": held, "reconciledrow": unknown,
    }  # fmt: skip
    return {f"{app}:{name}": {"pk": row.pk} for name, row in found.items() for app in ("vendors", "api")}
