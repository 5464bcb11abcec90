"""AWS: the credential report of IAM. It knows users, their passwords, keys and certificates, and no permissions."""

from typing import Any, Final

from accessreviews.listings.shapes.reading import Cells, Form, cell
from accessreviews.listings.shapes.values import Dialect
from accessreviews.models import Known, Shape, SignIn

ROOT: Final = "<root_account>"
FIELDS: Final = {
    "key": ("user",),
    "arn": ("arn",),
    "created": ("usercreationtime",),
    "password": ("passwordenabled",),
    "password_used": ("passwordlastused",),
    "mfa": ("mfaactive",),
    "key_1": ("accesskey1active",),
    "key_1_used": ("accesskey1lastuseddate",),
    "key_2": ("accesskey2active",),
    "key_2_used": ("accesskey2lastuseddate",),
    "cert_1": ("cert1active",),
    "cert_2": ("cert2active",),
}
KEYS: Final = ("key_1", "key_2")


def values(cells: Cells, dialect: Dialect) -> dict[str, Any]:
    """One user. The later of password and keys is the last sign-in; keys without a password make it a machine's.

    The root account can always sign in where the report says “not_supported” of its password.
    """
    root = cells["key"] == ROOT
    password = cell(cells, "password", dialect.three_state)
    if root and password == Known.UNKNOWN:
        password = Known.YES
    keys = [name for name in KEYS if cell(cells, name, dialect.three_state) == Known.YES]
    certificates = [name for name in ("cert_1", "cert_2") if cell(cells, name, dialect.three_state) == Known.YES]
    opens = [password == Known.YES, *keys, *certificates]
    return {
        "key": cells["key"],
        "email": cells["key"] if "@" in cells["key"] else "",
        "name": "Root account" if root else "",
        "roles": ("root",) if root else (),
        "enabled": Known.YES if any(opens) else password,
        "mfa": cell(cells, "mfa", dialect.three_state),
        "machine": Known.YES if keys and password == Known.NO else Known.NO if password == Known.YES else Known.UNKNOWN,
        "created_on": cell(cells, "created", dialect.day),
        **last_used(cells, dialect, keys, password),
    }


def last_used(cells: Cells, dialect: Dialect, keys: list[str], password: Known) -> dict[str, Any]:
    """The latest use of password and keys; never, where there is something to use that has no use on record."""
    found = [cell(cells, name, dialect.day) for name in ("password_used", "key_1_used", "key_2_used")]
    if days := [day for day in found if day]:
        return {"sign_in": SignIn.KNOWN, "last_sign_in": max(days)}
    unused = password == Known.YES and cells["password_used"].lower() in ("no_information", "n/a", "")
    return {"sign_in": SignIn.NEVER if unused or keys else SignIn.UNKNOWN}


AWS: Final = Form(Shape.AWS, FIELDS, (("key",), ("arn",), ("password",), ("mfa",)), values)
