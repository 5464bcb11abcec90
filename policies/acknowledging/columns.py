"""The columns of the register of acknowledgements, and the facts of one."""

import datetime
from typing import Any, Final

from evidence.models import Evidence
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.trail.asof import rows
from people.models import Person
from policies.models import Method, PolicyVersion

TONES: Final[dict[str, str]] = {Method.SCREEN: "ok", Method.PAPER: "info"}


def attach_acknowledgement(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The versions without their texts; which versions, people and proofs this person sees (`url_of`). Four queries."""
    versions = {one.policy_version_id for one in found}
    known = PolicyVersion.objects.defer("text", "promises", "change_note").in_bulk(versions)
    shown = {
        "policy_version": seen(PolicyVersion, user, moment, versions),
        "person": seen(Person, user, moment, {one.person_id for one in found}),
        "proof": seen(Evidence, user, moment, {one.proof_id for one in found if one.proof_id}),
    }
    for one in found:
        one.policy_version = known[one.policy_version_id]
        one.shown = shown


def url_of(one: Any, name: str) -> str:
    """The page of a row's version, person or proof, to whoever sees that; made for those that are shown alone."""
    return getattr(one, name).get_absolute_url() if getattr(one, f"{name}_id") in one.shown[name] else ""


def seen(model: type[Any], user: User, moment: datetime.datetime | None, ids: set[int]) -> set[int]:
    """Which of these this person sees."""
    if not ids:
        return set()
    return set(visible(user, rows(model, moment), moment).filter(id__in=ids).values_list("id", flat=True))


def version_words(one: Any) -> str:
    """The version, as POL-3 2.1."""
    return str(one.policy_version.ref)


def title_words(one: Any) -> str:
    """What the version is called."""
    return str(one.policy_version.title)


def department_words(one: Any) -> str:
    """Where the person works."""
    return str(one.person.department)


def person_ref(one: Any) -> str:
    """The person, as P-3."""
    return Person.ref_of(one.person_id)


def proof_words(one: Any) -> str:
    """The scanned sheet, by its reference."""
    return Evidence.ref_of(one.proof_id) if one.proof_id else ""


COLUMNS: Final = (
    Column("version", "Version", sort="policy_version", kind="ref", get=version_words),
    Column("title", "Title", get=title_words),
    Column("person", "Person", sort="person__name", kind="person", url=lambda one: url_of(one, "person")),
    Column("department", "Department", sort="person__department", get=department_words),
    Column("acknowledged_on", "Day", sort="acknowledged_on", kind="date"),
    Column("method", "Method", sort="method", kind="badge", tones=TONES),
    Column("person_ref", "Personnel ref", get=person_ref, more=True),
    Column("acknowledged_at", "Recorded", sort="acknowledged_at", kind="moment", more=True),
    Column("user", "Recorded by", kind="person", more=True),
    Column("round", "Time", kind="number", more=True),
    Column("proof", "Evidence", get=proof_words, url=lambda one: url_of(one, "proof"), more=True),
    Column("note", "Where the paper is", more=True),
    Column("sha256", "Hash", more=True),
)
FACTS: Final = (
    Column("statement", "Statement"),
    Column("person", "Person", kind="person", url=lambda one: url_of(one, "person")),
    Column("version", "Version", get=version_words, url=lambda one: url_of(one, "policy_version")),
    Column("acknowledged_on", "Day", kind="date"),
    Column("method", "Method"),
    Column("acknowledged_at", "Recorded", kind="moment"),
    Column("user", "Recorded by", kind="person"),
    Column("round", "Time", kind="number"),
    Column("proof", "Evidence", get=proof_words, url=lambda one: url_of(one, "proof")),
    Column("note", "Where the paper is"),
    Column("sha256", "SHA-256 of the version"),
)
