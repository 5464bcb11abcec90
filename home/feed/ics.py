"""What is due as an iCalendar document (RFC 5545): an all-day event for each date of each record.

A calendar is kept by services outside the house: an event says the kind, the reference and the title of what is due
and links to its page, where one signs in; never whose it is nor anything that the record holds. What falls due names
restricted incidents by their number alone (incidents.due).
"""

import datetime
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from foundation.organisation.models import organisation, zone
from foundation.pages.due import Due, changed

PRODUCT: Final = "-//Countersign//What is due//EN"
AGAIN: Final = datetime.timedelta(hours=6)  # how often a calendar is asked to fetch it
DAY: Final = datetime.timedelta(days=1)
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")  # no TEXT holds these
LONGEST: Final = 300  # characters of a title


def calendar_of(found: Sequence[Due], since: datetime.datetime) -> bytes:
    """These as a document, the same bytes as long as nothing of them changes.

    since: the stamp of what comes from no record.
    """
    from icalendar import Calendar, vText  # slow to load, for one page

    title = plain(f"{organisation().name}: due in Countersign")
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    for name in ("name", "x-wr-calname"):  # that of RFC 7986, and that which most calendars read
        calendar.add(name, vText(title))
    calendar.add("refresh-interval", AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    stamps = changed(found)
    for heap in heaped(found):
        last = max(stamps.get(one.source, since) if one.source else since for one in heap)
        calendar.add_component(event_of(heap, last))
    document: bytes = calendar.to_ical()
    return document


def heaped(found: Sequence[Due]) -> list[list[Due]]:
    """What is called the same on the same day together: a policy that many people are to read is one event."""
    heaps: dict[tuple[str, datetime.date, datetime.datetime | None], list[Due]] = defaultdict(list)
    for one in found:
        heaps[summary_of(one), one.on, one.at].append(one)
    return [sorted(heap, key=lambda one: one.key) for heap in heaps.values()]


def event_of(heap: Sequence[Due], stamp: datetime.datetime) -> Any:
    """One or several that are called the same as an event. A key is its UID: the same whatever the date becomes."""
    from icalendar import Event

    due, event = heap[0], Event()
    event.add("uid", f"{due.key}@{urlsplit(settings.PUBLIC_URL).hostname}")
    event.add("dtstamp", stamp.replace(microsecond=0))
    event.add("last-modified", stamp.replace(microsecond=0))
    event.add("sequence", max(one.version for one in heap))
    event.add("dtstart", due.on)
    event.add("dtend", due.on + DAY)  # the first day after it
    event.add("summary", f"{summary_of(due)} (× {len(heap)})" if len(heap) > 1 else summary_of(due))
    event.add("url", f"{settings.PUBLIC_URL}{due.url}")
    event.add("categories", [plain(due.register)])
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")  # the day stays free
    return event


def summary_of(due: Due) -> str:
    """What it is called: the kind, by the hour where it is, the reference and the title."""
    hour = f" {due.at.astimezone(zone()):%H:%M}" if due.at is not None else ""
    named = due.title if due.title.startswith(due.ref) else f"{due.ref} {due.title}"
    return plain(f"{due.kind}{hour}: {named}")


def plain(words: str) -> str:
    """Words on one line, of bounded length, without control characters."""
    return " ".join(CONTROL.sub(" ", words).split())[:LONGEST]
