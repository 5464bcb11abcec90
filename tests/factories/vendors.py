"""Vendors and what belongs to them, made for tests through the save path that everything uses."""

import datetime
from typing import Any

import factory
from django.core.files.base import ContentFile

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.record import SYSTEM
from tests.factories.people import UserFactory
from vendors import actions, documents
from vendors.models import Contract, DocumentKind, Vendor, VendorDocument


class VendorFactory(factory.Factory):
    """A proposed vendor that sees internal data: rated medium by a floor. Its tier follows from its attributes."""

    class Meta:
        model = Vendor

    name = factory.Sequence(lambda n: f"Alder {n} Ltd")
    service = "Sends the newsletters."
    data_classes = factory.LazyFunction(lambda: ["internal"])
    reach = "view"

    @classmethod
    def _create(cls, model_class: type[Vendor], *args: Any, **kwargs: Any) -> Vendor:
        return actions.keep_vendor(model_class(**kwargs), actor=SYSTEM, participle="created")


def a_vendor(**values: Any) -> Vendor:
    """A vendor of the factory's."""
    vendor: Vendor = VendorFactory(**values)
    return vendor


def a_document(
    vendor: Vendor, *, actor: User | None = None, kind: str = DocumentKind.SOC2_TYPE2, content: bytes = b"%PDF-1.7\n",
    **told: Any,
) -> VendorDocument:  # fmt: skip
    """A document of the vendor: by default a SOC 2 Type II report over the year up to a month ago."""
    last = today() - datetime.timedelta(days=30)
    days = {"period_from": last - datetime.timedelta(days=364), "period_to": last} if kind.startswith("soc") else {}
    said = {"title": f"Report of {vendor.name}", **days, **told}
    file = ContentFile(content + vendor.name.encode(), name="report.pdf")
    return documents.add_document(vendor, actor=actor or UserFactory(role="manager"), file=file, kind=kind, **said)


def a_contract(vendor: Vendor, *, actor: User | None = None, **told: Any) -> Contract:
    """A contract that began a year ago and ends in a year, with nothing looked at."""
    said = {"title": "Master agreement", "starts_on": day(-365), "ends_on": day(365), **told}
    return documents.add_contract(vendor, actor=actor or UserFactory(role="manager"), **said)


def day(offset: int) -> datetime.date:
    """A day, counted from today."""
    return today() + datetime.timedelta(days=offset)
