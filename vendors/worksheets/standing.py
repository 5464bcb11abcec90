"""What follows from the days of a report: the gap since its period ended, what covers it, whether it is stale."""

import datetime
from dataclasses import dataclass
from typing import Any, Final

from foundation.organisation.settings import setting

ONE: Final = datetime.timedelta(days=1)
LAST: Final = datetime.date.max - ONE  # what lies further ahead is never stale


@dataclass(frozen=True)
class Standing:
    """A report on one day. gap: days since its period ended. covered_to: the last day that a bridge letter speaks for.

    `stale_from`: the first day on which it counts as stale, whatever a bridge letter says (None without a period).
    """

    gap: int | None
    covered_to: datetime.date | None
    stale_from: datetime.date | None
    stale: bool
    covered: bool

    @property
    def gap_words(self) -> str:
        """The gap in words."""
        if self.gap is None:
            return "The end of its period is not said yet"
        if self.gap < 0:
            return "Its period has not ended yet"
        return f"{self.gap} day{'' if self.gap == 1 else 's'} since its period ended"

    @property
    def bridge_words(self) -> str:
        """What a bridge letter covers of the gap."""
        if self.covered_to is None:
            return "No bridge letter"
        return f"Bridge letter until {self.covered_to}" + ("" if self.covered else ", which is over")


def standing_of(worksheet: Any, day: datetime.date, stale_days: int | None = None) -> Standing:
    """How a worksheet's report stands on a day; live or thawed. stale_days: the setting, read if not given."""
    end, bridge = worksheet.period_to, worksheet.bridge_until
    if end is None:
        return Standing(None, bridge, None, stale=False, covered=bridge is not None and day <= bridge)
    days = datetime.timedelta(days=setting("report_stale_days") if stale_days is None else stale_days)
    after = min(end, LAST - days) + days
    covered = bridge is not None and end < bridge and day <= bridge
    return Standing((day - end).days, bridge, after + ONE, stale=day > after, covered=covered or day <= end)
