"""A field's value as a leaf can hold it: the same text for what is about to be stored and for what is read back."""

import datetime
import decimal
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models

TEXT, INT = (models.CharField, models.TextField), (models.IntegerField, models.ForeignKey)
EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})  # and False; not 0, which is a number that somebody may mean


def plain(value: Any) -> Any:  # noqa: PLR0911 - one answer a kind of value
    """Text, integers, truth values, null, and lists and objects of these; raises TypeError for what has no one text.

    Moments are UTC to the microsecond, days ISO, decimals and floats their shortest exact digits.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            return str(value)  # a choice's member becomes its text
        case datetime.datetime():
            return value.astimezone(datetime.UTC).isoformat(timespec="microseconds")
        case datetime.date() | datetime.time():
            return value.isoformat()
        case decimal.Decimal():
            return f"{value:f}"
        case UUID() | datetime.timedelta():
            return str(value)
        case float():
            return repr(value)
        case list() | tuple():
            return [plain(item) for item in value]
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case _:
            raise TypeError(f"{type(value).__name__} has no place in the trail.")


def stored(field: models.Field[Any, Any], value: Any) -> Any:
    """`plain` of a field's value, whatever spelling the instance holds it in ("2026-01-01" for a day, 5 for 5.00)."""
    if (
        value is None
        or (type(value) is str and isinstance(field, TEXT))
        or (type(value) is int and isinstance(field, INT))
    ):
        return value  # most values of most rows: asked first, because every save asks for each field
    if isinstance(field, models.FileField):
        return str(value or "")  # its name
    if hasattr(value, "storage"):
        return str(value)  # a file on its way into a history row, which keeps the name alone
    value = field.to_python(value)
    if isinstance(field, models.DecimalField) and value is not None:
        return f"{value:.{field.decimal_places}f}"
    return plain(value)


def empty(value: Any) -> bool:
    """Whether a plain value says nothing: null, "", false, an empty list or object."""
    return value is False or (value in EMPTY and value is not False and not isinstance(value, int))


def number(model: type[models.Model], value: Any) -> Any:
    """What may stand in a model's primary key, read from text; None for what no row can have (2**63, "x", a NUL)."""
    try:
        return model._meta.pk.clean(value, None)
    except ValidationError:
        return None


@cache
def columns(model: type[models.Model]) -> tuple[models.Field[Any, Any], ...]:
    """The stored fields of a model."""
    return tuple(model._meta.concrete_fields)
