"""The numbers that a policy promises, as `{{ key }}` of the catalogue; and what a template leaves to fill in."""

import calendar
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from markdown_it.token import Token

from foundation.organisation.catalogue import CATALOGUE, Item
from policies.text.markdown import FILL_IN, parse

ONE: Final = {"days": "day", "business days": "business day", "hours": "hour", "minutes": "minute", "items": "item"}


def keys_in(source: str) -> list[str]:
    """The keys that `source` names, each once, in their order. What stands in code is no key: it is shown as it is."""
    return list(keys_of(source))


@lru_cache(maxsize=8)  # one request asks of the same text what is unknown and what it promises
def keys_of(source: str) -> tuple[str, ...]:
    """The same, as what is kept."""
    return tuple(dict.fromkeys(named(parse(source))))


def unknown(source: str) -> list[str]:
    """The keys that name no setting: a form refuses them, since nothing would keep such a promise."""
    return [key for key in keys_in(source) if key not in CATALOGUE]


def unfilled(source: str) -> list[str]:
    """What a template leaves open (“[fill in: …]”), in its order, wherever it stands: such a text is no policy yet."""
    return FILL_IN.findall(source)


def worded(item: Item, number: int) -> str:
    """A setting's value in words: “30 days”, “1 business day”, “10%”, “January”."""
    if item.unit == "percent":
        return f"{number}%"
    if item.unit == "month":
        return calendar.month_name[number]
    return f"{number:,} {ONE.get(item.unit, item.unit) if number == 1 else item.unit}"


def named(tokens: list[Token]) -> Iterator[str]:
    """The keys among these tokens and theirs."""
    for token in tokens:
        if token.type == "placeholder":
            yield token.content
        elif token.children:
            yield from named(token.children)
