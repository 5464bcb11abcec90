"""A column of a register, said once: the list, the CSV and the PDF all read it."""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from django.db import models

from foundation.accounts.access import can
from foundation.accounts.models import User
from foundation.trail.changes import words, zoned

EXACT = (datetime.date, int, float, Decimal)  # moments are days too
Kind = Literal["text", "ref", "title", "badge", "date", "moment", "number", "person", "period"]


class Shown:
    """What a template reads many times a page: found at once under a name, where it tries a dictionary first."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class Cell(Shown):
    """What one column shows for one row. `tone` is a badge's tone; `missing` marks a gap worth seeing.

    `look` is its CSS class. `leads`: it is what the row is called by, and links to the record. `url`: another record's
    page that it leads to, for who may see that one.
    """

    kind: Kind
    text: str
    tone: str = ""
    missing: bool = False
    look: str = ""
    leads: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Row(Shown):
    """One record as a list shows it. `verb_url`: its verb, or nothing.

    `cells`: text, look, tone and link ("" for none; to the record itself at the moment looked at) of each Cell, and
    what its column is called where a card on a phone has to say so. A loop takes them apart once, where names would be
    looked up again and again: a list of 100 has 2,800. `pk` is text, so that no number is put into anybody's way of
    writing it.
    """

    pk: str
    name: str
    verb_url: str
    archived: bool
    cells: Sequence[tuple[str, str, str, str, str]]


@dataclass(frozen=True)
class Column:
    """`name` is an attribute of the row, or a method without arguments.

    `sort` is the ORM path to order by ("" = cannot be sorted). `tones` maps a badge's raw value to its tone.
    `empty` is the word for a gap (an owner who is missing is worth a word; a missing note is not); a function where it
    is a gap in some rows alone.
    `data` is the value for CSV where `get` makes words of it for people ("2026-01-31 overdue").
    `url` gives the page of the record that the value names, or "".
    `more`: a list shows it to whoever asks for it; CSV has it all the same.
    `verb` is what one must be allowed to do in the register to be shown this column ("" = seeing the row is enough).
    """

    name: str
    label: str
    sort: str = ""
    kind: Kind = "text"
    tones: Mapping[str, str] = field(default_factory=dict)
    empty: str | Callable[[Any], str] = ""
    get: Callable[[Any], Any] | None = None
    verb: str = ""
    data: Callable[[Any], Any] | None = None
    url: Callable[[Any], str] | None = None
    more: bool = False

    def value(self, row: Any) -> Any:
        """The raw value: what sorts, and what a badge takes its tone from."""
        if self.get:
            return self.get(row)
        value = getattr(row, self.name)
        return value() if callable(value) and not isinstance(value, models.Model) else value

    def cell(self, row: Any) -> Cell:
        """The value as shown. Choices show their words, days are ISO, lists are joined by commas."""
        value = self.value(row)
        display = getattr(row, self.in_words, None)
        text = str(display()) if display else to_the_minute(value) if self.kind == "moment" else words(value)
        if not text and (gap := self.empty(row) if callable(self.empty) else self.empty):
            return Cell(self.kind, gap, missing=True, look=f"{self.kind} missing")
        tone = self.tones.get(value, "mute") if self.kind == "badge" and text else ""
        url = self.url(row) if self.url else ""
        return Cell(self.kind, text, tone, look=self.kind, leads=self.leads, url=url)

    @cached_property
    def in_words(self) -> str:
        """Django's method that says a choice in words; most rows have none for most columns."""
        return f"get_{self.name}_display"

    @cached_property
    def card_label(self) -> str:
        """What a card on a phone says before the value; "" where it speaks for itself."""
        return "" if self.kind in ("ref", "title", "badge") else self.label

    @cached_property
    def leads(self) -> bool:
        """Whether a row is called by this column, and its cells link to the record."""
        return self.kind in ("ref", "title")

    def export(self, row: Any) -> Any:
        """The value for CSV, which machines read: days, moments and numbers as such, nothing for a gap, else words."""
        value = self.data(row) if self.data else self.value(row)
        display = getattr(row, self.in_words, None)
        if display or isinstance(value, bool) or not isinstance(value, EXACT):
            return str(display()) if display else words(value)
        return value


def to_the_minute(moment: datetime.datetime | None) -> str:
    """A moment as lists and facts show it; the seconds stand in the history and in the trail."""
    return zoned(moment, "%Y-%m-%d %H:%M") if moment else ""


def shown_to(user: User, model: type[models.Model], columns: Iterable[Column]) -> list[Column]:
    """Those of a register's columns that this person may be shown."""
    return [column for column in columns if not column.verb or can(user, column.verb, model)]
