"""A stretch of time in plain words. Pure."""

from datetime import timedelta
from typing import Final

NO_TIME: Final = timedelta(0)
UNITS: Final = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
AT_MOST: Final = 2  # units said: nobody needs the minutes of three days
INSTANT: Final = "less than a minute"


def spell(stretch: timedelta) -> str:
    """A stretch in its two largest units, rounded down: “1 day 3 hours”, “12 minutes”. Its sign is not said."""
    left, said = abs(stretch), []
    for name, unit in UNITS:
        count, left = divmod(left, unit)
        if count:
            said.append(f"{count:,} {name}{'' if count == 1 else 's'}")
        if said and (not count or len(said) == AT_MOST):
            break
    return " ".join(said) or INSTANT


def period(amount: int | None, unit: str) -> str:
    """A rule's period: “72 hours”, “1 month”, “without undue delay”."""
    if amount is None:
        return "without undue delay"
    words = {"days": "calendar days", "business_days": "business days"}.get(unit, unit)
    return f"{amount} {words.removesuffix('s') if amount == 1 else words}"
