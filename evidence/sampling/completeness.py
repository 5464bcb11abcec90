"""What a list lets see of its own completeness: numbers that are missing in its keys, and stretches without a row."""

import datetime
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from evidence.coverage.tiles import Days
from evidence.sampling.rows import Line
from foundation.organisation.calendar import DAY, Calendar

NUMBERED = re.compile(r"(.*?)([0-9]{1,12})\Z", re.DOTALL)
MOST_TOLD = 50  # gaps kept of each sort; how many there are in all is kept too


def gaps_of(
    lines: Sequence[Line], period: Days, calendar: Calendar, others: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The gaps as kept: `numbers` [prefix, first, last] with `missing` in all; `days` [first, last] with `empty_days`.

    Days count as empty if they are business days without a row. A gap is no fault; it is a question to be answered.
    others: what the source has beside the rows, by key. `known` says what the missing numbers are, as [words, count],
    as far as it knows, and `unknown` how many are left; `longest` is the longest stretch, [first, last, business days].
    """
    numbers = list(missing_numbers(line.key for line in lines))
    missing = sum(last - first + 1 for _, first, last in numbers)
    known = Counter(words for key, words in (others or {}).items() if is_within(key, numbers))
    dated = [line.day for line in lines if line.day]
    days = list(empty_days(dated, period, calendar)) if dated else []
    longest = max(days, key=lambda stretch: stretch[2], default=None)
    return {
        "numbers": numbers[:MOST_TOLD],
        "missing": missing,
        "known": [list(one) for one in sorted(known.items())],
        "unknown": missing - known.total(),
        "days": [[str(first), str(last)] for first, last, _ in days[:MOST_TOLD]],
        "empty_days": sum(count for _, _, count in days),
        "longest": [str(longest[0]), str(longest[1]), longest[2]] if longest else [],
    }


def is_within(key: str, runs: Sequence[list[Any]]) -> bool:
    """Whether a key has one of the numbers of these runs."""
    match = NUMBERED.match(key)
    return match is not None and any(
        prefix == match[1] and first <= int(match[2]) <= last for prefix, first, last in runs
    )


def missing_numbers(keys: Iterable[str]) -> Iterator[list[Any]]:
    """[prefix, first, last] of each run of numbers that is missing between keys like CHG-7 and CHG-11."""
    series: dict[str, set[int]] = defaultdict(set)
    for key in keys:
        if match := NUMBERED.match(key):
            series[match[1]].add(int(match[2]))
    for prefix, numbers in sorted(series.items()):
        ordered = sorted(numbers)
        for before, after in pairwise(ordered):
            if after > before + 1:
                yield [prefix, before + 1, after - 1]


def empty_days(
    days: Iterable[datetime.date], period: Days, calendar: Calendar
) -> Iterator[tuple[datetime.date, datetime.date, int]]:
    """(first, last, business days) of each run of days without a row that holds a business day."""
    edges = [period.first - DAY, *sorted(set(days)), period.last + DAY]
    for before, after in pairwise(edges):
        between = [before + number * DAY for number in range(1, (after - before).days)]
        business = [day for day in between if calendar.is_business_day(day)]
        if business:
            yield business[0], business[-1], len(business)
