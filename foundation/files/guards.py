"""What the database itself refuses about stored files: nothing of one is ever edited but the wrapping of its key."""

from typing import Final

from foundation.trail.guards import Guard

_FIXED = ("id", "path", "name", "content_type", "size", "sha256", "uploaded_by_id", "stored_at")
_SAME = " AND ".join(f"OLD.{column} IS NOT DISTINCT FROM NEW.{column}" for column in _FIXED)
_REFUSED: Final = "A stored file is never edited."

FILES_GUARDS: Final = (
    Guard("files_storedfile", "UPDATE", _REFUSED, f"NOT ({_SAME})"),
    Guard("files_storedfile", "TRUNCATE", _REFUSED),
)
