"""How often a vendor is reviewed, by its tier, as the organisation has set it."""

import datetime

from foundation.organisation.settings import setting
from vendors.models import Vendor


def days_of(tier: str) -> int:
    """The days from one review of a vendor of this tier to the next."""
    return setting(f"vendor_review_{tier}_days")


def next_review(tier: str, last: datetime.date) -> datetime.date:
    """The day on which the review after one of `last` is due."""
    return last + datetime.timedelta(days=days_of(tier))


def plan_next(vendor: Vendor) -> None:
    """Put the day of the next review onto a vendor that was reviewed, by the tier that it has now."""
    if vendor.last_reviewed_on is not None:
        vendor.next_review_on = next_review(vendor.tier, vendor.last_reviewed_on)
