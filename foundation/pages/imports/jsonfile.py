"""Reading JSON: an array of objects as rows, what is nested in them as headings with points (profile.email)."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

from foundation.pages.imports.table import Flow, Limits, Row, Unreadable, flow

SPACE = re.compile(r"[ \t\r\n]*")
DEEPEST = 4  # objects in objects that become headings
NO_ARRAY = "This JSON holds no array of objects, one for each row."


def looks_like_json(data: bytes) -> bool:
    """Whether a file begins as JSON does, behind its mark if it has one."""
    return data.removeprefix(codecs.BOM_UTF8)[:1000].lstrip()[:1] in (b"[", b"{")


def read_json(data: bytes, limits: Limits) -> Flow:
    """The rows of an array of objects, or of the only array in an object ({"value": […]}). Raises Unreadable.

    The headings are those of all objects together, so it is gone through twice, object by object.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("JSON is UTF-8, and this file is not.") from error
    start = start_of(text)
    header: dict[str, None] = {}
    for _, row in objects(text, start, limits):
        header |= dict.fromkeys(row)
    names = list(header)
    rows = (Row(line, [row.get(name, "") for name in names]) for line, row in objects(text, start, limits))
    return flow(chain_header(names, rows), limits=limits, encoding="utf-8")


def chain_header(names: list[str], rows: Iterator[Row]) -> Iterator[Row]:
    """The headings as the first row."""
    yield Row(1, names)
    yield from rows


def start_of(text: str) -> int:
    """Where the array begins."""
    place = skip(text, 0)
    if text[place : place + 1] == "[":
        return place
    found = re.match(
        r'\{\s*(?:"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[\w.+-]+)\s*,\s*)*"[^"\\]*"\s*:\s*\[', text[place : place + 4000]
    )
    if found is None:
        raise Unreadable(NO_ARRAY)
    return place + found.end() - 1


def objects(text: str, start: int, limits: Limits) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, flat object) of each element. Raises Unreadable, naming the line."""
    decoder = json.JSONDecoder()
    place, line, counted, count = skip(text, start + 1), 1, 0, 0
    while text[place : place + 1] != "]":
        line, counted = line + text.count("\n", counted, place), place
        try:
            value, place = decoder.raw_decode(text, place)
        except (json.JSONDecodeError, RecursionError) as error:
            raise Unreadable(f"Line {line}: the JSON is broken here.") from error
        if not isinstance(value, dict):
            raise Unreadable(f"Line {line}: {NO_ARRAY}")
        count += 1
        if count > limits.rows:
            raise Unreadable(f"The file has more than {limits.rows:,} rows.")
        yield line, flat(value)
        place = skip(text, place)
        if text[place : place + 1] == ",":
            place = skip(text, place + 1)
        elif text[place : place + 1] != "]":
            raise Unreadable(f"Line {line}: the JSON is broken behind this object, or cut off.")


def skip(text: str, place: int) -> int:
    """The place of what follows, behind spaces and line ends."""
    found = SPACE.match(text, place)
    return found.end() if found else place


def flat(value: dict[str, Any], before: str = "", deep: int = 0) -> dict[str, str]:
    """An object as heading → text: what is nested gets its path, a list one line for each of its elements."""
    found: dict[str, str] = {}
    for name, one in value.items():
        if isinstance(one, dict) and deep < DEEPEST:
            found |= flat(one, f"{before}{name}.", deep + 1)
        else:
            found[f"{before}{name}"] = text_of(one)
    return found


def text_of(value: Any) -> str:
    """A value as the text that CSV would hold."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            text = "\n".join(text_of(one) for one in value)
            return f"{text};" if len(value) == 1 and "," in text else text  # one, and not two with a comma between them
        case dict():
            return str(next((value[name] for name in ("name", "displayName", "title", "id") if name in value), ""))
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)
