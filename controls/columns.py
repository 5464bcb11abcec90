"""The columns of the list of controls, and the facts on a control's page."""

import datetime
from collections import defaultdict
from operator import attrgetter
from typing import Any

from controls.models import SCOPE, TONES, Mapping
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import day_of
from foundation.pages.people import owner_words
from foundation.trail.asof import rows


def attach_criteria(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """Give each control the codes of its criteria that `user` sees, and the day on which its review is judged."""
    day = day_of(moment)
    codes: dict[int, list[str]] = defaultdict(list)
    links = visible(user, rows(Mapping, moment), moment)
    links = links.filter(archived_at=None, control_id__in=[control.pk for control in found])
    for key, code in links.order_by("criterion__position").values_list("control_id", "criterion__code"):
        codes[key].append(code)
    for control in found:
        control.criteria_codes, control.seen_on = codes[control.pk], day


def review_words(control: Any) -> str:
    """The next review's day, with a word when it has passed."""
    if control.review_date is None:
        return ""
    overdue = control.status in SCOPE and control.review_date < control.seen_on
    return f"{control.review_date.isoformat()}{' overdue' if overdue else ''}"


COLUMNS = (
    Column("ref", "Ref", sort="ref", kind="ref"),
    Column("name", "Control", sort="name", kind="title"),
    Column("criteria_codes", "Criteria"),
    Column(
        "owner", "Owner", sort="owner__name", kind="person", empty="No owner", get=owner_words, data=attrgetter("owner")
    ),
    Column("frequency", "Frequency", sort="frequency"),
    Column("status", "Status", sort="status", kind="badge", tones=TONES),
    Column("review", "Next review", sort="review_date", kind="date", get=review_words, data=attrgetter("review_date")),
)
FACTS = (
    Column("objective", "Objective"),
    Column("owner", "Owner", kind="person", empty="No owner", get=owner_words),
    Column("operator", "Operator", kind="person"),
    Column("owner_role", "Owner's role"),
    Column("kind", "Type", empty="Not said"),
    Column("nature", "Nature", empty="Not said"),
    Column("frequency", "Frequency", empty="Not said"),
    Column("operates_from", "Operates since", kind="date"),
    Column("operates_until", "Operated until", kind="date"),
    Column("expected_evidence", "Expected evidence", empty="Not said"),
    Column("automatable_source", "Could come from"),
    Column("review", "Next review", kind="date", get=review_words, empty="Not set"),
    Column("last_reviewed_on", "Last reviewed", kind="date"),
)
