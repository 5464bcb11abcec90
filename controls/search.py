"""Finding controls by reference or words."""

from django.db.models import Case, IntegerField, Value, When

from controls.models import Control
from foundation.accounts.access import moment_for, visible
from foundation.accounts.models import User
from foundation.pages.filters import matching
from foundation.pages.work import SearchHit
from foundation.trail.asof import rows, thaw

MOST = 50  # hits; a longer answer is a list with filters


def find_controls(user: User, words: str) -> list[SearchHit]:
    """Controls that this person sees, with every word in reference or name; the reference itself first. One query."""
    moment = moment_for(user, None)
    nearest = Case(
        When(ref__iexact=words, then=Value(0)),
        When(ref__istartswith=words, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    seen = visible(user, rows(Control, moment), moment).filter(matching(words, ("ref", "name")), archived_at=None)
    found = [thaw(row) for row in seen.order_by(nearest, "ref")[:MOST]]
    return [SearchHit("Controls", control.ref, control.name, control.get_absolute_url()) for control in found]
