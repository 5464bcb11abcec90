"""The heatmap: how many risks lie at each likelihood and impact, before and after controls, and what moved since a day.

Counts are SQL's, as far as a person sees, live or as the register stood; bands are drawn by the method in force then.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.trail.asof import rows
from risks.models import LEVELS, Band, Method, Risk, counted, in_force

PARTS: Final = ("inherent", "residual")
UNRATED: Final = "Not rated"
SHOWN: Final = 50  # risks of each sort of movement that a page lists
Counts = Mapping[tuple[int, int], int]  # (likelihood, impact) → how many


@dataclass(frozen=True, slots=True)
class Cell:
    """One square. `words`: what is read out, as “3 risks: likelihood 4 Likely, impact 5 Severe: critical”."""

    count: int
    band: str
    label: str
    words: str
    url: str


@dataclass(frozen=True)
class Line:
    """One level of likelihood with its squares, the mildest impact first."""

    level: int
    name: str
    cells: list[Cell]


@dataclass(frozen=True)
class Heatmap:
    """One of the two maps: the likeliest line first. `bands`: (value, word, how many, where they are listed)."""

    part: str
    title: str
    lines: list[Line]
    impacts: list[tuple[int, str]]
    bands: list[tuple[str, str, int, str]]
    rated: int
    unrated: int

    @property
    def squares(self) -> dict[tuple[int, int], int]:
        """How many risks lie where."""
        return {(line.level, place + 1): cell.count for line in self.lines for place, cell in enumerate(line.cells)}


def seen(user: User, moment: datetime.datetime | None) -> QuerySet[Any]:
    """The counted risks that this person sees, live or at a moment."""
    return visible(user, rows(Risk, moment), moment).filter(counted())


def counts_of(found: QuerySet[Any]) -> list[dict[tuple[int | None, int | None], int]]:
    """How many of these risks lie in each square of each map; those not rated at (None, None). One query."""
    names = [f"{part}_{axis}" for part in PARTS for axis in ("likelihood", "impact")]
    inherent: dict[tuple[int | None, int | None], int] = defaultdict(int)
    residual: dict[tuple[int | None, int | None], int] = defaultdict(int)
    for *levels, count in found.order_by().values_list(*names).annotate(count=Count("id")):
        inherent[levels[0], levels[1]] += count
        residual[levels[2], levels[3]] += count
    return [inherent, residual]


def heatmaps(user: User, moment: datetime.datetime | None, method: Method) -> list[Heatmap]:
    """Inherent and residual, as this person sees them. One query."""
    both = counts_of(seen(user, moment))
    return [heatmap(part, counts, method, moment) for part, counts in zip(PARTS, both, strict=True)]


def heatmap(part: str, counts: Mapping[Any, int], method: Method, moment: datetime.datetime | None) -> Heatmap:
    """A map of these counts."""
    where = Where(moment)
    lines = [
        Line(
            likelihood, method.likelihood[likelihood - 1]["name"],
            [cell(part, counts, method, likelihood, impact, where) for impact in LEVELS],
        )
        for likelihood in reversed(LEVELS)
    ]  # fmt: skip
    unrated = counts.get((None, None), 0)
    by_band = bands_of(counts, method)
    return Heatmap(
        part, part.capitalize(), lines, [(level, method.impact[level - 1]["name"]) for level in LEVELS],
        [(str(band), str(band.label), by_band[band], where.listed({part: band})) for band in Band],
        sum(counts.values()) - unrated, unrated,
    )  # fmt: skip


def cell(part: str, counts: Mapping[Any, int], method: Method, likelihood: int, impact: int, where: "Where") -> Cell:
    """One square of a map."""
    count, band = counts.get((likelihood, impact), 0), Band(method.band(likelihood * impact) or Band.LOW)
    names = method.likelihood[likelihood - 1]["name"], method.impact[impact - 1]["name"]
    place = f"likelihood {likelihood} {names[0]}, impact {impact} {names[1]}, {band.label.lower()}"
    url = where.listed({f"{part}_likelihood": likelihood, f"{part}_impact": impact}) if count else ""
    return Cell(count, str(band), str(band.label), f"{count} risk{'' if count == 1 else 's'}: {place}", url)


def bands_of(counts: Mapping[Any, int], method: Method) -> dict[Band, int]:
    """How many risks lie in each band, the worst first."""
    found = dict.fromkeys(Band, 0)
    for (likelihood, impact), count in counts.items():
        if likelihood and impact:
            found[Band(method.band(likelihood * impact) or Band.LOW)] += count
    return found


class Where:
    """Addresses of the register narrowed to what was counted, at the moment that is looked at."""

    def __init__(self, moment: datetime.datetime | None) -> None:
        self.base = reverse("risks:risk-list")
        self.kept = {"as_of": moment.isoformat()} if moment else {}

    def listed(self, filters: Mapping[str, Any]) -> str:
        """The list under these filters, of counted risks alone."""
        return f"{self.base}?{urlencode({**filters, 'counted': 'yes', **self.kept})}"

    def steps(self, state: str) -> str:
        """The list of treatment actions in this state."""
        return f"{reverse('risks:treatmentaction-list')}?{urlencode({'state': state, **self.kept})}"


# ---- movement ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Move:
    """One risk that moved: what remained of it then and what remains now, as score and band ("" = not rated)."""

    pk: int
    ref: str
    title: str
    then: str
    now: str
    band: str
    arrow: str


@dataclass(frozen=True)
class Movement:
    """What happened to the counted risks since a moment, with how many of each sort; lists end after SHOWN."""

    worse: list[Move]
    better: list[Move]
    new: list[Move]
    gone: list[Move]
    counts: dict[str, int]
    same: int

    @property
    def sorts(self) -> list[tuple[str, str, int, list[Move]]]:
        """Each sort with its heading, its number and its risks, the bad news first."""
        titles = {"worse": "Worse", "better": "Better", "new": "New", "gone": "Closed or archived"}
        return [(sort, title, self.counts[sort], getattr(self, sort)) for sort, title in titles.items()]


def movement(user: User, since: datetime.datetime, moment: datetime.datetime | None) -> Movement:
    """How the residual scores that this person sees moved between a past moment and now (or `moment`).

    Only what was written meanwhile can have moved. Six queries, whatever the number of risks.
    """
    written = Risk.history.filter(history_date__gt=since)
    if moment is not None:
        written = written.filter(history_date__lte=moment)
    touched = Q(id__in=written.order_by().values("id"))
    then, now = scores(user, since, touched), scores(user, moment, touched)
    unmoved = seen(user, moment).count() - len(now)
    both = then.keys() & now.keys()
    found = {
        "worse": sorted((pk for pk in both if up(then[pk], now[pk])), key=lambda pk: -(now[pk] or 0)),
        "better": sorted((pk for pk in both if up(now[pk], then[pk])), key=lambda pk: -(then[pk] or 0)),
        "new": sorted(now.keys() - then.keys(), key=lambda pk: (-(now[pk] or 0), pk)),
        "gone": sorted(then.keys() - now.keys(), key=lambda pk: (-(then[pk] or 0), pk)),
    }
    counts = {sort: len(some) for sort, some in found.items()}
    titles = titles_of((pk for some in found.values() for pk in some[:SHOWN]), moment)
    bands = in_force(since), in_force(moment)
    told = {
        sort: [told_move(pk, titles[pk], then.get(pk), now.get(pk), bands, sort) for pk in some[:SHOWN]]
        for sort, some in found.items()
    }
    return Movement(**told, counts=counts, same=unmoved + len(both) - counts["worse"] - counts["better"])


def scores(user: User, moment: datetime.datetime | None, which: Q) -> dict[int, int | None]:
    """The residual score of each of these counted risks that this person sees. One query."""
    return dict(seen(user, moment).filter(which).order_by().values_list("id", "residual_score"))


def up(then: int | None, now: int | None) -> bool:
    """Whether what remains grew; a first rating is no growth."""
    return then is not None and now is not None and now > then


def titles_of(numbers: Iterable[int], moment: datetime.datetime | None) -> dict[int, str]:
    """What these risks are called, at the moment or, where they came later, now. One query."""
    return dict(rows(Risk, moment).filter(id__in=list(numbers)).values_list("id", "title"))


def told_move(
    pk: int, title: str, then: int | None, now: int | None, methods: tuple[Method, Method], sort: str
) -> Move:
    """One risk's movement in words."""
    arrows = {"worse": "↑", "better": "↓", "new": "+", "gone": "−"}
    return Move(
        pk, Risk.ref_of(pk), title, score_words(then, methods[0]), score_words(now, methods[1]),
        str(methods[1].band(now) or ""), arrows[sort],
    )  # fmt: skip


def score_words(score: int | None, method: Method) -> str:
    """A score with its band, as “12 High”."""
    band = method.band(score)
    return f"{score} {band.label}" if band else UNRATED
