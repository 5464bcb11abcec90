"""The columns of the list of events and incidents, and the facts on a record's page."""

import datetime
from operator import attrgetter
from typing import Any, Final

from django.utils import timezone

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import day_of
from foundation.pages.people import called
from foundation.trail.asof import rows
from incidents.models import Clock, EntryKind, Severity, State, TimelineEntry, late
from incidents.models.incident import TONES
from systems.models import DataClass

SEVERITY_TONES: Final = {1: "bad", 2: "bad", 3: "warn", 4: "info"}
WORDED_SEVERITIES: Final = {Severity(value).label: tone for value, tone in SEVERITY_TONES.items()}
RESTRICTED: Final = "Restricted"
REVIEW_DUE: Final = "Review due"
CLOCK_LATE: Final = "Clock overdue"


def attach_incident(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The day and the moment of looking, whose clock is late, and from which severity each was lowered. Two queries."""
    ids, at = [one.pk for one in found], moment or timezone.now()
    clocks = visible(user, rows(Clock, moment), moment).filter(late(at), incident_id__in=ids)
    overdue = set(clocks.values_list("incident_id", flat=True))
    moves = rows(TimelineEntry, moment).filter(kind=EntryKind.SEVERITY, incident_id__in=ids).order_by()
    worst: dict[int, int] = {}
    for pk, facts in moves.values_list("incident_id", "facts"):
        worst[pk] = min(worst.get(pk, Severity.FOUR), facts.get("before") or Severity.FOUR)
    for one in found:
        one.was = worst.get(one.pk)
        one.seen_on, one.seen_at, one.clock_late = day_of(moment), at, one.pk in overdue


def commander_words(incident: Any) -> str:
    """Who leads the response, and whether that account is closed; "" for nobody."""
    one = incident.commander
    return called(str(one), one.is_active) if one else ""


def nobody(incident: Any) -> str:
    """That nobody leads the response, where somebody should: what was dismissed needs none."""
    return "" if incident.state == State.DISMISSED else "Nobody"


def severity_words(incident: Any) -> str:
    """How bad it is, in a word; "" while nobody said."""
    return str(Severity(incident.severity).label) if incident.severity else ""


def was_words(incident: Any) -> str:
    """How bad it once was said to be, where that was worse than it is now: SEV1 (1 is the worst)."""
    lowered = incident.was is not None and incident.severity is not None and incident.was < incident.severity
    return str(Severity(incident.was).label) if lowered else ""


def review_words(incident: Any) -> str:
    """The day by which its review is due, with a word when it has passed."""
    if incident.review_due_on is None:
        return ""
    overdue = " overdue" if incident.review_overdue(incident.seen_on) else ""
    return f"{incident.review_due_on.isoformat()}{overdue}"


def flags_of(incident: Any) -> list[str]:
    """What somebody must see to."""
    flags = [CLOCK_LATE] if incident.clock_late else []
    return flags + ([REVIEW_DUE] if incident.review_overdue(incident.seen_on) else [])


def data_words(incident: Any) -> str:
    """The classes of data that it hit."""
    return ", ".join(str(DataClass(value).label) for value in incident.data_classes if value in DataClass.values)


def restricted_words(incident: Any) -> str:
    """One word where it is closed to all but a few."""
    return RESTRICTED if incident.restricted else ""


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "What", sort="title", kind="title"),
    Column(
        "how_bad", "Severity", sort="severity", kind="badge", tones=WORDED_SEVERITIES, get=severity_words,
        data=attrgetter("severity"),
    ),
    Column("state", "State", sort="state", kind="badge", tones=TONES),
    Column("commander", "Commander", sort="commander__name", kind="person", empty=nobody, get=commander_words),
    Column("reported_at", "Reported", sort="reported_at", kind="moment"),
    Column(
        "review", "Review due", sort="review_due_on", kind="date", get=review_words, data=attrgetter("review_due_on"),
        more=True,
    ),
    Column(
        "flag", "Flag", kind="badge", tones={CLOCK_LATE: "bad", REVIEW_DUE: "bad"},
        get=lambda one: next(iter(flags_of(one)), ""),
    ),
    Column(
        "restricted", "Restricted", sort="restricted", kind="badge", tones={RESTRICTED: "warn"}, get=restricted_words,
        data=attrgetter("restricted"),
    ),
    Column("was", "Lowered from", get=was_words, more=True),
    Column("kind", "Kind", more=True),
    Column("source", "Noticed by", sort="source", more=True),
    Column("source_note", "Source", more=True),
    Column("summary", "Description", more=True),
    Column("reporter", "Reported by", sort="reporter__name", kind="person", more=True),
    Column("occurred_at", "Occurred", sort="occurred_at", kind="moment", more=True),
    Column("detected_at", "Detected", sort="detected_at", kind="moment", more=True),
    Column("declared_at", "Declared", sort="declared_at", kind="moment", more=True),
    Column("contained_at", "Contained", sort="contained_at", kind="moment", more=True),
    Column("eradicated_at", "Eradicated", sort="eradicated_at", kind="moment", more=True),
    Column("recovered_at", "Recovered", sort="recovered_at", kind="moment", more=True),
    Column("closed_at", "Closed", sort="closed_at", kind="moment", more=True),
    Column("dismissed_at", "Dismissed", sort="dismissed_at", kind="moment", more=True),
    Column("dismissed_by", "Dismissed by", kind="person", more=True),
    Column("dismissed_reason", "Why dismissed", more=True),
    Column("data", "Data", get=data_words, more=True),
    Column("people_affected", "People affected", sort="people_affected", kind="number", more=True),
    Column("impact", "Impact", more=True),
)  # fmt: skip
FACTS = (
    Column("summary", "Description", empty="Not said"),
    Column("how_bad", "Severity", get=severity_words, empty="Not set"),
    Column("was", "Lowered from", get=was_words),
    Column("severity_reason", "Why so severe"),
    Column("commander", "Commander", kind="person", get=commander_words, empty=nobody),
    Column("reporter", "Reported by", kind="person"),
    Column("source", "Noticed by"),
    Column("source_note", "Source"),
    Column("occurred_at", "Occurred", kind="moment", empty="Not known"),
    Column("detected_at", "Detected", kind="moment", empty="Not known"),
    Column("reported_at", "Reported", kind="moment"),
    Column("declared_at", "Declared", kind="moment"),
    Column("contained_at", "Contained", kind="moment"),
    Column("eradicated_at", "Eradicated", kind="moment"),
    Column("recovered_at", "Recovered", kind="moment"),
    Column("closed_at", "Closed", kind="moment"),
    Column("reopened_at", "Reopened", kind="moment"),
    Column("dismissed_at", "Dismissed", kind="moment"),
    Column("dismissed_by", "Dismissed by", kind="person"),
    Column("dismissed_reason", "Why dismissed"),
    Column("state_note", "Last said of its state"),
    Column("review", "Review due", kind="date", get=review_words),
    Column("data", "Data", get=data_words),
    Column("people_affected", "People affected", kind="number"),
    Column("impact", "Impact"),
)
