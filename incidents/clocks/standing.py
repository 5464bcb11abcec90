"""How a clock stands at a moment, in a word and in a sentence: the same on every page, in mails and in exports."""

import datetime
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from foundation.trail.asof import rows
from incidents.clocks import arithmetic
from incidents.clocks.arithmetic import Pause
from incidents.clocks.terms import pauses_of, terms_of, warned_from
from incidents.clocks.words import NO_TIME, spell
from incidents.models import Clock, ClockState, late

WORDS: Final = {
    "running": "Running", "warned": "Due soon", "overdue": "Overdue", "paused": "Paused", "in_time": "Notified in time",
    "late": "Notified late", "notified": "Notified", "dismissed": "Dismissed",
}  # fmt: skip
TONES: Final = {
    "running": "info", "warned": "warn", "overdue": "bad", "paused": "mute", "in_time": "ok", "late": "bad",
    "notified": "ok", "dismissed": "mute",
}  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """`key` is one of WORDS; `words` says how much time is left, or by how much it was kept or missed."""

    key: str
    words: str

    @property
    def word(self) -> str:
        """In a word."""
        return WORDS[self.key]

    @property
    def tone(self) -> str:
        """The badge's."""
        return TONES[self.key]


def standing(clock: Any, pauses: Collection[Pause], now: datetime.datetime) -> Standing:
    """How a clock stands at a moment, as it was then (a live row, or one of its history). Pure."""
    if clock.state == ClockState.DISMISSED:
        return Standing("dismissed", "It does not apply, or not any more.")
    if clock.state == ClockState.MET:
        return met(clock)
    if clock.state == ClockState.PAUSED:
        terms = terms_of(clock)
        left = arithmetic.remaining(terms, pauses, now) if terms else NO_TIME
        return Standing("paused", f"Paused. {left_words(left)} when it goes on.")
    if clock.due_at is None:
        return Standing("running", f"Running for {spell(now - clock.started_at)}. Without undue delay.")
    left = clock.due_at - now
    if left < NO_TIME:
        return Standing("overdue", f"Overdue by {spell(left)}.")
    begun = warned_from(clock)
    return Standing("warned" if begun is not None and begun <= now else "running", left_words(left) + ".")


def met(clock: Any) -> Standing:
    """How a clock that was met stands: in time, or late."""
    if clock.due_at is None:
        return Standing("notified", f"Notified after {spell(clock.ended_at - clock.started_at)}.")
    spare = clock.due_at - clock.ended_at
    if spare < NO_TIME:
        return Standing("late", f"Notified {spell(spare)} after the deadline.")
    return Standing("in_time", f"Notified {spell(spare)} before the deadline.")


def left_words(left: datetime.timedelta) -> str:
    """“5 hours left”; of one minute, too."""
    said = spell(left)
    return f"{said[0].upper()}{said[1:]} left"


def stand(clocks: Sequence[Any], moment: datetime.datetime | None) -> None:
    """Put onto clocks how they stand (`.stands`) now or at a moment. One query."""
    pauses, now = pauses_of(clocks, moment), moment or timezone.now()
    for clock in clocks:
        clock.stands = standing(clock, pauses.get(clock.id, ()), now)


def both_walls(moment: datetime.datetime | None, zone: datetime.tzinfo) -> str:
    """A moment in UTC and on the wall of a clock's zone: “2026-03-04 09:00 UTC, 10:00 in Berlin”; "" for none."""
    if moment is None:
        return ""
    utc, local = moment.astimezone(datetime.UTC), moment.astimezone(zone)
    said = f"{utc:%Y-%m-%d %H:%M} UTC"
    if local.utcoffset() == NO_TIME:
        return said
    place = str(zone).rpartition("/")[2].replace("_", " ")
    day = "" if local.date() == utc.date() else f"{local:%Y-%m-%d} "
    return f"{said}, {day}{local:%H:%M} in {place}"


def overdue_incidents(numbers: Iterable[int], moment: datetime.datetime | None) -> set[int]:
    """Those of the incidents that have a clock overdue at a moment (None: now). One query."""
    found = rows(Clock, moment).filter(late(moment or timezone.now()), incident_id__in=list(numbers))
    return set(found.values_list("incident_id", flat=True))
