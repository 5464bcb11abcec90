"""What a verification finds, in sentences: one a fault, and entries that share one named together."""

from collections.abc import Iterable

from foundation.trail.log import Range, ranges_of, write_ranges

SHOWN = 40  # ranges of ids named in one sentence

# What can be wrong with an entry → how the sentence goes on after “Entry 17 ” and after “Entries 17,19 ”.
WORDS = {
    "altered": ("was changed after it was sealed.", "were changed after they were sealed."),
    "gone": ("was sealed and is gone.", "were sealed and are gone."),
    "unreadable": ("holds what no entry can hold.", "hold what no entry can hold."),
    "mac": (
        "does not carry this installation's MAC: it was written or changed past the program.",
        "do not carry this installation's MAC: they were written or changed past the program.",
    ),
    "private": ("has another personal part than it had.", "have other personal parts than they had."),
    "unerased": (
        "has lost its personal part, and no erasure tells of it.",
        "have lost their personal parts, and no erasure tells of it.",
    ),
    "ip": (
        "is found by another address than its personal part holds.",
        "are found by other addresses than their personal parts hold.",
    ),
    "copied": ("carries the MAC of another entry: one is a copy.", "carry each other's MAC: some are copies."),
    "unsealed": (
        "has waited for sealing for more than a minute: is the worker running?",
        "have waited for sealing for more than a minute: is the worker running?",
    ),
    "removed": (
        "is missing and was never sealed: on SQLite no number is left out, so it was removed.",
        "are missing and were never sealed: on SQLite no number is left out, so they were removed.",
    ),
    "history": (
        "tells of a history row that is not as it was.",
        "tell of history rows that are not as they were.",
    ),
    "history_gone": ("tells of a history row that is gone.", "tell of history rows that are gone."),
}


class Faults:
    """Collects faults; `sentences()` at the end."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._entries: dict[str, list[Range]] = {}

    def add(self, sentence: str) -> None:
        """A fault that is not about single entries."""
        if sentence not in self._said:
            self._said.append(sentence)

    def entry(self, kind: str, number: int) -> None:
        """A fault of one entry; `kind` is a key of WORDS."""
        self.entries(kind, [(number, number)])

    def entries(self, kind: str, ranges: Iterable[Range]) -> None:
        """The same of several, given as ranges."""
        kept = self._entries.setdefault(kind, [])
        for first, last in ranges:
            if kept and kept[-1][1] == first - 1:
                kept[-1] = (kept[-1][0], last)
            else:
                kept.append((first, last))

    def sentences(self) -> list[str]:
        """All of them, those about entries first."""
        return [_sentence(kind, ranges) for kind, ranges in self._entries.items() if ranges] + self._said


def _sentence(kind: str, ranges: list[Range]) -> str:
    one, many = WORDS[kind]
    ordered = sorted(set(ranges))
    count = sum(last - first + 1 for first, last in ordered)
    if count == 1:
        return f"Entry {ordered[0][0]} {one}"
    more = f" and {len(ordered) - SHOWN:,} more ranges" if len(ordered) > SHOWN else ""
    return f"Entries {named(ordered[:SHOWN])}{more} {many}"


def named(ranges: Iterable[Range]) -> str:
    """Ranges in words: 5-9, 12."""
    return write_ranges(ranges).replace(",", ", ")


def named_ids(ids: Iterable[int]) -> str:
    return named(ranges_of(sorted(ids)))
