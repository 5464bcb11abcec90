"""What a file says, as text in rows with their line numbers, and the limits that every file is held to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

MOST_BYTES = 10 * 1024 * 1024  # a register of 10,000 rows with long texts is about half of it
MOST_ROWS = 10_000
MOST_COLUMNS = 200
MOST_CELLS = 500_000  # rows times columns: what can be read and compared while a person waits
MOST_CHARACTERS = 32_767  # of one cell: what a spreadsheet holds


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


def table(rows: Iterable[Row], *, encoding: str = "", sheets: Sequence[str] = (), sheet: str = "") -> Table:
    """Check rows one by one against the limits and make a table of them. Raises Unreadable, naming the line."""
    found = filled(rows)
    first = next(found, None)
    if first is None:
        raise Unreadable("The file is empty. Its first line must hold the headings of the columns.")
    header = headings(first)
    body: list[Row] = []
    for row in found:
        body.append(fitted(row, header))
        if len(body) > MOST_ROWS:
            raise Unreadable(f"The file has more than {MOST_ROWS:,} rows. Split it and import the parts one by one.")
        if len(body) * len(header) > MOST_CELLS:
            raise Unreadable(f"The file has more than {MOST_CELLS:,} cells. Take out the columns that are not needed.")
    if not body:
        raise Unreadable("The file has headings and no rows below them.")
    return Table(header, body, encoding, tuple(sheets), sheet)


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
    if any("\ud800" <= character <= "\udfff" for character in cell):
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
