"""Whose account it is. The roster, what is remembered and who has an account here are read once for a whole listing."""

import datetime
from dataclasses import dataclass
from typing import NamedTuple

from accessreviews.listings.rows import AccountRow
from accessreviews.models import AccountMatch, Known, MatchKind, Standing
from foundation.accounts.models import User
from people.models import Kind, Person
from systems.models import System


class Match(NamedTuple):
    """To whom an account belongs. `owner`: the account here of who answers for a machine or shared one.

    by: how it was found, in a word: remembered, number, address, source; "" where it was not. owner_gone: the owner has
    no active account here any more. left_on: the last day of a person who has left.
    """

    standing: Standing
    person: int | None = None
    owner: int | None = None
    by: str = ""
    owner_gone: bool = False
    left_on: datetime.date | None = None


class Terms(NamedTuple):
    """What matching needs of a person: the same object for all who began and ended on the same days."""

    contractor: bool
    starts_on: datetime.date
    ends_on: datetime.date | None


@dataclass(frozen=True)
class Roster:
    """Who can be found, on a day. Three queries, whatever the number of people and accounts."""

    day: datetime.date
    by_number: dict[str, int]
    by_address: dict[str, int]
    terms: dict[int, Terms]
    remembered: dict[str, tuple[str, int | None, int | None]]
    owners: dict[str, tuple[int, bool]]
    active: frozenset[int]

    @classmethod
    def of(cls, system: System, day: datetime.date) -> "Roster":
        """The roster as it is known now, judged as of a day, with what was said of this system's accounts.

        An address that two people have as an alias finds neither; a first address goes before any alias. Archived
        people (entered by mistake) are not found.
        """
        by_number, by_address, terms, same = (
            dict[str, int](),
            dict[str, int](),
            dict[int, Terms](),
            dict[Terms, Terms](),
        )
        aliases: list[tuple[str, int]] = []
        fields = ("pk", "kind", "starts_on", "ends_on", "external_id", "email", "aliases")
        people = Person.objects.live().order_by("pk").values_list(*fields)
        for pk, kind, first, last, number, email, others in people.iterator(chunk_size=2000):
            here = Terms(kind == Kind.CONTRACTOR, first, last)
            terms[pk] = same.setdefault(here, here)
            by_address[email.casefold()] = pk
            if number:
                by_number[number.casefold()] = pk
            aliases += [(line.strip().casefold(), pk) for line in others.splitlines() if line.strip()]
        by_address |= certain(aliases, by_address)
        matches = AccountMatch.objects.live().filter(system=system).values_list("key", "kind", "person_id", "owner_id")
        users = list(User.objects.values_list("pk", "email", "is_active"))
        return cls(
            day=day, by_number=by_number, by_address=by_address, terms=terms,
            remembered={key.casefold(): (kind, person, owner) for key, kind, person, owner in matches},
            owners={email.casefold(): (pk, active) for pk, email, active in users},
            active=frozenset(pk for pk, _, active in users if active),
        )  # fmt: skip

    def match(self, row: AccountRow) -> Match:
        """Whose this account is: as remembered; else by number, by address; else what the source itself says it is."""
        if said := self.remembered.get(row.key.casefold()):
            return self.said(*said)
        if row.external_id and (person := self.by_number.get(row.external_id.casefold())):
            return self.person(person, "number")
        for address in (row.email, row.key):
            if "@" in address and (person := self.by_address.get(address.casefold())):
                return self.person(person, "address")
        owner, active = self.owners.get(row.owner_said.strip().casefold(), (None, True))
        standing = Standing.MACHINE if row.machine == Known.YES else Standing.UNMATCHED
        by = "source" if standing == Standing.MACHINE or owner else ""
        return Match(standing, owner=owner, by=by, owner_gone=not active)

    def person(self, pk: int, by: str) -> Match:
        """A person's account, by where the person stands on the day."""
        terms = self.terms[pk]
        if self.day < terms.starts_on:
            return Match(Standing.FUTURE, pk, by=by)
        if terms.ends_on and terms.ends_on < self.day:
            return Match(Standing.LEFT, pk, by=by, left_on=terms.ends_on)
        return Match(Standing.CONTRACTOR if terms.contractor else Standing.ACTIVE, pk, by=by)

    def said(self, kind: str, person: int | None, owner: int | None) -> Match:
        """What somebody said it is. Whoever was archived since is nobody known."""
        if kind == MatchKind.PERSON:
            known = person in self.terms
            return self.person(person or 0, "remembered") if known else Match(Standing.UNMATCHED, by="remembered")
        standing = Standing.MACHINE if kind == MatchKind.MACHINE else Standing.SHARED
        return Match(standing, owner=owner, by="remembered", owner_gone=owner not in self.active)


def certain(aliases: list[tuple[str, int]], firsts: dict[str, int]) -> dict[str, int]:
    """The aliases that name one person only, and are nobody's first address."""
    found: dict[str, int] = {}
    twice: set[str] = set()
    for address, person in aliases:
        if found.setdefault(address, person) != person:
            twice.add(address)
    return {address: person for address, person in found.items() if address not in twice and address not in firsts}
