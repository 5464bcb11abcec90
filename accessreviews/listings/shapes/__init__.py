"""Reading exports of accounts, one small module a shape. What its headings tell is read without asking.

values: what cells say · reading: how a shape is declared, and reading a file · okta, google, entra, github, aws: shapes
of their makers · own: columns that a person mapped.
"""

from collections.abc import Mapping
from typing import Any, Final

from accessreviews.listings.shapes.aws import AWS
from accessreviews.listings.shapes.entra import ENTRA
from accessreviews.listings.shapes.github import GITHUB
from accessreviews.listings.shapes.google import GOOGLE
from accessreviews.listings.shapes.okta import OKTA
from accessreviews.listings.shapes.own import FIELDS, form_of
from accessreviews.listings.shapes.reading import Form, Read, Unrecognised, open_file, read_by, recognised
from accessreviews.listings.shapes.values import Dialect
from accessreviews.models import Shape
from foundation.organisation.models import zone

# The surest first.
FORMS: Final[Mapping[str, Form]] = {form.shape: form for form in (AWS, GOOGLE, ENTRA, GITHUB, OKTA)}


def read_accounts(
    data: bytes, *, shape: str = "", mapping: Mapping[str, Any] | None = None, dates: str = "", encoding: str = "",
    sheet: str = "",
) -> Read:  # fmt: skip
    """The accounts that a file (CSV, XLSX, JSON) lists.

    shape: "" recognises it by its headings, else the shape that it has. mapping: how a person said the columns of this
    system are read (`columns`: field → heading; `yes`, `no`: words; `dates`: which comes first); it goes first where
    the file has all of those headings, and is all that counts where shape is "own". dates: DAY_MONTH or MONTH_DAY, of
    03/04/2026.
    Raises Unreadable for what is no table, Unrecognised where neither shape nor mapping fits, and ValidationError with
    the lines that cannot be read.
    """
    said = dict(mapping or {})
    columns = {name: heading for name, heading in said.get("columns", {}).items() if name in FIELDS}
    words = {name: frozenset(word.lower() for word in said.get(name, ())) for name in ("yes", "no", "never")}
    dialect = Dialect(zone(), dates or said.get("dates", ""), **words)
    form, flow = FORMS.get(shape), open_file(data, encoding=encoding, sheet=sheet)
    mapped = bool(columns.get("key")) and set(columns.values()) <= set(flow.header)
    if form is None and shape != Shape.OWN and not mapped:
        form, flow = recognised(flow, list(FORMS.values()))
    if form is None:
        form = form_of(columns)
    if "key" not in form.places(flow.header):
        raise Unrecognised(flow.header)
    return read_by(form, flow, dialect)
