"""Calendar quarters, and in which of them a system's access is to be reviewed. Pure: no query, no clock."""

import datetime
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from systems.models import Cadence

# Of how many quarters one has to have a review. Whoever reviews monthly has one in each quarter as well.
EVERY: Final[Mapping[str, int]] = {
    Cadence.MONTHLY: 1, Cadence.QUARTERLY: 1, Cadence.SEMI_ANNUAL: 2, Cadence.ANNUAL: 4,
}  # fmt: skip
IN_WORDS: Final[Mapping[str, str]] = {
    Cadence.MONTHLY: "monthly", Cadence.QUARTERLY: "quarterly", Cadence.SEMI_ANNUAL: "twice a year",
    Cadence.ANNUAL: "once a year",
}  # fmt: skip


@dataclass(frozen=True, order=True, slots=True)
class Quarter:
    """One calendar quarter, of which there are four a year: 1 to 4."""

    year: int
    number: int

    @classmethod
    def of(cls, day: datetime.date) -> Self:
        """The quarter of a day."""
        return cls(day.year, (day.month + 2) // 3)

    @property
    def first(self) -> datetime.date:
        """Its first day."""
        return datetime.date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> datetime.date:
        """Its last day."""
        return self.after(1).first - datetime.timedelta(days=1)

    def after(self, count: int) -> "Quarter":
        """The quarter so many later (or, negative, earlier)."""
        year, index = divmod(4 * self.year + self.number - 1 + count, 4)
        return Quarter(year, index + 1)

    def __str__(self) -> str:
        return f"{self.year} Q{self.number}"


def quarters(first: datetime.date, last: datetime.date) -> Iterator[Quarter]:
    """The quarters that have a day from `first` to `last`."""
    one = Quarter.of(first)
    while one.first <= last:
        yield one
        one = one.after(1)


def is_due(cadence: str, quarter: Quarter, reviewed: Collection[Quarter]) -> bool:
    """Whether a system has to be reviewed in a quarter: none of those before that one review covers had one."""
    return not any(quarter.after(-back) in reviewed for back in range(1, EVERY[cadence]))


def next_due(cadence: str, quarter: Quarter, reviewed: Collection[Quarter]) -> Quarter:
    """In which quarter, from this one on, it is next to be reviewed."""
    while not is_due(cadence, quarter, reviewed):
        quarter = quarter.after(1)
    return quarter
