"""The trend: how many risks lay in each band at the ends of the last twelve months, as a table and as a drawing."""

import calendar
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Max
from django.db.models.functions import TruncMonth

from foundation.accounts.access import open_window
from foundation.accounts.models import User
from foundation.pages.moment import day_of
from risks.heatmap.counts import bands_of
from risks.heatmap.tally import end_of, read
from risks.models import Band, Method, Tally, in_force

MONTHS: Final = 12
WIDTH, HEIGHT, FOOT = 720, 200, 26  # of the drawing; the foot holds the months
BAR: Final = 34
UPWARDS: Final = (Band.LOW, Band.MEDIUM, Band.HIGH, Band.CRITICAL)


@dataclass(frozen=True)
class Segment:
    """One band's part of a column. `roomy`: it is high enough for its number."""

    band: str
    words: str
    count: int
    y: int
    height: int

    @property
    def roomy(self) -> bool:
        """Whether its number fits in."""
        return self.height >= 13

    @property
    def middle(self) -> int:
        """Where its number stands."""
        return self.y + self.height // 2 + 4


@dataclass(frozen=True)
class Column:
    """One month. `day`: on which it was counted; None where nothing was counted in it."""

    words: str
    day: datetime.date | None
    counts: Mapping[Band, int]
    risks: int
    x: int
    segments: list[Segment]

    @property
    def middle(self) -> int:
        """Where its label stands."""
        return self.x + BAR // 2

    @property
    def listed(self) -> list[int]:
        """The counts, the worst band first."""
        return [self.counts.get(band, 0) for band in Band]


@dataclass(frozen=True)
class Trend:
    """The last twelve months and today. `whole`: what is counted is everything, which this person sees."""

    columns: list[Column]
    most: int

    @property
    def ruled(self) -> list[tuple[int, int]]:
        """The lines behind the columns: where, and for how many."""
        return [(scaled(count, self.most), count) for count in sorted({self.most // 2, self.most}) if count]


def trend(user: User, now: Mapping[Any, int], moment: datetime.datetime | None) -> Trend:
    """The residual bands at the end of each of the last eleven months, and as `now` (the squares) counts them.

    For whoever sees the whole register: the tallies count everything. An auditor sees no day before his period. Two
    queries.
    """
    last = day_of(moment)
    ends = [month_end(last, back) for back in range(MONTHS - 1, 0, -1)]
    window = open_window(user)
    first = max(ends[0].replace(day=1), window.period_from) if window else ends[0].replace(day=1)
    counted = Tally.objects.filter(day__gte=first, day__lt=last)
    newest = counted.annotate(month=TruncMonth("day")).order_by().values("month").annotate(last=Max("day"))
    stored = {(one.day.year, one.day.month): one for one in Tally.objects.filter(day__in=newest.values("last"))}
    methods = list(Method.objects.order_by("number")) or [in_force()]
    found: list[tuple[datetime.date, datetime.date | None, dict[Band, int]]] = []
    for end in ends:
        tally = stored.get((end.year, end.month))
        method = method_on(methods, end)
        found.append((end, tally.day if tally else None, bands_of(read(tally.residual), method) if tally else {}))
    found.append((last, last, bands_of(now, method_on(methods, last))))
    return drawn(found)


def month_end(day: datetime.date, back: int) -> datetime.date:
    """The last day of the month that lies so many months before a day's."""
    months = day.year * 12 + day.month - 1 - back
    year, month = divmod(months, 12)
    return datetime.date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def method_on(methods: list[Method], day: datetime.date) -> Method:
    """The version of the method that was in force when a day ended; before the first one, the first."""
    ended = end_of(day)
    stored = (one for one in methods if one.pk)  # the one that comes with the product was made on no day until it is
    return max((one for one in stored if one.created_at <= ended), key=lambda one: one.number, default=methods[0])


def drawn(found: list[tuple[datetime.date, datetime.date | None, dict[Band, int]]]) -> Trend:
    """The columns with their places in the drawing."""
    most = max((sum(counts.values()) for _, _, counts in found), default=0)
    step = WIDTH // len(found)
    columns = []
    for number, (end, day, counts) in enumerate(found):
        words = f"{end:%Y-%m}" if day != end or number < len(found) - 1 else "Now"
        columns.append(Column(
            words, day, counts, sum(counts.values()), number * step + (step - BAR) // 2, segments_of(counts, most)
        ))  # fmt: skip
    return Trend(columns, most)


def segments_of(counts: Mapping[Band, int], most: int) -> list[Segment]:
    """The parts of one column, stacked from the mildest band upwards."""
    found, below = [], 0
    for band in UPWARDS:
        count = counts.get(band, 0)
        if count:
            top, bottom = scaled(below + count, most), scaled(below, most)
            found.append(Segment(str(band), str(band.label), count, top, max(1, bottom - top)))
        below += count
    return found


def scaled(count: int, most: int) -> int:
    """How far from the top of the drawing a count lies."""
    return HEIGHT - FOOT - round((HEIGHT - FOOT - 12) * count / most) if most else HEIGHT - FOOT
