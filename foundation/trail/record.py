"""`record()`: the only way into the trail."""

import time
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.db import models, transaction

from foundation.trail import leaf, origin
from foundation.trail.models import Entry
from foundation.trail.verbs import VERBS

OUTCOMES = frozenset({"ok", "refused", "failed"})


class UnknownVerb(KeyError):
    """A verb that the catalogue lacks; add it to verbs.py with its words."""


class OutsideTransaction(RuntimeError):
    """An entry without a transaction: what it tells of could be rolled back while the entry stays, or the reverse."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, when it is not an account."""

    kind: str
    id: int | None = None

    @property
    def pk(self) -> None:
        """Nobody: no account stands behind it."""
        return

    def __str__(self) -> str:
        return f"the {self.kind}"


SYSTEM = Actor("system")
ANONYMOUS = Actor("anonymous")


def record(  # noqa: PLR0913 - what an entry says, each by its name
    verb: str,
    actor: Any,
    target: models.Model | None = None,
    *,
    changes: dict[str, list[Any]] | None = None,
    reason: str = "",
    refs: dict[str, Any] | None = None,
    history: dict[str, Any] | None = None,
    outcome: str = "ok",
    private: dict[str, Any] | None = None,
) -> Entry:
    """Append one entry, in the transaction of the change it tells of (R3.5).

    What stores a row calls `keep.save`, which appends the entry itself. This is for what changes no row of its own and
    is told all the same: a download, an export, a sign-in.

    actor: an account, SYSTEM, or None for nobody signed in. changes: field → [before, after], plain values. refs:
    what else it is about. private: what may have to be erased one day (it is salted, and only its hash is in the
    leaf). Address and user agent are taken from the origin in force. Raises UnknownVerb, OutsideTransaction, and
    TypeError for a value that no leaf can hold.
    """
    if not in_transaction():
        raise OutsideTransaction(f"{verb}: open transaction.atomic() around the change and its entry.")
    said: dict[str, Any] = {"changes": changes, "reason": reason, "refs": refs, "history": history, "private": private}
    return append(draft(verb, actor, target, outcome=outcome, **said))


def draft(  # noqa: PLR0913 - what an entry says, each by its name
    verb: str,
    actor: Any,
    target: models.Model | None = None,
    *,
    changes: dict[str, list[Any]] | None = None,
    reason: str = "",
    refs: dict[str, Any] | None = None,
    history: dict[str, Any] | None = None,
    outcome: str = "ok",
    private: dict[str, Any] | None = None,
    at: int | None = None,
) -> Entry:
    """An entry with its MAC, not stored yet: for `record`, and for the save path. `at`: `now()` if not given."""
    if verb not in VERBS:
        raise UnknownVerb(verb)
    if outcome not in OUTCOMES:
        raise ValueError(f"{outcome!r} is no outcome.")
    who, source = actor_of(actor), origin.current()
    if source.token and who.kind == "user":
        who, refs = Actor("token", who.id), {**(refs or {}), "token": source.token}
    hidden = sealed(source, private)
    detail = {
        "changes": changes,
        "reason": reason,
        "refs": refs,
        "history": history,
        "private": leaf.sha256(hidden) if hidden else None,
    }
    columns: tuple[Any, ...] = (  # those of the leaf behind `id`, in its order
        now() if at is None else at,
        who.kind,
        who.id,
        source.via,
        verb,
        target._meta.label_lower if target is not None else "",
        str(target.pk) if target is not None else "",
        outcome,
        source.request_id,
        leaf.canonical({key: value for key, value in detail.items() if value}),
    )
    if source.told is not None:
        source.told.append(verb)
    # by position, as Django itself makes a row that it has read; the stubs know names alone
    return Entry(None, *columns, hidden, source.ip or None, leaf.mac(columns))  # type: ignore[misc]


STORED = (*leaf.COLUMNS[1:], "private", "ip", "mac")
stored = attrgetter(*STORED)
INSERT = (
    f"INSERT INTO {Entry._meta.db_table} ({', '.join(STORED)}) "  # noqa: S608 - names of columns
    f"VALUES ({', '.join('%s' for _ in STORED)}) RETURNING id"
)


def append(entry: Entry) -> Entry:
    """Store a draft: one plain INSERT, which takes the ORM longer to compose than the database to run."""
    connection = transaction.get_connection()
    with transaction.mark_for_rollback_on_error(connection.alias), connection.cursor() as cursor:
        cursor.execute(INSERT, stored(entry))
        (entry.id,) = cursor.fetchone()
    entry._state.adding, entry._state.db = False, connection.alias  # noqa: SLF001 - as the ORM leaves a saved row
    return entry


def now() -> int:
    """The trail's clock: microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


def in_transaction() -> bool:
    """Whether a transaction of ours is open; the one that a test case wraps around each test does not count."""
    return any(not getattr(block, "_from_testcase", False) for block in transaction.get_connection().atomic_blocks)


def actor_of(actor: Any) -> Actor:
    """Who acts, as the trail names it: an account by its number alone. Raises TypeError for anything else."""
    if isinstance(actor, Actor):
        return actor
    if actor is None or getattr(actor, "is_anonymous", False):
        return ANONYMOUS
    if not isinstance(actor, models.Model) or not isinstance(actor.pk, int):
        raise TypeError(f"{actor!r} cannot act: an account, SYSTEM or None can.")
    return Actor("user", actor.pk)


def sealed(source: origin.Origin, private: dict[str, Any] | None) -> str | None:
    """The erasable part as canonical JSON, under a salt without which its hash tells nothing. None: nothing."""
    values = {**(private or {}), "ip": source.ip, "user_agent": source.user_agent}
    values = {key: value for key, value in values.items() if value}
    if not values:
        return None
    return leaf.canonical({"salt": leaf.new_salt(), **values})
