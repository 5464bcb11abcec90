"""The verbs on an incident that belong to clocks: its Pages take them."""

from typing import Final

from foundation.pages.act import VerbPage
from incidents.clocks import running
from incidents.clocks.forms import RecordForm, StartForm

TAB: Final = "clocks"
START: Final = VerbPage(
    "start_clock", running.start, "Start clock", "The clock runs.", StartForm, path="clocks/start", tab=TAB,
    template="incidents/clock_start.html",
)  # fmt: skip
INCIDENT_VERBS: Final = (
    START,
    VerbPage(
        "record_notification", running.record_notification, "Record notification", "The notification is recorded.",
        RecordForm, path="notifications/new", tab=TAB,
    ),
)  # fmt: skip
