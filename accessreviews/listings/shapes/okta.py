"""Okta: the reports of the admin console, and users as the API and the tools around it export them."""

from typing import Any, Final

from accessreviews.listings.shapes.reading import Cells, Form, cell
from accessreviews.listings.shapes.values import UNSAID, Dialect, full_name, roles_in
from accessreviews.models import Known, Shape, SignIn

# A locked or expired account is opened again by its person; a staged one has never been opened.
OPEN: Final = frozenset({
    "active", "provisioned", "pending user action", "pendinguseraction", "pending activation", "recovery",
    "password_expired", "password expired", "password reset", "password_reset", "locked_out", "locked out", "lockedout",
})  # fmt: skip
SHUT: Final = frozenset({"suspended", "deprovisioned", "deactivated", "staged", "inactive", "deleted"})

FIELDS: Final = {
    "key": ("oktausername", "oktalogin", "userlogin", "profilelogin", "login", "username", "primaryemail", "email"),
    "email": ("profileemail", "primaryemail", "email", "emailaddress", "useremail"),
    "name": ("displayname", "profiledisplayname", "userfullname", "fullname", "user", "name"),
    "first": ("profilefirstname", "firstname", "givenname"),
    "last": ("profilelastname", "lastname", "surname"),
    "external_id": ("profileemployeenumber", "employeenumber", "employeeid", "employeeno"),
    "status": ("oktauserstatus", "oktastatus", "userstatus", "status", "accountstatus"),
    "created": ("created", "createddate", "creationdate", "dateadded", "activationdate", "activated"),
    "sign_in": ("lastlogin", "lastlogindate", "oktalastlogin", "lastsignin", "userlastlogin"),
    "mfa": (
        "mfaenrolled", "mfafactors", "factorsenrolled", "enrolledfactors", "factors", "factorcount", "mfa",
        "mfastatus", "authenticatorsenrolled", "enrolledauthenticators",
    ),
    "roles": ("adminroles", "adminrole", "roles", "administratorroles", "role"),
    "groups": ("groups", "groupmemberships", "groupnames", "usergroups"),
    "type": ("profileusertype", "usertype"),
}  # fmt: skip

OWN: Final = frozenset({
    "oktausername", "oktalogin", "oktauserstatus", "oktastatus", "oktauserid", "oktaid", "oktalastlogin",
    "profilelogin", "profileemail", "statuschanged", "authenticationsource", "transitioningtostatus",
    "credentialsprovidertype", "lastpasswordchange",
})  # fmt: skip
WORDS: Final = frozenset({"STAGED", "PROVISIONED", "DEPROVISIONED", "PASSWORD_EXPIRED", "LOCKED_OUT", "RECOVERY"})


def enabled(text: str) -> Known:
    """Whether somebody can sign in by this status. Raises ValueError for one that Okta has not."""
    word = text.lower()
    if word in OPEN:
        return Known.YES
    if word in SHUT:
        return Known.NO
    if word in UNSAID:
        return Known.UNKNOWN
    raise ValueError(f"“{text[:60]}” is no status of Okta.")


def factors(text: str, dialect: Dialect) -> Known:
    """Whether a factor is enrolled: yes or no, a number, or the factors by name."""
    word = text.lower()
    if word in ("none", "no factors", "not enrolled"):
        return Known.NO
    if word.isdecimal():
        return Known.YES if int(word) else Known.NO
    try:
        return dialect.three_state(text)
    except ValueError:
        return Known.YES  # the factors, by name


def values(cells: Cells, dialect: Dialect) -> dict[str, Any]:
    """One user. An empty last login is one that never was; the column may be missing."""
    key = cells["key"] or cells["email"]
    machine = Known.YES if cells["type"].lower() in ("service", "service account", "machine", "bot") else Known.UNKNOWN
    return {
        "key": key,
        "email": cells["email"] or (key if "@" in key else ""),
        "name": full_name(cells["first"], cells["last"]) or cells["name"],
        "external_id": cells["external_id"],
        "roles": roles_in(cells["roles"], cells["groups"]),
        "enabled": cell(cells, "status", enabled),
        "mfa": factors(cells["mfa"], dialect),
        "machine": machine,
        "created_on": cell(cells, "created", dialect.day),
        **cell(cells, "sign_in", lambda text: dialect.sign_in(text, empty=SignIn.NEVER)),
    }


OKTA: Final = Form(Shape.OKTA, FIELDS, (("key", "email"), ("status",)), values, OWN, WORDS)
