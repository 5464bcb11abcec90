"""The columns and facts of rules, clocks and notifications, and what is put onto clocks for them."""

import datetime
from operator import attrgetter
from typing import Any, Final
from zoneinfo import ZoneInfo

from foundation.accounts.models import User
from foundation.organisation.models import organisation
from foundation.pages.columns import Column
from incidents.clocks.standing import TONES, WORDS, both_walls, stand
from incidents.clocks.words import period
from systems.models import DataClass

TONES_BY_WORD: Final = {WORDS[key]: tone for key, tone in TONES.items()}
CHECKED_TONES: Final = {"Checked": "ok", "Unchecked": "warn"}
STANDING_TONES: Final = {"In force": "ok", "Superseded": "mute", "Retired": "mute"}


def period_words(one: Any) -> str:
    """“72 hours”, of a rule or a clock."""
    return period(one.amount, one.unit)


def checked_words(rule: Any) -> str:
    """Whether somebody looked at the source."""
    return "Checked" if rule.checked else "Unchecked"


def warn_words(one: Any) -> str:
    """When people are warned."""
    return f"{one.warn_hours} hours before" if one.amount is not None else ""


def zone_words(rule: Any) -> str:
    """Whose days count."""
    return str(rule.zone or "The organisation's")


def classes_words(rule: Any) -> str:
    """About which data it is."""
    return ", ".join(str(label) for value, label in DataClass.choices if value in rule.data_classes) or "Any data"


def incident_url(one: Any) -> str:
    """The incident's clocks: whoever sees a clock sees its incident."""
    return f"{one.incident.get_absolute_url()}clocks/"


def clock_url(notice: Any) -> str:
    """The page of the clock that asked for it."""
    return notice.clock.get_absolute_url() if notice.clock else ""


def due_walls(clock: Any) -> str:
    """The deadline in UTC and in the clock's zone."""
    return both_walls(clock.due_at, ZoneInfo(clock.zone))


def due_words(clock: Any) -> str:
    """The deadline in both zones, or why there is none now."""
    if clock.amount is None:
        return "Without undue delay"
    return due_walls(clock) or "It stands still"


def start_walls(clock: Any) -> str:
    """The start in UTC and in the clock's zone."""
    return both_walls(clock.started_at, ZoneInfo(clock.zone))


def sent_walls(notice: Any) -> str:
    """When it was sent, in UTC and in the organisation's zone."""
    return both_walls(notice.sent_at, organisation().zone)


def attach_standing(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """How each clock stands. One query."""
    stand(found, moment)


INCIDENT: Final = Column("incident", "Incident", sort="incident_id", get=attrgetter("incident"), url=incident_url)
RULE_COLUMNS: Final = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("regime", "Rule", sort="regime", kind="title"),
    Column("whom", "Whom to tell", sort="whom"),
    Column("period", "Within", sort="amount", get=period_words),
    Column("starts", "Counts from", sort="starts"),
    Column("applies", "Applies when", more=True),
    Column("source", "Source", sort="source"),
    Column("checked_word", "Checked", kind="badge", tones=CHECKED_TONES, get=checked_words, sort="checked"),
    Column("number", "Version", sort="number", kind="number"),
    Column("data", "About which data", get=classes_words, more=True),
    Column("zone_word", "Time zone", get=zone_words, more=True),
    Column("published_at", "Published", sort="published_at", kind="moment", more=True),
    Column("published_by", "Published by", sort="published_by__name", kind="person", more=True),
    Column("note", "Note", more=True),
    Column("source_url", "Link", more=True),
)
RULE_FACTS: Final = (
    Column("whom", "Whom to tell"),
    Column("applies", "Applies when"),
    Column("data", "About which data", get=classes_words),
    Column("starts", "Counts from"),
    Column("period", "Within", get=period_words),
    Column("zone_word", "Time zone", get=zone_words),
    Column("warn", "People are warned", get=warn_words),
    Column("source", "Source"),
    Column("source_url", "Link", url=attrgetter("source_url")),
    Column("note", "Note"),
    Column("checked_word", "Checked", kind="badge", tones=CHECKED_TONES, get=checked_words),
    Column("change_note", "Why this version"),
    Column("published_at", "Published", kind="moment"),
    Column("published_by", "Published by", kind="person"),
)
CLOCK_COLUMNS: Final = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("regime", "Rule", sort="regime", kind="title"),
    Column("whom", "Whom to tell", sort="whom"),
    INCIDENT,
    Column("standing", "State", sort="state", kind="badge", tones=TONES_BY_WORD, get=attrgetter("stands.word")),
    Column("left", "Time", sort="due_at", get=attrgetter("stands.words")),
    Column("due_at", "Due", sort="due_at", kind="moment"),
    Column("started_at", "Counts from", sort="started_at", kind="moment", more=True),
    Column("period", "Within", get=period_words, more=True),
    Column("zone", "Time zone", more=True),
    Column("ended_at", "Ended", sort="ended_at", kind="moment", more=True),
    Column("end_reason", "Why it ended", more=True),
)
CLOCK_FACTS: Final = (
    INCIDENT,
    Column("whom", "Whom to tell"),
    Column("period", "Within", get=period_words),
    Column("started", "Counts from", get=start_walls),
    Column("due", "Due", get=due_words),
    Column("warn", "People are warned", get=warn_words),
    Column("start_reason", "Why it runs"),
    Column("started_by", "Started by", kind="person"),
    Column("rule", "Rule as it was started", get=lambda one: f"{one.rule.ref}, version {one.rule.number}",
           url=lambda one: one.rule.get_absolute_url()),
    Column("zone", "Time zone"),
    Column("holidays", "Holidays that it knows", get=lambda one: ", ".join(one.holidays[:20])),
    Column("ended_at", "Ended", kind="moment"),
    Column("ended_by", "Ended by", kind="person"),
    Column("end_reason", "Why it ended"),
)  # fmt: skip
NOTIFICATION_COLUMNS: Final = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("told", "Sent to", sort="told", kind="title"),
    Column("sent_at", "Sent", sort="sent_at", kind="moment"),
    Column("channel", "By", sort="channel"),
    INCIDENT,
    Column("clock", "Clock", get=attrgetter("clock")),
    Column("meets", "Meets the clock"),
    Column("sent_by", "Sent by", sort="sent_by__name", kind="person"),
    Column("reference", "Reference", more=True),
    Column("people_told", "People told", sort="people_told", kind="number", more=True),
    Column("what", "What was said", more=True),
)
NOTIFICATION_FACTS: Final = (
    INCIDENT,
    Column(
        "clock", "Clock", get=attrgetter("clock"), url=lambda one: one.clock.get_absolute_url() if one.clock else ""
    ),
    Column("meets", "Meets the clock"),
    Column("channel", "By"),
    Column("sent", "Sent", get=sent_walls),
    Column("sent_by", "Sent by", kind="person"),
    Column("people_told", "People told", kind="number"),
    Column("reference", "Reference"),
    Column("what", "What was said"),
    Column("name", "File"),
    Column("sha256", "SHA-256 of the file"),
    Column("recorded_by", "Recorded by", kind="person"),
    Column("created_at", "Recorded", kind="moment"),
)
