"""Reading XLSX: values as stored (no formula is ever calculated), and no archive that is larger than it looks.

openpyxl is imported where a workbook is read: it takes 6 MB, and most web workers never see one.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

from foundation.pages.imports.table import MOST_COLUMNS, REGISTER, Flow, Limits, Row, Unreadable, flow
from foundation.pages.sheets import plain

MOST_RATIO = 150  # unpacked to packed, for an archive over a megabyte: sheets reach 10 to 40, bombs 1,000
MOST_MEMBERS = 2_000
FORMULA = re.compile(rb"<(\w+:)?f[ >/]")
UNCALCULATED = (
    "this formula has no stored result. Let your spreadsheet program calculate and save the workbook, or write the "
    "value there."
)
DAMAGED = "The workbook is damaged or no XLSX file. Open it in your spreadsheet program and save it again as .xlsx."


# What openpyxl raises on parts that are missing, cut off or not what they claim; it has no error of its own for it.
BROKEN = (
    ParseError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError,
    EOFError, NotImplementedError, RuntimeError,
)  # fmt: skip


def read_xlsx(data: bytes, sheet: str = "", limits: Limits = REGISTER) -> Flow:
    """What a workbook's sheet holds (the first visible one when `sheet` is ""). Raises Unreadable."""
    guard(data, limits)
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        names = [page.title for page in book.worksheets if page.sheet_state == "visible"]
        if not names:
            raise Unreadable("The workbook has no visible sheet.")
        chosen = sheet if sheet in names else names[0]
        if has_formulas(data):
            refuse_uncalculated(data, book[chosen])
    except (InvalidFileException, *BROKEN) as error:
        raise Unreadable(DAMAGED) from error
    return flow(read_page(book, chosen), limits=limits, sheets=names, sheet=chosen)


def read_page(book: Any, sheet: str) -> Iterator[Row]:
    """The rows of one sheet; the workbook is closed behind the last. Raises Unreadable where it turns out damaged."""
    try:
        yield from records(book[sheet])
    except BROKEN as error:
        raise Unreadable(DAMAGED) from error
    finally:
        book.close()


def guard(data: bytes, limits: Limits = REGISTER) -> None:
    """Refuse an archive by what it says it unpacks to; zipfile never unpacks a member beyond what it says."""
    try:
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
        raise Unreadable(DAMAGED) from error
    unpacked = sum(member.file_size for member in members)
    bomb = unpacked > 1024 * 1024 and unpacked > MOST_RATIO * len(data)
    if unpacked > limits.unpacked or bomb or len(members) > MOST_MEMBERS:
        raise Unreadable(
            f"The workbook unpacks to {unpacked / 1024 / 1024:,.0f} MB, which is more than is read. Copy the rows into "
            "a new workbook, or save them as CSV."
        )


def has_formulas(data: bytes) -> bool:
    """Whether any sheet holds a formula: only then is a second look at the cells worth its time."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(holds_formula(archive, name) for name in sheets)


def holds_formula(archive: zipfile.ZipFile, name: str) -> bool:
    """Whether a member holds a formula's element, read piece by piece; an element may be cut between two of them."""
    rest = b""
    with archive.open(name) as member:
        while piece := member.read(1024 * 1024):
            if FORMULA.search(rest + piece):
                return True
            rest = piece[-40:]
    return False


def refuse_uncalculated(data: bytes, page: Any) -> None:
    """Refuse a sheet with a formula whose result the file does not hold: its cell would look empty."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
    try:
        for line, cells in enumerate(zip(cells_of(page), cells_of(book[page.title]), strict=True), 1):
            for place, (shown, written) in enumerate(zip(*cells, strict=True), 1):
                # an empty text is a result too, and says that it is text
                if written.data_type == "f" and shown.value is None and shown.data_type != "str":
                    raise Unreadable(f"Line {line}, column {place}: {UNCALCULATED}")
    finally:
        book.close()


def cells_of(page: Any) -> Iterator[Any]:
    """The rows of a sheet as cells; a sheet may claim a million rows, so what is there is counted."""
    page.reset_dimensions()
    return page.iter_rows(max_col=MOST_COLUMNS + 1)


def records(page: Any) -> Iterator[Row]:
    """The rows of a sheet. Merged cells have their value in the first one; the others are empty."""
    page.reset_dimensions()  # a sheet may claim a million rows; count what is there
    for line, values in enumerate(page.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1), 1):
        yield Row(line, [plain(text(value)) for value in values])


def text(value: object) -> str:
    """A cell as the text that CSV would hold: ISO dates, whole numbers without a point."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case dt.datetime():
            return value.isoformat(sep=" ", timespec="seconds").removesuffix(" 00:00:00")  # Excel's days are moments
        case _:
            return str(value)
