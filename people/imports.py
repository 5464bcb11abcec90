"""Bringing the roster in from the personnel system: a person is known by the e-mail address, and so is the manager."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from foundation.accounts.models import User
from foundation.pages.imports.importer import Difference, Importer, ImportField, Item, Plan, RowError, choice, day
from foundation.trail.keep import save_many
from people.actions import CIRCLE, find_accounts, one_at_a_time
from people.models import Kind, Person
from people.roster import Roster

NOBODY = {"", "-", "none", "n/a", "nobody"}
EMPLOYED = {
    "full time": "employee", "part time": "employee", "permanent": "employee", "fte": "employee",
    "staff": "employee", "intern": "employee", "external": "contractor", "consultant": "contractor",
    "freelancer": "contractor", "agency": "contractor", "temp": "contractor",
}  # fmt: skip
MANAGER = "manager_email"


def address(text: str, importer: Any) -> str:
    """An e-mail address, in lower case."""
    found = text.strip().lower()
    try:
        validate_email(found)
    except ValidationError as error:
        raise ValueError(f"“{text[:60]}” is no e-mail address.") from error
    return found


def addresses(text: str, importer: Any) -> str:
    """Several, parted by commas, semicolons, spaces or lines; one a line, as they are kept."""
    found = [address(one, importer) for one in text.replace(",", " ").replace(";", " ").split()]
    return "\n".join(dict.fromkeys(found))


FIELDS = (
    ImportField(
        "email", "E-mail", required=True, parse=address, help="At work. By this a person is found again.",
        aliases=("e-mail address", "work email", "work e-mail", "email address", "mail", "user principal name", "upn"),
    ),
    ImportField(
        "name", "Name", required=True, aliases=("full name", "display name", "employee name", "employee", "person"),
        help="First and last name, up to 200 characters.",
    ),
    ImportField(
        "kind", "Kind", parse=choice(Kind, aliases=EMPLOYED),
        help="Employee or contractor. Empty for a new one: employee.",
        aliases=("employment type", "worker type", "type", "contract type", "employment status"),
    ),
    ImportField("title", "Job title", aliases=("position", "role", "job", "designation")),
    ImportField("department", "Department", aliases=("team", "division", "unit", "organisational unit", "org unit")),
    ImportField(
        "starts_on", "First day", required=True, parse=day, help="A day as 2026-11-21.",
        aliases=("start date", "hire date", "hired", "started", "start", "joined", "date of hire", "join date"),
    ),
    ImportField(
        "ends_on", "Last day", parse=day, help="A day as 2026-11-21; empty while they work here.",
        aliases=("end date", "termination date", "terminated", "left", "leave date", "last working day", "end"),
    ),
    ImportField(
        "external_id", "Personnel number", help="What the personnel system calls them.",
        aliases=("employee id", "employee number", "personnel no", "worker id", "staff id", "id", "number"),
    ),
    ImportField(
        "aliases", "Other addresses", parse=addresses, help="Other e-mail addresses of theirs, parted by commas.",
        aliases=("aliases", "other emails", "secondary email", "proxy addresses"),
    ),
    ImportField(
        MANAGER, "Manager's e-mail", link=True, help="Somebody on the roster, or in this file. A unique name will do.",
        aliases=("manager email", "manager e-mail", "supervisor email", "reports to", "manager", "supervisor", "lead"),
    ),
)  # fmt: skip


class PersonImporter(Importer):
    """The roster. A file says nothing of those who are not in it: who left has a last day."""

    model = Person
    key = "email"
    fields = FIELDS

    def prepare(self, user: User) -> None:
        """Everybody who is on the roster already."""
        self.roster = Roster()

    def item(self, line: int, key: str, values: Any, known: Any) -> Item:
        """A new person of whom the file says no more is an employee; an empty kind changes nobody's."""
        said = {name: value for name, value in values.items() if name != "kind" or value}
        return super().item(line, key, said, known)

    def link(self, items: Sequence[Item]) -> Iterator[RowError]:
        """Managers, and what can only be judged beside all other rows and the whole roster."""
        self.here = {item.key.lower(): item.instance for item in items}
        self.called: dict[str, dict[str, Person]] = {}
        for person in (self.roster.by_email | self.here).values():
            self.called.setdefault(person.name.casefold(), {})[person.email] = person
        for item in items:
            yield from self.lead(item)
        for item in items:
            yield from self.circle(item)
            yield from self.beside(item)
        yield from self.twice(items)

    def lead(self, item: Item) -> Iterator[RowError]:
        """Name the manager of one row."""
        if MANAGER not in item.values:
            return
        person: Any = item.instance
        text = item.values[MANAGER]
        try:
            manager = self.named(text)
        except ValueError as error:
            yield RowError(item.line, self.label(MANAGER), str(error))
            return
        before = self.roster.people.get(person.manager_id) if person.manager_id else None
        if (before.email if before else "") == (manager.email if manager else ""):
            return
        person.manager, item.own = manager, True
        shown = ("" if item.new else str(before or ""), str(manager or ""))
        item.differences.append(Difference(self.label(MANAGER), *shown))

    def named(self, text: str) -> Person | None:
        """Who is meant: somebody in this file, or on the roster. Raises ValueError with words for the person."""
        if text.lower() in NOBODY:
            return None
        found = self.here.get(text.lower()) or self.roster.by_email.get(text.lower())
        called = self.called.get(text.casefold(), {})
        if found is None and len(called) > 1:
            raise ValueError(f"Several people are called “{text[:60]}”. Write the e-mail address instead.")
        found = found or next(iter(called.values()), None)
        if found is None:
            raise ValueError(f"“{text[:60]}” is neither on the roster nor in this file.")
        if found.archived_at is not None:
            raise ValueError(f"{found} is archived. Restore them first.")
        return self.here.get(found.email, found)

    def circle(self, item: Item) -> Iterator[RowError]:
        """Whether somebody would lead themselves, through whomever."""
        seen: set[str] = set()
        above = self.above(item.instance)
        while above is not None and above.email not in seen:
            if above.email == item.instance.email:
                yield RowError(item.line, self.label(MANAGER), CIRCLE.format(item.instance.manager))
                return
            seen.add(above.email)
            above = self.above(above)

    def above(self, person: Any) -> Any:
        """Whoever leads them, once the file is applied."""
        if person.manager_id:
            led_by = self.roster.people[person.manager_id]
            return self.here.get(led_by.email, led_by)
        return person.manager  # new in this file, or nobody

    def beside(self, item: Item) -> Iterator[RowError]:
        """What the database would refuse: the days in their order, and nothing of theirs somebody else's."""
        person: Any = item.instance
        if person.ends_on and person.starts_on and person.ends_on < person.starts_on:
            yield RowError(item.line, self.label("ends_on"), "The last day lies before the first.")
        holder = self.roster.by_number.get(person.external_id)
        kept = holder is not None and self.here.get(holder.email, holder).external_id == person.external_id
        if holder is not None and holder.pk != person.pk and kept:
            yield RowError(item.line, self.label("external_id"), f"{holder} has this personnel number.")
        for one, other in self.roster.taken(person, person.addresses()).items():
            if one in self.here.get(other.email, other).addresses():
                column = "email" if one == person.email else "aliases"
                yield RowError(item.line, self.label(column), f"{one} is an address of {other}.")

    def twice(self, items: Sequence[Item]) -> Iterator[RowError]:
        """Personnel numbers and addresses that two rows of the file say are theirs."""
        first: dict[tuple[str, str], Item] = {}
        for item in items:
            person: Any = item.instance
            said = [("aliases", one) for one in person.addresses()]
            for column, value in [*said, ("external_id", person.external_id)]:
                earlier = first.setdefault((column, value), item) if value else item
                if earlier.key != item.key:
                    words = f"“{value}” stands in lines {earlier.line} and {item.line}: it can be one person's only."
                    yield RowError(item.line, self.label(column), words)

    def apply(self, plan: Plan, *, actor: User, reason: str) -> None:
        """Save the plan, those who lead somebody before those whom they lead."""
        if plan.errors:
            raise ValueError("A plan with errors cannot be applied.")
        one_at_a_time()
        people: list[Any] = [item.instance for item in plan.touched()]
        find_accounts(people)
        while people:
            ready = [one for one in people if one.manager_id or one.manager is None or one.manager.pk]
            for one in ready:
                if one.manager_id is None:
                    one.manager = one.manager  # whose number is known by now
            save_many(ready, actor=actor, verb_created="person.created", verb_updated="person.updated", reason=reason)
            waiting = {id(one) for one in people} - {id(one) for one in ready}
            people = [one for one in people if id(one) in waiting]
