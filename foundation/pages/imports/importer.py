"""`Importer`: what a register says once, so that any company's sheet can be brought into it."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from foundation.accounts.models import User
from foundation.pages.fields import within_reach
from foundation.pages.imports.table import Table
from foundation.trail.changes import words
from foundation.trail.keep import save_many
from foundation.trail.models import Register

LOOKUP = 500  # keys in one query
YES, NO = frozenset({"yes", "y", "true", "1", "x"}), frozenset({"", "no", "n", "false", "0", "-"})


@dataclass(frozen=True)
class ImportField:
    """One thing that a file can say about a row.

    name: the model's attribute, unless `link`. aliases: headings by which it is recognised, besides name and label.
    parse: (cell, importer) -> value, ValueError with words for the person; None takes the text as it is.
    link: kept for the importer's own `link()`, no attribute. created_only: set on new rows, never changed by a file.
    """

    name: str
    label: str
    required: bool = False
    aliases: tuple[str, ...] = ()
    parse: "Callable[[str, Any], Any] | None" = None
    link: bool = False
    created_only: bool = False
    help: str = ""

    def headings(self) -> list[str]:
        """The headings by which the field is recognised, simplified, the surest first."""
        return [simple(name) for name in (self.name, self.label, *self.aliases)]


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one cell (or, with column "", one row) cannot be taken, for the person who made the file."""

    line: int
    column: str
    words: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after, in words."""

    label: str
    before: str
    after: str


@dataclass
class Item:
    """One row of the file beside the record that it is about."""

    line: int
    key: str
    values: Mapping[str, Any]
    instance: Any
    new: bool
    differences: list[Difference] = field(default_factory=list)
    links: list[Any] = field(default_factory=list)  # what the importer's own apply_links() needs
    own: bool = False  # whether a field of the record itself changes, beside its links


@dataclass
class Plan:
    """What applying a file would do. With errors nothing can be applied."""

    new: list[Item] = field(default_factory=list)
    changed: list[Item] = field(default_factory=list)
    unchanged: list[Item] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    def touched(self) -> list[Item]:
        """The items that applying changes, in the file's order."""
        return sorted([*self.new, *self.changed], key=lambda item: item.line)

    def counts(self) -> dict[str, int]:
        return {"new": len(self.new), "changed": len(self.changed), "unchanged": len(self.unchanged)}

    def fingerprint(self) -> str:
        """What the person agreed to: each record touched, the version he saw, and every difference."""
        seen = [
            [
                item.key,
                None if item.new else item.instance.version,
                [[d.label, d.before, d.after] for d in item.differences],
            ]
            for item in self.touched()
        ]
        return hashlib.sha256(json.dumps([seen, len(self.unchanged)]).encode()).hexdigest()


