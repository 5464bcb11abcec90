"""Tallies: the squares of the heatmaps day by day, counted from the history of the risks (R5.3).

A day's tally says how things stood when it ended, in the organisation's time zone. It is derived: `recount` gives the
same rows again. One pass over the history counts any number of days, so that a worker which was off for a month, or a
register that is years old, costs one reading.
"""

import datetime
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from django.db import transaction
from django.db.models import Max, Min

from foundation.organisation.models import day_at, today, zone
from foundation.trail.asof import rows
from risks.models import COUNTED, Risk, Tally

DAY: Final = datetime.timedelta(days=1)
FIELDS: Final = (
    "id", "status", "archived_at", "inherent_likelihood", "inherent_impact", "residual_likelihood", "residual_impact",
)  # fmt: skip
Square = tuple[int, int] | None
Place = tuple[Square, Square]  # of one counted risk: inherent, residual


def end_of(day: datetime.date) -> datetime.datetime:
    """The last moment of a day, in the organisation's time zone."""
    return datetime.datetime.combine(day, datetime.time.max, zone()).astimezone(datetime.UTC)


def place_of(row: Any) -> Place | None:
    """Where a version of a risk lies in the two maps; None where it does not count."""
    _, status, archived_at, *levels = row
    if archived_at is not None or status not in COUNTED:
        return None
    inherent = (levels[0], levels[1]) if levels[0] else None
    return inherent, (levels[2], levels[3]) if levels[2] else None


def tallies(first: datetime.date, last: datetime.date) -> Iterator[Tally]:
    """The tally of each day from `first` to `last`, counted from history. Two queries, whatever the days."""
    before = end_of(first - DAY)
    places = {row[0]: place_of(row) for row in rows(Risk, before).values_list(*FIELDS)}
    history = Risk.history.filter(history_date__gt=before, history_date__lte=end_of(last))
    versions = history.order_by("history_date", "history_id").values_list("history_date", "history_type", *FIELDS)
    waiting = versions.iterator(chunk_size=2000)
    version = next(waiting, None)
    for number in range((last - first).days + 1):
        day, ended = first + number * DAY, end_of(first + number * DAY)
        while version is not None and version[0] <= ended:
            places[version[2]] = None if version[1] == "-" else place_of(version[2:])
            version = next(waiting, None)
        yield tally_of(day, [place for place in places.values() if place])


def tally_of(day: datetime.date, places: list[Place]) -> Tally:
    """The row of a day on which the counted risks lay so."""
    inherent = Counter(square for square, _ in places if square)
    residual = Counter(square for _, square in places if square)
    return Tally(day=day, risks=len(places), inherent=told(inherent), residual=told(residual))


def told(counts: Counter[tuple[int, int]]) -> dict[str, int]:
    """The counts as they are stored: {"likelihood,impact": how many}, in order."""
    return {f"{likelihood},{impact}": count for (likelihood, impact), count in sorted(counts.items())}


def read(stored: dict[str, int]) -> dict[tuple[int, int], int]:
    """The inverse of `told`."""
    found = {}
    for square, count in stored.items():
        likelihood, impact = square.split(",")
        found[int(likelihood), int(impact)] = count
    return found


@transaction.atomic
def count_missing() -> int:
    """Count each day that is over and was not counted yet, since the first risk. Returns how many."""
    began = Risk.history.aggregate(first=Min("history_date"))["first"]
    counted = Tally.objects.aggregate(last=Max("day"))["last"]
    if began is None:
        return 0
    first, last = max(day_at(began), counted + DAY if counted else datetime.date.min), today() - DAY
    return keep(first, last) if first <= last else 0


@transaction.atomic
def recount(first: datetime.date, last: datetime.date) -> int:
    """Count these days anew from history, whatever was stored: how many. Those before any keep theirs."""
    began = Risk.history.aggregate(first=Min("history_date"))["first"]
    if began is None:
        return 0
    first, last = max(first, day_at(began)), min(last, today() - DAY)
    Tally.objects.filter(day__gte=first, day__lte=last).delete()
    return keep(first, last) if first <= last else 0


def keep(first: datetime.date, last: datetime.date) -> int:
    """Store the tallies of these days; a day that another worker counted meanwhile stands."""
    found = list(tallies(first, last))
    Tally.objects.bulk_create(found, ignore_conflicts=True, batch_size=500)
    return len(found)
