"""How a shape is declared, and how a file is read by one: recognised by its headings, converted row by row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

from django.core.exceptions import ValidationError

from accessreviews.listings.rows import MOST_ACCOUNTS, MOST_TOLD, AccountRow
from accessreviews.listings.shapes.values import Dialect
from accessreviews.models import Shape
from foundation.pages.imports.importer import simple
from foundation.pages.imports.reading import read_rows
from foundation.pages.imports.table import Flow, Limits, Row

MEGABYTE = 1024 * 1024
# Rows go through one by one, so more than a register's import can take; a directory's export has up to 60 columns.
LIMITS = Limits(size=64 * MEGABYTE, rows=MOST_ACCOUNTS, cells=8_000_000, unpacked=400 * MEGABYTE)
SAMPLE = 200  # rows that are looked at to recognise a shape
Cells = Mapping[str, str]  # field → what its cell says; "" where the file has no such column


@dataclass(frozen=True)
class Form:
    """How one shape is read.

    fields: field → the headings by which it is known, simplified (no case, no spaces, no punctuation), the surest
    first. telltale: fields which a file of this shape has, each of them one of several. own: headings that only this
    shape has, simplified; words: what only its cells say. One of either is asked for beside the telltale, where there
    are any, and none of `foreign`, headings that it never has: a file of another system is not taken for one of this
    shape. values: what a row's cells say, as values of an AccountRow; raises Misread.
    """

    shape: Shape
    fields: Mapping[str, Sequence[str]]
    telltale: Sequence[Sequence[str]]
    values: Callable[[Cells, Dialect], dict[str, Any]]
    own: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()

    def places(self, header: Sequence[str]) -> dict[str, int]:
        """Field → column."""
        known = {simple(heading): at for at, heading in reversed(list(enumerate(header)))}
        found = {}
        for name, headings in self.fields.items():
            at = next((known[heading] for heading in headings if heading in known), None)
            if at is not None:
                found[name] = at
        return found

    def recognises(self, header: Sequence[str], sample: Sequence[Row]) -> bool:
        """Whether a file with these headings, and these rows first, is of this shape."""
        places, headings = self.places(header), {simple(heading) for heading in header}
        if headings & self.foreign or not all(any(name in places for name in some) for some in self.telltale):
            return False
        said = (cell.strip() for row in sample for cell in row.cells)
        return not self.own or bool(headings & self.own) or any(word in self.words for word in said)


class Misread(ValueError):
    """A cell that cannot be read: which field's, and why."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


class Unrecognised(ValidationError):
    """The file is of no shape that is known: a person has to say which column is which."""

    def __init__(self, header: Sequence[str]) -> None:
        super().__init__("The columns of this file are not known. Say once what each holds; it is remembered.")
        self.header = list(header)


@dataclass(frozen=True)
class Read:
    """What a file says: its shape, which column said what (field → heading), and its accounts."""

    shape: Shape
    mapping: dict[str, str]
    rows: list[AccountRow]


def cell(values: Cells, field: str, parse: Callable[[str], Any]) -> Any:
    """What a field's cell says by a parser. Raises Misread."""
    try:
        return parse(values[field])
    except ValueError as error:
        raise Misread(field, str(error)) from error


def open_file(data: bytes, *, encoding: str = "", sheet: str = "") -> Flow:
    """The headings and rows of a file. Raises Unreadable."""
    return read_rows(data, LIMITS, encoding=encoding, sheet=sheet)


def recognised(flow: Flow, forms: Sequence[Form]) -> tuple[Form | None, Flow]:
    """The form of a file by its headings and its first rows, and the file with all of its rows. Raises Unreadable."""
    sample = list(islice(flow.rows, SAMPLE))
    whole = replace(flow, rows=chain(sample, flow.rows))
    return next((form for form in forms if form.recognises(flow.header, sample)), None), whole


def read_by(form: Form, flow: Flow, dialect: Dialect) -> Read:
    """The accounts of a file in a shape. Raises ValidationError, naming lines, and Unreadable."""
    places = form.places(flow.header)
    mapping = {name: flow.header[at] for name, at in places.items()}
    return Read(form.shape, mapping, list(converted(form, flow.rows, places, mapping, dialect)))


def converted(
    form: Form, rows: Iterator[Row], places: Mapping[str, int], mapping: Mapping[str, str], dialect: Dialect
) -> Iterator[AccountRow]:
    """Each row as an account; what repeats is one object. ValidationError at the end for misread ones."""
    absent = dict.fromkeys(form.fields, "")
    wrong: list[str] = []
    more, same = 0, dict[Any, Any]()
    for row in rows:
        values = absent | {name: row.cells[at].strip() for name, at in places.items()}
        try:
            said = form.values(values, dialect)
        except Misread as error:
            more += len(wrong) >= MOST_TOLD
            if len(wrong) < MOST_TOLD:
                wrong.append(f"Line {row.line}, {mapping.get(error.field, error.field)}: {error}")
            continue
        for name in ("roles", "last_sign_in", "created_on", "owner_said"):
            if name in said:
                said[name] = same.setdefault(said[name], said[name])
        if said.get("email", "").lower() == said["key"].lower():
            said["email"] = said["key"]
        if not wrong:
            yield AccountRow(line=row.line, **said)
    if wrong:
        raise ValidationError([*wrong, *([f"And {more:,} more."] if more else [])])
