"""`record()`: the only way into the trail."""

import json
import time
from dataclasses import dataclass
from typing import Any

from django.db import models

from foundation.trail import leaf, origin
from foundation.trail.models import Entry
from foundation.trail.verbs import VERBS


class UnknownVerb(KeyError):
    """A verb that the catalogue lacks; add it to verbs.py with its words."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, when it is not an account."""

    kind: str
    id: int | None = None


SYSTEM = Actor("system")
ANONYMOUS = Actor("anonymous")


def record(
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

    actor: an account, SYSTEM, or None for nobody signed in. changes: field → [before, after], plain values. refs:
    what else it is about. private: what may have to be erased one day (it is salted and only its hash is in the
    leaf). Address and user agent are taken from the origin in force. Raises UnknownVerb, and TypeError for a value
    that no leaf can hold.
    """
    entry = draft(verb, actor, target, changes=changes, reason=reason, refs=refs, history=history, outcome=outcome, private=private)
    entry.save(force_insert=True)
    return entry


def draft(
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
    """An entry with its MAC, not stored yet: `record` for one, `save_many` for many at once."""
    if verb not in VERBS:
        raise UnknownVerb(verb)
    who, source = actor_of(actor), origin.current()
    hidden = sealed_private(source, private)
    detail = {"changes": changes, "reason": reason, "refs": refs, "history": history, "private": leaf.sha256(hidden)}
    entry = Entry(
        at=time.time_ns() // 1000,
        actor_kind=who.kind,
        actor_id=who.id,
        via=source.via,
        verb=verb,
        object_type=target._meta.label_lower if target is not None else "",
        object_id=str(target.pk) if target is not None else "",
        outcome=outcome,
        request_id=source.request_id,
        detail=leaf.canonical({key: value for key, value in detail.items() if value}),
        private=hidden,
        ip=source.ip or None,
    )
    entry.mac = leaf.mac_of(entry)
    return entry


def actor_of(actor: Any) -> Actor:
    """Who acts, as the trail names it: an account by its number alone."""
    if isinstance(actor, Actor):
        return actor
    if actor is None or actor.pk is None:
        return ANONYMOUS
    return Actor("user", actor.pk)


def sealed_private(source: origin.Origin, private: dict[str, Any] | None) -> str:
    """The erasable part as text, under a salt without which its hash tells nothing."""
    values = {"salt": leaf.new_salt(), "ip": source.ip, "user_agent": source.user_agent, **(private or {})}
    return json.dumps({key: value for key, value in values.items() if value}, sort_keys=True, ensure_ascii=False)
