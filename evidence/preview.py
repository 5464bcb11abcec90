"""Looking into an item without running anything: text escaped by the server, pictures drawn anew, all of it bounded.

Whatever else a file is (PDF, office documents, archives) is had by download alone, which no browser shows as a page.
"""

import csv
import io
import json
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image

from foundation.files.models import StoredFile
from foundation.files.reading import plain_chunks

PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
TABLES: Final = {"text/csv": ",", "text/tab-separated-values": "\t"}
TEXTS: Final = frozenset({"text/plain", "application/json", "message/rfc822", *TABLES})
MOST_TEXT: Final = 256 * 1024  # bytes that are read of a text
MOST_PICTURE: Final = 20 * 1024**2  # bytes
MOST_PIXELS: Final = 40_000_000
SIDE: Final = 1600  # pixels of the picture's longer side, as shown
MOST_ROWS, MOST_CELLS, MOST_LETTERS = 200, 40, 300


class NoPreview(Exception):
    """It cannot be shown here; the words say why."""


@dataclass(frozen=True)
class Looked:
    """What a page can show: a table, or text. `cut`: there is more of it in the file."""

    table: list[list[str]]
    text: str
    cut: bool


def shown_as(content_type: str) -> str:
    """Whether a kind of file is shown as "picture" or "text"; "" for neither."""
    return "picture" if content_type in PICTURES else "text" if content_type in TEXTS else ""


def beginning(stored: StoredFile, most: int) -> bytes:
    """The first `most` bytes of a stored file, verified. Raises Altered, FileNotFoundError."""
    found = bytearray()
    chunks = plain_chunks(stored)
    try:
        for chunk in chunks:
            found += chunk
            if len(found) >= most:
                break
    finally:
        chunks.close()  # type: ignore[attr-defined]  # a generator
    return bytes(found[:most])


def look(stored: StoredFile) -> Looked:
    """The beginning of a text file, as a table where it is one. Never fails for its content."""
    head = beginning(stored, MOST_TEXT)
    cut = stored.size > len(head)
    text = decoded(head)
    if stored.content_type in TABLES:
        table, more = rows_of(text, TABLES[stored.content_type])
        return Looked(table, "", cut or more)
    if stored.content_type == "application/json" and not cut:
        text = indented(text)
    return Looked([], text, cut)


def decoded(head: bytes) -> str:
    """Bytes as text: UTF-16 if they say so, else UTF-8; what is neither is replaced."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    return head.decode("utf-8-sig", "replace")


def indented(text: str) -> str:
    """JSON with a line a value; anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def rows_of(text: str, comma: str) -> tuple[list[list[str]], bool]:
    """The first rows and cells, and whether there are more."""
    table: list[list[str]] = []
    more = False
    try:
        for row in csv.reader(io.StringIO(text), delimiter=comma):
            if len(table) == MOST_ROWS:
                return table, True
            more = more or len(row) > MOST_CELLS
            table.append([cell[:MOST_LETTERS] for cell in row[:MOST_CELLS]])
    except csv.Error:  # a field beyond the reader's limit: what came before it is shown
        more = True
    return table, more


def picture(stored: StoredFile) -> bytes:
    """The picture drawn anew as PNG, at most SIDE pixels wide: nothing that was hidden in the file survives.

    Raises NoPreview for what is too large to draw, or is no picture.
    """
    if stored.size > MOST_PICTURE:
        raise NoPreview("This picture is too large to be shown here. Download it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(
                io.BytesIO(beginning(stored, stored.size)), formats=("PNG", "JPEG", "GIF", "WEBP")
            ) as found:
                if found.width * found.height > MOST_PIXELS:
                    raise NoPreview("This picture has too many pixels to be shown here. Download it.")
                found.draft("RGB", (SIDE, SIDE))
                drawn = found.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NoPreview("This file begins like a picture and cannot be read as one. Download it.") from error
    drawn.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()
