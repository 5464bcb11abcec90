"""The sub-processor list: what it lacks, when a version may be in force, that it is frozen, and who was told."""

import hashlib
import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from evidence.models import State
from foundation.accounts.models import User
from foundation.organisation.actions import change_setting
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.keep import save
from foundation.trail.leaf import canonical
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.vendors import day
from tests.factories.worksheets import in_use, operating_control
from vendors.models import Notice, SubprocessorList, Vendor, VendorControl
from vendors.subprocessors.draft import draft
from vendors.subprocessors.publishing import publish, record_notice
from vendors.subprocessors.work import subprocessors_work

WHY = "The mail service is new."


@pytest.fixture
def mail(owner: User, manager: User) -> Vendor:
    """A sub-processor of which everything is said."""
    return in_use(
        "Swift Mail", owner=owner, approver=manager, subprocessor=True, service="Sends mail",
        personal_data="Names, addresses", locations="Ireland", region="other", transfer_basis="Standard clauses",
        started_on=day(-100),
    )  # fmt: skip


def changed(vendor: Vendor, **values: Any) -> Vendor:
    vendor = Vendor.objects.get(pk=vendor.pk)
    for name, value in values.items():
        setattr(vendor, name, value)
    return save(vendor, actor=SYSTEM, verb="vendor.updated")


def told(version: SubprocessorList, actor: User, **values: Any) -> Notice:
    said = {
        "sent_on": day(0), "audience": "All customers", "channel": "E-mail", "objections_until": day(30),
        "text": "Swift Mail sends our mail.", **values,
    }  # fmt: skip
    return record_notice(SubprocessorList.objects.get(pk=version.pk), actor=actor, **said)


def test_what_lacks_blocks_publishing(mail: Vendor, owner: User, manager: User, compliance: User):
    in_use("Not one", owner=owner, approver=manager)
    assert [entry["name"] for entry in draft().entries] == ["Swift Mail"]
    changed(mail, locations="", transfer_basis="", started_on=None)
    with pytest.raises(ValidationError) as refused:
        publish(actor=compliance, reason=WHY, effective_on=day(0))
    assert refused.value.messages == ["Swift Mail lacks: location, transfer basis, since."]
    changed(mail, locations="Spain", region="same", started_on=day(-5))  # no transfer, so no basis
    assert draft().lacking == []


def test_versions_and_the_notice_that_customers_are_owed(mail: Vendor, owner: User, manager: User, compliance: User):
    with pytest.raises(ValidationError, match="Not before today"):
        publish(actor=compliance, reason=WHY, effective_on=day(-1))
    first = publish(actor=compliance, reason=WHY, effective_on=day(0))
    assert first.number == 1
    assert first.changes == ["New: Swift Mail, Sends mail."]
    assert first.sha256 == hashlib.sha256(canonical(first.entries).encode()).hexdigest()
    with pytest.raises(ValidationError, match="Nothing changed since version 1"):
        publish(actor=compliance, reason=WHY, effective_on=day(60))
    other = in_use("Pixel Archive", owner=owner, approver=manager, subprocessor=True, service="Keeps pictures",
                   personal_data="Pictures", locations="France", started_on=day(0))  # fmt: skip
    changed(mail, locations="Spain")
    with pytest.raises(ValidationError, match="30 days before"):
        publish(actor=compliance, reason=WHY, effective_on=day(29))
    change_setting("subprocessor_notice_days", 14, actor=compliance, reason="Our contracts say so.")
    with pytest.raises(ValidationError, match="changed while you were reading"):
        publish(actor=compliance, reason=WHY, effective_on=day(14), seen=first.sha256)
    second = publish(actor=compliance, reason=WHY, effective_on=day(14), seen=draft().sha256)
    assert second.changes == [
        "New: Pixel Archive, Keeps pictures.", "Changed: Swift Mail, location from “Ireland” to “Spain”.",
    ]  # fmt: skip
    changed(other, subprocessor=False)
    with pytest.raises(ValidationError, match=f"from {day(14)} on"):  # customers were told that Spain holds then
        publish(actor=compliance, reason="It left.", effective_on=day(0))
    third = publish(actor=compliance, reason="It left.", effective_on=day(14))  # nobody has to be told before
    assert third.changes == ["No longer used: Pixel Archive."]


