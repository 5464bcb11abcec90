"""Vendors and what belongs to them, made for tests through the save path that everything uses."""

import datetime
from typing import Any

import factory
from django.core.files.base import ContentFile

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.record import SYSTEM
from tests.factories.people import UserFactory
from vendors import actions, approval, documents, reviews
from vendors.models import IN_USE, Contract, DocumentKind, Vendor, VendorDocument, VendorReview


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
    vendor.refresh_from_db()
    last = today() - datetime.timedelta(days=30)
    days = {"period_from": last - datetime.timedelta(days=364), "period_to": last} if kind.startswith("soc") else {}
    said = {"title": f"Report of {vendor.name}", **days, **told}
    file = ContentFile(content + vendor.name.encode(), name="report.pdf")
    return documents.add_document(vendor, actor=actor or UserFactory(role="manager"), file=file, kind=kind, **said)


def a_contract(vendor: Vendor, *, actor: User | None = None, **told: Any) -> Contract:
    """A contract that began a year ago and ends in a year, with nothing looked at."""
    vendor.refresh_from_db()
    said = {"title": "Master agreement", "starts_on": day(-365), "ends_on": day(365), **told}
    return documents.add_contract(vendor, actor=actor or UserFactory(role="manager"), **said)


def day(offset: int) -> datetime.date:
    """A day, counted from today."""
    return today() + datetime.timedelta(days=offset)


def a_review(vendor: Vendor, *, reviewer: User, approver: User, kind: str = "", **told: Any) -> VendorReview:
    """A review of the vendor that is under way: due diligence, or recurring where it is in use."""
    vendor.refresh_from_db()
    kind = kind or ("recurring" if vendor.status in IN_USE else "due_diligence")
    said = {"due_on": day(14), "why": "A breach." if kind == "event" else "", **told}
    return reviews.begin(vendor, actor=SYSTEM, kind=kind, reviewer=reviewer, approver=approver, **said)


def answered(review: VendorReview, *, actor: User | None = None, **answers: str) -> VendorReview:
    """All its questions answered “in order”, but those that are said; no SOC report is on file."""
    review.refresh_from_db()
    for item in review.items.order_by("position"):
        answer = answers.get(item.key, "na" if item.key == "worksheet" else "yes")
        note = "" if answer == "yes" else "No report is on file."
        reviews.answer(review, actor=actor or review.reviewer, key=item.key, answer=answer, note=note)
    return review


def submitted(
    review: VendorReview, *, conclusion: str = "approve", residual: str = "low", **answers: str
) -> VendorReview:
    """The review answered and submitted by its reviewer."""
    answered(review, **answers)
    said = {"conclusion": conclusion, "residual": residual, "residual_reason": "Its controls do.", "summary": "Fine."}
    return reviews.submit(review, actor=review.reviewer, **said)


def reviewed(vendor: Vendor, *, reviewer: User, approver: User, **said: Any) -> VendorReview:
    """An approved review of the vendor."""
    review = submitted(a_review(vendor, reviewer=reviewer, approver=approver), **said)
    return reviews.approve(review, actor=approver)


def approved(vendor: Vendor, *, reviewer: User, approver: User, judge: User) -> Vendor:
    """The vendor in use: `reviewer` did its due diligence, `approver` approved that, `judge` the vendor."""
    reviewed(vendor, reviewer=reviewer, approver=approver)
    vendor.refresh_from_db()
    vendor.approver = judge
    vendor = actions.keep_vendor(vendor, actor=SYSTEM, participle="updated")
    return approval.approve(vendor, actor=judge, statement="I looked at it.")
