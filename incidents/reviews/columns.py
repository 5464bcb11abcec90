"""The columns of the list of post-incident reviews, and the facts on their page."""

import datetime
from operator import attrgetter
from typing import Any

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import at
from foundation.pages.people import called
from foundation.trail.asof import rows, thaw
from incidents.models import REVIEW_TONES, Incident


def attach_review(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The incident of each as this person sees it then, and the way there. One query."""
    ids = {one.incident_id for one in found}
    seen = {row.id: thaw(row) for row in visible(user, rows(Incident, moment), moment).filter(id__in=ids)}
    for one in found:
        about = seen.get(one.incident_id)
        one.about_words = str(about) if about else Incident.ref_of(one.incident_id)
        one.about_url = f"{about.get_absolute_url()}{at(moment)}" if about else ""
        one.severity_words = about.get_severity_display() if about else ""


def person(path: str) -> Any:
    """How somebody of a review is called."""

    def words(one: Any) -> str:
        who = getattr(one, path)
        return called(str(who), who.is_active) if who else ""

    return words


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column(
        "incident", "Incident", sort="incident_id", kind="title", get=attrgetter("about_words"),
        url=attrgetter("about_url"),
    ),
    Column("severity", "Severity", sort="incident__severity", get=attrgetter("severity_words")),
    Column("state", "State", sort="state", kind="badge", tones=REVIEW_TONES),
    Column("author", "Author", sort="author__name", kind="person", get=person("author")),
    Column("approver", "Approver", sort="approver__name", kind="person", get=person("approver")),
    Column("held_on", "Held", sort="held_on", kind="date", more=True),
    Column("submitted_at", "Submitted", sort="submitted_at", kind="moment", more=True),
    Column("approved_at", "Approved", sort="approved_at", kind="moment"),
)  # fmt: skip
FACTS = (
    Column("incident", "Incident", get=attrgetter("about_words"), url=attrgetter("about_url")),
    Column("author", "Author", kind="person", get=person("author")),
    Column("approver", "Approver", kind="person", get=person("approver")),
    Column("held_on", "Held", kind="date"),
    Column("present", "Who took part"),
)
# What it says, section by section.
SECTIONS = (
    ("facts", "What happened"),
    ("impact", "Impact"),
    ("root_cause", "Root cause"),
    ("contributing", "Contributing causes"),
    ("worked", "What worked"),
    ("did_not_work", "What did not work"),
    ("lessons", "What changes"),
)
