"""The names on a list as its page and its CSV show them: unknown ones first, then vendors that have ended."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.http import QueryDict

from foundation.trail.asof import rows, thaw
from vendors.models import IN_USE, Match, ReconciledRow, Reconciliation, ReconciliationState, Status, Vendor

UNKNOWN, ENDED, KNOWN, NONE = "unknown", "ended", "known", "none"
SHOWS: Final = ((UNKNOWN, "Unknown"), (ENDED, "Vendor that has ended"), (KNOWN, "In the register"), (NONE, "No vendor"))
LABELS: Final = dict(SHOWS)
TONES: Final = {UNKNOWN: "bad", ENDED: "bad", KNOWN: "ok", NONE: "mute"}
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
            called = rows(Vendor, moment).filter(name__icontains=self.q).values("id")
            found = found.filter(Q(name__icontains=self.q) | Q(vendor_id__in=called))
        return found.filter(conditions(moment)[self.show]) if self.show else found


def conditions(moment: datetime.datetime | None) -> dict[str, Q]:
    """What a name can have turned out to be, by how its vendor stands now or stood at a moment; in order of SHOWS."""
    over = rows(Vendor, moment).filter(Q(status=Status.ENDED) | Q(archived_at__isnull=False))
    gone = Q(match=Match.VENDOR) & Q(vendor_id__in=over.values("id"))
    return {
        UNKNOWN: Q(match=Match.UNKNOWN),
        ENDED: gone,
        KNOWN: Q(match=Match.VENDOR) & ~gone,
        NONE: Q(match=Match.NONE),
    }


def names_of(reconciliation: Any, moment: datetime.datetime | None) -> QuerySet[Any]:
    """All names on a list, live or at a moment. `rank`: the place in SHOWS of what each turned out to be."""
    told = conditions(moment)
    ranks = [When(told[show], then=Value(place)) for place, (show, _) in enumerate(SHOWS)]
    found = rows(ReconciledRow, moment).filter(reconciliation_id=reconciliation.pk, archived_at=None)
    rank = Case(*ranks, output_field=IntegerField())
    return found.select_related("vendor").annotate(rank=rank).order_by("rank", "line", "id")


def counts_of(reconciliation: Any, moment: datetime.datetime | None) -> dict[str, int]:
    """How many names are what. One query."""
    wanted = {show: Count("id", filter=condition) for show, condition in conditions(moment).items()}
    found = rows(ReconciledRow, moment).filter(reconciliation_id=reconciliation.pk, archived_at=None)
    counts: dict[str, int] = found.order_by().aggregate(**wanted)
    return counts


def show_of(row: Any) -> str:
    """What a name turned out to be: a row of `names_of`."""
    return SHOWS[row.rank][0]


def vendors_at(found: Iterable[Any], moment: datetime.datetime) -> dict[int, Any]:
    """The vendors that these names turned out to be, as they were at a moment. One query."""
    wanted = {row.vendor_id for row in found if row.vendor_id}
    return {one.id: thaw(one) for one in rows(Vendor, moment).filter(id__in=wanted)}


def on_page(found: list[Any], moment: datetime.datetime | None) -> list[tuple[Any, str, str]]:
    """The names of one page, each with what it turned out to be and the tone of that."""
    then = vendors_at(found, moment) if moment else {}
    lines = []
    for row in found:
        shown = thaw(row)
        if shown.vendor_id in then:
            shown.vendor = then[shown.vendor_id]
        lines.append((shown, LABELS[show_of(row)], TONES[show_of(row)]))
    return lines


def exported(found: QuerySet[Any], moment: datetime.datetime | None) -> Iterator[list[list[Any]]]:
    """The rows of the CSV, a thousand at a time, with their vendors as they are now or were at the moment."""
    left = found.iterator(chunk_size=1000)
    while some := list(islice(left, 1000)):
        then = vendors_at(some, moment) if moment else {}
        yield [sheet_row(row, then.get(row.vendor_id, row.vendor)) for row in some]


def sheet_row(row: Any, vendor: Any) -> list[Any]:
    """One row of the CSV."""
    return [
        row.line, row.name, row.amount, row.currency, LABELS[show_of(row)], str(vendor or ""),
        vendor.get_status_display() if vendor else "", row.by_hand, row.note,
    ]  # fmt: skip


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
