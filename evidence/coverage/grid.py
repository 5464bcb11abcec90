"""The coverage grid: controls down, months across, a square for each occurrence, the worst first."""

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse, reverse_lazy

from controls.models import SCOPE, Frequency, Mapping
from evidence.coverage.book import Book, Square, Tally, controls_of
from evidence.coverage.judge import WHY
from evidence.coverage.tiles import Days, months
from evidence.coverage.words import SIGNS, STANDINGS, TONES, in_words
from evidence.models import Evidence
from foundation.accounts.models import User
from foundation.pages.filters import matching
from foundation.pages.people import NOBODY, called
from foundation.trail.asof import rows

ATTACH = reverse_lazy("evidence:evidence-create")  # takes ?control= and ?occurrence=
ATTENTION, WAITING, UNEXPECTED = "attention", "waiting", "unexpected"  # states of a control, besides the standings
MONTH = datetime.timedelta(days=28)
CHUNK = 500  # controls at once in an export
MOST_SQUARES = 6  # occurrences that stand by themselves in a month's cell
Tile = tuple[str, str, str, str]  # sign, tone, words, address
GridCell = tuple[int, list[Tile]]  # how many months it takes, and what stands in it
GridRow = tuple[str, str, str, str, str, int, list[GridCell], str]  # see Line.shown


@dataclass(frozen=True)
class Narrowed:
    """What a grid is narrowed to. Empty words narrow nothing; `owner` is an account's id or "nobody"."""

    category: str = ""
    owner: str = ""
    state: str = ""
    q: str = ""


@dataclass
class Line:
    """One control with its occurrences."""

    id: int
    ref: str
    name: str
    status: str
    frequency: str
    owner: str
    tally: Tally
    squares: Sequence[Square] = ()
    cells: list[GridCell] = field(default_factory=list)

    @property
    def frequency_words(self) -> str:
        """How often it operates."""
        return str(Frequency(self.frequency).label) if self.frequency else ""

    def shown(self, address: str, months: int) -> GridRow:
        """The row of the page. `address`: of the control's page, for who sees it; `months`: how many columns."""
        words = self.tally.words if self.cells else ""
        return address, self.ref, self.name, self.frequency_words, self.owner, months, self.cells, words


