"""What changed between two listings of a system: accounts added, removed and changed, by key whatever its case."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from django.db.models import TextField
from django.db.models.functions import Cast

from accessreviews.models import Known, ListedAccount, Listing

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
SORTS: Final = (ADDED, REMOVED, CHANGED)


class Was(NamedTuple):
    """What is compared of an account: its roles as the database has them (sorted), and whether it is enabled."""

    pk: int
    roles: str
    enabled: str


class Pair(NamedTuple):
    """The rows of one account in both listings; None where it is not in it."""

    now: int | None
    before: int | None


@dataclass(frozen=True)
class Difference:
    """Which accounts differ, as pairs of rows: `of` draws a page of them whole."""

    listing: Listing
    earlier: Listing
    added: list[Pair] = field(default_factory=list)
    removed: list[Pair] = field(default_factory=list)
    changed: list[Pair] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many of each sort."""
        return {sort: len(getattr(self, sort)) for sort in SORTS}


@dataclass(frozen=True)
class Change:
    """One account that differs: as it is now and was then, and which roles it gained and lost."""

    now: ListedAccount | None
    before: ListedAccount | None
    gained: Sequence[str] = ()
    lost: Sequence[str] = ()

    @property
    def account(self) -> ListedAccount:
        """The account, as it was last seen."""
        shown = self.now or self.before
        assert shown is not None  # noqa: S101 - a pair names at least one row
        return shown

    @property
    def enabled(self) -> str:
        """How its state changed, in words; "" where it did not."""
        if not (self.now and self.before) or self.now.enabled == self.before.enabled:
            return ""
        words = {Known.YES: "enabled", Known.NO: "disabled", Known.UNKNOWN: "unknown whether enabled"}
        return f"{words[Known(self.before.enabled)]} → {words[Known(self.now.enabled)]}"


def difference(listing: Listing, earlier: Listing) -> Difference:
    """Compare a listing with an earlier one of the same system, in two queries. ValueError for another system's."""
    if listing.system_id != earlier.system_id:
        raise ValueError(f"{listing.ref} and {earlier.ref} are listings of two systems.")
    known = dict(compared(earlier))
    found = Difference(listing, earlier)
    for key, now in compared(listing):
        was = known.pop(key, None)
        if was is None:
            found.added.append(Pair(now.pk, None))
        elif (was.roles, was.enabled) != (now.roles, now.enabled):
            found.changed.append(Pair(now.pk, was.pk))
    found.removed.extend(Pair(None, was.pk) for was in known.values())
    return found


def compared(listing: Listing) -> Iterator[tuple[str, Was]]:
    """(casefolded key, what is compared) of each account, in the listing's order."""
    fields = ("key", "pk", "text", "enabled")
    accounts = ListedAccount.objects.filter(listing=listing).annotate(text=Cast("roles", TextField())).order_by("pk")
    for key, *values in accounts.values_list(*fields).iterator(chunk_size=5000):
        yield key.casefold(), Was(*values)


def changes(pairs: Sequence[Pair]) -> list[Change]:
    """The accounts of some pairs (a page of them), whole, in one query."""
    wanted = [pk for pair in pairs for pk in pair if pk]
    rows = ListedAccount.objects.select_related("person", "owner").in_bulk(wanted)
    return [change(rows.get(pair.now or 0), rows.get(pair.before or 0)) for pair in pairs]


def change(now: ListedAccount | None, before: ListedAccount | None) -> Change:
    """What one account gained and lost."""
    has, had = (set(account.roles) if account else set() for account in (now, before))
    return Change(now, before, sorted(has - had), sorted(had - has))
