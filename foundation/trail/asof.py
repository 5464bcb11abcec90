"""Reading registers as they were: the same rows, live or as the system knew them at a moment (decision 4)."""

import datetime
from typing import Any, TypeVar

from django.db import models
from django.db.models import Max, QuerySet

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
    last = then.order_by().values("id").annotate(last=Max("history_id")).values("last")
    return history.filter(history_id__in=last).exclude(history_type="-")


def thaw(row: Any) -> Any:
    """A history row as the instance that it was, with the related records it was read with; a live row as it is."""
    if not hasattr(row, "history_id"):
        return row
    instance = row.instance
    instance._state.fields_cache.update(row._state.fields_cache)
    return instance
