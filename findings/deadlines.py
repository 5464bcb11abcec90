"""By when a finding has to be fixed: severity, exposure and exploitation, as the organisation's settings say.

Whatever is known to be exploited is due soon whatever its severity; sooner still where the internet reaches it.
"""

import datetime

from findings.models import Severity
from foundation.organisation.settings import all_settings

EXPOSED = {Severity.HIGH: "sla_exposed_high_days", Severity.MEDIUM: "sla_exposed_medium_days"}


def days_for(severity: str, *, exposed: bool, exploited: bool, settings: dict[str, int]) -> int:
    """How many days from the first detection: the shortest of the times that apply."""
    times = [settings[f"sla_{severity}_days"]]
    if exploited:
        times.append(settings["sla_exploited_days"])
    if exposed and exploited:
        times.append(settings["sla_exploited_exposed_days"])
    if exposed and severity in EXPOSED:
        times.append(settings[EXPOSED[Severity(severity)]])
    return min(times)


def due_on(
    first_detected_on: datetime.date, severity: str, *, exposed: bool, exploited: bool,
    settings: dict[str, int] | None = None,
) -> datetime.date:  # fmt: skip
    """The last day, counted from the first detection (R9.1). `settings`: read once for many; None reads them."""
    found = all_settings() if settings is None else settings
    days = days_for(severity, exposed=exposed, exploited=exploited, settings=found)
    return first_detected_on + datetime.timedelta(days=days)
