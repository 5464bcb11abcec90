"""Reading `?as_of=`: a day or a moment at which the records are shown as the system knew them then (recorded time)."""

import datetime

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from foundation.organisation.models import Organisation


def asked_moment(text: str, organisation: Organisation) -> datetime.datetime | None:
    """The moment that `text` names, or None for now.

    A bare day means its last microsecond in the organisation's time zone; a moment without a zone is in that zone.
    Today and the future mean now. Raises ValueError for anything else.
    """
    if not text:
        return None
    if day := parse_date(text):
        return past(datetime.datetime.combine(day, datetime.time.max, tzinfo=organisation.zone))
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError(f"“{text}” is not a date like 2026-11-21.")
    return past(moment if moment.tzinfo else moment.replace(tzinfo=organisation.zone))


def past(moment: datetime.datetime) -> datetime.datetime | None:
    """The moment if it lies in the past, else None. Raises ValueError where UTC has no such moment (year 1, year 9999)."""
    try:
        moment = moment.astimezone(datetime.UTC)
    except OverflowError as error:
        raise ValueError("That date is out of range.") from error
    return moment if moment < timezone.now() else None
