"""Finding findings by number or words."""

from findings.filters import numbered
from findings.models import Finding
from foundation.accounts.access import moment_for, visible
from foundation.accounts.models import User
from foundation.pages.filters import matching
from foundation.pages.work import SearchHit
from foundation.trail.asof import rows, thaw

MOST = 50  # hits; a longer answer is a list with filters


def find_findings(user: User, words: str) -> list[SearchHit]:
    """Findings that this person sees: the one with this number, or with every word. One query."""
    moment = moment_for(user, None)
    seen = visible(user, rows(Finding, moment), moment).filter(archived_at=None)
    number = numbered("F", words)
    if number:
        found = seen.filter(id=int(number[1]))
    else:
        found = seen.filter(matching(words, ("title", "source_name", "external_key")))
    hits = [thaw(row) for row in found.order_by("-id")[:MOST]]
    return [SearchHit("Findings", one.ref, one.title, one.get_absolute_url()) for one in hits]
