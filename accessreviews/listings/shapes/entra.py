"""Microsoft Entra ID: “Download users” of the portal, Graph's users, and the report of registered methods."""

from typing import Any, Final

from accessreviews.listings.shapes.reading import Cells, Form, cell
from accessreviews.listings.shapes.values import Dialect, full_name, roles_in
from accessreviews.models import Known, Shape

FIELDS: Final = {
    "key": ("userprincipalname", "upn"),
    "email": ("mail", "email", "emailaddress", "primarysmtpaddress"),
    "name": ("displayname", "userdisplayname", "name"),
    "first": ("givenname", "firstname"),
    "last": ("surname", "lastname"),
    "external_id": ("employeeid",),
    "enabled": ("accountenabled", "enabled"),
    "blocked": ("blockcredential", "blocksignin", "signinblocked"),
    "created": ("createddatetime", "whencreated", "created", "creationdate"),
    "sign_in": (
        "lastsignindatetime", "signinactivitylastsignindatetime", "lastsignin", "lastsignindate",
        "lastinteractivesignin", "lastinteractivesignindatetime",
    ),
    "also": (
        "signinactivitylastnoninteractivesignindatetime", "lastnoninteractivesignindatetime",
        "lastnoninteractivesignin",
    ),
    "mfa": ("ismfaregistered", "mfaregistered", "mfastatus", "multifactorauthentication", "mfaenabled", "mfa"),
    "admin": ("isadmin",),
    "roles": ("assignedroles", "directoryroles", "roles", "rolenames", "adminroles", "role"),
    "type": ("usertype", "membertype"),
}  # fmt: skip
MFA_WORDS: Final = {"enforced": Known.YES, "enabled": Known.YES, "disabled": Known.NO, "capable": Known.YES}


def mfa(text: str, dialect: Dialect) -> Known:
    """Yes or no, or the states of per-user multi-factor authentication."""
    return MFA_WORDS.get(text.lower()) or dialect.three_state(text)


def state(cells: Cells, dialect: Dialect) -> Known:
    """Whether the account is enabled, or sign-in is not blocked."""
    if cells["enabled"] or not cells["blocked"]:
        found: Known = cell(cells, "enabled", dialect.three_state)
        return found
    turned = {Known.YES: Known.NO, Known.NO: Known.YES, Known.UNKNOWN: Known.UNKNOWN}
    return turned[cell(cells, "blocked", dialect.three_state)]


def values(cells: Cells, dialect: Dialect) -> dict[str, Any]:
    """One user. An empty last sign-in may be one before April 2020 as well as none, so it is unknown.

    The later of interactive and other sign-ins counts. Guests and administrators are roles: the source says no more.
    """
    seen = [cell(cells, name, dialect.sign_in) for name in ("sign_in", "also")]
    days = [one for one in seen if "last_sign_in" in one]
    admin = "Administrator" if cell(cells, "admin", dialect.three_state) == Known.YES and not cells["roles"] else ""
    guest = "Guest" if cells["type"].lower() == "guest" else ""
    return {
        "key": cells["key"],
        "email": cells["email"] or ("" if "#EXT#" in cells["key"].upper() else cells["key"]),
        "name": cells["name"] or full_name(cells["first"], cells["last"]),
        "external_id": cells["external_id"],
        "roles": roles_in(cells["roles"], admin, guest),
        "enabled": state(cells, dialect),
        "mfa": cell(cells, "mfa", lambda text: mfa(text, dialect)),
        "created_on": cell(cells, "created", dialect.day),
        **(max(days, key=lambda one: one["last_sign_in"]) if days else seen[0]),
    }


ENTRA: Final = Form(Shape.ENTRA, FIELDS, (("key",), ("enabled", "blocked", "mfa"), ("name", "first", "email")), values)
