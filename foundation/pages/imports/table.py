"""What a file says, as text in rows with their line numbers, and the limits that every file is held to."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

MOST_BYTES = 10 * 1024 * 1024  # a register of 10,000 rows with long texts is about half of it
MOST_ROWS = 10_000
MOST_COLUMNS = 200
MOST_CELLS = 500_000  # rows times columns: what can be read and compared while a person waits
MOST_CHARACTERS = 32_767  # of one cell: what a spreadsheet holds
HALF = re.compile("[\ud800-\udfff]")  # of a character that takes two


@dataclass(frozen=True)
class Limits:
    """How much of a file is read. What goes through its rows one by one, as a listing does, can take more."""

    size: int = MOST_BYTES
    rows: int = MOST_ROWS
    cells: int = MOST_CELLS
    unpacked: int = 64 * 1024 * 1024  # bytes of XML in a workbook: 500,000 cells are about 30 MB


REGISTER = Limits()


class Unreadable(Exception):
    """The file cannot be read as a table; the message tells the person where, and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `line` is its number in the file as a person counts (the first physical line of it), cells are text."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A header and its rows. Every row has as many cells as the header; headings are stripped, unique and not empty."""

    header: Sequence[str]
    rows: Sequence[Row]
    encoding: str = ""
    sheets: Sequence[str] = field(default_factory=tuple)
    sheet: str = ""


@dataclass(frozen=True)
class Flow:
    """A header, and rows that are read from the file while somebody goes through them, once."""

    header: Sequence[str]
    rows: Iterator[Row]
    encoding: str = ""
    sheets: Sequence[str] = field(default_factory=tuple)
    sheet: str = ""

    def table(self) -> Table:
        """All of it at once. Raises Unreadable."""
        return Table(self.header, list(self.rows), self.encoding, self.sheets, self.sheet)


def flow(
    rows: Iterable[Row], *, limits: Limits = REGISTER, encoding: str = "", sheets: Sequence[str] = (), sheet: str = ""
) -> Flow:
    """Rows, checked one by one against the limits below their header. Raises Unreadable, naming the line."""
    found = filled(rows)
    first = next(found, None)
    if first is None:
        raise Unreadable("The file is empty. Its first line must hold the headings of the columns.")
    header = headings(first)
    return Flow(header, within(found, header, limits), encoding, tuple(sheets), sheet)


def within(rows: Iterator[Row], header: Sequence[str], limits: Limits) -> Iterator[Row]:
    """The rows below the header, as many as may be read."""
    count = 0
    for row in rows:
        count += 1
        if count > limits.rows:
            raise Unreadable(f"The file has more than {limits.rows:,} rows. Split it and import the parts one by one.")
        if count * len(header) > limits.cells:
            raise Unreadable(
                f"The file has more than {limits.cells:,} cells. Take out the columns that are not needed."
            )
        yield fitted(row, header)
    if not count:
        raise Unreadable("The file has headings and no rows below them.")


def filled(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows that hold anything, their cells checked."""
    for row in rows:
        if any(cell.strip() for cell in row.cells):
            for number, cell in enumerate(row.cells, 1):
                check(cell, row.line, number)
            yield row


def check(cell: str, line: int, column: int) -> None:
    """Refuse what no register can hold."""
    if len(cell) > MOST_CHARACTERS:
        raise Unreadable(f"Line {line}, column {column}: the cell has more than {MOST_CHARACTERS:,} characters.")
    if "\x00" in cell:
        raise Unreadable(f"Line {line}, column {column}: the cell holds a NUL character, which is not text.")
    if not cell.isascii() and HALF.search(cell):
        raise Unreadable(f"Line {line}, column {column}: the cell holds half of a character (a lone surrogate).")


def headings(row: Row) -> list[str]:
    """The headings, unique whatever their case, because columns are chosen by them; a nameless one gets its number."""
    names = [cell.strip() for cell in row.cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MOST_COLUMNS:
        raise Unreadable(f"The file has {len(names)} columns; {MOST_COLUMNS} are the most that can be read.")
    header = [name[:200] or f"Column {number}" for number, name in enumerate(names, 1)]
    places: dict[str, int] = {}
    for number, name in enumerate(header, 1):
        earlier = places.setdefault(name.casefold(), number)
        if earlier != number:
            raise Unreadable(f"Columns {earlier} and {number} are both called “{name}”. Rename one of them.")
    return header


def fitted(row: Row, header: Sequence[str]) -> Row:
    """The row with exactly the header's number of cells. Raises Unreadable when it holds more."""
    cells = list(row.cells)
    if any(cell.strip() for cell in cells[len(header) :]):
        raise Unreadable(
            f"Line {row.line} has {len(cells)} cells and the header {len(header)}. A comma in a text that is not in "
            "quotes does this."
        )
    return Row(row.line, [*cells[: len(header)], *[""] * (len(header) - len(cells))])
