"""The names on a list as its page and its CSV show them: unknown ones first, then vendors that have ended."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.http import QueryDict

from foundation.trail.asof import rows
from vendors.models import IN_USE, Match, ReconciledRow, Reconciliation, ReconciliationState, Status, Vendor

UNKNOWN, ENDED, KNOWN, NONE = "unknown", "ended", "known", "none"
SHOWS: Final = ((UNKNOWN, "Unknown"), (ENDED, "Vendor that has ended"), (KNOWN, "In the register"), (NONE, "No vendor"))
LABELS: Final = dict(SHOWS)
TONES: Final = {UNKNOWN: "bad", ENDED: "bad", KNOWN: "ok", NONE: "mute"}
GONE: Final = Q(match=Match.VENDOR) & (Q(vendor__status=Status.ENDED) | Q(vendor__archived_at__isnull=False))
CONDITIONS: Final = {
    UNKNOWN: Q(match=Match.UNKNOWN),
    ENDED: GONE,
    KNOWN: Q(match=Match.VENDOR) & ~GONE,
    NONE: Q(match=Match.NONE),
}
HEADER: Final = (
    "Line",
    "Name",
    "Amount",
    "Currency",
    "Turned out to be",
    "Vendor",
    "Vendor's status",
    "By hand",
    "Why",
)
MOST_ABSENT: Final = 50  # vendors on no list that the page names


@dataclass(frozen=True)
class Chosen:
    """Which names are looked at. Whatever the address says otherwise is passed over."""

    q: str
    show: str

    @classmethod
    def of(cls, params: QueryDict) -> "Chosen":
        """What the address asks for."""
        show = params.get("show", "")
        return cls(params.get("q", "").replace("\x00", "").strip()[:200], show if show in LABELS else "")

    def names(self, reconciliation: Any, moment: datetime.datetime | None) -> QuerySet[Any]:
        """The names, those first that somebody has to look at."""
        found = names_of(reconciliation, moment)
        if self.q:
            found = found.filter(Q(name__icontains=self.q) | Q(vendor__name__icontains=self.q))
        return found.filter(CONDITIONS[self.show]) if self.show else found


def names_of(reconciliation: Any, moment: datetime.datetime | None) -> QuerySet[Any]:
    """All names on a list, live or at a moment."""
    ranks = [When(CONDITIONS[show], then=Value(place)) for place, (show, _) in enumerate(SHOWS)]
    found = rows(ReconciledRow, moment).filter(reconciliation_id=reconciliation.pk, archived_at=None)
    rank = Case(*ranks, output_field=IntegerField())
    return found.select_related("vendor").annotate(rank=rank).order_by("rank", "line", "id")


def counts_of(reconciliation: Any, moment: datetime.datetime | None) -> dict[str, int]:
    """How many names are what. One query."""
    wanted = {show: Count("id", filter=condition) for show, condition in CONDITIONS.items()}
    found = rows(ReconciledRow, moment).filter(reconciliation_id=reconciliation.pk, archived_at=None)
    counts: dict[str, int] = found.order_by().aggregate(**wanted)
    return counts


def show_of(row: Any) -> str:
    """What a name turned out to be."""
    if row.match == Match.UNKNOWN:
        return UNKNOWN
    if row.match == Match.NONE:
        return NONE
    return ENDED if row.vendor.status == Status.ENDED or row.vendor.archived_at is not None else KNOWN


def exported(found: QuerySet[Any]) -> Iterator[list[list[Any]]]:
    """The rows of the CSV, a thousand at a time."""
    some: list[list[Any]] = []
    for row in found.iterator(chunk_size=1000):
        vendor = row.vendor
        some.append([
            row.line, row.name, row.amount, row.currency, LABELS[show_of(row)], str(vendor or ""),
            vendor.get_status_display() if vendor else "", row.by_hand, row.note,
        ])  # fmt: skip
        if len(some) == 1000:
            yield some
            some = []
    yield some


def absent(reconciliation: Any) -> QuerySet[Vendor]:
    """Vendors in use that are on no list of this kind for the period: perhaps free, perhaps not used any more.

    Those that began after the period are left out. For information: what is in use now, against what was listed.
    """
    listed = ReconciledRow.objects.filter(
        match=Match.VENDOR, reconciliation__kind=reconciliation.kind,
        reconciliation__period_from__lte=reconciliation.period_to,
        reconciliation__period_to__gte=reconciliation.period_from,
    ).exclude(reconciliation__state=ReconciliationState.CANCELLED)  # fmt: skip
    used = Vendor.objects.filter(status__in=IN_USE, archived_at=None)
    used = used.exclude(started_on__gt=reconciliation.period_to)
    return used.exclude(pk__in=listed.values("vendor_id")).order_by("name", "id")


def is_open(reconciliation: Reconciliation) -> bool:
    """Whether names can still be settled."""
    return reconciliation.state == ReconciliationState.OPEN
