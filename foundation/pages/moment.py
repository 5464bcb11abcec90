"""Reading `?as_of=`: a day or a moment at which the records are shown as the system knew them then (recorded time)."""

import datetime
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from foundation.organisation.models import day_at, today
from foundation.trail.changes import zoned

EARLIEST = 1970  # before that there was no clock to record by; near year 1 no time zone can be applied


def asked_moment(text: str) -> datetime.datetime | None:
    """The moment that `text` names, or None for now.

    A bare day means its last microsecond, a moment without a zone is meant, in the organisation's time zone (the
    current one). Today and the future mean now. Raises ValueError, with words for the person, for anything else.
    """
    if not text:
        return None
    try:
        day, moment = parse_date(text), parse_datetime(text)
    except ValueError as error:
        raise ValueError(f"“{text}” is not a day of the calendar.") from error
    if day:
        moment = datetime.datetime.combine(day, datetime.time.max)
    if moment is None:
        raise ValueError(f"“{text}” is not a date like 2026-11-21.")
    if moment.year < EARLIEST:
        raise ValueError("Nothing was recorded that long ago.")
    try:
        moment = (moment if moment.tzinfo else timezone.make_aware(moment)).astimezone(datetime.UTC)
    except OverflowError as error:
        raise ValueError(f"“{text}” is out of range.") from error
    return moment if moment < timezone.now() else None


def day_of(moment: datetime.datetime | None) -> datetime.date:
    """The day, in the organisation's zone, on which dates are judged: the moment's, or today."""
    return today() if moment is None else day_at(moment)


def at(moment: datetime.datetime | None) -> str:
    """The query string that keeps a link at the moment that is looked at; "" for now."""
    return f"?{urlencode({'as_of': moment.isoformat()})}" if moment else ""


def correction(text: str, asked: datetime.datetime | None, shown: datetime.datetime | None) -> str:
    """What to tell whoever asked for the moment `text` (read as `asked`) and is shown another one; "" if not."""
    if shown is None and asked is None:
        day = parse_date(text)
        ahead = day > timezone.localdate() if day else bool(text)
        return "That moment has not come yet: this is how things stand now." if ahead else ""
    if shown is None:
        return "This is shown as it is now: it is not kept for you as it stood then."
    if text and shown != asked:
        return f"That lies outside the period that you may look at: this is how things stood at {zoned(shown)}."
    return ""