class Grid:
    """The grid for one person. Few queries, whatever the number of controls; of the past it is computed."""

    def __init__(
        self, user: User, period: Days, narrowed: Narrowed | None = None, moment: datetime.datetime | None = None
    ) -> None:
        self.period, self.narrowed, self.moment = period, narrowed or Narrowed(), moment
        self.controls = narrow(controls_of(user, moment), self.narrowed, moment)
        self.book = Book(self.controls, period, moment)

    @cached_property
    def tallies(self) -> dict[int, Tally]:
        """What is counted of each control that passed the filters but the state's."""
        return self.book.tallies()

    @cached_property
    def known(self) -> list[tuple[int, str, str]]:
        """(id, reference, status) of each control that passed the filters but the state's."""
        return list(self.controls.order_by("ref", "id").values_list("id", "ref", "status"))

    @cached_property
    def unexpected(self) -> list[int]:
        """The controls in scope of which nothing is expected in the period."""
        return [pk for pk, _, status in self.known if status in SCOPE and pk not in self.tallies]

    @cached_property
    def ids(self) -> list[int]:
        """The controls to show, the worst first."""
        state = self.narrowed.state
        if state == UNEXPECTED:
            return self.unexpected
        found = [(pk, self.tallies[pk]) for pk, _, _ in self.known if pk in self.tallies]
        wanted = [(pk, tally) for pk, tally in found if not state or has(tally, state)]
        return [pk for pk, tally in sorted(wanted, key=lambda one: badness(one[1]))]

    @property
    def counts(self) -> Counter[str]:
        """How many occurrences of the shown controls stand how."""
        total: Counter[str] = Counter()
        for pk in self.ids:
            if pk in self.tallies:
                total += self.tallies[pk].counts
        return total

    @cached_property
    def months(self) -> list[tuple[int, int]]:
        """(year, month) of each column."""
        return [((number - 1) // 12, (number - 1) % 12 + 1) for number in months(self.period)]

    @property
    def heads(self) -> list[tuple[str, str]]:
        """The columns' heads: a short name, and all of it."""
        days = [datetime.date(year, month, 1) for year, month in self.months]
        return [(f"{day:%b}" if day.month > 1 and day != days[0] else f"{day:%b %Y}", f"{day:%B %Y}") for day in days]

    def lines(self, ids: Sequence[int]) -> list[Line]:
        """These controls with their occurrences, in this order: two queries."""
        squares = self.book.of(ids)
        names = ("id", "ref", "name", "status", "frequency", "owner__name", "owner__email", "owner__is_active")
        told = {values[0]: values for values in self.controls.filter(id__in=ids).values_list(*names)}
        found = []
        for pk in ids:
            _, ref, name, status, frequency, owner, email, active = told[pk]
            who = called(owner or email or "", active)
            tally = self.tallies.get(pk) or Tally()
            found.append(Line(pk, ref, name, status, frequency, who, tally, squares.get(pk, ())))
        return found

    def drawn(self, ids: Sequence[int]) -> list[Line]:
        """The same with their cells, for screens and paper."""
        found, address = self.lines(ids), Address(self.moment)
        for line in found:
            cells = self.cells(line.squares) if line.squares else ()
            line.cells = [(width, self.tiles(line.ref, width, inside, address)) for width, inside in cells]
        return found

    def tiles(self, ref: str, width: int, inside: Sequence[Square], address: "Address") -> list[Tile]:
        """A square for each occurrence; of more than a cell holds, one for all, which opens its months."""
        if len(inside) <= MOST_SQUARES or len(self.months) == 1:
            return [(SIGNS[one.standing], TONES[one.standing], told(one), address.of(one)) for one in inside]
        counts = Counter(one.standing for one in inside)
        worst = next(name for name in STANDINGS if counts[name])
        first = inside[0].starts_on.replace(day=1)
        year, month = divmod(first.year * 12 + first.month - 1 + width, 12)
        days = Days(first, datetime.date(year, month + 1, 1) - datetime.timedelta(days=1))
        words = f"{days.first} to {days.last}, {len(inside)} occurrences: {in_words(counts)}"
        return [(f"{counts[worst]}{SIGNS[worst]}", TONES[worst], words, address.of_month(ref, days))]

    def cells(self, squares: Sequence[Square]) -> Iterator[tuple[int, list[Square]]]:
        """The cells of one control: how many months each takes, and its occurrences."""
        begun = self.period.first.year * 12 + self.period.first.month
        place, last = 0, len(self.months) - 1
        width = 0
        inside: list[Square] = []
        for one in squares:
            start = max(0, one.starts_on.year * 12 + one.starts_on.month - begun)
            end = min(last, one.ends_on.year * 12 + one.ends_on.month - begun)
            if one.ends_on - one.starts_on < MONTH:
                end = start  # a week stands in the month in which it begins
            if inside and start < place + width:
                width = max(width, end - place + 1)
            else:
                if inside:
                    yield width, inside
                if start > place + width:
                    yield start - place - width, []
                place, width, inside = start, end - start + 1, []
            inside.append(one)
        if inside:
            yield width, inside
        if place + width <= last:
            yield last - place - width + 1, []

    def chunks(self) -> Iterator[list[list[Any]]]:
        """The rows of the CSV under HEADER: one for each occurrence, one for a control without any."""
        for start in range(0, len(self.ids), CHUNK):
            yield [row for line in self.lines(self.ids[start : start + CHUNK]) for row in rows_of(line)]


HEADER = (
    "Control", "Name", "Owner", "Frequency", "From", "To", "Last day of grace", "Event", "State", "Evidence waits",
    "Why", "Evidence",
)  # fmt: skip


def rows_of(line: Line) -> Iterator[list[Any]]:
    """A control's occurrences under HEADER."""
    start = [line.ref, line.name, line.owner, line.frequency_words]
    if not line.squares:
        yield [*start, "", "", "", "", "Nothing expected", "", "", ""]
    for one in line.squares:
        evidence = Evidence.ref_of(one.evidence) if one.evidence else ""
        yield [
            *start, one.starts_on, one.ends_on, one.due_on, one.event, STANDINGS[one.standing],
            "yes" if one.waiting else "", WHY.get(one.why, ""), evidence,
        ]  # fmt: skip


class Address:
    """The pages of occurrences and controls: resolved once, for thousands of squares."""

    def __init__(self, moment: datetime.datetime | None = None) -> None:
        self._before, _, self._after = reverse("evidence:occurrence", args=[0, "2000-01-01"]).partition("0/2000-01-01")
        self._page, _, self._slash = reverse("controls:control-detail", args=[0]).rpartition("0")
        self._kept = {"as_of": moment.isoformat()} if moment else {}

    def of(self, one: Square) -> str:
        """The page of one occurrence, at the moment that is looked at."""
        page = f"{self._before}{one.control}/{one.starts_on.isoformat()}{self._after}"
        if not (one.event or self._kept):
            return page
        return f"{page}?{urlencode(self._kept | ({'event': one.event} if one.event else {}))}"

    def page(self, control: int) -> str:
        """The page of a control, at that moment."""
        return f"{self._page}{control}{self._slash}{f'?{urlencode(self._kept)}' if self._kept else ''}"

    def of_month(self, ref: str, days: Days) -> str:
        """The grid of one control and these days, where each occurrence has its square."""
        asked = {"q": ref, "from": days.first.isoformat(), "to": days.last.isoformat()} | self._kept
        return f"{reverse('coverage')}?{urlencode(asked)}"


def told(one: Square) -> str:
    """An occurrence in words."""
    start, end = one.starts_on.isoformat(), one.ends_on.isoformat()
    days = start if start == end else f"{start} to {end}"
    waits = ", evidence waits to be judged" if one.waiting and one.standing != "done" else ""
    event = f" {one.event}" if one.event else ""
    return f"{days}{event}: {STANDINGS[one.standing].lower()}{waits}"


def narrow(controls: QuerySet[Any], narrowed: Narrowed, moment: datetime.datetime | None) -> QuerySet[Any]:
    """The controls that are asked for by category, owner and words. Runs on live and on history rows."""
    if narrowed.category:
        links = rows(Mapping, moment).filter(archived_at=None, criterion__category__slug=narrowed.category)
        controls = controls.filter(id__in=links.values("control_id"))
    if narrowed.owner == NOBODY:
        controls = controls.filter(owner=None)
    elif narrowed.owner:
        controls = controls.filter(Q(owner=narrowed.owner) | Q(operator=narrowed.owner))
    return controls.filter(matching(narrowed.q, ("ref", "name", "objective")))


def has(tally: Tally, state: str) -> bool:
    """Whether a control has an occurrence in this state."""
    if state == ATTENTION:
        return bool(tally.counts["missing"] or tally.counts["late"])
    if state == WAITING:
        return any(why == WAITING for _, why in tally.lacks)
    return tally.counts[state] > 0


def badness(tally: Tally) -> tuple[int, ...]:
    """What sorts the worst first: by how many are missing, late, excepted, due."""
    return tuple(-tally.counts[name] for name in ("missing", "late", "excepted", "due"))
