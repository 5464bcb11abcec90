"""The whole roster at once: who leads whom, and whose an address is. For forms, files and the save path to judge by."""

from collections.abc import Iterable, Iterator

from people.models import Person


class Roster:
    """Everybody, archived rows too, as stored now. One query."""

    def __init__(self) -> None:
        self.people: dict[int, Person] = {person.pk: person for person in Person.objects.order_by("id")}
        self.by_email = {person.email: person for person in self.people.values()}
        self.by_number = {person.external_id: person for person in self.people.values() if person.external_id}
        self.owners = {address: person for person in self.people.values() for address in person.addresses()}

    def above(self, person: Person | None) -> Iterator[Person]:
        """The person, whoever leads them, whoever leads those, up to the top; each once, whatever is stored."""
        seen: set[int] = set()
        person = self.people.get(person.pk, person) if person else None  # as stored, not as the caller read it
        while person is not None and person.pk not in seen:
            seen.add(person.pk)
            yield person
            person = self.people.get(person.manager_id) if person.manager_id else None

    def leads(self, person: Person, manager: Person | None) -> bool:
        """Whether `person` stands above `manager`, or is the same: then the manager cannot be theirs."""
        return any(one.pk == person.pk for one in self.above(manager))

    def taken(self, person: Person, addresses: Iterable[str]) -> dict[str, Person]:
        """Those of the addresses that are somebody else's, each with that person."""
        found = {address: self.owners[address] for address in addresses if address in self.owners}
        return {address: other for address, other in found.items() if other.pk != person.pk}
