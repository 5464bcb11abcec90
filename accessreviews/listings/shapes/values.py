"""What cells say: three states, days in the forms that exports have, roles. What cannot be read is never “unknown”."""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from accessreviews.models import Known, SignIn

UNSAID: Final = frozenset({
    "", "-", "--", "—", "n/a", "na", "n.a.", "none", "null", "nil", "unknown", "not available", "not supported",
    "not_supported", "no_information", "no information", "undefined", "(null)", "(blank)",
})  # fmt: skip
NEVER: Final = frozenset({
    "never", "never logged in", "never signed in", "never used", "not yet", "no sign-in", "no sign in", "no login",
    "has never logged in", "has not signed in",
})  # fmt: skip
YES: Final = frozenset({"yes", "y", "true", "t", "1", "x", "on", "enabled", "active", "enrolled", "registered"})
NO: Final = frozenset({
    "no", "n", "false", "f", "0", "off", "disabled", "inactive", "not enrolled", "not registered", "deactivated",
    "suspended", "deleted", "blocked", "locked",
})  # fmt: skip
MONTHS: Final = {
    name: number
    for number, names in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
    for name in (names,)
}
TIME = r"(?:,?[T\s]+(?:at\s+)?(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
ZONE = r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|\(?[A-Z]{2,5}\)?)?)?"
REST = TIME + ZONE + r"\Z"
ISO = re.compile(r"(?P<y>\d{4})[-/.](?P<mo>\d{1,2})[-/.](?P<d>\d{1,2})" + REST)
NUMERIC = re.compile(r"(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4})" + REST)
DAY_FIRST = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?(?P<d>\d{1,2})[\s-]+(?P<name>[A-Za-z]{3,9})\.?,?[\s-]+(?P<y>\d{4})" + REST
)
NAME_FIRST = re.compile(
    r"(?:[A-Za-z]{3,9},\s+)?(?P<name>[A-Za-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})" + REST
)
DAY_MONTH, MONTH_DAY = "day_month", "month_day"
BEGINNING: Final = datetime.date(1970, 1, 2)  # of the clock of computers: how some write “never”


@dataclass(frozen=True)
class Dialect:
    """What a file cannot say of itself: the company's time zone, which of 03/04/2026 is the month ("": it is refused),
    and words for yes, no and never beside the usual ones, in lower case.
    """

    zone: datetime.tzinfo = field(default_factory=lambda: ZoneInfo("UTC"))
    dates: str = ""
    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()

    def three_state(self, text: str) -> Known:
        """Yes, no or unknown. Raises ValueError for other words."""
        word = text.strip().lower()
        if word in self.yes:
            return Known.YES
        if word in self.no:
            return Known.NO
        if word in YES:
            return Known.YES
        if word in NO:
            return Known.NO
        if word in UNSAID:
            return Known.UNKNOWN
        raise ValueError(f"“{text[:60]}” is neither yes nor no.")

    def day(self, text: str) -> datetime.date | None:
        """The day of a date or moment, in the company's time zone where it says which zone it is in; None for unsaid.

        Raises ValueError with words for what is no date, or one that could be two.
        """
        words = " ".join(text.split())
        if words.lower() in UNSAID:
            return None
        if moment := quickly(words):
            return moment.date() if moment.tzinfo is None else moment.astimezone(self.zone).date()
        for form in (ISO, NUMERIC, DAY_FIRST, NAME_FIRST):
            if found := form.match(words):
                try:
                    return self.at(found.groupdict(), words)
                except ValueError as error:
                    raise ValueError(str(error) if "“" in str(error) else f"“{words[:60]}” is no date.") from error
        raise ValueError(f"“{words[:60]}” is no date.")

    def at(self, found: dict[str, Any], words: str) -> datetime.date:
        """The day that a form found. Raises ValueError."""
        if found.get("name"):
            month = MONTHS.get(found["name"][:3].lower(), 0)
        elif "a" in found:
            month = self.month_of(found, words)
        else:
            month = int(found["mo"])
        number = found.get("d") or (found["b"] if month == int(found["a"]) and self.month_leads(found) else found["a"])
        day = datetime.date(int(found["y"]), month, int(number))
        hour, minute = int(found["h"] or 0), int(found["m"] or 0)
        if found["half"]:
            hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
        moment = datetime.datetime.combine(day, datetime.time(hour, minute, min(int(found["s"] or 0), 59)))
        offset = offset_of(found["zone"] or "")
        return day if offset is None else moment.replace(tzinfo=offset).astimezone(self.zone).date()

    def month_leads(self, found: dict[str, Any]) -> bool:
        """Whether of 03/04/2026 the month is the first."""
        return self.dates == MONTH_DAY and found["sep"] != "."

    def month_of(self, found: dict[str, Any], words: str) -> int:
        """The month of a date in numbers. Raises ValueError where nobody said which one it is."""
        if found["sep"] == "." or self.dates == DAY_MONTH:
            return int(found["b"])
        if self.dates == MONTH_DAY:
            return int(found["a"])
        raise ValueError(f"“{words[:60]}” can be two days: choose whether day or month comes first.")

    def sign_in(self, text: str, *, empty: SignIn = SignIn.UNKNOWN) -> dict[str, Any]:
        """The last sign-in, as two values of a row. `empty`: what it means in this shape when nothing is said.

        Raises ValueError.
        """
        words = " ".join(text.split()).lower()
        if words in NEVER | self.never:
            return {"sign_in": SignIn.NEVER}
        if words == "":
            return {"sign_in": empty}
        day = self.day(text)
        if day is None:
            return {"sign_in": SignIn.UNKNOWN}
        if day <= BEGINNING:
            return {"sign_in": SignIn.NEVER}
        return {"sign_in": SignIn.KNOWN, "last_sign_in": day}


def quickly(words: str) -> datetime.datetime | None:
    """A moment in full as ISO has it, which most exports write; None for all else."""
    if len(words) < len("2026-11-21T10:00") or words[4] != "-" or words[10] not in "T ":
        return None
    try:
        return datetime.datetime.fromisoformat(words)
    except ValueError:
        return None


def offset_of(zone: str) -> datetime.tzinfo | None:
    """The offset that a moment says; None where it says none, or one in letters that two zones share."""
    if zone in ("Z", "UTC", "GMT"):
        return datetime.UTC
    if zone[:1] in ("+", "-"):
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        shift = datetime.timedelta(hours=hours, minutes=minutes)
        return datetime.timezone(shift if zone[0] == "+" else -shift)
    return None


def roles_in(*cells: str) -> tuple[str, ...]:
    """The roles that some cells name: by lines, semicolons or bars where there are any, else by commas; each once."""
    return cells_roles(cells)


@lru_cache(maxsize=4096)
def cells_roles(cells: tuple[str, ...]) -> tuple[str, ...]:
    """`roles_in`, once for what many accounts have."""
    found: dict[str, str] = {}
    for cell in cells:
        parts: Iterable[str] = re.split(r"[;|\n\r]+", cell) if re.search(r"[;|\n\r]", cell) else cell.split(",")
        for part in parts:
            role = " ".join(part.split())
            if role.lower() not in UNSAID:
                found.setdefault(role.casefold(), role)
    return tuple(found.values())


def full_name(*parts: str) -> str:
    """A name from its parts."""
    return " ".join(part.strip() for part in parts if part.strip())
