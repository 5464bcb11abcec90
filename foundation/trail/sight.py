"""What one person may see of entries: names, records, values and addresses, looked up for a whole page at once."""

import datetime
import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from foundation.accounts.access import moment_for, visible, which
from foundation.pages.columns import words
from foundation.trail.asof import rows, thaw
from foundation.trail.models import Entry, Tracked
from foundation.trail.values import number
from foundation.trail.verbs import VERBS

KINDS = {"system": "The system", "anonymous": "Nobody signed in", "guest": "A guest", "token": "An API token"}
Records = Mapping[tuple[str, str], models.Model]  # (object type, id) → the record, where the person sees it


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, in words; or, of a personal field, why they are not shown ("erased", "personal")."""

    label: str
    before: str = ""
    after: str = ""
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as one person may see it.

    `open`: its values may be shown, because its record is seen (decision 10). `address` is masked, and `private` empty,
    for who may not see where others come from.
    """

    entry: Entry
    who: str
    words: str
    target: str
    url: str
    open: bool
    reason: str = ""
    changes: Sequence[Change] = ()
    address: str = ""
    private: Mapping[str, str] = field(default_factory=dict)

    @property
    def leaf_hash(self) -> str:
        """The leaf's hash in hex, where the values may be read: a few guesses would tell them to who has the hash."""
        return self.entry.leaf_hash().hex() if self.open else ""


def lines(user: Any, entries: Sequence[Entry]) -> list[Line]:
    """The entries as `user` may see them; as many queries for a thousand as for three of the same kinds."""
    own = which(user, "view_private", entries)
    records = seen(user, entries)
    names = names_of(entries)
    return [line(entry, records, names, private=entry.pk in own) for entry in entries]


def line(entry: Entry, records: Records, names: Mapping[int, str], *, private: bool) -> Line:
    """One entry, given the records and names that `lines` looked up."""
    target = records.get((entry.object_type, entry.object_id))
    is_open = target is not None or not entry.object_type
    return Line(
        entry=entry,
        who=who(entry, names),
        words=VERBS.get(entry.verb, entry.verb),
        target=str(target) if target is not None else ref(entry),
        url=getattr(target, "get_absolute_url", str)(),
        open=is_open,
        reason=entry.facts.get("reason", "") if is_open else "",
        changes=tuple(changes(entry, records, names, private=private)) if is_open else (),
        address=(entry.ip or "") if private else masked(entry.ip),
        private=told(entry) if private else {},
    )


def who(entry: Entry, names: Mapping[int, str]) -> str:
    """Who acted, in words."""
    if entry.actor_id is None:
        return KINDS.get(entry.actor_kind, entry.actor_kind)
    return names.get(entry.actor_id, f"Account {entry.actor_id}")


def ref(entry: Entry) -> str:
    """The record's kind and number, for who does not see more of it: “control 12”."""
    return f"{register_name(entry.object_type)} {entry.object_id}" if entry.object_type else ""


def register_name(label: str) -> str:
    """A register in words: “controls.control” is “control”. A register that no longer exists keeps its label."""
    model = model_of(label)
    return str(model._meta.verbose_name) if model else label


@cache
def model_of(label: str) -> type[models.Model] | None:
    """The model that an entry's object type names, or None if the product no longer has it."""
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def names_of(entries: Iterable[Entry]) -> dict[int, str]:
    """Account → name of all who acted or are named in a change. A name is no secret: who did it is always said."""
    ids = {entry.actor_id for entry in entries if entry.actor_id is not None}
    for entry in entries:
        for name, pair in all_changes(entry):
            if relation(entry, name) is get_user_model():
                ids.update(value for value in pair if value is not None)
    return {person.pk: str(person) for person in get_user_model()._default_manager.filter(pk__in=ids)}


def seen(user: Any, entries: Iterable[Entry]) -> Records:
    """The records that the entries are about and that their changes name, as far as `user` sees them: one query each
    register. People who are named in a change are in `names_of`.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        wanted[entry.object_type].add(entry.object_id)
        for name, pair in all_changes(entry):
            related = relation(entry, name)
            if related is not None and related is not get_user_model():
                wanted[related._meta.label_lower].update(str(value) for value in pair if value is not None)
    moment = moment_for(user, None)
    return {
        (label, str(record.pk)): record
        for label, ids in wanted.items()
        for record in _seen_of(user, label, ids, moment)
    }


def _seen_of(user: Any, label: str, ids: Iterable[str], moment: Any) -> list[models.Model]:
    model = model_of(label)
    if model is None:
        return []
    tracked = issubclass(model, Tracked)
    found = visible(user, rows(model, moment) if tracked else model, moment if tracked else None)
    keys = [column.name for column in model._meta.concrete_fields if column.many_to_one]
    numbers = {number(model, text) for text in ids} - {None}
    return [thaw(row) for row in found.filter(id__in=numbers).select_related(*keys)]


def all_changes(entry: Entry) -> list[tuple[str, list[Any]]]:
    """Each changed field → [before, after], the personal ones too while they are not erased."""
    return list({**entry.facts.get("changes", {}), **entry.hidden.get("changes", {})}.items())


def changes(entry: Entry, records: Records, names: Mapping[int, str], *, private: bool) -> Iterable[Change]:
    """The entry's changes in words: a choice's label, a related record's name, a day in ISO."""
    for name, pair in all_changes(entry):
        column = column_of(entry.object_type, name)
        label = str(column.verbose_name).capitalize() if column is not None else name
        personal = name in entry.hidden.get("changes", ())
        if not pair or (personal and not private):
            yield Change(label, withheld="personal" if personal else "erased")
        else:
            before, after = (in_words(entry, name, value, records, names) for value in pair)
            yield Change(label, before, after)


def in_words(entry: Entry, name: str, value: Any, records: Records, names: Mapping[int, str]) -> str:
    """One stored value of the field `name`."""
    column, related = column_of(entry.object_type, name), relation(entry, name)
    if related is get_user_model() and value in names:
        return names[value]
    if related is not None and value is not None:
        found = records.get((related._meta.label_lower, str(value)))
        return str(found) if found is not None else f"{related._meta.verbose_name} {value}"
    if column is not None and column.choices:
        return str(dict(column.flatchoices).get(value, value or ""))
    if isinstance(column, models.DateTimeField) and isinstance(value, str) and value:
        return words(datetime.datetime.fromisoformat(value))
    return words(value)


def relation(entry: Entry, name: str) -> type[models.Model] | None:
    """The model that the changed field refers to, if it is a foreign key."""
    column = column_of(entry.object_type, name)
    return column.related_model if column is not None and column.many_to_one else None


@cache
def column_of(label: str, name: str) -> Any:
    """The field of that name in a register, or None if the product no longer has it."""
    model = model_of(label)
    try:
        return model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None


def told(entry: Entry) -> dict[str, str]:
    """What else stands in `private`, in words: the user agent, an address that was typed, a query string."""
    return {
        name.replace("_", " ").capitalize(): words(value)
        for name, value in entry.hidden.items()
        if name not in {"salt", "ip", "changes"}
    }


def masked(address: str | None) -> str:
    """An address without what singles out a machine: 203.0.113.x, 2001:db8:12::x."""
    if not address:
        return ""
    if ipaddress.ip_address(address).version == 4:
        return f"{address.rpartition('.')[0]}.x"
    network = ipaddress.ip_network(f"{address}/48", strict=False)
    return f"{network.network_address}x"
