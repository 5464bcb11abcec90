"""History rows of the registers held against the entries that tell of them, in both directions."""

from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import Max

from foundation.trail.faults import Faults, named_ids
from foundation.trail.keep import history_sha256
from foundation.trail.models import Entry, Tracked
from foundation.trail.seal import Holes

MOST = 1000  # history rows without an entry that are looked at one by one, a table


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry says of a history row."""

    entry: int
    pk: int
    sha256: str
    salt: str


@dataclass
class Table:
    """One history table: its model, the highest row at the beginning, and the rows that entries have told of."""

    model: Any
    highest: int
    told: Holes = field(default_factory=Holes)


class Histories:
    """Checks what it is told, many rows in one query, and at the end what nothing told of."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        models = [model.history.model for model in apps.get_models() if issubclass(model, Tracked)]
        self._tables = {
            model._meta.db_table: Table(
                model, model._base_manager.aggregate(highest=Max(model._meta.pk.name))["highest"] or 0
            )
            for model in models
        }
        self._waiting: dict[str, list[Told]] = {}
        self.count = 0

    def tell(self, entry: int, said: Any, salt: str) -> None:
        """Remember what an entry's `history` says."""
        match said:
            case {"table": str(table), "id": int(pk), "sha256": str(sha256)} if table in self._tables:
                self._waiting.setdefault(table, []).append(Told(entry, pk, sha256, salt))
            case _:
                self._faults.entry("history_gone", entry)

    def check(self) -> None:
        """Hold what was told since the last call against the rows."""
        for name, said in self._waiting.items():
            table = self._tables[name]
            rows = table.model._base_manager.in_bulk([told.pk for told in said])
            for told in said:
                row = rows.get(told.pk)
                if row is None:
                    self._faults.entry("history_gone", told.entry)
                elif not holds(row, told):
                    self._faults.entry("history", told.entry)
                table.told.fill(told.pk, told.pk)
            self.count += len(said)
        self._waiting.clear()

    def untold(self) -> None:
        """A sentence for each table with rows, older than this verification, that no entry tells of."""
        for name, table in self._tables.items():
            found = []
            for first, last in [*table.told.ranges, (table.told.highest + 1, table.highest)]:
                rows = table.model._base_manager.filter(pk__range=(first, last)).order_by("pk")
                found += [row.pk for row in rows[:MOST] if not is_told(row, name)]
            if found:
                self._faults.add(f"No entry tells of these rows of {name}: {named_ids(found[:MOST])}.")


def holds(row: Any, told: Told) -> bool:
    """Whether the row is what the entry says."""
    try:
        return history_sha256(row, told.salt) == told.sha256
    except (TypeError, ValueError):
        return False


def is_told(row: Any, table: str) -> bool:
    """Whether an entry about this row's record tells of it: it may have been written while we walked."""
    about = Entry.objects.filter(object_type=row.instance_type._meta.label_lower, object_id=str(row.id))
    return any(
        entry.facts.get("history", {}).get("id") == row.pk and entry.facts["history"].get("table") == table
        for entry in about.iterator(chunk_size=500)
    )
