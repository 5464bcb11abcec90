"""What one person may see of entries: names, records, values and addresses, looked up for a whole page at once."""

import ipaddress
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Exists, OuterRef

from foundation.accounts.access import moment_for, visible, which
from foundation.trail.asof import rows, thaw
from foundation.trail.changes import Change, Named, change_of, label_of, words
from foundation.trail.models import Entry, Tracked
from foundation.trail.values import number
from foundation.trail.verbs import VERBS

KINDS = {"system": "The system", "anonymous": "Nobody signed in", "guest": "A guest", "token": "An API token"}
USER = "accounts.user"


@dataclass(frozen=True, slots=True)
class Sight:
    """What one person sees of the records that some entries or versions are about or name.

    `records`: (register, number) → record, where the person sees it. `names`: number → name of everybody who is named:
    that is no secret, because who did it is always said. `detailed`: the records whose `details` the person may see.
    """

    records: Mapping[tuple[str, str], models.Model]
    names: Mapping[int, str]
    detailed: Collection[tuple[str, str]]

    def named(self, model: type[models.Model], key: Any) -> str:
        """What the record of `model` with this number is called: “control 12” if it is not seen."""
        if model is get_user_model() and key in self.names:
            return self.names[key]
        found = self.records.get((model._meta.label_lower, str(key)))
        return str(found) if found is not None else f"{model._meta.verbose_name} {key}"


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as one person may see it.

    `open`: its values may be shown, because its record is seen. `address` is masked, and `private` empty,
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
    seen = sight_of(user, wanted_by(entries))
    return [line(entry, seen, private=entry.pk in own) for entry in entries]


def called(user: Any, wanted: Mapping[type[models.Model], Iterable[Any]]) -> Named:
    """What the wanted records of each model are called, as far as `user` sees them; one query a model."""
    return sight_of(user, {model._meta.label_lower: ids for model, ids in wanted.items()}).named


def line(entry: Entry, seen: Sight, *, private: bool) -> Line:
    """One entry, given what `lines` looked up."""
    target = seen.records.get((entry.object_type, entry.object_id))
    is_open = target is not None or not entry.object_type
    return Line(
        entry=entry,
        who=who(entry, seen.names),
        words=VERBS.get(entry.verb, entry.verb),
        target=str(target) if target is not None else ref(entry),
        url=getattr(target, "get_absolute_url", str)(),
        open=is_open,
        reason=entry.facts.get("reason", "") if is_open else "",
        changes=tuple(changes(entry, seen, private=private)) if is_open else (),
        address=(entry.ip or "") if private else masked(entry.ip),
        private=told(entry) if private else {},
    )


def who(entry: Entry, names: Mapping[int, str]) -> str:
    """Who acted, in words."""
    if entry.actor_id is None:
        return KINDS.get(entry.actor_kind, entry.actor_kind)
    name = names.get(entry.actor_id, f"Account {entry.actor_id}")
    return f"{name} (API token {entry.facts.get('refs', {}).get('token', '')})" if entry.actor_kind == "token" else name


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


def wanted_by(entries: Iterable[Entry]) -> dict[str, set[Any]]:
    """Register → numbers of the records that the entries are about and of those that their changes and actors name."""
    wanted: dict[str, set[Any]] = defaultdict(set)
    for entry in entries:
        wanted[entry.object_type].add(entry.object_id)
        wanted[USER].add(entry.actor_id)
        for name, pair in all_changes(entry):
            column = column_of(entry.object_type, name)
            if column is not None and column.many_to_one:
                wanted[column.related_model._meta.label_lower].update(pair)
    return wanted


def sight_of(user: Any, wanted: Mapping[str, Iterable[Any]]) -> Sight:
    """What `user` sees of the wanted records (register → numbers): a query or two for each register."""
    moment = moment_for(user, None)
    records: dict[tuple[str, str], models.Model] = {}
    detailed: set[tuple[str, str]] = set()
    for label, ids in wanted.items():
        found = _seen_of(user, label, ids, moment) if label != USER else []
        records |= {(label, str(record.pk)): record for record in found}
    people = _people(user, wanted.get(USER, ()))
    records |= {(USER, str(person.pk)): person for person in people if person.in_sight}
    for label in {label for label, _ in records}:
        some = [record for (register, _), record in records.items() if register == label]
        if getattr(some[0], "details", ()):
            detailed |= {(label, str(key)) for key in which(user, "view_details", some)}
    return Sight(records, {person.pk: str(person) for person in people}, detailed)


def _people(user: Any, ids: Iterable[Any]) -> list[Any]:
    """Everybody with these numbers, and of each whether `user` sees the account (`in_sight`): one query for both."""
    model = get_user_model()
    numbers = {number(model, key) for key in ids} - {None}
    sight = Exists(visible(user, model).filter(pk=OuterRef("pk")))
    return list(model._default_manager.filter(pk__in=numbers).annotate(in_sight=sight)) if numbers else []


def _seen_of(user: Any, label: str, ids: Iterable[Any], moment: Any) -> list[models.Model]:
    model = model_of(label)
    if model is None:
        return []
    tracked = issubclass(model, Tracked)
    found = visible(user, rows(model, moment) if tracked else model, moment if tracked else None)
    keys = [column.name for column in model._meta.concrete_fields if column.many_to_one]
    numbers = {number(model, key) for key in ids} - {None}
    return [thaw(row) for row in found.filter(id__in=numbers).select_related(*keys)] if numbers else []


def all_changes(entry: Entry) -> list[tuple[str, list[Any]]]:
    """Each changed field → [before, after], the personal ones too while they are not erased."""
    return list({**entry.facts.get("changes", {}), **entry.hidden.get("changes", {})}.items())


def changes(entry: Entry, seen: Sight, *, private: bool) -> Iterable[Change]:
    """The entry's changes in words: a choice's label, a related record's name, a day in ISO."""
    for name, pair in all_changes(entry):
        column = column_of(entry.object_type, name)
        label = label_of(column) if column is not None else name
        personal = name in entry.hidden.get("changes", ())
        if (personal and not private) or is_detail(entry, name, seen):
            yield Change(label, withheld="personal")
        elif not pair:
            yield Change(label, withheld="erased")
        elif column is None:  # a field that the product no longer has
            yield Change(label, words(pair[0]), words(pair[1]))
        else:
            yield change_of(column, pair[0], pair[1], seen.named)


def is_open(entry: Entry, seen: Sight) -> bool:
    """Whether every value of an entry may be read by the person whose sight this is: it could be handed out whole."""
    about = (entry.object_type, entry.object_id)
    known = about in seen.records or not entry.object_type
    return known and not any(is_detail(entry, name, seen) for name in entry.facts.get("changes", {}))


def is_detail(entry: Entry, name: str, seen: Sight) -> bool:
    """Whether the field is one of those that its register shows to few, and not to this person."""
    key = (entry.object_type, entry.object_id)
    return name in getattr(model_of(entry.object_type), "details", ()) and key not in seen.detailed


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
