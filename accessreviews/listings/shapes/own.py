"""Columns that a person mapped: which heading holds what, and by which words a system says yes, no and when."""

from collections.abc import Mapping
from typing import Any, Final

from accessreviews.listings.shapes.reading import Cells, Form, cell
from accessreviews.listings.shapes.values import Dialect, full_name, roles_in
from accessreviews.models import Known, Shape
from foundation.pages.imports.importer import simple

# Field → label and what is told of it, in the order in which they are asked for.
FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "key": ("Account", "What the system calls it; once in the file."),
    "name": ("Name", "Of its person."),
    "last_name": ("Last name", "Where the name stands in two columns."),
    "email": ("E-mail", "Accounts are matched to people by it."),
    "external_id": ("Personnel number", "Accounts are matched by it first."),
    "roles": ("Roles", "Separated by semicolons, lines or commas."),
    "more_roles": ("More roles", "A second column, such as groups."),
    "enabled": ("Enabled", "Whether one can sign in with it: active, status."),
    "disabled": ("Disabled", "The contrary: suspended, locked, deleted."),
    "mfa": ("Second factor", "Whether one is enrolled."),
    "sign_in": ("Last sign-in", "A day, or “never”."),
    "created": ("Created", "A day."),
    "machine": ("Machine account", "Whether no person signs in with it."),
    "owner_said": ("Owner", "Who answers for it: an e-mail address."),
}
GUESSES: Final[Mapping[str, tuple[str, ...]]] = {
    "key": ("account", "login", "username", "user", "userid", "id", "accountname", "email"),
    "name": ("name", "fullname", "displayname", "firstname"),
    "last_name": ("lastname", "surname"),
    "email": ("email", "emailaddress", "mail"),
    "external_id": ("employeeid", "personnelnumber", "employeenumber", "staffid"),
    "roles": ("roles", "role", "profile", "permissions", "entitlements", "accesslevel"),
    "more_roles": ("groups", "teams"),
    "enabled": ("enabled", "active", "isactive", "status", "state"),
    "disabled": ("disabled", "suspended", "locked", "blocked", "deactivated"),
    "mfa": ("mfa", "2fa", "mfaenabled", "twofactor", "twofactorenabled"),
    "sign_in": ("lastlogin", "lastsignin", "lastactive", "lastseen", "lastaccess"),
    "created": ("created", "createdat", "createdon", "creationdate"),
    "machine": ("machine", "serviceaccount", "isservice", "isbot"),
    "owner_said": ("owner", "responsible", "contact"),
}


def form_of(mapping: Mapping[str, str], shape: Shape = Shape.OWN) -> Form:
    """The form of a mapping: field → heading. One that the file lacks is not read."""
    fields = {name: (simple(mapping[name]),) if mapping.get(name) else () for name in FIELDS}
    return Form(shape, fields, (("key",),), values)


def guessed(header: list[str]) -> dict[str, str]:
    """Field → heading, as far as the headings say so themselves."""
    known = {simple(heading): heading for heading in reversed(header)}
    found = {name: next((known[one] for one in names if one in known), "") for name, names in GUESSES.items()}
    return {name: heading for name, heading in found.items() if heading}


def values(cells: Cells, dialect: Dialect) -> dict[str, Any]:
    """One account. Where both are mapped, whoever is disabled is not enabled."""
    shut = cell(cells, "disabled", dialect.three_state)
    enabled = cell(cells, "enabled", dialect.three_state)
    if shut != Known.UNKNOWN and enabled != Known.NO:
        enabled = Known.NO if shut == Known.YES else Known.YES
    return {
        "key": cells["key"],
        "email": cells["email"] or (cells["key"] if "@" in cells["key"] else ""),
        "name": full_name(cells["name"], cells["last_name"]),
        "external_id": cells["external_id"],
        "roles": roles_in(cells["roles"], cells["more_roles"]),
        "enabled": enabled,
        "mfa": cell(cells, "mfa", dialect.three_state),
        "machine": cell(cells, "machine", dialect.three_state),
        "created_on": cell(cells, "created", dialect.day),
        "owner_said": cells["owner_said"],
        **cell(cells, "sign_in", dialect.sign_in),
    }
