"""A table that leaves the house as CSV or as JSON: the same rows and columns, streamed, in constant memory.

CSV holds the table alone, for spreadsheets. JSON begins with what a PDF says on its cover (whose it is, of which
report, over which period, as of when, within which scope, by whom and when it was made, the trail's checkpoint) and
ends with how many rows it holds: a download that broke off has no such end, and is no JSON.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from django.http import Http404, QueryDict, StreamingHttpResponse

from foundation.accounts.models import User
from foundation.pages.paper import Cover, cover_for, match_for, moment_of
from foundation.pages.sheets import json_file, stream

Form = Literal["csv", "json"]
FORMS: Final[tuple[Form, ...]] = ("csv", "json")


@dataclass(frozen=True)
class Table:
    """What leaves. `name`: of the file, without its ending. `chunks`: the rows, some at a time, under `header`.

    title, scope, period, as_of: as a Paper's. filters: (label, words) of those that are set.
    """

    title: str
    name: str
    header: Sequence[str]
    chunks: Iterable[Iterable[Sequence[object]]]
    scope: Sequence[str] = ()
    filters: Sequence[tuple[str, str]] = ()
    period: str = ""
    as_of: dt.datetime | None = None


def send(table: Table, form: Form, user: User) -> StreamingHttpResponse:
    """The download. Whoever calls has asked for the right to it, and told the trail."""
    if form == "csv":
        return stream(table.name, table.header, table.chunks)
    return json_file(table.name, document(table, cover_for(user)))


def table_for(page: str, user: User, pin: dt.datetime) -> Table:
    """The table behind a file's address (a path of this site), as `user` sees it, made as of `pin` for good.

    Raises Http404 where no file is, PermissionDenied by the page's own rules, PaperRefused for what cannot be read.
    """
    match = match_for(page)
    function = getattr(match.func, "table", None)
    if function is None:
        raise Http404("This page has no table.")
    params = QueryDict(urlsplit(page).query)
    kwargs = {name: value for name, value in match.kwargs.items() if name != "form"}
    table: Table = function(user, params, moment_of(match, params, user, pin), **kwargs)
    return table


def document(table: Table, cover: Cover) -> Iterator[bytes]:
    """The JSON, piece by piece: the head, a line for each row, and how many there were."""
    said = json.dumps(head(table, cover), ensure_ascii=False, indent=1)
    yield f'{said.removesuffix("}").rstrip()},\n "rows": ['.encode(errors="replace")
    count = 0
    for rows in table.chunks:
        for row in rows:
            yield ("," if count else "").encode() + line(table.header, row)
            count += 1
    yield f'\n ],\n "count": {count}\n}}\n'.encode()


def head(table: Table, cover: Cover) -> dict[str, object]:
    """What the document says of itself; null for what was not asked for."""
    return {
        "report": table.title,
        "organisation": cover.organisation,
        "demo": cover.demo,
        "period": table.period or None,
        "as_of": in_json(table.as_of or cover.made_at),
        "past": table.as_of is not None,
        "scope": list(table.scope),
        "filters": [{"filter": label, "value": words} for label, words in table.filters],
        **({} if cover.pinned else {"made_by": cover.made_by, "made_at": in_json(cover.made_at)}),
        "checkpoint": cover.checkpoint or None,
        "last_entry": {"entry": cover.entry_id, "leaf_hash": cover.entry_hash} if cover.entry_id else None,
        "columns": list(table.header),
    }


def line(header: Sequence[str], row: Sequence[object]) -> bytes:
    """One row as an object whose names are the columns' headings."""
    values = {name: in_json(value) for name, value in zip(header, row, strict=True)}
    return f"\n  {json.dumps(values, ensure_ascii=False)}".encode(errors="replace")


def in_json(value: object) -> object:
    """A cell as JSON has it: numbers as such, days and moments in ISO 8601, nothing as null, else words."""
    if value is None or value == "":
        return None
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)
