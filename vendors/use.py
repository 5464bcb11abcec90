"""Whether a vendor is used, whatever is being decided about it: assessed anew, it is still there."""

from collections.abc import Iterable

from django.db.models import Max, Q

from vendors.models import IN_USE, Status, Vendor


def used_before(vendors: Iterable[int]) -> set[int]:
    """Those of these vendors that were in use since they were last ended, or ever. One query."""
    known = Vendor.history.filter(id__in=list(vendors)).order_by().values("id")
    last = known.annotate(
        used=Max("history_id", filter=Q(status__in=IN_USE)), ended=Max("history_id", filter=Q(status=Status.ENDED))
    )
    return {one["id"] for one in last if one["used"] and one["used"] > (one["ended"] or 0)}


def was_in_use(vendor: Vendor) -> bool:
    """Whether it was in use since it was last ended, or ever."""
    return vendor.pk in used_before([vendor.pk])
