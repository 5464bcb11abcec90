"""Registers whose records are called by their numbers: EV-12, F-3."""

import re
from typing import ClassVar


class Numbered:
    """Mixed into a Register: `prefix` and number together are the reference. A prefix belongs to one register."""

    prefix: ClassVar[str]

    @property
    def ref(self) -> str:
        """What people call it."""
        return self.ref_of(self.pk)  # type: ignore[attr-defined]

    @classmethod
    def ref_of(cls, number: int) -> str:
        """What people call the record of this number."""
        return f"{cls.prefix}-{number}"

    @classmethod
    def number_in(cls, words: str) -> int | None:
        """The number in a reference that somebody typed, as 12 in “ev-12”; None for other words, and for 12 alone."""
        found = re.fullmatch(rf"{cls.prefix}-([0-9]{{1,18}})", words.strip(), re.ASCII | re.IGNORECASE)
        return int(found[1]) if found else None
