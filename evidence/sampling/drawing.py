"""Choosing a sample by a seed. Pure, and independent of the order in which rows come (R3.1).

`offline/draw_sample.py` says the same in a few lines that anybody can run and check without this product. A rule that
changes gets another version in its name; a rule that was used is never taken out.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

RANDOM: Final = "hmac-sha256-rank/1"
SYSTEMATIC: Final = "hmac-sha256-circular-step/1"


class Pick(NamedTuple):
    """One chosen row: its position in canonical order, from 1, and its key."""

    position: int
    key: str


def random_sample(keys: Sequence[str], size: int, seed: str) -> list[Pick]:
    """The `size` keys with the lowest HMAC-SHA256(seed, key), lowest first. `keys` in canonical order.

    Raises ValueError for a size below 1 or above the number of keys.
    """
    fits(size, keys)
    ranked = sorted(((mac(seed, key), key, position) for position, key in enumerate(keys, 1)))
    return [Pick(position, key) for _, key, position in ranked[:size]]


def systematic_sample(keys: Sequence[str], size: int, seed: str) -> list[Pick]:
    """Every k-th key from a random start, going round at the end; k = N // size. `keys` in canonical order.

    The start is HMAC-SHA256(seed, "start") mod N, so every key is as likely as any other. Raises as `random_sample`.
    """
    fits(size, keys)
    total = len(keys)
    start, step = int(mac(seed, "start"), 16) % total, total // size
    places = ((start + number * step) % total for number in range(size))
    return [Pick(place + 1, keys[place]) for place in places]


def picked(keys: Sequence[str], wanted: Iterable[str]) -> list[Pick]:
    """The keys that a person picked, in their order. Raises ValueError, naming those that are not there."""
    places, found = {key: position for position, key in enumerate(keys, 1)}, list(wanted)
    if unknown := [key for key in found if key not in places]:
        raise ValueError(f"The population has no {', '.join(unknown[:5])}.")
    if len(set(found)) < len(found):
        raise ValueError("A key stands there twice.")
    return [Pick(places[key], key) for key in found]


def mac(seed: str, text: str) -> str:
    """HMAC-SHA256 of the text under the seed, both in UTF-8; hex, which sorts as the bytes do."""
    return hmac.new(seed.encode(), text.encode(), hashlib.sha256).hexdigest()


def fits(size: int, keys: Sequence[str]) -> None:
    """Raise ValueError for a size that no sample of these keys can have."""
    if not 1 <= size <= len(keys):
        raise ValueError(f"A sample has at least 1 item and at most the population's {len(keys)}.")
