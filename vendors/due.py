"""What falls due among vendors: reviews, conditions, papers and contracts that run out, reports, steps of exits."""

import datetime
from typing import Any, Final

from django.db.models import Max

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.due import Dated, Due, due_on
from vendors.filters import current_documents
from vendors.models import (
    Condition,
    Contract,
    ExitStep,
    ReviewState,
    Status,
    Vendor,
    VendorReview,
    Worksheet,
    WorksheetState,
)
from vendors.work import LONGEST_NOTICE, days_of

REGISTER: Final = "Vendors"
NEXT_REVIEW: Final = Dated(REGISTER, "Next review of the vendor", "next_review_on", title="name")
REVIEW: Final = Dated(REGISTER, "Review of the vendor", "due_on", "reviewer", related=("vendor",))
CONDITION: Final = Dated(REGISTER, "Condition on the vendor", "due_on", title="what")
STEP: Final = Dated(REGISTER, "Exit of the vendor", "due_on", related=("vendor",))
DOCUMENT: Final = Dated(REGISTER, "Document of the vendor expires", "expires_on", "vendor.owner")
REPORT: Final = Dated("SOC reports", "Next report of the vendor", "next_due_on", "reviewer", related=("vendor",))


def vendors_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """All of it. Seven queries."""
    under_way = VendorReview.objects.live().filter(state__in=(ReviewState.OPEN, ReviewState.SUBMITTED))
    used = Vendor.objects.filter(status__in=(Status.APPROVED, Status.CONDITIONAL), archived_at=None)
    unmet = Condition.objects.filter(met_on=None, archived_at=None).exclude(vendor__status=Status.ENDED)
    left = ExitStep.objects.filter(done_on=None, archived_at=None)
    papers = current_documents(None).exclude(vendor__status=Status.ENDED)
    return [
        *NEXT_REVIEW.of(user, used.exclude(pk__in=under_way.values("vendor")), first, last),
        *REVIEW.of(user, under_way, first, last),
        *CONDITION.of(user, unmet, first, last),
        *STEP.of(user, left, first, last),
        *DOCUMENT.of(user, papers, first, last),
        *REPORT.of(user, newest_reports(), first, last),
        *contracts_due(user, first, last),
    ]


def newest_reports() -> Any:
    """The newest approved worksheet of each vendor and service: what it says of its successor counts."""
    approved = Worksheet.objects.filter(state=WorksheetState.APPROVED, archived_at=None)
    later = approved.order_by().values("vendor", "service").annotate(newest=Max("pk")).values("newest")
    return approved.filter(pk__in=later).exclude(vendor__status=Status.ENDED)


def contracts_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """The last days for notice, and the ends, of contracts that still run. One query."""
    begins = max(first, today())
    found = visible(user, Contract).filter(archived_at=None, ends_on__range=(begins, last + LONGEST_NOTICE))
    found = found.exclude(vendor__status=Status.ENDED).select_related("vendor__owner").order_by("ends_on", "id")
    return [
        due_on(
            one, REGISTER, words, day, one.vendor.owner, title=f"{one.title}, {one.vendor.name}",
            date="end" if day == one.ends_on else "notice", ends=True,
        )
        for one in found
        for day, words in days_of(one)
        if begins <= day <= last
    ]  # fmt: skip
