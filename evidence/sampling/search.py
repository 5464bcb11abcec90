"""Finding populations by reference or words."""

import re

from evidence.models import Population
from foundation.accounts.access import moment_for, visible
from foundation.accounts.models import User
from foundation.pages.filters import matching
from foundation.pages.work import SearchHit
from foundation.trail.asof import rows, thaw

REF = re.compile(r"POP-([1-9][0-9]{0,17})\Z", re.ASCII | re.IGNORECASE)
MOST = 50


def find_populations(user: User, words: str) -> list[SearchHit]:
    """Populations that this person sees, with every word in title or source, or this reference. One query."""
    moment = moment_for(user, None, Population)
    exact = REF.match(words.strip())
    seen = visible(user, rows(Population, moment), moment)
    found = seen.filter(id=exact[1]) if exact else seen.filter(matching(words, ("title", "source_system")))
    items = [thaw(row) for row in found.order_by("-id")[:MOST]]
    return [SearchHit("Populations", item.ref, item.title, item.get_absolute_url()) for item in items]
