"""One incident on paper: all that is on record of it, as far as the reader sees each part of it.

Whatever belongs to it is asked for by `visible`, live or at a moment. Whom and what the reader does not see stands
there by its number, or not at all. The review's paper takes its record of the incident from here, too.
"""

import datetime
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from django.http import QueryDict

from foundation.accounts.access import get_allowed, visible
from foundation.accounts.models import User
from foundation.organisation.models import organisation
from foundation.pages.columns import Cell, Column
from foundation.pages.paper import Paper
from foundation.pages.people import called
from foundation.trail.asof import rows, thaw
from incidents.clocks.columns import due_words, period_words, start_walls
from incidents.clocks.standing import both_walls, stand
from incidents.columns import FACTS, attach_incident, commander_words, severity_words
from incidents.custody.columns import attach_custody
from incidents.custody.hands import breaks
from incidents.models import (
    Clock,
    ClockPause,
    CustodyItem,
    CustodyTransfer,
    EntryKind,
    Incident,
    IncidentPerson,
    Notification,
    PostIncidentReview,
    Severity,
)
from incidents.panels import LATE, entries_of, linked

RELATED: Final = ("commander", "reporter", "dismissed_by")
SAID_ELSEWHERE: Final = ("data", "people_affected", "impact")  # they have a heading of their own
# What a review needs of its incident's facts: how bad it was, who led it, and when what was reached.
OF_REVIEW: Final = (
    "how_bad", "was", "severity_reason", "commander", "reporter", "occurred_at", "detected_at", "reported_at",
    "declared_at", "contained_at", "eradicated_at", "recovered_at", "closed_at", "reopened_at", "data",
    "people_affected",
)  # fmt: skip


def incident_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """One event or incident on paper, with its whole timeline. Raises Http404, PermissionDenied as its page."""
    target = thaw(get_allowed(user, "view", rows(Incident, moment).select_related(*RELATED), pk, moment))
    attach_incident([target], user, moment)
    severity = [f"Severity: {words}"] if (words := severity_words(target)) else []
    return Paper(
        title=f"{target.kind} {target.ref}",
        template="pdf/incident.html",
        context={
            "object": target,
            "facts": facts_of(target, [fact for fact in FACTS if fact.name not in SAID_ELSEWHERE]),
            "zone": organisation().time_zone,
            "told": partial(told_of, user, target, moment),
        },
        scope=(target.title, f"State: {target.get_state_display().lower()}", *severity),
        as_of=moment,
        rows=entries_of(user, target, moment).count(),
    )


def facts_of(incident: Any, columns: Sequence[Column]) -> list[tuple[str, Cell]]:
    """Those of the facts that are said, or missing where they should not be."""
    cells = [(column.label, column.cell(incident)) for column in columns]
    return [(label, cell) for label, cell in cells if cell.text]


def about_incident(user: User, number: int, moment: datetime.datetime | None) -> dict[str, Any]:
    """What a review's paper says of its incident: facts, people, notifications; nothing of one that is not seen."""
    seen = visible(user, rows(Incident, moment), moment).filter(id=number)
    row = seen.select_related(*RELATED).first()
    if row is None:
        return {}
    incident = thaw(row)
    attach_incident([incident], user, moment)
    return {
        "incident": incident,
        "about": facts_of(incident, [fact for fact in FACTS if fact.name in OF_REVIEW]),
        "people": people_of(user, incident, moment),
        "notifications": notifications_of(user, incident, moment),
    }


# ---- its parts, each in constant queries -------------------------------------------------------------------------


def inside(user: User, model: Any, incident: Any, moment: datetime.datetime | None, *related: str) -> Any:
    """The rows of a part that this person sees."""
    found = visible(user, rows(model, moment), moment).filter(incident_id=incident.pk)
    return found.select_related(*related)


