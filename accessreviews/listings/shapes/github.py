"""GitHub: “Export” of an organisation's people (CSV or JSON), an enterprise's members, and the dormant users report."""

from typing import Any, Final

from accessreviews.listings.shapes.reading import Cells, Form, cell
from accessreviews.listings.shapes.values import Dialect, roles_in
from accessreviews.models import Known, Shape

FIELDS: Final = {
    "key": ("login", "githubcomlogin", "username", "githubusername", "handle"),
    "email": (
        "email", "samlnameid", "githubcomsamlnameid", "githubcomsamlname", "githubcomverifieddomainemails",
        "verifieddomainemails", "verifiedemail", "githubcomverifieddomainemail",
    ),
    "name": ("name", "githubcomname", "displayname"),
    "role": ("role", "orgrole", "organizationrole", "membershiprole"),
    "more": ("githubcomenterpriseroles", "enterpriseroles", "githubcommemberroles", "teams", "organizationroles"),
    "mfa": (
        "tfaenabled", "2faenabled", "twofactorenabled", "twofactorauthenticationenabled", "twofactorauthentication",
        "githubcom2fa", "githubcomtwofactorauth", "2fa", "tfa", "has2faenabled", "twofactorauth",
    ),
    "suspended": ("suspended", "issuspended"),
    "sign_in": ("lastactive", "lastactivity", "lastactiveat", "lastloggedin"),
    "created": ("createdat", "created"),
}  # fmt: skip

OWN: Final = frozenset({
    "githubcomlogin", "githubcomname", "tfaenabled", "2faenabled", "ispublic", "samlnameid", "githubcomsamlname",
    "githubcomenterpriseroles", "githubcomverifieddomainemails", "rawlogin",
})  # fmt: skip
WORDS: Final = frozenset({"owner", "Owner", "OWNER", "member", "Member", "MEMBER", "Direct Member", "billing_manager"})
FOREIGN: Final = frozenset({"status", "enabled", "active", "accountenabled", "state", "lastlogin"})


def values(cells: Cells, dialect: Dialect) -> dict[str, Any]:
    """One member. Who is listed as a member is enabled, unless the export says that they are suspended."""
    suspended = cell(cells, "suspended", dialect.three_state)
    address = next((part for part in roles_in(cells["email"]) if "@" in part), "")
    login = cells["key"].lower()
    return {
        "key": cells["key"],
        "email": address,
        "name": cells["name"],
        "roles": tuple(role[:1].upper() + role[1:] for role in roles_in(cells["role"], cells["more"])),
        "enabled": Known.NO if suspended == Known.YES else Known.YES,
        "mfa": cell(cells, "mfa", dialect.three_state),
        "machine": Known.YES if login.endswith("[bot]") else Known.UNKNOWN,
        "created_on": cell(cells, "created", dialect.day),
        **cell(cells, "sign_in", dialect.sign_in),
    }


GITHUB: Final = Form(Shape.GITHUB, FIELDS, (("key",), ("role", "more"), ("mfa",)), values, OWN, WORDS, FOREIGN)
