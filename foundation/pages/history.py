"""A record's history in words: each version with the fields that it changed, links to other records included."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import models

from foundation.accounts.access import open_window, period_of, visible
from foundation.accounts.models import User
from foundation.trail.asof import rows
from foundation.trail.changes import Change, Named, change_of
from foundation.trail.sight import called

HIDDEN = {"id", "version", "created_at"}  # what every version changes, or none, tells a reader nothing


@dataclass(frozen=True, slots=True)
class Version:
    """One stored version: of the record itself (`subject` is "") or of one of its links."""

    row: Any
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


@dataclass(frozen=True, slots=True)
class Span:
    """The recorded time that a history is read over: all of it, or an auditor's period, up to the moment looked at."""

    since: datetime.datetime | None = None
    until: datetime.datetime | None = None


def timeline(
    target: models.Model, user: User, links: Sequence[Link] = (), moment: datetime.datetime | None = None
) -> list[Version]:
    """The versions of `target` and of those of its `links` that `user` may see, newest first, recorded by `moment`.

    An auditor's history begins with how things stood when the period began. A constant number of queries: one for
    each history table and one for each kind of record that is referred to.
    """
    window = open_window(user)
    span = Span(period_of(window)[0] if window else None, moment)
    found = versions(user, "", type(target), {"id": target.pk}, span)
    for link in links:
        path = f"{link.path}_id"
        seen = visible(user, rows(link.model, moment), moment).filter(**{path: target.pk}).values("id")
        found += versions(user, link.subject, link.model, {path: target.pk, "id__in": seen}, span)
    return sorted(found, key=lambda version: version.at, reverse=True)


def versions(user: User, subject: str, model: type[models.Model], where: dict[str, Any], span: Span) -> list[Version]:
    """The versions in one history table, each compared with the one before it of the same row.

    What a row went through before `span.since` is one version: how it stood then, without who and why.
    """
    stored = model.history.filter(**where).select_related("history_user").order_by("history_id")  # type: ignore[attr-defined]
    if span.until:
        stored = stored.filter(history_date__lte=span.until)
    kept = list(stored)
    shown = [column for column in tracked(model) if column.attname not in where]  # all versions agree on these
    named = names_of(user, shown, kept)
    before: dict[Any, Any] = {}
    found = []
    for row in kept:
        if span.since is None or row.history_date >= span.since:
            if (earlier := before.get(row.id)) is not None and span.since and earlier.history_date < span.since:
                found.append(as_it_stood(subject, earlier, shown, named))
            found.append(version(subject, earlier, row, shown, named))
        before[row.id] = row
    told = {one.row for one in found}
    found += [as_it_stood(subject, row, shown, named) for key, row in before.items() if key not in told]
    return found


def version(subject: str, earlier: Any, row: Any, shown: list[Any], named: Named) -> Version:
    """One history row in words, compared with the one before it."""
    return Version(
        row=row.id,
        at=row.history_date,
        who=str(row.history_user or "The system"),
        reason=row.history_change_reason or "",
        number=row.version,
        first=earlier is None,
        subject=subject,
        changes=list(changes(shown, earlier, row, named)),
    )


def as_it_stood(subject: str, row: Any, shown: list[Any], named: Named) -> Version:
    """How a row stood when an auditor's period began: nothing of who did what before."""
    return replace(version(subject, None, row, shown, named), who="Before the period", reason="")


def changes(shown: list[Any], before: Any, after: Any, named: Named) -> Iterable[Change]:
    """The fields in which `after` differs from `before`; against nothing, the fields that are filled."""
    for column in shown:
        old = getattr(before, column.attname) if before is not None else None
        new = getattr(after, column.attname)
        if old != new and not (before is None and new in ("", None)):
            yield change_of(column, old, new, named)


def tracked(model: type[models.Model]) -> list[Any]:
    """The fields that a history shows."""
    return [column for column in model.history.model.tracked_fields if column.name not in HIDDEN]  # type: ignore[attr-defined]


def names_of(user: User, shown: list[Any], stored: Iterable[Any]) -> Named:
    """What the records that `stored` refers to are called, one query a related model."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for row in stored:
        for column in shown:
            if column.many_to_one:
                wanted[column.related_model].add(getattr(row, column.attname))
    return called(user, wanted)
