"""Reading CSV: which encoding, which separator, and every trouble with the line it is on."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import TextIO

from foundation.pages.imports.table import REGISTER, Flow, Limits, Row, Unreadable, flow
from foundation.pages.sheets import plain

# Longest first: the mark of UTF-32 LE begins with that of UTF-16 LE.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WESTERN = "cp1252"  # never guessed: it reads almost any bytes as something, so a person must choose it
SEPARATORS = (",", ";", "\t")
HEADER = 256 * 1024  # characters in which the first record ends


def read_csv(data: bytes, encoding: str = "", limits: Limits = REGISTER) -> Flow:
    """What a CSV file holds. `encoding`: "" recognises UTF-8, and UTF-16 or UTF-32 by their mark; or WESTERN.

    Raises Unreadable with the line number. The text of the whole is looked at and let go: rows are decoded anew, one by
    one, so that they and the file do not stand in memory twice.
    """
    text, used = decoded(data, encoding)
    separator, skip = separator_of(text)
    lines = io.TextIOWrapper(io.BytesIO(data), used, newline="")
    return flow(records(lines, separator, skip), limits=limits, encoding=used)


def decoded(data: bytes, encoding: str) -> tuple[str, str]:
    """The text of the file and the encoding it was read in."""
    used = next((name for mark, name in MARKS if data.startswith(mark)), encoding or "utf-8")
    try:
        text = data.decode(used)
    except UnicodeDecodeError as error:
        line = lines_in(data[: error.start].decode(used, "replace")) + 1
        raise Unreadable(f"Line {line}: {broken(data, used, error.start)}") from error
    if "\x00" in text:
        line = lines_in(text[: text.index("\x00")]) + 1
        raise Unreadable(
            f"Line {line} holds a NUL character, so this is not a text file, or it is UTF-16 without its mark. "
            "Save it as “CSV UTF-8”."
        )
    return text, used


def broken(data: bytes, used: str, place: int) -> str:
    """What to say about bytes that are not text in the encoding that was tried."""
    byte = f"0x{data[place]:02X}" if place < len(data) else "the end of the file"
    if used == WESTERN:
        return f"{byte} is no character in Western European (Windows-1252)."
    if used.startswith("utf-8"):
        return (
            f"{byte} is not UTF-8. Save the file as “CSV UTF-8”, or upload it again and choose "
            "Western European (Windows-1252) as its encoding."
        )
    return f"{byte} is not {used.upper()} text; the file is damaged. Save it again as “CSV UTF-8”."


def lines_in(text: str) -> int:
    """How many lines end in this text, whatever they end with."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def separator_of(text: str) -> tuple[str, int]:
    """The separator, and the lines to skip: a spreadsheet may say `sep=;` first. Else what cuts the header most."""
    first = text.split("\n", 1)[0].strip().strip('"')
    if first.lower().startswith("sep=") and first[4:] in SEPARATORS:
        return first[4:], 1
    return max(SEPARATORS, key=lambda separator: columns(text, separator)), 0


def columns(text: str, separator: str) -> int:
    """How many cells the first record has when cut at this separator; 0 when it can't be cut so."""
    try:
        first = next(records(io.StringIO(text[:HEADER], newline=""), separator), None)
        return len(first.cells) if first else 0
    except Unreadable:
        return 0


def records(lines: TextIO, separator: str, skip: int = 0) -> Iterator[Row]:
    """The records with the physical line that each begins on. Strict: an open quote would swallow the rest unseen."""
    for _ in range(skip):
        lines.readline()
    reader = csv.reader(lines, delimiter=separator, strict=True)
    line = skip + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(f"Line {line}: {trouble(error)}") from error
        yield Row(line, [plain(cell) for cell in cells])
        line = skip + reader.line_num + 1


def trouble(error: csv.Error) -> str:
    """What the reader stumbled over, in words."""
    message = str(error)
    if "unexpected end of data" in message:
        return "a quote opens here and never closes."
    if "field larger" in message:
        return "a cell is far too long; perhaps a quote opens here and closes much later."
    return "a quote stands in the middle of a cell. Double it, and put the cell in quotes."
