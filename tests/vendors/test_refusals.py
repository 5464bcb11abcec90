"""What neither a slip of the pen nor a clever order of steps does to the register of vendors."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse

from foundation.accounts.models import User
from foundation.trail.keep import save
from tests.factories.tokens import caller
from tests.factories.vendors import a_contract, day
from tests.factories.worksheets import a_worksheet, in_use
from vendors.models import Contract, Vendor, Worksheet
from vendors.worksheets.standing import standing_of

pytestmark = pytest.mark.django_db


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_days_out_of_reach_are_refused_and_counted_all_the_same(owner: User, manager: User, compliance: User):
    vendor = in_use("Cumulus", owner=owner, approver=manager)
    page, client = vendor.get_absolute_url(), as_(compliance)
    for first, last in (
        ("0001-01-01", ""),
        (str(day(0)), "9999-12-31"),
        ("1949-12-31", ""),
        (str(day(0)), "2999-01-01"),
    ):
        said = {"title": "Terms", "starts_on": first, "ends_on": last, "version": vendor.version}
        answer = client.post(f"{page}contracts/new/", said)
        assert answer.status_code == 422
        assert "Say a day in the years 1950 to" in answer.content.decode()
        pushed = caller(owner).post(f"/api/v1{page}contracts/", said | {"ends_on": last or None}, vendor.version)
        assert pushed.status_code == 400
    assert not Contract.objects.exists()
    contract = a_contract(vendor)
    form = client.get(f"{contract.get_absolute_url()}edit/").context["form"]
    for name in ("starts_on", "ends_on"):
        assert form.fields[name].validators
    edit = client.post(f"{page}edit/", {"name": "Cumulus", "started_on": "9999-12-31", "version": vendor.version})
    assert "started_on" in edit.context["form"].errors  # a day of the model's own
    sheet = a_worksheet(vendor, reviewer=owner, approver=manager)
    sheet.period_to = datetime.date.max  # as it may stand from before
    contract.starts_on = contract.ends_on = datetime.date.min
    contract.notice_days = 9
    for row in (sheet, contract):
        save(row, actor=compliance, verb=f"{row._meta.model_name}.updated")
    for address in (reverse("vendors:worksheet-list"), sheet.get_absolute_url(), reverse("vendors:contract-list"),
                    f"{page}papers/", contract.get_absolute_url()):  # fmt: skip
        assert client.get(address).status_code == 200, address
    assert not standing_of(Worksheet(period_to=datetime.date.max), day(9999), 3650).stale
    assert Vendor.objects.get().started_on is None
