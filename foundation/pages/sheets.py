"""Files going out: CSV of safe cells and JSON, as streams. (Not called `csv`, so that nobody asks which is meant.)"""

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import cast

from django.http import StreamingHttpResponse
from django.utils.text import slugify

from foundation.organisation.models import organisation
from foundation.organisation.once import reading_once

CHUNK = 1000  # rows a chunk: what callers fetch at once, so that the number of queries is constant per chunk
BOM = "\ufeff"  # without it Excel reads UTF-8 as the local code page; every other reader that we know skips it
TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a spreadsheet takes for a formula


def safe(value: object) -> str:
    """The words of one cell, which no spreadsheet will run.

    Text that begins with a formula sign (behind any apostrophes) gets an apostrophe in front, `plain` takes exactly
    that one off again; numbers and dates are not text and stay as they are.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, int | float | Decimal | dt.date):
        return str(value)
    text = str(value)
    return f"'{text}" if text.lstrip("'").startswith(TRIGGERS) else text


def plain(text: str) -> str:
    """What `safe` was given: the inverse, for files that come back to us."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(TRIGGERS) else text


def stream(name: str, header: Sequence[str], chunks: Iterable[Iterable[Sequence[object]]]) -> StreamingHttpResponse:
    """A CSV download (RFC 4180, UTF-8 with BOM) that never holds more than one chunk of rows in memory.

    `name` is the file's name without its ending. A demo company's file says DEMO- there, where a person sees it and no
    machine that reads the columns stumbles over it. Raises whatever `chunks` raises, in the middle of the download.
    """
    return _download(lines(header, chunks), "text/csv; charset=utf-8; header=present", file_name(name, "csv"))


def json_file(name: str, pieces: Iterable[bytes]) -> StreamingHttpResponse:
    """A JSON download from the pieces of its text, many small ones sent as few. `name` as `stream` takes it.

    What is hashed goes out as the very bytes: this adds and changes none.
    """
    return _download(_gathered(iter(pieces)), "application/json", file_name(name, "json"))


def file_name(name: str, ending: str) -> str:
    """A download's name from any words: ASCII letters, digits, dots and dashes only; DEMO- before a demo company's."""
    stem = ".".join(filter(None, (slugify(part) for part in name.split(".")))) or "export"
    return f"{'DEMO-' if organisation().is_demo else ''}{stem[:100]}.{ending}"


def _download(content: Iterator[bytes], content_type: str, name: str) -> StreamingHttpResponse:
    """A file to be kept and never shown in the page's own origin, nor stored by anybody on the way."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingHttpResponse(_once(content), content_type=content_type, headers=headers)


def _once(content: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, with what a request reads once: they are made after the request's own middleware is through."""
    with reading_once():
        yield from content


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    while some := list(islice(pieces, CHUNK)):
        yield b"".join(some)


def lines(header: Sequence[str], chunks: Iterable[Iterable[Sequence[object]]]) -> Iterator[bytes]:
    """The bytes of a CSV, chunk by chunk, as `stream` sends them."""
    buffer = io.StringIO(newline="")
    # csv.writer's own name for its type is private to the stubs
    write = cast("Callable[[Iterable[Sequence[str]]], object]", csv.writer(buffer, lineterminator="\r\n").writerows)
    buffer.write(BOM)
    write([[safe(title) for title in header]])
    for rows in chunks:
        write([safe(value) for value in row] for row in rows)
        yield _drain(buffer)
    yield _drain(buffer)  # the header, when there was no chunk at all


def _drain(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode(errors="replace")  # a lone surrogate must not break off a download
    buffer.seek(0)
    buffer.truncate()
    return data
