"""Finding evidence by reference or words."""

from evidence.filters import REF
from evidence.models import Evidence
from foundation.accounts.access import moment_for, visible
from foundation.accounts.models import User
from foundation.pages.filters import matching
from foundation.pages.work import SearchHit
from foundation.trail.asof import rows, thaw

MOST = 50


def find_evidence(user: User, words: str) -> list[SearchHit]:
    """Evidence that this person sees, with every word in title or file's name, or this reference. One query."""
    moment = moment_for(user, None, Evidence)
    exact = REF.match(words.strip())
    seen = visible(user, rows(Evidence, moment), moment)
    found = seen.filter(id=exact[1]) if exact else seen.filter(matching(words, ("title", "name")))
    items = [thaw(row) for row in found.order_by("-id")[:MOST]]
    return [SearchHit("Evidence", item.ref, item.title, item.get_absolute_url()) for item in items]
