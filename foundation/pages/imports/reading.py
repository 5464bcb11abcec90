"""A file as a table, whichever kind it is: its bytes decide, not its name."""

from foundation.pages.imports.csvfile import read_csv
from foundation.pages.imports.jsonfile import looks_like_json, read_json
from foundation.pages.imports.table import REGISTER, Flow, Limits, Table, Unreadable
from foundation.pages.imports.xlsxfile import read_xlsx

ZIP = b"PK\x03\x04"
OTHERS = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
    b"PK\x05\x06": "an empty archive",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls); save it as .xlsx",
    b"{\\rtf": "a text document",
}


def read(data: bytes, *, encoding: str = "", sheet: str = "") -> Table:
    """The table in a CSV or XLSX file. Raises Unreadable, with words for the person who chose the file."""
    refuse_others(data, REGISTER)
    found = read_xlsx(data, sheet) if data.startswith(ZIP) else read_csv(data, encoding)
    return found.table()


def read_rows(data: bytes, limits: Limits, *, encoding: str = "", sheet: str = "") -> Flow:
    """The rows of a CSV, XLSX or JSON file (an array of objects), one by one. Raises Unreadable."""
    refuse_others(data, limits)
    if data.startswith(ZIP):
        return read_xlsx(data, sheet, limits)
    return read_json(data, limits) if looks_like_json(data) else read_csv(data, encoding, limits)


def refuse_others(data: bytes, limits: Limits) -> None:
    """Raise Unreadable for what is too large, or is by its first bytes something else."""
    if len(data) > limits.size:
        raise Unreadable(f"The file is larger than {limits.size // 1024 // 1024} MB.")
    for start, words in OTHERS.items():
        if data.startswith(start):
            raise Unreadable(f"This is {words}. Choose a CSV or XLSX file.")
