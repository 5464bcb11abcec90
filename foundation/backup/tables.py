"""What of the database is in a backup, and how a row is said so that SQLite and PostgreSQL understand it alike."""

import base64
import datetime as dt
import decimal
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.apps import apps
from django.db import connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.utils.duration import duration_iso_string

# Who is signed in and which worker is alive are facts of one running installation; everybody signs in again.
LEFT_OUT: Final = frozenset({"sessions.session", "accounts.session", "jobs.workersign"})
# What migrations themselves write: replaced by what the backup holds, because rows refer to its numbers.
SEEDED: Final = ("auth.permission", "contenttypes.contenttype")
CHUNK: Final = 500  # rows read and written at once


def tables() -> list[type[models.Model]]:
    """Every table that is backed up: registers, histories, links, the trail, the queue."""
    found = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    return [model for model in found if not model._meta.proxy and model._meta.label_lower not in LEFT_OUT]


def columns(model: type[models.Model]) -> list[str]:
    """The columns of a table, as the model calls them."""
    return [field.attname for field in model._meta.concrete_fields]


def migrations(database: BaseDatabaseWrapper = connection) -> list[list[str]]:
    """Which migrations have run: two databases with the same ones have the same tables."""
    return sorted(list(key) for key in MigrationRecorder(database).applied_migrations())


def chunks(model: type[models.Model], using: str) -> Iterator[list[list[Any]]]:
    """The table's rows in the order of their key, as plain values, CHUNK at a time."""
    rows = model._base_manager.using(using).order_by("pk").values_list(*columns(model))
    batch: list[list[Any]] = []
    for row in rows.iterator(CHUNK):
        batch.append([plain(value) for value in row])
        if len(batch) == CHUNK:
            yield batch
            batch = []
    if batch:
        yield batch


def plain(value: Any) -> Any:
    """A column's value as JSON holds it, without loss. Raises TypeError for a kind that no column of ours has."""
    match value:
        case None | bool() | int() | float() | str() | dict() | list():
            return value
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case dt.timedelta():
            return duration_iso_string(value)
        case decimal.Decimal() | uuid.UUID():
            return str(value)
        case bytes() | memoryview():
            return base64.b64encode(bytes(value)).decode()
    raise TypeError(f"{type(value).__name__} cannot be backed up.")


def insert(model: type[models.Model], rows: Iterable[Sequence[Any]]) -> None:
    """Put rows of `chunks` into an empty table exactly as they were: no default, history or entry is added to them."""
    fields = model._meta.concrete_fields
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column or "") for field in fields)
    places = ", ".join(["%s"] * len(fields))
    values = [
        [field.get_db_prep_save(_value(field, value), connection) for field, value in zip(fields, row, strict=True)]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({places})", values)  # noqa: S608


def empty(model: type[models.Model]) -> None:
    """Take out what migrations put in (SEEDED)."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608 - a name of ours


def _value(field: Any, value: Any) -> Any:
    if value is None or isinstance(field, models.JSONField):
        return value
    return field.to_python(value)
