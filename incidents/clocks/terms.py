"""What a stored clock counts by: its copied terms and its pauses, as the arithmetic takes them."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from foundation.organisation.calendar import Calendar, business_calendar
from foundation.organisation.models import organisation
from foundation.trail.asof import rows
from incidents.clocks import arithmetic
from incidents.clocks.arithmetic import BadPeriod, Pause, Terms
from incidents.models import Clock, ClockPause, NotificationRule

Pauses = dict[int, list[Pause]]  # by the clock's number


def copied(rule: NotificationRule, started_at: datetime.datetime) -> dict[str, Any]:
    """What a clock takes over from its rule's version and from the calendar as it stands now. Two queries.

    Holidays before the start decide nothing and are left out.
    """
    calendar = business_calendar()
    zone = rule.zone or organisation().time_zone
    first = started_at.astimezone(ZoneInfo(zone)).date()
    return {
        "regime": rule.regime, "whom": rule.whom, "amount": rule.amount, "unit": rule.unit, "zone": zone,
        "warn_hours": rule.warn_hours, "work_days": sorted(calendar.work_days),
        "holidays": [str(day) for day in sorted(calendar.holidays) if day >= first],
    }  # fmt: skip


def terms_of(clock: Any) -> Terms | None:
    """What a clock was started with; None where no period is given, so that it has no deadline."""
    if clock.amount is None:
        return None
    holidays = frozenset(map(datetime.date.fromisoformat, clock.holidays))
    return Terms(
        clock.started_at, clock.amount, arithmetic.Unit(clock.unit), ZoneInfo(clock.zone),
        Calendar(frozenset(clock.work_days), holidays),
    )  # fmt: skip


def pauses_of(clocks: Iterable[Any], moment: datetime.datetime | None = None) -> Pauses:
    """The pauses of clocks, live or as they stood. One query."""
    found: Pauses = defaultdict(list)
    numbers = [clock.id for clock in clocks]
    stretches = rows(ClockPause, moment).filter(clock_id__in=numbers).order_by("paused_at", "id")
    for number, begin, end in stretches.values_list("clock_id", "paused_at", "resumed_at"):
        found[number].append(Pause(begin, end))
    return found


def due(clock: Clock, pauses: Collection[Pause] = (), at: datetime.datetime | None = None) -> datetime.datetime | None:
    """Its deadline by these pauses, with one that lasts counted until `at`; None where no period is given.

    Raises ValidationError for a period that the calendar cannot hold.
    """
    terms = terms_of(clock)
    try:
        return None if terms is None else arithmetic.deadline(terms, pauses, at)
    except BadPeriod as refused:
        raise ValidationError(str(refused)) from refused


def warned_from(clock: Any) -> datetime.datetime | None:
    """From when people are warned of its deadline; None while it has none."""
    hours = datetime.timedelta(hours=clock.warn_hours)
    return clock.due_at - hours if clock.due_at is not None else None
