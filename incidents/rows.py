"""Rows that a record consists of, each with its place: the parts of a plan's version, what happened in an exercise.

What they belong to, and who writes it now, their own actions ask before. `refs` names that in the trail.
"""

from typing import Any, Final, TypeVar

from django.db.models import Max, QuerySet
from django.utils import timezone

from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.models import Register
from foundation.trail.steps import locked, say

MOST: Final = 9999  # the last place
Row = TypeVar("Row", bound=Register)


def put(row: Row, *, actor: User, refs: dict[str, int], participle: str = "created") -> Row:
    """Store a row, a new one if nothing else is said. Raises ValidationError."""
    row.full_clean(validate_unique=False, validate_constraints=False)
    return save(row, actor=actor, verb=f"{row._meta.model_name}.{participle}", refs=refs)


def change(row: Row, said: dict[str, Any], *, actor: User, refs: dict[str, int]) -> Row:
    """Say something else in a row. Raises Stale, ValidationError."""
    row = locked(row)
    for field, value in said.items():
        setattr(row, field, value)
    return put(row, actor=actor, refs=refs, participle="updated")


def take_away(row: Row, *, actor: User, reason: str, refs: dict[str, int]) -> Row:
    """Take a row away, with a reason. Raises Stale, ValidationError."""
    say(reason, "Say why it is taken away.")
    row = locked(row)
    row.archived_at = timezone.now()
    return save(row, actor=actor, verb=f"{row._meta.model_name}.archived", reason=reason, refs=refs)


def after(rows: QuerySet[Any]) -> int:
    """The place behind the last of these rows."""
    last = rows.aggregate(last=Max("position"))["last"]
    return min((last or 0) + 1, MOST)
