"""What the states of occurrences are called and look like: a word and a sign each, colour never alone."""

from collections import Counter
from typing import Final

# The worst first. The keys are those of `Occurrence.standing`.
STANDINGS: Final[dict[str, str]] = {
    "missing": "Missing",
    "late": "Late",
    "excepted": "Excepted",
    "due": "Due",
    "not_yet_due": "Not yet due",
    "none": "No occurrence",
    "done": "Done",
}
SIGNS: Final[dict[str, str]] = {
    "missing": "M", "late": "L", "excepted": "E", "due": "D", "not_yet_due": "–", "none": "0", "done": "✓",
}  # fmt: skip
TONES: Final[dict[str, str]] = {
    "missing": "bad", "late": "warn", "excepted": "warn", "due": "info", "not_yet_due": "mute", "none": "ok",
    "done": "ok",
}  # fmt: skip
MEANINGS: Final[dict[str, str]] = {
    "missing": "The last day of grace has passed, and nothing accepted proves it.",
    "late": "It is proved, by evidence that was captured after the last day of grace.",
    "excepted": "Two people agreed that nothing proves it, and why. It does not count as done.",
    "due": "It has begun, and there is time for its evidence until the last day of grace.",
    "not_yet_due": "It has not begun.",
    "none": "A query shows that there was nothing to do.",
    "done": "Each requirement is met by evidence that somebody else accepted, captured in time.",
}
OVER: Final = ("done", "none", "late", "excepted", "missing")  # settled, or its last day of grace has passed
WELL: Final = ("done", "none")  # what a criterion's readiness asks of all that is over


def over(counts: Counter[str]) -> int:
    """How many occurrences are over."""
    return sum(counts[name] for name in OVER)


def in_words(counts: Counter[str]) -> str:
    """Counts as a sentence: “7 of 9 done, 1 late, 1 missing; 3 not yet due”."""
    ended = over(counts)
    head = f"{counts['done']} of {ended} done" if ended else "None over yet"
    behind = [f"{counts[name]} {STANDINGS[name].lower()}" for name in OVER[1:] if counts[name]]
    ahead = [f"{counts[name]} {STANDINGS[name].lower()}" for name in ("due", "not_yet_due") if counts[name]]
    return "; ".join([", ".join([head, *behind]), *ahead])
