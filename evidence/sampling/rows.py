"""The rows of a population: read from a table, checked line by line, and written down in one canonical way."""

import csv
import datetime
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_date, parse_datetime

from evidence.coverage.tiles import Days
from foundation.organisation.models import day_at
from foundation.pages.imports.table import Table
from foundation.pages.sheets import safe

MOST_ROWS = 50_000  # what is frozen and drawn from while a person waits
MOST_TOLD = 20  # lines named in one refusal
LONGEST_KEY = 200


class Line(NamedTuple):
    """One row. `line`: where it stands in its source, for the person who made it."""

    key: str
    day: datetime.date | None
    data: Sequence[str]
    line: int

    @property
    def place(self) -> tuple[str, str]:
        """What canonical order goes by: the day, then the key."""
        return (self.day.isoformat() if self.day else "", self.key)


@dataclass(frozen=True)
class Listing:
    """A whole list: the headings beside key and day, its rows, how many its source counts, and the query for it.

    kind: what a register of ours says that it lists (PopulationKind); "" where the list does not know. others: what
    its source has besides between these keys, as key and what it is (“dismissed events”): so that a missing number is
    no riddle.
    """

    columns: Sequence[str]
    lines: Sequence[Line]
    total: int
    query: str
    key_column: str = ""
    day_column: str = ""
    kind: str = ""
    others: Mapping[str, str] = field(default_factory=dict)


def of_table(table: Table, key_column: str, day_column: str) -> tuple[list[str], list[Line]]:
    """The rows of a file by two of its headings (`day_column` may be ""). Raises ValidationError, naming lines."""
    key_at, day_at = place_of(table, key_column, "key_column"), place_of(table, day_column, "day_column")
    if key_at is None:
        raise ValidationError({"key_column": f"Choose the column that names each row: {', '.join(table.header)}."})
    others = [at for at in range(len(table.header)) if at not in (key_at, day_at)]
    found, wrong = [], []
    for row in table.rows:
        text = row.cells[day_at].strip() if day_at is not None else ""
        try:
            day = day_of(text) if day_at is not None else None
        except ValueError:
            wrong.append(f"Line {row.line}: “{text[:40]}” is no day like 2026-11-21.")
            continue
        found.append(Line(row.cells[key_at].strip(), day, [row.cells[at] for at in others], row.line))
    refuse(wrong)
    return [table.header[at] for at in others], found


def place_of(table: Table, heading: str, field: str) -> int | None:
    """Which column has this heading, whatever its case. Raises ValidationError where none has; None for ""."""
    if not heading:
        return None
    names = [name.casefold() for name in table.header]
    if heading.strip().casefold() not in names:
        raise ValidationError({field: f"There is no column “{heading}”. The file has: {', '.join(table.header)}."})
    return names.index(heading.strip().casefold())


def day_of(text: str) -> datetime.date:
    """A day, or the day of a moment in the organisation's time zone. Raises ValueError."""
    day = parse_date(text)
    if day is None:
        moment = parse_datetime(text)
        if moment is None:
            raise ValueError(text)
        day = day_at(moment) if moment.tzinfo else moment.date()
    return day


def check_lines(lines: Sequence[Line], period: Days) -> None:
    """Refuse what makes a list unfit, naming lines: no key, a key twice, a day outside the period. ValidationError."""
    if len(lines) > MOST_ROWS:
        raise ValidationError(f"A population has at most {MOST_ROWS:,} rows. Freeze shorter periods.")
    wrong, seen = [], dict[str, int]()
    for line in lines:
        earlier = seen.setdefault(line.key, line.line)
        if not line.key:
            wrong.append(f"Line {line.line} has no key.")
        elif len(line.key) > LONGEST_KEY:
            wrong.append(f"Line {line.line}: the key is longer than {LONGEST_KEY} characters.")
        elif earlier != line.line:
            wrong.append(f"Line {line.line}: “{line.key}” stands in line {earlier} already.")
        elif line.day is not None and line.day not in period:
            wrong.append(f"Line {line.line}: {line.day} lies outside the period.")
    refuse(wrong)


def refuse(wrong: Sequence[str]) -> None:
    """Raise ValidationError with the first of what is wrong, and how much more there is."""
    if wrong:
        more = [f"And {len(wrong) - MOST_TOLD} more."] if len(wrong) > MOST_TOLD else []
        raise ValidationError([*wrong[:MOST_TOLD], *more])


def in_order(lines: Iterable[Line]) -> list[Line]:
    """The rows in canonical order, whatever order they came in."""
    return sorted(lines, key=lambda line: line.place)


def canonical(columns: Sequence[str], lines: Iterable[Line]) -> bytes:
    """The CSV of rows in canonical order (RFC 4180, UTF-8); cells that begin like a formula are guarded.

    The same rows give the same bytes, and with them the same hash.
    """
    buffer = io.StringIO(newline="")
    write = csv.writer(buffer, lineterminator="\r\n")
    write.writerow(["key", "day", *(safe(column) for column in columns)])
    for line in lines:
        write.writerow([safe(line.key), line.day or "", *(safe(cell) for cell in line.data)])
    return buffer.getvalue().encode()


def sha256_of(content: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(content).hexdigest()
