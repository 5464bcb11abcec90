"""One changed field in words: the same in a record's history, in its trail entries and in a preview."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils import timezone

Named = Callable[[type[models.Model], Any], str]  # a model and the number of one of its records → what it is called


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, in words; or why they are not shown ("erased", "personal", "details")."""

    label: str
    before: str = ""
    after: str = ""
    withheld: str = ""


def change_of(column: Any, before: Any, after: Any, named: Named) -> Change:
    """The change of one field (a model's) from one value to another: as a row holds them, or as a leaf tells them."""
    return Change(label_of(column), in_words(column, before, named), in_words(column, after, named))


def label_of(column: Any) -> str:
    """What people call a model's field."""
    return str(column.verbose_name).capitalize()


def in_words(column: Any, value: Any, named: Named) -> str:
    """One value of a field: a related record's name, a choice's label, a day in ISO, a moment in its zone."""
    if value is None:
        return ""
    if column.many_to_one:
        return named(column.related_model, value)
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    if isinstance(column, models.DateTimeField) and isinstance(value, str) and value:
        return words(datetime.datetime.fromisoformat(value))
    return words(value)


def words(value: Any) -> str:  # noqa: PLR0911 - one answer a kind of value
    """A value in words: "" for nothing, ISO days, moments in the zone of the page, yes and no."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case datetime.datetime():
            return zoned(value)
        case datetime.date():
            return value.isoformat()
        case list() | tuple():
            return ", ".join(words(item) for item in value)
        case _:
            return str(value)


def zoned(moment: datetime.datetime, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A moment as people read it everywhere: 2026-11-21 14:05:00 UTC+1, in the current zone (the organisation's)."""
    local = timezone.localtime(moment)
    minutes = int((local.utcoffset() or datetime.timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    distance = f"{'+' if minutes > 0 else '-'}{hours}{f':{rest:02}' if rest else ''}" if minutes else ""
    return f"{local.strftime(form)} UTC{distance}"
