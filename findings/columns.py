"""The columns of the lists of findings and corrective actions, and the facts on their pages."""

import datetime
from operator import attrgetter
from typing import Any

from findings.models import TONES, CorrectiveAction, Finding, Severity, Status
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import day_of
from foundation.pages.people import owner_words
from foundation.trail.asof import rows

SEVERITY_TONES: dict[str, str] = {
    Severity.CRITICAL: "bad",
    Severity.HIGH: "bad",
    Severity.MEDIUM: "warn",
    Severity.LOW: "mute",
}
WORDED_TONES = {str(Status(value).label): tone for value, tone in TONES.items()}
ACTION_TONES = {"Verified": "ok", "Done, to be verified": "info", "Overdue": "bad", "To do": "warn"}


def attach_day(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """Give each the day on which it is judged."""
    day = day_of(moment)
    for one in found:
        one.seen_on = day


def attach_finding(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The day; and the finding in words to whoever sees it, to others its number. One query."""
    attach_day(found, user, moment)
    ids = {one.finding_id for one in found}
    seen = dict(visible(user, rows(Finding, moment), moment).filter(id__in=ids).values_list("id", "title"))
    for one in found:
        title = seen.get(one.finding_id)
        one.finding_words = " ".join(filter(None, (Finding.ref_of(one.finding_id), title)))
        one.finding_url = Finding(pk=one.finding_id).get_absolute_url() if title is not None else ""


def standing_words(finding: Any) -> str:
    """Its status on the day that is looked at."""
    return str(Status(finding.standing(finding.seen_on)).label)


def due_words(finding: Any) -> str:
    """The deadline, with a word when it has passed."""
    return f"{finding.due_on.isoformat()}{' overdue' if finding.is_overdue(finding.seen_on) else ''}"


def exposure_words(finding: Any) -> str:
    """Whether the internet reaches it, and whether it is known to be exploited."""
    return ", ".join(word for word, holds in (("exposed", finding.exposed), ("exploited", finding.exploited)) if holds)


def found_by(finding: Any) -> str:
    """By what, and its name."""
    return ": ".join(filter(None, (finding.get_source_display(), finding.source_name)))


def action_words(action: CorrectiveAction) -> str:
    """Where a corrective action stands on the day that is looked at."""
    return action.standing(action.seen_on)  # type: ignore[attr-defined]


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Finding", sort="title", kind="title"),
    Column("severity", "Severity", kind="badge", tones=SEVERITY_TONES),
    Column("standing", "Status", sort="status", kind="badge", tones=WORDED_TONES, get=standing_words),
    Column("due", "Due", sort="due_on", kind="date", get=due_words, data=attrgetter("due_on")),
    Column(
        "owner", "Owner", sort="owner__name", kind="person", empty="No owner", get=owner_words, data=attrgetter("owner")
    ),
    Column("first_detected_on", "First detected", sort="first_detected_on", kind="date", more=True),
    Column("kind", "Kind", sort="kind", more=True),
    Column("exposure", "Exposure", get=exposure_words, more=True),
    Column("found_by", "Found by", sort="source_name", get=found_by, more=True),
)
FACTS = (
    Column("description", "Description"),
    Column("kind", "Kind"),
    Column("severity", "Severity", kind="badge", tones=SEVERITY_TONES),
    Column("exposed", "Internet-exposed"),
    Column("exploited", "Known-exploited"),
    Column("found_by", "Found by", get=found_by),
    Column("external_key", "Its key there"),
    Column("first_detected_on", "First detected", kind="date"),
    Column("last_detected_on", "Last detected", kind="date"),
    Column("due", "Due", kind="date", get=due_words),
    Column("owner", "Owner", kind="person", empty="No owner", get=owner_words),
    Column("root_cause", "Root cause", empty="Not said"),
    Column("fix_note", "What was done"),
    Column("fixed_on", "Fixed", kind="date"),
    Column("fixed_by", "Fixed by", kind="person"),
    Column("verification_note", "What was looked at"),
    Column("verified_by", "Verified by", kind="person"),
    Column("verified_at", "Verified", kind="moment"),
)
ACTION_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("what", "What", kind="title", sort="what"),
    Column("finding", "Finding", sort="finding_id", get=attrgetter("finding_words"), url=attrgetter("finding_url")),
    Column("owner", "Owner", sort="owner__name", kind="person", get=owner_words, data=attrgetter("owner")),
    Column("due_on", "Due", sort="due_on", kind="date"),
    Column("standing", "Status", kind="badge", tones=ACTION_TONES, get=action_words),
    Column("done_on", "Done", sort="done_on", kind="date"),
)
ACTION_FACTS = (
    *ACTION_COLUMNS[1:],
    Column("done_by", "Done by", kind="person"),
    Column("done_note", "What was done"),
    Column("verified_by", "Verified by", kind="person"),
    Column("verified_at", "Verified", kind="moment"),
    Column("verification_note", "What was looked at"),
)
