"""Two texts compared: lines put beside each other, and the words within them that went or came.

The longest common part is found with whole numbers as rows of bits (Hyyrö 2004): as many steps as there are lines or
words, and each is one operation on a number, so that no pair of texts takes long. `difflib` needs the cube of the
length where a text repeats itself.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["equal", "deleted", "inserted"]
Step = tuple[Kind, int]  # so many items of the kind, in order

MOST_BITS: Final = 1 << 26  # 8 MB: above it a stretch is cut at what stands in both once
MOST_PAIRS: Final = 2500  # of lines that are compared with each other to find which became which
ALIKE: Final = 0.4  # the share of words that two lines have in common when one became the other
# A word is what stands between spaces and signs; Chinese and Japanese have no spaces, so each of their signs is one.
SIGN: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
BREAK: Final = "\\s!-/:-@\\[-^`{-~\u00a1-\u00bf\u2010-\u2027\u2030-\u205e\u3000-\u303f\uff00-\uff0f"
TOKEN: Final = re.compile(f"[{SIGN}]|\\s+|[^{BREAK}{SIGN}]+|.", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """Words of a line that stayed, went or came."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Row:
    """A line: as it stayed, went, came, or changed in part; or, as `fold`, `count` lines that stayed and are left out.

    old, new: the numbers of the line, from 1; None where it has none.
    """

    kind: Literal["equal", "deleted", "inserted", "changed", "fold"]
    parts: tuple[Part, ...] = field(default=())
    old: int | None = None
    new: int | None = None
    count: int = 0


def rows(old: str, new: str) -> list[Row]:
    """What became of each line of `old`, and what came in `new`, in their order.

    Pure, and bounded: two texts of 200 KB that share nothing, or repeat one word, take seconds at most.
    """
    before, after = lines(old), lines(new)
    found: list[Row] = []
    left = right = 0
    for gone, came, stayed in stretches(steps(before, after)):
        found += changed(before[left : left + gone], after[right : right + came], left, right)
        left, right = left + gone, right + came
        for place in range(stayed):
            line = before[left + place]
            found.append(Row("equal", (Part("equal", line),), left + place + 1, right + place + 1))
        left, right = left + stayed, right + stayed
    return found


def folded(found: Sequence[Row], around: int = 3) -> list[Row]:
    """`rows` with equal lines left out that stand more than `around` lines from any change."""
    near = {
        place + step for place, row in enumerate(found) if row.kind != "equal" for step in range(-around, around + 1)
    }
    short: list[Row] = []
    for place, row in enumerate(found):
        if place in near:
            short.append(row)
        elif short and short[-1].kind == "fold":
            short[-1] = Row("fold", count=short[-1].count + 1)
        else:
            short.append(Row("fold", count=1))
    return short


def lines(text: str) -> list[str]:
    """The lines of a text as a Markdown parser counts them, a last empty one included; of nothing none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if text else []


# ---- lines ---------------------------------------------------------------------------------------------------------


def stretches(found: Sequence[Step]) -> Iterator[tuple[int, int, int]]:
    """How many lines went, came, and then stayed, again and again."""
    gone = came = 0
    for kind, count in found:
        if kind == "equal":
            yield gone, came, count
            gone = came = 0
        elif kind == "deleted":
            gone += count
        else:
            came += count
    if gone or came:
        yield gone, came, 0


def changed(gone: Sequence[str], came: Sequence[str], left: int, right: int) -> Iterator[Row]:
    """The rows of a stretch in which nothing stayed: lines that became another, and those that only went or came."""
    one, other = 0, 0
    for first, second in [*pairs(gone, came), (len(gone), len(came))]:
        for place in range(one, first):
            yield Row("deleted", (Part("deleted", gone[place]),), left + place + 1, None)
        for place in range(other, second):
            yield Row("inserted", (Part("inserted", came[place]),), None, right + place + 1)
        if first < len(gone):
            yield Row("changed", words(gone[first], came[second]), left + first + 1, right + second + 1)
        one, other = first + 1, second + 1


def pairs(gone: Sequence[str], came: Sequence[str]) -> list[tuple[int, int]]:
    """Which lines became which, in order: those choices that keep the most words. None where there are too many."""
    if not gone or not came or len(gone) * len(came) > MOST_PAIRS:
        return []
    bags = [Counter(bare(line)) for line in came]
    best = [[0.0] * (len(came) + 1) for _ in range(len(gone) + 1)]
    share = [likeness(Counter(bare(line)), bags) for line in gone]
    for one in reversed(range(len(gone))):
        for other in reversed(range(len(came))):
            both = best[one + 1][other + 1] + share[one][other] if share[one][other] >= ALIKE else 0.0
            best[one][other] = max(best[one + 1][other], best[one][other + 1], both)
    found, one, other = [], 0, 0
    while one < len(gone) and other < len(came):
        if best[one][other] == best[one + 1][other]:
            one += 1
        elif best[one][other] == best[one][other + 1]:
            other += 1
        else:
            found.append((one, other))
            one, other = one + 1, other + 1
    return found


def likeness(line: Counter[str], others: Sequence[Counter[str]]) -> list[float]:
    """The share of words that `line` has in common with each of `others`."""
    total = line.total()
    return [2 * (line & other).total() / ((total + other.total()) or 1) for other in others]


def bare(line: str) -> list[str]:
    """The words of a line without spaces."""
    return [token for token in TOKEN.findall(line) if not token.isspace()]


# ---- words ---------------------------------------------------------------------------------------------------------


def words(old: str, new: str) -> tuple[Part, ...]:
    """What went and came within a line, without islands: a word or two that stayed between longer changes."""
    before, after = TOKEN.findall(old), TOKEN.findall(new)
    found: list[tuple[str, str, str]] = []  # what went, what came, and what then stayed
    left = right = 0
    for gone, came, stayed in stretches(steps(before, after)):
        went, appeared = "".join(before[left : left + gone]), "".join(after[right : right + came])
        left, right = left + gone, right + came
        same = "".join(before[left : left + stayed])
        left, right = left + stayed, right + stayed
        found.append((went, appeared, same))
    kinds: tuple[Kind, Kind, Kind] = ("deleted", "inserted", "equal")
    return tuple(
        Part(kind, text) for group in without_islands(found) for kind, text in zip(kinds, group, strict=True) if text
    )


def without_islands(found: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Changes joined where less stayed between them than changed on either side: so a person would mark it."""
    kept: list[tuple[str, str, str]] = []
    for went, came, same in found:
        group = (went, came, same)
        while kept and is_island(kept[-1], group):
            last = kept.pop()
            group = (last[0] + last[2] + group[0], last[1] + last[2] + group[1], group[2])
        kept.append(group)
    return kept


