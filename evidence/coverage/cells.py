"""What other pages show of coverage: the matrix's column, and the strip on a control's page."""

import datetime
from collections import Counter
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence

from controls.models import Control
from evidence.coverage.book import Book, controls_of
from evidence.coverage.grid import ATTACH, Address, told
from evidence.coverage.period import programme_year
from evidence.coverage.words import SIGNS, TONES, in_words
from evidence.models import Occurrence
from foundation.accounts.access import can
from foundation.accounts.models import User
from foundation.pages.moment import day_of
from foundation.pages.panels import Panel


def evidence_cells(user: User, controls: Sequence[int], moment: datetime.datetime | None) -> ReadOnly[int, str]:
    """For the matrix: what of the programme's year is proved so far; the expected evidence where nothing is due."""
    period = programme_year(day_of(moment))
    seen = controls_of(user, moment).filter(id__in=controls)
    tallies = Book(seen, period, moment).tallies()
    found = {}
    for pk, expected in seen.values_list("id", "expected_evidence"):
        tally = tallies.get(pk)
        if tally:
            found[pk] = f"{tally.words} (since {period.first})"
        elif expected:
            found[pk] = f"Expected: {expected}"
    return found


def coverage_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel | None:
    """For a control's overview: this year's occurrences as squares, and their count."""
    if not can(user, "view", Occurrence):
        return None
    period = programme_year(day_of(moment))
    seen = controls_of(user, moment).filter(id=control.pk)
    squares, address = Book(seen, period, moment).of([control.pk]).get(control.pk, []), Address(moment)
    return Panel(
        "evidence/coverage_panel.html",
        {
            "squares": [(SIGNS[one.standing], TONES[one.standing], told(one), address.of(one)) for one in squares],
            "words": in_words(Counter(one.standing for one in squares)) if squares else "",
            "period": period,
            "ref": control.ref,
            "attach": ATTACH,
            "may_attach": moment is None and bool(squares),  # and `verbs.submit_evidence`, which the page has asked
        },
    )
