"""Whose a name is: by the vendor's name, its legal name, and the names that somebody said before (aliases)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from vendors.models import Vendor, VendorAlias
from vendors.reconciliation.names import key_of


@dataclass
class Known:
    """Keys of names → the vendors that have them, the surest kind of name first. One that two vendors have tells nothing."""

    by_name: dict[str, set[int]] = field(default_factory=dict)
    by_alias: dict[str, set[int]] = field(default_factory=dict)
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
    """The vendors whose names begin like this one or hold it: what a person may have in mind."""
    key = key_of(name)
    if len(key) < 3:
        return []
    start = key[:5]
    scored = [
        (not other.startswith(key), not other.startswith(start), pk) for pk, other in keys(vendors) if near(key, other)
    ]
    return [pk for *_, pk in sorted(scored)[:most]]


def keys(vendors: Iterable[tuple[int, str]]) -> Iterable[tuple[int, str]]:
    """Vendors by what their names are known by."""
    return ((pk, key_of(name)) for pk, name in vendors)


def near(key: str, other: str) -> bool:
    """Whether one name holds the other, or both begin alike."""
    return bool(other) and (key[:5] == other[:5] or key in other or (len(other) > 3 and other in key))
