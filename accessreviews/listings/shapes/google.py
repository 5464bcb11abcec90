"""Google Workspace: “Download users” of the admin console, and users as the Directory API and its tools export them."""

from typing import Any, Final

from accessreviews.listings.shapes.reading import Cells, Form, cell
from accessreviews.listings.shapes.values import UNSAID, Dialect, full_name, roles_in
from accessreviews.models import Known, Shape

FIELDS: Final = {
    "key": ("emailaddressrequired", "emailaddress", "primaryemail", "email", "user"),
    "first": ("firstnamerequired", "namegivenname", "firstname"),
    "last": ("lastnamerequired", "namefamilyname", "lastname"),
    "name": ("namefullname", "fullname", "name"),
    "external_id": ("employeeid", "employeeidreadonly", "externalids0value"),
    "status": ("statusreadonly", "userstatus", "status"),
    "suspended": ("suspended", "issuspended"),
    "archived": ("archived", "isarchived"),
    "sign_in": ("lastsigninreadonly", "lastsignin", "lastlogintime", "lastlogin"),
    "created": ("creationtime", "creationtimereadonly", "accountcreated", "created"),
    "mfa": ("2svenrolledreadonly", "2svenrolled", "isenrolledin2sv", "2stepverificationenrollment"),
    "super": ("isadmin", "superadmin", "superadminreadonly", "issuperadmin"),
    "delegated": ("isdelegatedadmin", "delegatedadmin", "delegatedadminreadonly"),
    "roles": ("adminroles", "adminrolesreadonly", "adminrole", "assignedroles", "roles"),
}
OWN: Final = frozenset({
    "emailaddressrequired", "statusreadonly", "lastsigninreadonly", "2svenrolledreadonly", "2svenrolled",
    "isenrolledin2sv", "orgunitpath", "orgunitpathrequired", "lastlogintime", "isdelegatedadmin",
})  # fmt: skip
OPEN: Final = frozenset({"active"})
SHUT: Final = frozenset({"suspended", "archived", "deleted", "blocked", "inactive", "suspended manually"})
NAMES: Final = {"super": "Super Admin", "delegated": "Delegated Admin"}


def enabled(text: str) -> Known:
    """Whether somebody can sign in by this status. Raises ValueError for another word."""
    word = text.lower()
    if word in OPEN:
        return Known.YES
    if word in SHUT or word.startswith("suspended"):
        return Known.NO
    if word in UNSAID:
        return Known.UNKNOWN
    raise ValueError(f"“{text[:60]}” is no status of Google Workspace.")


def state(cells: Cells, dialect: Dialect) -> Known:
    """Enabled by the status, or because it is neither suspended nor archived."""
    if cells["status"]:
        found: Known = cell(cells, "status", enabled)
        return found
    shut = [cell(cells, name, dialect.three_state) for name in ("suspended", "archived")]
    if Known.YES in shut:
        return Known.NO
    return Known.YES if shut[0] == Known.NO else Known.UNKNOWN


def values(cells: Cells, dialect: Dialect) -> dict[str, Any]:
    """One user; an administrator's columns are roles."""
    admin = [words for name, words in NAMES.items() if cell(cells, name, dialect.three_state) == Known.YES]
    return {
        "key": cells["key"],
        "email": cells["key"],
        "name": cells["name"] or full_name(cells["first"], cells["last"]),
        "external_id": cells["external_id"],
        "roles": roles_in(cells["roles"], "\n".join(admin)),
        "enabled": state(cells, dialect),
        "mfa": cell(cells, "mfa", dialect.three_state),
        "created_on": cell(cells, "created", dialect.day),
        **cell(cells, "sign_in", dialect.sign_in),
    }


GOOGLE: Final = Form(
    Shape.GOOGLE, FIELDS, (("key",), ("sign_in",), ("status", "suspended")), values, OWN, frozenset({"Never logged in"})
)