def test_a_version_is_frozen_and_kept_for_its_control(mail: Vendor, compliance: User):
    control = operating_control("VEN-05")
    link = VendorControl(part=VendorControl.Part.SUBPROCESSORS, control=control, reason="Customers are told.")
    save(link, actor=compliance, verb="vendorcontrol.created")
    version = publish(actor=compliance, reason=WHY, effective_on=day(0))
    kept: Any = version.evidence
    assert (kept.state, kept.submitted_by) == (State.SUBMITTED, compliance)  # another person judges it
    assert json.loads(kept.file.read())["entries_sha256"] == version.sha256
    told(version, compliance)
    assert control.evidence_links.count() == 2  # the version and its notice
    for table in ("subprocessorlist", "notice"):
        for statement in (f"UPDATE vendors_{table} SET version = 9", f"DELETE FROM vendors_{table}"):
            with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
                connection.cursor().execute(statement)
    version.reason = "Otherwise."
    with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
        save(version, actor=SYSTEM, verb="subprocessorlist.published")


def test_notices_and_what_waits(mail: Vendor, owner: User, compliance: User):
    assert [item.kind for item in subprocessors_work(compliance)] == ["1 change not published"]
    assert subprocessors_work(owner) == []
    publish(actor=compliance, reason=WHY, effective_on=day(0))
    assert subprocessors_work(compliance) == []  # the first version is owed no notice
    changed(mail, locations="Spain")
    version = publish(actor=compliance, reason="It moves.", effective_on=day(31))
    (item,) = subprocessors_work(compliance)
    assert (item.kind, item.due) == ("No notice is recorded", day(1))
    with pytest.raises(ValidationError, match="has not come yet"):
        told(version, compliance, sent_on=day(1))
    with pytest.raises(ValidationError, match="after it was sent"):
        told(version, compliance, objections_until=day(-1))
    told(version, compliance)
    assert subprocessors_work(compliance) == []


def test_pages_and_files_of_the_list(mail: Vendor, owner: User, compliance: User):
    client = Client()
    client.force_login(owner)
    assert client.get(reverse("vendors:subprocessorlist-draft")).status_code == 403
    client.force_login(compliance)
    assert "Publish" in client.get(reverse("vendors:subprocessorlist-draft")).content.decode()
    page = reverse("vendors:subprocessorlist-publish")
    seen = client.get(page).context["form"].initial["seen"]
    wrong = client.post(page, {"reason": WHY, "effective_on": str(day(-3)), "seen": seen})
    assert wrong.status_code == 422
    assert WHY in wrong.content.decode()
    answer = client.post(page, {"reason": WHY, "effective_on": str(day(0)), "seen": seen})
    version = SubprocessorList.objects.get()
    assert answer.url == version.get_absolute_url()
    client.force_login(owner)
    assert "Swift Mail" in client.get(version.get_absolute_url()).content.decode()
    sheet = client.get(reverse("vendors:subprocessorlist-sheet", args=[version.pk])).getvalue().decode("utf-8-sig")
    assert sheet.splitlines()[0] == "Name,Purpose,Personal data,Location,Transfer basis,Since"
    told_json = json.loads(client.get(reverse("vendors:subprocessorlist-json", args=[version.pk])).getvalue())
    assert hashlib.sha256(canonical(told_json["entries"]).encode()).hexdigest() == told_json["entries_sha256"]
    assert Entry.objects.filter(verb="subprocessorlist.downloaded").count() == 2
    assert "Swift Mail" in html_for(paper_for(version.get_absolute_url(), owner), cover_for(owner))
    notice = reverse("vendors:subprocessorlist-record-notice", args=[version.pk])
    assert client.get(notice).status_code == 403
