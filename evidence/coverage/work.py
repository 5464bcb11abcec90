"""What waits for a person among the occurrences: those of one's own controls that are missing or due."""

import datetime
from urllib.parse import urlencode

from controls.models import Control
from evidence.coverage.book import Book
from evidence.coverage.grid import ATTACH
from evidence.coverage.tiles import Days
from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.work import WorkItem

YEAR = datetime.timedelta(days=365)


def coverage_work(user: User) -> list[WorkItem]:
    """One thing to do for each control that this person owns or operates and whose evidence is missing or due.

    Of the last twelve months; what waits to be judged is somebody else's to do. Constant queries.
    """
    mine = allowed(user, "submit_evidence", Control).filter(archived_at=None).owned_by(user)  # type: ignore[attr-defined]
    recent = Days(today() - YEAR, today())
    tallies = {pk: one for pk, one in Book(mine, recent).tallies().items() if one.first_open}
    items = []
    for control in mine.filter(pk__in=tallies).order_by("ref"):
        tally = tallies[control.pk]
        asked = urlencode({"control": control.pk, "occurrence": tally.first_open, "next": "/"})
        counted = [f"{tally.unattached[name]} {name}" for name in ("missing", "due") if tally.unattached[name]]
        items.append(
            WorkItem(
                register="Evidence", ref=control.ref, title=control.name, url=control.get_absolute_url(),
                kind=f"Occurrences: {', '.join(counted)}", action="Attach evidence",
                action_url=f"{ATTACH}?{asked}", due=tally.next_due,
            )
        )  # fmt: skip
    return items
