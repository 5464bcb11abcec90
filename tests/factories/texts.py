"""Pairs of long texts that are hard to compare: little in common, much repeated, or all of it elsewhere."""

import random
from typing import Final

KINDS: Final = ("one word", "one line", "two words", "two lines", "long lines", "shuffled")


def hard_pair(kind: str, length: int) -> tuple[str, str]:
    """An old and a new text of about `length` letters each; the same ones for the same length."""
    draw = random.Random(length)
    if kind == "one word":
        return "a " * (length // 2), "a b " * (length // 4)
    if kind == "one line":
        return "a\n" * (length // 2), "a\nb\n" * (length // 4)
    if kind == "shuffled":
        numbers = [str(number) for number in range(length // 6)]
        return " ".join(numbers), " ".join(draw.sample(numbers, len(numbers)))
    if kind == "long lines":
        return lines(draw, length), lines(draw, length)
    space = " " if kind == "two words" else "\n"
    return letters(draw, length, space), letters(draw, length, space)


def letters(draw: random.Random, length: int, space: str) -> str:
    return space.join(draw.choice("ab") for _ in range(length // 2))


def lines(draw: random.Random, length: int) -> str:
    return "\n".join("".join(draw.choice("abcd ") for _ in range(length // 50)) for _ in range(50))
