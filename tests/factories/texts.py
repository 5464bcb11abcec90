"""Texts that are hard on the program: long pairs to be compared, and marks that a reader of Markdown goes back for."""

import random
from typing import Final

from policies.text.markdown import LONGEST, MOST_WORK, work

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


# What is repeated to a text, by what it is: reading it must not take the square of its length.
GROWING: Final = {
    "brackets": "[",
    "images": "![",
    "links": "[a](b",
    "titles": '[a](b "',
    "nested": "[a](<b",
    "emphasis": "*a **b _c ",
    "backticks": "` `` ``` ",
    "angles": "<a@",
    "entities": "&#",
    "braces": "{{ a ",
    "fill-ins": "[fill in",
    "items": "- a\n",
    "lazy": "- a\n b\n",
    "quotes": "> - > - a\n",
    "definitions": "[a]: <b\n",
    "lines": "a\n",
    "headings": "a\n=\n",
    "pipes": "|a",
}
# And what takes most, letter for letter.
LABORIOUS: Final = {
    "brackets": "[",
    "images": "![",
    "references": "[x][",
    "emphasis": "a*",
    "items": "- - - - a\n",
    "addresses": "<http://a>",
    "quotes": ">a\n",
    "cells": "|a" * 20 + "|\n",
    "lines": "a\n",
}


def laborious(seed: str) -> tuple[str, str]:
    """The longest text of it there can be, which may be refused, and the longest that is taken for its work."""
    longest = seed * (LONGEST // len(seed))
    return longest, longest[: len(longest) * MOST_WORK // max(work(longest), MOST_WORK)]