class Importer:
    """Subclass it with a model, its fields and its key field; hand the class to the register's `Pages`.

    Two hooks: `prepare` loads what the parsers look up, `link`/`apply_links` deal with rows of link models.
    """

    model: ClassVar[type[Register]]
    fields: ClassVar[Sequence[ImportField]]
    key: ClassVar[str] = "ref"

    # ---- hooks -----------------------------------------------------------------------------------------------------

    def prepare(self, user: User) -> None:
        """Load, in constant queries, what the parsers of this file look up."""

    def link(self, items: Sequence[Item]) -> Iterator[RowError]:
        """Add to the items what their link fields would change (`differences`, `links`), in constant queries."""
        yield from ()

    def apply_links(self, items: Sequence[Item], *, actor: User, reason: str) -> None:
        """Save what `link` found, after the records themselves are saved. Inside the same transaction."""

    # ---- the mechanism ---------------------------------------------------------------------------------------------

    def guess(self, header: Sequence[str], remembered: Mapping[str, str]) -> dict[str, str]:
        """Field name -> heading: as this register's last import had it where that heading exists, else by its names."""
        by_simple = {simple(heading): heading for heading in header}
        found: dict[str, str] = {}
        for item in self.fields:
            heading = remembered.get(item.name, "")
            if heading not in header:
                heading = next((by_simple[name] for name in item.headings() if name in by_simple), "")
            if heading:
                found[item.name] = heading
        return found

    def plan(self, table: Table, mapping: Mapping[str, str], user: User) -> Plan:
        """What the file would change. Reads, never writes; the same file after it was applied changes nothing."""
        self.prepare(user)
        plan = Plan()
        parsed = list(self.parsed(table, mapping, plan))
        plan.errors += duplicates(parsed)
        stored = self.stored([key for _, key, _ in parsed])
        items = []
        for line, key, values in parsed:
            known = stored.get(key.lower())
            if known is not None and known.archived_at is not None:
                plan.errors.append(RowError(line, self.label(self.key), f"“{key}” is archived. Restore it first."))
            items.append(self.item(line, key, values, known))
        plan.errors += [error for item in items for error in self.checked(item, mapping)]
        plan.errors += self.link(items)
        for item in items:
            (plan.new if item.new else plan.changed if item.differences else plan.unchanged).append(item)
        plan.errors.sort(key=lambda error: (error.line, error.column))
        return plan

    def apply(self, plan: Plan, *, actor: User, reason: str) -> None:
        """Save the whole plan: records, then their links. Call it in a transaction. Raises keep.Stale, IntegrityError.

        Raises ValueError for a plan with errors: nothing of it may be applied.
        """
        if plan.errors:
            raise ValueError("A plan with errors cannot be applied.")
        name = self.model._meta.model_name
        records = [item.instance for item in plan.touched() if item.new or item.own]
        save_many(records, actor=actor, verb_created=f"{name}.created", verb_updated=f"{name}.updated", reason=reason)
        self.apply_links(plan.touched(), actor=actor, reason=reason)

    # ---- steps of a plan -------------------------------------------------------------------------------------------

    def parsed(self, table: Table, mapping: Mapping[str, str], plan: Plan) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """(line, key, values) of each row whose cells all parse; the others' errors go to the plan."""
        places = {name: table.header.index(heading) for name, heading in mapping.items() if heading in table.header}
        chosen = [(item, places[item.name]) for item in self.fields if item.name in places]
        for row in table.rows:
            values: dict[str, Any] = {}
            errors = len(plan.errors)
            for item, place in chosen:
                try:
                    values[item.name] = self.value(item, row.cells[place])
                except ValueError as error:
                    plan.errors.append(RowError(row.line, table.header[place], str(error)))
            if len(plan.errors) == errors:
                yield row.line, values[self.key], values

    def value(self, item: ImportField, cell: str) -> Any:
        """A cell's value. Raises ValueError with words for the person."""
        text = cell.strip().replace("\r\n", "\n").replace("\r", "\n")
        if item.required and not text:
            raise ValueError(f"{item.label} is missing.")
        return item.parse(text, self) if item.parse else text

    def stored(self, keys: Iterable[str]) -> dict[str, Any]:
        """The records that the file is about, by lower-case key; one query for every `LOOKUP` keys."""
        wanted = sorted({name for key in keys for name in (key, key.lower())})
        found: dict[str, Any] = {}
        for start in range(0, len(wanted), LOOKUP):
            some = wanted[start : start + LOOKUP]
            rows = self.model._default_manager.select_related(*self.foreign()).annotate(_key=Lower(self.key))
            for record in rows.filter(Q(_key__in=some) | Q(**{f"{self.key}__in": some})):
                found[getattr(record, self.key).lower()] = record
        return found

    def item(self, line: int, key: str, values: Mapping[str, Any], known: Any) -> Item:
        """The row beside its record, the record already holding the file's values, not yet saved."""
        instance = known if known is not None else self.model()
        item = Item(line, key, values, instance, new=known is None)
        for one in self.fields:
            if one.link or one.name not in values or (one.created_only and not item.new):
                continue
            # a new row names no record yet: then there is nothing to get
            before, after = getattr(instance, one.name, None), values[one.name]
            if before != after:
                if item.new and after in ("", None):
                    continue
                setattr(instance, one.name, after)
                item.own = True
                shown = "" if item.new else self.shown(one, before)
                item.differences.append(Difference(one.label, shown, self.shown(one, after)))
        return item

    def shown(self, item: ImportField, value: Any) -> str:
        """A value in words: a choice's label, a day in ISO, a person's name."""
        column = self.model._meta.get_field(item.name)
        choices = dict(column.flatchoices) if isinstance(column, models.Field) and column.choices else {}
        return (str(choices.get(value, "")) if choices else "") or words(value)

    def checked(self, item: Item, mapping: Mapping[str, str]) -> Iterator[RowError]:
        """What the model itself says against the row's values: too long, no such choice, a required field left out."""
        if not (item.new or item.own):
            return
        names = {one.name for one in self.fields if not one.link}
        others = [column.name for column in self.model._meta.fields if column.name not in names]
        try:
            item.instance.clean_fields(exclude=[*others, *self.foreign()])
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                for message in messages:
                    yield RowError(item.line, mapping.get(name) or self.label(name), message)

    def foreign(self) -> list[str]:
        """The foreign keys among the fields: read together with the record, and already found by their parsers."""
        own = [one.name for one in self.fields if not one.link]
        return [name for name in own if self.model._meta.get_field(name).is_relation]

    def label(self, name: str) -> str:
        """A field's label."""
        return next((item.label for item in self.fields if item.name == name), name)


def simple(text: str) -> str:
    """A heading without case, spaces and punctuation."""
    return "".join(character for character in text.casefold() if character.isalnum())


def duplicates(parsed: Sequence[tuple[int, str, Mapping[str, Any]]]) -> Iterator[RowError]:
    """Rows about the same record: each but the first names the first one's line."""
    seen: dict[str, int] = {}
    for line, key, _ in parsed:
        first = seen.setdefault(key.lower(), line)
        if first != line:
            yield RowError(line, "", f"“{key}” stands in lines {first} and {line}. Keep one of them.")


# ---- parsers that every register can use -----------------------------------------------------------------------


def choice(choices: type[models.TextChoices], *, aliases: Mapping[str, str] | None = None) -> Callable[[str, Any], str]:
    """A parser for a choice by its value or label, whatever its case; an empty cell is an empty value."""
    known = {simple(name): value for value, label in choices.choices for name in (value, str(label))}
    known |= {simple(name): value for name, value in (aliases or {}).items()}

    def parse(text: str, importer: Any) -> str:
        if not text:
            return ""
        if simple(text) not in known:
            raise ValueError(f"“{text[:60]}” is none of: {', '.join(str(label) for label in choices.labels)}.")
        return str(known[simple(text)])

    return parse


def yes(text: str, importer: Any) -> bool:
    """A parser for yes or no, in the words of sheets; empty is no."""
    if text.lower() not in YES | NO:
        raise ValueError(f"“{text[:60]}” is neither yes nor no.")
    return text.lower() in YES


def day(text: str, importer: Any) -> dt.date | None:
    """A parser for an ISO date within reach; nothing else, because 03/04/2026 is two different days."""
    if not text:
        return None
    try:
        found = dt.date.fromisoformat(text)
        within_reach(found)
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error
    except ValueError as error:
        raise ValueError(f"“{text[:60]}” is not a date like 2026-11-21.") from error
    return found
