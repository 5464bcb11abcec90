"""Whose a name is: by the names that somebody said before (aliases), the vendor's name, and its legal name."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from vendors.models import Vendor, VendorAlias
from vendors.reconciliation.names import key_of

LEAST: Final = 3  # letters that are looked for: two are in everything
BEGIN: Final = 5  # letters by which two names begin alike


@dataclass
class Known:
    """Keys of names → the vendors that have them. A name that two vendors have tells nothing."""

    by_alias: dict[str, set[int]] = field(default_factory=dict)
    by_name: dict[str, set[int]] = field(default_factory=dict)
    by_legal_name: dict[str, set[int]] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Known":
        """What the register knows now; archived vendors are not in it, ended ones are. Two queries."""
        known = cls()
        for pk, name, legal in Vendor.objects.filter(archived_at=None).values_list("pk", "name", "legal_name"):
            known.note(known.by_name, name, pk)
            known.note(known.by_legal_name, legal, pk)
        aliases = VendorAlias.objects.live().filter(vendor__archived_at=None)
        for pk, name in aliases.values_list("vendor_id", "name"):
            known.note(known.by_alias, name, pk)
        return known

    @staticmethod
    def note(place: dict[str, set[int]], name: str, pk: int) -> None:
        """A vendor has this name."""
        if key := key_of(name):
            place.setdefault(key, set()).add(pk)

    def vendor_of(self, name: str) -> int | None:
        """The number of the one vendor that has this name; None where none has, or more than one."""
        key = key_of(name)
        for place in (self.by_alias, self.by_name, self.by_legal_name):
            if found := place.get(key):
                return next(iter(found)) if len(found) == 1 else None
        return None


def alike(name: str, vendors: Iterable[tuple[int, str]], most: int = 5) -> list[int]:
    """The numbers of vendors whose names begin like this one, hold it or are held by it: what somebody may mean."""
    key = key_of(name)
    if len(key) < LEAST:
        return []
    found = [(pk, other) for pk, known in vendors if near(key, other := key_of(known))]
    ranked = sorted((other[:BEGIN] != key[:BEGIN], len(other), pk) for pk, other in found)
    return [pk for *_, pk in ranked[:most]]


def near(key: str, other: str) -> bool:
    """Whether one name holds the other, or both begin alike."""
    return len(other) >= LEAST and (key[:BEGIN] == other[:BEGIN] or key in other or other in key)
