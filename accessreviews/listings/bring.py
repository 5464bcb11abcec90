"""From what a person or a program sends to a frozen listing: reading, freezing, remembering the columns."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction

from accessreviews.listings.freeze import record_listing
from accessreviews.listings.shapes import read_accounts
from accessreviews.listings.shapes.own import form_of
from accessreviews.listings.shapes.reading import open_file, read_by
from accessreviews.listings.shapes.values import Dialect
from accessreviews.models import ColumnMapping, Listing, Shape
from foundation.accounts.models import User
from foundation.files.sealed import Altered
from foundation.organisation.models import zone
from foundation.trail.keep import save
from systems.models import System

SALT: Final = "accessreviews.listing.file"
KEPT_FOR: Final = 20 * 3600  # seconds; what no record holds is swept after a day
GONE: Final = "The file that was sent before is no longer here. Choose it again."
# What a row of the API says → the field by which it is read.
API_FIELDS: Final[Mapping[str, str]] = {
    "account": "key", "name": "name", "email": "email", "external_id": "external_id", "roles": "roles",
    "enabled": "enabled", "mfa": "mfa", "machine": "machine", "last_sign_in": "sign_in", "created_on": "created",
    "owner": "owner_said",
}  # fmt: skip


def bring_file(
    file: File, name: str, *, actor: User, told: Mapping[str, Any], how: Mapping[str, str],
    mapping: Mapping[str, Any] | None = None,
) -> Listing:  # fmt: skip
    """Read a file, called `name`, and freeze it. mapping: how its columns were mapped just now; else as remembered.

    Raises Unreadable, Unrecognised, ValidationError.
    """
    system: System = told["system"]
    known = mapping or remembered(system)
    found = read_accounts(file.read(), mapping=known, **{**how, **({"shape": Shape.OWN} if mapping else {})})
    file.seek(0)  # its bytes are read again where they are kept, instead of standing in memory beside the rows
    listing = record_listing(
        rows=found.rows, actor=actor, content=file, name=name, shape=found.shape, mapping=found.mapping,
        pulled_by=actor, **told,
    )  # fmt: skip
    if mapping:
        remember(system, mapping, actor)
    return listing


def bring_rows(rows: list[Any], *, actor: User, told: Mapping[str, Any], connector: str = "") -> tuple[Listing, bool]:
    """Freeze rows that a program sent as JSON objects; what is kept is one row a line.

    Returns it, and whether it is new. Raises ValidationError, Unreadable.
    """
    data = ("[" + ",\n".join(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows) + "]\n").encode()
    if earlier := same_again(told["system"], hashlib.sha256(data).hexdigest(), told["pulled_at"]):
        return earlier, False
    if unknown := sorted({str(name) for row in rows if isinstance(row, dict) for name in row} - set(API_FIELDS)):
        raise ValidationError({"accounts": [f"There is no such field: {name}." for name in unknown[:20]]})
    form = form_of({field: name for name, field in API_FIELDS.items()}, Shape.API)
    found = read_by(form, open_file(data), Dialect(zone()))
    listing = record_listing(
        rows=found.rows, actor=actor, content=data, name="accounts.json", shape=Shape.API, connector=connector,
        pulled_by=None if connector else actor, mapping=found.mapping, **told,
    )  # fmt: skip
    return listing, True


def same_again(system: System, sha256: str, pulled_at: Any) -> Listing | None:
    """The listing that holds the same bytes, pulled from the same system at the same moment."""
    found = Listing.objects.filter(system=system, pulled_at=pulled_at, sha256=sha256)
    return found.order_by("id").first()


# ---- the columns of a system ---------------------------------------------------------------------------------------


def remembered(system: System) -> dict[str, Any]:
    """How a system's columns were mapped; nothing where they never were."""
    known = ColumnMapping.objects.live().filter(system=system).first()
    found: dict[str, Any] = known.columns if known else {}
    return found


@transaction.atomic
def remember(system: System, mapping: Mapping[str, Any], actor: User) -> ColumnMapping:
    """Keep how a system's columns are read, for its next listing."""
    known = ColumnMapping.objects.select_for_update().filter(system=system).first()
    row = known or ColumnMapping(system=system)
    row.columns, row.archived_at = dict(mapping), None
    return save(row, actor=actor, verb=f"columnmapping.{'updated' if known else 'created'}")


# ---- a file between two steps of the form --------------------------------------------------------------------------


def keep_file(user: User, file: File, name: str) -> str:
    """Put a file by until the form comes back; the word by which the same person gets it again."""
    file.seek(0)
    path = default_storage.save("listings/brought", ContentFile(file.read(), name))
    return signing.dumps([user.pk, path, name], salt=SALT)


def kept_file(user: User, word: str) -> tuple[File, str]:
    """The file put by, and its name. Raises ValidationError if it is gone, or somebody else's."""
    try:
        owner, path, name = signing.loads(word, salt=SALT, max_age=KEPT_FOR)
        if owner != user.pk:
            raise ValidationError({"file": GONE})
        with default_storage.open(path) as file:
            return ContentFile(file.read(), name), name
    except (signing.BadSignature, FileNotFoundError, Altered) as error:
        raise ValidationError({"file": GONE}) from error
