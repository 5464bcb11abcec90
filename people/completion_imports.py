"""Bringing in who completed which course when, from a learning platform's sheet."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.imports.importer import Importer, ImportField, Plan, day
from foundation.pages.imports.table import Table
from people.models import Completion, Course, Person
from people.roster import Roster


def member(text: str, importer: "CompletionImporter") -> Person:
    """Somebody of the roster by any of their addresses."""
    found = importer.roster.owners.get(text.strip().lower())
    if found is None or found.archived_at is not None:
        raise ValueError(f"“{text[:60]}” is nobody's address on the roster.")
    return found


def course(text: str, importer: "CompletionImporter") -> Course:
    """A course by its title or its reference."""
    found = importer.courses.get(text.strip().casefold())
    if found is None:
        raise ValueError(f"“{text[:60]}” is no course here.")
    return found


def past_day(text: str, importer: "CompletionImporter") -> datetime.date | None:
    """A day that has come."""
    found = day(text, importer)
    if found and found > importer.today:
        raise ValueError(f"{found} has not come yet.")
    return found


class CompletionImporter(Importer):
    """Completions: a row is known by person, course and day, and never changed."""

    model = Completion
    key = "completed_on"
    fields = (
        ImportField(
            "person", "E-mail", required=True, parse=member, created_only=True, help="Of somebody on the roster.",
            aliases=("email address", "work email", "user", "learner", "learner email", "employee", "mail"),
        ),
        ImportField(
            "course", "Course", required=True, parse=course, created_only=True, help="Its title, or its reference.",
            aliases=("title", "course title", "course name", "training", "module"),
        ),
        ImportField(
            "completed_on", "Completed", required=True, parse=past_day, created_only=True, help="A day as 2026-11-21.",
            aliases=("completed on", "completion date", "date completed", "date", "finished"),
        ),
        ImportField(
            "source", "Source", created_only=True, aliases=("system", "platform", "provider"),
            help="Where that is known from.",
        ),
    )  # fmt: skip

    def prepare(self, user: User) -> None:
        """The roster and the courses."""
        self.roster, self.today = Roster(), today()
        self.courses = {name.casefold(): one for one in Course.objects.live() for name in (one.title, one.ref)}

    def parsed(self, table: Table, mapping: Mapping[str, str], plan: Plan) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """As everywhere, but what names a row is who, what and when."""
        for line, _, values in super().parsed(table, mapping, plan):
            yield line, named(values["person"], values["course"], values["completed_on"]), values

    def stored(self, keys: Iterable[str]) -> dict[str, Any]:
        """The completions that the file is about and that are known."""
        known: dict[str, Any] = {}
        for one in Completion.objects.live().select_related("person", "course"):
            known[named(one.person, one.course, one.completed_on).lower()] = one
        return {key.lower(): known[key.lower()] for key in keys if key.lower() in known}


def named(person: Person, of: Course, on: datetime.date) -> str:
    """How a row is called."""
    return f"{person.email}, {of.title}, {on}"