def seconds(at: datetime.datetime, zone: datetime.tzinfo) -> str:
    """A moment on the wall of a zone that stands in the table's head."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def who_wrote(entry: Any) -> str:
    """Who wrote an entry; what no person did, Countersign did."""
    return str(entry.by) if entry.by else "Countersign"


def severities_of(user: User, incident: Any, moment: datetime.datetime | None) -> list[dict[str, Any]]:
    """Each severity that it was given, in order: when, by whom, instead of which, and why."""
    found = entries_of(user, incident, moment).filter(kind__in=(EntryKind.STATUS, EntryKind.SEVERITY))
    found = found.order_by("happened_at", "id")
    known, zone = dict(Severity.choices), organisation().zone
    return [
        {
            "at": both_walls(entry.happened_at, zone), "by": who_wrote(entry), "text": entry.text,
            "severity": known.get(entry.facts["severity"], ""), "before": known.get(entry.facts.get("before"), ""),
        }
        for entry in found
        if entry.facts.get("severity")
    ]  # fmt: skip


def impact_of(user: User, incident: Any, moment: datetime.datetime | None) -> list[tuple[str, Cell]]:
    """Whom and what it hit, as far as it is said."""
    return facts_of(incident, [fact for fact in FACTS if fact.name in SAID_ELSEWHERE])


def people_of(user: User, incident: Any, moment: datetime.datetime | None) -> list[tuple[str, str, str]]:
    """Who has a part in it, which, and what for: the commander first."""
    named = inside(user, IncidentPerson, incident, moment, "user").filter(archived_at=None).order_by("id")
    lead = [(commander_words(incident), "Commander", "")] if incident.commander else []
    people = [(called(str(one.user), one.user.is_active), one.get_part_display(), one.reason) for one in named]
    return lead + people


def clocks_of(user: User, incident: Any, moment: datetime.datetime | None) -> list[dict[str, Any]]:
    """Its clocks with how each stands, and the pauses of each."""
    found = [thaw(row) for row in inside(user, Clock, incident, moment).order_by("id")]
    stand(found, moment)
    stretches = visible(user, rows(ClockPause, moment), moment).filter(clock_id__in=[one.pk for one in found])
    pauses = defaultdict(list)
    zone = organisation().zone
    for row in stretches.select_related("paused_by", "resumed_by").order_by("id"):
        pauses[row.clock_id].append((row, both_walls(row.paused_at, zone), both_walls(row.resumed_at, zone)))
    return [
        {
            "clock": one, "period": period_words(one), "from": start_walls(one), "due": due_words(one),
            "ended": both_walls(one.ended_at, zone), "pauses": pauses[one.pk],
        }
        for one in found
    ]  # fmt: skip


def notifications_of(user: User, incident: Any, moment: datetime.datetime | None) -> list[tuple[Any, str]]:
    """What was sent to whom about it, and when."""
    found = inside(user, Notification, incident, moment, "sent_by", "clock").order_by("sent_at", "id")
    zone = organisation().zone
    return [(one, both_walls(one.sent_at, zone)) for one in map(thaw, found)]


def custody_of(user: User, incident: Any, moment: datetime.datetime | None) -> list[dict[str, Any]]:
    """What was collected, in whose hands it is, and its transfers: which of them broke the chain."""
    found = [thaw(row) for row in inside(user, CustodyItem, incident, moment, "collected_by", "copy_of").order_by("id")]
    attach_custody(found, user, moment)
    steps = visible(user, rows(CustodyTransfer, moment), moment).filter(item_id__in=[one.pk for one in found])
    chains = defaultdict(list)
    for row in steps.select_related("giver", "receiver", "by").order_by("happened_at", "id"):
        chains[row.item_id].append(thaw(row))
    zone = organisation().zone
    return [
        {
            "item": one, "collected": both_walls(one.collected_at, zone),
            "chain": [
                (step, both_walls(step.happened_at, zone), broken)
                for step, broken in zip(chains[one.pk], breaks(one, chains[one.pk]), strict=True)
            ],
        }
        for one in found
    ]  # fmt: skip


def links_of(user: User, incident: Any, moment: datetime.datetime | None) -> list[dict[str, Any]]:
    """What it is linked to, without the kinds of which there is none."""
    return [part for part in linked(user, incident, moment) if part["lines"]]


def reviews_of(user: User, incident: Any, moment: datetime.datetime | None) -> list[Any]:
    """Its post-incident reviews, each of which has a paper of its own."""
    return [
        thaw(row) for row in inside(user, PostIncidentReview, incident, moment, "author", "approver").order_by("id")
    ]


def timeline_of(user: User, incident: Any, moment: datetime.datetime | None) -> list[dict[str, Any]]:
    """The whole timeline. Entries are numbered as they stand there, so that a correction can name what it corrects."""
    found = list(entries_of(user, incident, moment).order_by("happened_at", "id"))
    zone = organisation().zone
    numbers = {entry.id: number for number, entry in enumerate(found, 1)}
    later = {entry.corrects_id: numbers[entry.id] for entry in found if entry.corrects_id}
    return [
        {
            "number": numbers[entry.id], "entry": thaw(entry), "by": who_wrote(entry),
            "utc": seconds(entry.happened_at, datetime.UTC), "local": seconds(entry.happened_at, zone),
            "written": both_walls(entry.at, zone) if entry.at - entry.happened_at > LATE else "",
            "corrects": numbers.get(entry.corrects_id), "corrected_by": later.get(entry.id),
        }
        for entry in found
    ]  # fmt: skip


# Its parts by name, and what is said of those of which nothing is on record. The severity of an event is none to miss.
PARTS: Final = (
    ("severities", severities_of, ""),
    ("people", people_of, "people"),
    ("impact", impact_of, "people and data affected"),
    ("clocks", clocks_of, "notification clocks"),
    ("notifications", notifications_of, "notifications"),
    ("custody", custody_of, "collected evidence"),
    ("parts", links_of, "linked records"),
    ("reviews", reviews_of, "a post-incident review"),
    ("timeline", timeline_of, "a timeline"),
)


def told_of(user: User, incident: Any, moment: datetime.datetime | None) -> dict[str, Any]:
    """All parts, and in words which of them are empty. Asked for when it prints: asking for a PDF costs a count."""
    parts = {name: part(user, incident, moment) for name, part, _ in PARTS}
    absent = [words for name, _, words in PARTS if words and not parts[name]]
    return parts | {"absent": ", ".join(absent)}
