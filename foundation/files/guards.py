"""What the database itself refuses about stored files: nothing of one is ever edited but the wrapping of its key."""

from typing import Final

from foundation.trail.guards import Guard, same

_FIXED = ("id", "path", "name", "content_type", "size", "sha256", "uploaded_by_id", "stored_at")
_REFUSED: Final = "A stored file is never edited."

FILES_GUARDS: Final = (
    Guard("files_storedfile", "UPDATE", _REFUSED, f"NOT ({same(_FIXED)})"),
    Guard("files_storedfile", "TRUNCATE", _REFUSED),
)
