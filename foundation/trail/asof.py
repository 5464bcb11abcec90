"""Reading registers as they were: the same rows, live or as the system knew them at a moment."""

import datetime
from typing import Any, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, QuerySet

Row = TypeVar("Row", bound=models.Model)


def rows(model: type[models.Model], moment: datetime.datetime | None = None) -> QuerySet[Any]:
    """All rows of a tracked `model`: the live ones, or the history rows that were in force at an aware `moment`.

    A history row has its original's fields and `id` (its `pk` is the history's), and its foreign keys can be joined;
    so what must run over both goes by `id`.
    """
    if moment is None:
        return model._default_manager.all()
    history = model.history.model._default_manager  # type: ignore[attr-defined]
    then = history.filter(history_date__lte=moment)
    # "None later" and not "the last of each id": a filter by id reaches into it, so that one record costs one record.
    later = then.filter(id=OuterRef("id"), history_id__gt=OuterRef("history_id")).order_by()
    return then.filter(~Exists(later)).exclude(history_type="-")


def thaw(row: Any) -> Any:
    """A history row as the instance that it was, with the related records it was read with; a live row as it is."""
    if not hasattr(row, "history_id"):
        return row
    instance = row.instance
    instance._state.fields_cache.update(row._state.fields_cache)  # noqa: SLF001 - what select_related has read
    return instance
