"""What is due as an iCalendar document (RFC 5545): an all-day event for each date of each record.

A calendar is kept by services outside the house: an event says the kind, the reference and the title of what is due
and links to its page, where one signs in; never whose it is nor anything that the record holds. What falls due names
restricted incidents by their number alone (incidents.due).
"""

import datetime
import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.text import slugify

from foundation.organisation.models import organisation, zone
from foundation.pages.due import Due, changed

PRODUCT: Final = "-//Countersign//What is due//EN"
AGAIN: Final = datetime.timedelta(hours=6)  # how often a calendar is asked to fetch it
DAY: Final = datetime.timedelta(days=1)
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")  # no TEXT holds these
LONGEST: Final = 300  # characters of a title


@dataclass(frozen=True)
class Entry:
    """One event. uid: the same whatever the date becomes. stamp: of the last change; sequence: how many there were."""

    uid: str
    on: datetime.date
    summary: str
    address: str
    category: str
    stamp: datetime.datetime
    sequence: int


def entries_of(found: Sequence[Due], since: datetime.datetime, own: int | None = None) -> list[Entry]:
    """What is due as events. since: the stamp of what comes from no record. own: the number of the account whose
    calendar it is, where many things of its colleagues on one day are to be one event; None: each is its own.
    """
    stamps, entries = changed(found), list[Entry]()
    for heap in crowded(heaped(found), own):
        stamp = max(stamps.get(one.source, since) if one.source else since for one in heap)
        alike = len({summary_of(one) for one in heap}) == 1
        entries.append(entry_of(heap, stamp) if alike else crowd_of(heap, stamp))
    return entries


def heaped(found: Sequence[Due]) -> list[list[Due]]:
    """What is called the same on the same day together: a policy that many people are to read is one event."""
    heaps: dict[tuple[str, datetime.date, datetime.datetime | None], list[Due]] = defaultdict(list)
    for one in found:
        heaps[summary_of(one), one.on, one.at].append(one)
    return [sorted(heap, key=lambda one: one.key) for heap in heaps.values()]


def crowded(heaps: Sequence[list[Due]], own: int | None) -> list[list[Due]]:
    """Colleagues' things of one kind on one day together: nobody reads a day of forty."""
    left, crowds = list[list[Due]](), defaultdict[tuple[str, str, datetime.date], list[list[Due]]](list)
    for heap in heaps:
        if own is None or heap[0].at is not None or any(one.person == own for one in heap):
            left.append(heap)
        else:
            crowds[heap[0].register, heap[0].kind, heap[0].on].append(heap)
    for _, crowd in sorted(crowds.items()):
        left += [[one for heap in crowd for one in heap]] if len(crowd) > 1 else crowd
    return left


def crowd_of(heap: Sequence[Due], stamp: datetime.datetime) -> Entry:
    """Many things of colleagues as one event of their day, which leads to the overview."""
    due = heap[0]
    return Entry(
        uid=f"{slugify(f'{due.register} {due.kind}')}-{due.on}@{urlsplit(settings.PUBLIC_URL).hostname}",
        on=due.on,
        summary=plain(f"{due.kind}: {len(heap)} of colleagues"),
        address=f"{settings.PUBLIC_URL}{reverse('overview')}",
        category=plain(due.register),
        stamp=stamp.replace(microsecond=0),
        sequence=max(one.version for one in heap),
    )


def entry_of(heap: Sequence[Due], stamp: datetime.datetime) -> Entry:
    """One thing that is due, or several that are called the same, as an event."""
    due, words = heap[0], summary_of(heap[0])
    return Entry(
        uid=f"{due.key}@{urlsplit(settings.PUBLIC_URL).hostname}",
        on=due.on,
        summary=f"{words} (× {len(heap)})" if len(heap) > 1 else words,
        address=f"{settings.PUBLIC_URL}{due.url}",
        category=plain(due.register),
        stamp=stamp.replace(microsecond=0),
        sequence=max(one.version for one in heap),
    )


def tag_of(entries: Sequence[Entry]) -> str:
    """A hash of all that the document says: known long before the document is written."""
    return hashlib.sha256(repr((PRODUCT, title(), entries)).encode()).hexdigest()


def document_of(entries: Sequence[Entry]) -> bytes:
    """These as a document."""
    from icalendar import Calendar, vText  # slow to load, for one page

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    for name in ("name", "x-wr-calname"):  # that of RFC 7986, and that which most calendars read
        calendar.add(name, vText(title()))
    calendar.add("refresh-interval", AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    for entry in entries:
        calendar.add_component(event_of(entry))
    document: bytes = calendar.to_ical()
    return document


def event_of(entry: Entry) -> Any:
    """One of them as the library has it."""
    from icalendar import Event

    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.stamp)
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.on)
    event.add("dtend", entry.on + DAY)  # the first day after it
    event.add("summary", entry.summary)
    event.add("url", entry.address)
    event.add("categories", [entry.category])
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")  # the day stays free
    return event


def title() -> str:
    """What the calendar is called."""
    return plain(f"{organisation().name}: due in Countersign")


def summary_of(due: Due) -> str:
    """What it is called: the kind, by the hour where it is, the reference and the title."""
    hour = f" {due.at.astimezone(zone()):%H:%M}" if due.at is not None else ""
    named = due.title if due.title.startswith(due.ref) else f"{due.ref} {due.title}"
    return plain(f"{due.kind}{hour}: {named}")


def plain(words: str) -> str:
    """Words on one line, of bounded length, without control characters."""
    return " ".join(CONTROL.sub(" ", words).split())[:LONGEST]
