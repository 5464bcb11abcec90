"""What the database itself refuses about requests: a comment is written once."""

from typing import Final

from foundation.trail.guards import written_once

COMMENT: Final = "A comment stands as it was written."

REQUEST_GUARDS: Final = written_once(COMMENT, "audits_requestcomment")
