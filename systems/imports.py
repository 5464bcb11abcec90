"""Bringing systems in from a company's own inventory: a system is known by its name."""

from typing import Any

from django.core.exceptions import ValidationError

from foundation.accounts.models import User
from foundation.pages.imports.importer import Importer, ImportField, choice, yes
from foundation.pages.imports.people import People, person
from systems.fields import lines_of
from systems.models import Cadence, Criticality, DataClass, System

CLASSES = {str(name).lower(): value for value, label in DataClass.choices for name in (value, label)}


def names(text: str, importer: Any) -> list[str]:
    """A list by semicolons or lines."""
    try:
        return lines_of(text)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from error


def classes(text: str, importer: Any) -> list[str]:
    """Classes of data, by semicolons, commas or lines, in the order of their list."""
    said = [word.strip().lower() for word in text.replace(",", ";").replace("\n", ";").split(";") if word.strip()]
    if unknown := [word for word in said if word not in CLASSES]:
        known = ", ".join(str(label) for label in DataClass.labels)
        raise ValueError(f"“{unknown[0][:60]}” is none of: {known}.")
    return [value for value in DataClass.values if value in {CLASSES[word] for word in said}]


FIELDS = (
    ImportField(
        "name", "System", required=True, aliases=("system name", "application", "app", "service", "title"),
        help="As people call it. It finds a system that is known already.",
    ),
    ImportField("purpose", "Purpose", aliases=("description", "used for")),
    ImportField(
        "owner", "Owner", parse=person, aliases=("system owner", "owner email", "responsible"),
        help="E-mail address; the name will do where it is unique.",
    ),
    ImportField(
        "criticality", "Criticality", parse=choice(Criticality), aliases=("tier", "importance"),
        help="Critical, high, medium or low. Empty for a new one: medium.",
    ),
    ImportField(
        "data_classes", "Data classes", parse=classes, aliases=("data", "classification", "data classification"),
        help="Public, internal, confidential, customer data, personal data; separated by semicolons.",
    ),
    ImportField("production", "Production", parse=yes, aliases=("prod",), help="Yes or no."),
    ImportField(
        "privileged", "Sensitive access", parse=yes, aliases=("sensitive", "privileged access"), help="Yes or no."
    ),
    ImportField("in_scope", "In scope", parse=yes, aliases=("scope", "soc 2", "soc2"), help="Yes or no."),
    ImportField(
        "cadence", "Access review", parse=choice(Cadence), aliases=("review cadence", "review frequency"),
        help="Monthly, quarterly, twice a year, once a year. Empty: by rule.",
    ),
    ImportField(
        "privileged_roles", "Privileged roles", parse=names, aliases=("admin roles",), help="Separated by semicolons."
    ),
)  # fmt: skip


class SystemImporter(Importer):
    """Systems, known by their names."""

    model = System
    key = "name"
    fields = FIELDS

    def prepare(self, user: User) -> None:
        """Everybody who could own a system."""
        self.people = People()

    def item(self, line: int, key: str, values: Any, known: Any) -> Any:
        """What the file rates not keeps its rating; a new one is medium."""
        said = {name: value for name, value in values.items() if value or name != "criticality"}
        return super().item(line, key, said, known)
