"""A record's history in words: each version with the fields that it changed, links to other records included."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from foundation.pages.columns import words

HIDDEN = {"id", "version", "created_at"}  # what every version changes, or none, tells a reader nothing


@dataclass(frozen=True, slots=True)
class Change:
    """One field's value before and after, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """One stored version: of the record itself (`subject` is "") or of one of its links."""

    at: datetime.datetime
    who: str
    reason: str
    number: int
    first: bool
    subject: str
    changes: list[Change] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Link:
    """A link model whose versions belong to a record's history: `path` is its foreign key to the record."""

    subject: str
    model: type[models.Model]
    path: str


def timeline(target: models.Model, links: Sequence[Link] = (), until: datetime.datetime | None = None) -> list[Version]:
    """All versions of `target` and of its `links`, newest first; with `until`, those that were recorded by then.

    A constant number of queries: one for each history table and one for each kind of record that is referred to.
    """
    found = [*versions("", type(target), {"id": target.pk}, until)]
    for link in links:
        found += versions(link.subject, link.model, {f"{link.path}_id": target.pk}, until)
    return sorted(found, key=lambda version: version.at, reverse=True)


def versions(
    subject: str, model: type[models.Model], where: dict[str, Any], until: datetime.datetime | None
) -> list[Version]:
    """The versions in one history table, each compared with the one before it of the same row."""
    stored = model.history.filter(**where).select_related("history_user").order_by("history_id")  # type: ignore[attr-defined]
    if until:
        stored = stored.filter(history_date__lte=until)
    kept = list(stored)
    shown = [column for column in tracked(model) if column.attname not in where]  # all versions agree on these
    names = names_of(shown, kept)
    before: dict[Any, Any] = {}
    found = []
    for row in kept:
        earlier = before.get(row.id)
        found.append(
            Version(
                at=row.history_date,
                who=str(row.history_user or "The system"),
                reason=row.history_change_reason or "",
                number=row.version,
                first=earlier is None,
                subject=subject,
                changes=list(changes(shown, earlier, row, names)),
            )
        )
        before[row.id] = row
    return found


def changes(shown: list[Any], before: Any, after: Any, names: dict[str, dict[Any, str]]) -> Iterable[Change]:
    """The fields in which `after` differs from `before`; against nothing, the fields that are filled."""
    for column in shown:
        old = getattr(before, column.attname) if before is not None else None
        new = getattr(after, column.attname)
        if old != new and not (before is None and new in ("", None)):
            label = str(column.verbose_name).capitalize()
            yield Change(label, in_words(column, old, names), in_words(column, new, names))


def tracked(model: type[models.Model]) -> list[Any]:
    """The fields that a history shows."""
    return [column for column in model.history.model.tracked_fields if column.name not in HIDDEN]  # type: ignore[attr-defined]


def in_words(column: Any, value: Any, names: dict[str, dict[Any, str]]) -> str:
    """One stored value: a choice's words, a record's name, a day in ISO."""
    if column.name in names:
        return names[column.name].get(value, "") if value is not None else ""
    if column.choices:
        return str(dict(column.flatchoices).get(value, value or ""))
    return words(value)


def names_of(shown: list[Any], stored: Iterable[Any]) -> dict[str, dict[Any, str]]:
    """For each foreign key among `shown` the names of what `stored` refers to, one query a related model."""
    keys = [column for column in shown if column.remote_field]
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for row in stored:
        for column in keys:
            wanted[column.related_model].add(getattr(row, column.attname))
    known = {
        related: {record.pk: str(record) for record in related._default_manager.filter(pk__in=ids - {None})}
        for related, ids in wanted.items()
    }
    return {column.name: known.get(column.related_model, {}) for column in keys}
