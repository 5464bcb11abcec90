"""What a verb does before it saves: lock the row, see that it is what its reader saw, ask for words, move it legally.

Inside the transaction of the verb. What only one register asks, that register's actions ask.
"""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.utils import timezone

from foundation.trail.keep import Stale, save
from foundation.trail.models import Tracked

Row = TypeVar("Row", bound=Tracked)


class IllegalMove(ValidationError):
    """The record's state allows no such move."""


def locked(row: Row) -> Row:
    """The row as it is stored now, locked until the end of the transaction.

    Raises Stale if it is no longer the version that the caller saw: nobody overwrites a colleague's change; and
    ValidationError for an archived record, which no verb changes.
    """
    stored = type(row)._base_manager.select_for_update().get(pk=row.pk)
    if stored.version != row.version:
        raise Stale(stored)
    if getattr(stored, "archived_at", None):
        raise ValidationError(f"The {stored._meta.verbose_name} is archived. Restore it first.")
    return stored


def say(words: str, what: str) -> None:
    """Raise ValidationError with `what` where nothing was said."""
    if not words.strip():
        raise ValidationError(what)


def move(row: Tracked, to: str, moves: Mapping[str, Collection[str]], field: str = "status") -> None:
    """Put the record into the state `to`, if its literal table of moves allows that. Raises IllegalMove."""
    legal(row, to, moves, field)
    setattr(row, field, to)


def legal(row: Tracked, to: str, moves: Mapping[str, Collection[str]], field: str = "status") -> None:
    """Raise IllegalMove where the record cannot come into the state `to` from where it is."""
    now = getattr(row, field)
    if to not in moves[now]:
        labels = dict(row._meta.get_field(field).flatchoices)  # type: ignore[union-attr]
        name = getattr(row, "ref", str(row))
        raise IllegalMove(f"{name} is {labels[now].lower()}; it cannot be {labels[to].lower()} now.")


def tie(link: Row, *, actor: Any, reason: str) -> Row:
    """Link two records by a row that names them (its model's `ends`): a new one, or one that was taken away comes back.

    An end may be a plain field as well: the part of the work that a control is linked to (VendorControl). Raises
    ValidationError without a reason, or where they are linked already: whoever wants to say something else of them
    unlinks first, so that nobody writes over what a colleague said unseen.
    """
    say(reason, "Say what the one has to do with the other.")
    model: Any = type(link)
    known = model._base_manager.select_for_update().filter(**{end: getattr(link, end) for end in model.ends}).first()
    if known is not None and known.archived_at is None:
        raise ValidationError("They are linked already. Unlink them first to say something else of them.")
    if known is not None:
        link.pk, link.version, link.created_at = known.pk, known.version, known.created_at  # type: ignore[attr-defined]
    verb = "created" if known is None else "restored"
    return save(link, actor=actor, verb=f"{model._meta.model_name}.{verb}", reason=reason, refs=ends_of(link))


def untie(link: Row, *, actor: Any, reason: str) -> Row:
    """Take a link away; the row stays. Raises Stale, ValidationError without a reason or when it is gone already."""
    say(reason, "Say why it is unlinked.")
    stored: Any = locked(link)
    stored.archived_at = timezone.now()
    verb = f"{stored._meta.model_name}.archived"
    kept: Row = save(stored, actor=actor, verb=verb, reason=reason, refs=ends_of(stored))
    return kept


def ends_of(link: Any) -> dict[str, Any]:
    """The records that a link names, as the entry's refs: those of its `ends` that are relations."""
    fields = {end: link._meta.get_field(end) for end in type(link).ends}
    return {end: getattr(link, field.attname) for end, field in fields.items() if field.is_relation}