def is_island(before: tuple[str, str, str], after: tuple[str, str, str]) -> bool:
    """Whether what stayed between two changes is too short to be read on its own."""
    length = len(before[2].strip())
    smaller = min(max(len(before[0]), len(before[1])), max(len(after[0]), len(after[1])))
    return length == 0 or (length < 4 and length <= smaller)


# ---- the longest common part ---------------------------------------------------------------------------------------


def steps(before: Sequence[str], after: Sequence[str]) -> list[Step]:
    """How `before` becomes `after`: so many items stayed, went, came, in order."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-end - 1] == after[-end - 1]:
        end += 1
    inner = middle(before[start : len(before) - end], after[start : len(after) - end])
    found: list[Step] = [("equal", start), *inner, ("equal", end)]
    return [step for step in found if step[1]]


def middle(before: Sequence[str], after: Sequence[str]) -> list[Step]:
    """The steps between a common start and a common end."""
    if not before or not after or set(before).isdisjoint(after):
        return [("deleted", len(before)), ("inserted", len(after))]
    if len(before) * len(after) <= MOST_BITS:
        return longest(before, after)
    found: list[Step] = []
    one = other = 0
    marks = anchors(before, after)
    if not marks:
        return [("deleted", len(before)), ("inserted", len(after))]
    for first, second in [*marks, (len(before), len(after))]:
        found += steps(before[one:first], after[other:second])
        found += [("equal", 1)] if first < len(before) else []
        one, other = first + 1, second + 1
    return found


def longest(before: Sequence[str], after: Sequence[str]) -> list[Step]:
    """The steps along a longest common part. Bit j of a row is 0 where the part grows with item j of `after`."""
    where: dict[str, int] = {}
    for place, item in enumerate(after):
        where[item] = where.get(item, 0) | 1 << place
    everything = (1 << len(after)) - 1
    row, table = everything, []
    for item in before:
        match = row & where.get(item, 0)
        row = ((row + match) | (row - match)) & everything
        table.append(row)
    backwards: list[Kind] = []
    one, other = len(before), len(after)
    while one and other:
        if before[one - 1] == after[other - 1]:
            backwards.append("equal")
            one, other = one - 1, other - 1
        elif table[one - 1] >> (other - 1) & 1:
            backwards.append("inserted")
            other -= 1
        else:
            backwards.append("deleted")
            one -= 1
    first: list[Kind] = ["inserted", "deleted"]
    backwards += first[:1] * other + first[1:] * one
    found: list[Step] = []
    for kind in reversed(backwards):
        found[-1:] = [(kind, found[-1][1] + 1)] if found and found[-1][0] == kind else [*found[-1:], (kind, 1)]
    return found


def anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Items that stand in both once, as the longest row of them that has one order in both."""
    here, there = once(before), once(after)
    places = [(here[item], there[item]) for item in here if item in there]
    tops: list[int] = []  # the least place in `after` at which a row of each length ends
    ends: list[int] = []
    back: list[int] = []
    for number, (_, second) in enumerate(places):
        length = bisect_left(tops, second)
        back.append(ends[length - 1] if length else -1)
        tops[length : length + 1] = [second]
        ends[length : length + 1] = [number]
    found, number = [], ends[-1] if ends else -1
    while number >= 0:
        found.append(places[number])
        number = back[number]
    return found[::-1]


def once(items: Sequence[str]) -> dict[str, int]:
    """The places of the items that occur once, in their order."""
    counts = Counter(items)
    return {item: place for place, item in enumerate(items) if counts[item] == 1}
