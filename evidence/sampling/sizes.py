"""How many items a self-test takes by default: settings, by how often the control operates. Never above N."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from controls.models import Frequency
from foundation.organisation.settings import all_settings

MANY: Final = 250  # events from which on a fixed number is taken
KEYS: Final[Mapping[str, str]] = {
    Frequency.ANNUAL: "sample_annual",
    Frequency.SEMIANNUAL: "sample_quarterly",
    Frequency.QUARTERLY: "sample_quarterly",
    Frequency.MONTHLY: "sample_monthly",
    Frequency.WEEKLY: "sample_weekly",
    Frequency.DAILY: "sample_daily",
    Frequency.CONTINUOUS: "sample_continuous",
}


def default_size(total: int, frequencies: Iterable[str], *, high_risk: bool = False) -> int:
    """The default for a population of `total` that serves controls of these frequencies: the largest of theirs.

    Events, and a population that serves no control, go by the number of events.
    """
    known = all_settings()
    wanted = [
        known[KEYS[frequency]] if frequency in KEYS else of_events(total, known, high_risk=high_risk)
        for frequency in (*frequencies,) or (Frequency.PER_EVENT,)
    ]
    return min(total, max(wanted))


def of_events(total: int, known: Mapping[str, int], *, high_risk: bool = False) -> int:
    """The default for events: a share with a floor, a fixed number of many, and a higher number where risk is high."""
    if total > MANY:
        return known["sample_many_high"] if high_risk else known["sample_many"]
    if high_risk:
        return known["sample_events_high"]
    return max(known["sample_events_least"], math.ceil(total * known["sample_events_percent"] / 100))
